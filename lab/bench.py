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
STOCK = ("stock", os.path.join(BUILD, "stock", "bzImage"),
         os.path.join(BUILD, "initramfs", "stock.cpio"))
OURS = ("ours", os.path.join(BUILD, "bzImage"), os.path.join(BUILD, "initramfs", "fast.cpio"))
KINDS = (("stock", STOCK, "normal"), ("ours, staged", OURS, "movable"),
         ("ours, in place", OURS, "normal"))


def blackout(who, size, where):
    """Seconds between the two kernels for one image."""
    name, kernel, initrd = who
    guest = Guest("bench.%s" % name, kernel, initrd, memory="2560M",
                  append="movablecore=1200M lab.run=handoff lab.args=%s,%s" % (size, where))
    with guest:
        guest.expect(r"PROBE: entered")
        return guest.when(r"PROBE: entered") - guest.when(r"Starting new kernel")


def main():
    print("milliseconds between the kernels, best of %d (times as short as stock's)\n" % ROUNDS)
    print("%-8s" % "image" + "".join("%24s" % kind for kind, _, _ in KINDS))
    for size in SIZES:
        best = [min(times) for times in zip(*(
            [blackout(who, size, where) for _, who, where in KINDS] for _ in range(ROUNDS)))]
        print("%-8s" % size + "".join("%14.0f %8s" % (1000 * t, "(%.1f)" % (best[0] / t))
                                      for t in best), flush=True)


if __name__ == "__main__":
    main()
