#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make bench: the blackout of stock and ours, as ratios taken in one run.

Measured from the last line of the old kernel to the first of the image, at the
serial console, by the host: everything between them is shutdown and copy.
Stock and ours take turns, so that a noisy machine is unfair to both; what is
compared is the best of each.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guest import BUILD, Guest  # noqa: E402 the path comes first

ROUNDS = 3
SIZES = ("16M", "64M", "256M", "512M")
FILE_SIZES = ("64M", "256M")
STOCK = ("stock", os.path.join(BUILD, "stock", "bzImage"),
         os.path.join(BUILD, "initramfs", "stock.cpio"))
OURS = ("ours", os.path.join(BUILD, "bzImage"), os.path.join(BUILD, "initramfs", "fast.cpio"))
KINDS = (("stock", STOCK, "normal"), ("ours, staged", OURS, "movable"),
         ("ours, in place", OURS, "normal"))
# KEXEC_FILE_NO_CMA, which stock does not know, has everything staged.
FILE_KINDS = (("stock", STOCK, "0"), ("ours, staged", OURS, "0x10"),
              ("ours, in place", OURS, "0"))


def blackout(who, script, size, how, **machine):
    """Seconds between the two kernels for one image."""
    name, kernel, initrd = who
    machine["append"] += " lab.run=%s lab.args=%s,%s" % (script, size, how)
    with Guest("bench.%s" % name, kernel, initrd, **machine) as guest:
        guest.expect(r"PROBE: entered")
        return guest.when(r"PROBE: entered") - guest.when(r"Starting new kernel")


def by_segments(who, size, where):
    return blackout(who, "handoff", size, where, memory="2560M", append="movablecore=1200M")


def by_files(who, size, flags):
    name, kernel, initrd = who
    return blackout((name, kernel, initrd.replace(".cpio", ".files.cpio")), "handoff_files",
                    size, flags, memory="2G", append="")


def compare(title, kinds, sizes, measure):
    print("\n%-8s" % title + "".join("%24s" % kind for kind, _, _ in kinds))
    for size in sizes:
        best = [min(times) for times in zip(*(
            [measure(who, size, how) for _, who, how in kinds] for _ in range(ROUNDS)))]
        print("%-8s" % size + "".join("%14.0f %8s" % (1000 * t, "(%.1f)" % (best[0] / t))
                                      for t in best), flush=True)


def main():
    print("milliseconds between the kernels, best of %d (times as short as stock's)" % ROUNDS)
    compare("image", KINDS, SIZES, by_segments)
    compare("initrd", FILE_KINDS, FILE_SIZES, by_files)


if __name__ == "__main__":
    main()
