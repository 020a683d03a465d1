# SPDX-License-Identifier: GPL-2.0-only
"""The patch series and its base. No guest: what it compiles to is for `make check-series`."""

import os
import shutil
import subprocess
import tempfile

import tree
from guest import TOP
from scenario import scenario
from series import BASE

CHANGED = ("kernel/kexec_core.c", "arch/x86/purgatory/stack.S")
KEPT = "fs/proc/vmcore.c"


@scenario(kernels=("fast",))
def patch_series(lab):
    """git am of all patches on the pristine base gives the tree that was built."""
    done = subprocess.run([os.path.join(TOP, "lab", "check_series.py"), "--apply"],
                          capture_output=True, text=True, check=False)
    lab.check(done.returncode == 0, done.stdout + done.stderr)


def copy_stock_files(base):
    """The files of the base that lab/replaced names, and its version."""
    for path in ["Makefile", *tree.stock_files(BASE)]:
        os.makedirs(os.path.dirname(os.path.join(base, path)), exist_ok=True)
        shutil.copyfile(os.path.join(BASE, path), os.path.join(base, path))


def append_line(base, path):
    with open(os.path.join(base, path), "a", encoding="utf-8") as file:
        file.write("/* a fix */\n")


def mismatch(base):
    """What stops the lab with this base; nothing if it works."""
    try:
        tree.check_hashes(base)
    except tree.Mismatch as why:
        return str(why)
    return ""


@scenario(kernels=("fast",))
def changed_base(lab):
    """A base in which stock files have changed stops the lab, which names each of them."""
    with tempfile.TemporaryDirectory() as base:
        copy_stock_files(base)
        lab.check(not mismatch(base), "the base as it is: %s" % mismatch(base))
        append_line(base, KEPT)
        lab.check(not mismatch(base), "a file that stays the base's: %s" % mismatch(base))
        for path in CHANGED:
            append_line(base, path)
        said = mismatch(base)
        lab.check(all(path in said for path in CHANGED), "does not name each file: %r" % said)
        lab.check("kernel/kexec.c:" not in said, "names a file that is the same: %r" % said)
