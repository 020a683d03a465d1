# SPDX-License-Identifier: GPL-2.0-only
"""The patch series. No guest: what it compiles to is for `make check-series`."""

import os
import subprocess

from guest import TOP
from scenario import scenario


@scenario(kernels=("fast",))
def patch_series(lab):
    """git am of all patches on the pristine base gives the tree that was built."""
    done = subprocess.run([os.path.join(TOP, "lab", "check_series.py"), "--apply"],
                          capture_output=True, text=True, check=False)
    lab.check(done.returncode == 0, done.stdout + done.stderr)
