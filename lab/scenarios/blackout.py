# SPDX-License-Identifier: GPL-2.0-only
"""What is in place costs nothing between the reboot call and the next kernel.

The guests count instructions instead of time, so that nothing else on the host can make a
difference.
"""

import payload
from scenario import scenario

COUNTING = ["-icount", "shift=1,sleep=off"]


SIZES = ("4K", "1G")
COPY = 3000     # cycles that a KiB takes which had to be staged


def cycles(lab, script, size, how, **options):
    """Cycles from the reboot call to the entry of an image of this size; KiB in place, staged."""
    guest = lab.guest(append="lab.run=%s lab.args=%s,%s,idle nokaslr movablecore=256M"
                      % (script, size, how), memory="4G", args=COUNTING, **options)
    called = int(guest.expect(r"LOAD: executing at cycle ([0-9a-f]+)", timeout=100)[1], 16)
    entered = int(guest.expect(r"PROBE: at cycle ([0-9a-f]+)", timeout=100)[1], 16)
    return (entered - called,) + payload.only_load(lab, guest)


def compare(lab, *what, **options):
    small, large = (cycles(lab, what[0], size, what[1], **options) for size in SIZES)
    print("        %s: cycles of %s: %d/%d, KiB staged: %d/%d"
          % (what[0], "/".join(SIZES), small[0], large[0], small[2], large[2]))
    lab.check(large[1] >= 1000 << 10, "%d KiB are in place" % large[1])
    lab.check(large[0] - COPY * large[2] <= small[0] * 2, "%s takes %d cycles, %s takes %d"
              % (SIZES[1], large[0], SIZES[0], small[0]))


@scenario(kernels=("fast",))
def blackout_of_segments(lab):
    """An image of 1 GiB in place is entered as soon as one of a page, by kexec_load(2)."""
    compare(lab, "handoff", "normal")


@scenario(kernels=("fast",))
def blackout_of_files(lab):
    """An initrd of 1 GiB in place delays the next kernel no more than one of a page."""
    compare(lab, "handoff_files", "0", initrd=lab.initrd.replace(".cpio", ".files.cpio"))
