# SPDX-License-Identifier: GPL-2.0-only
"""Memory maps that do not fit into boot_params."""

import re

from dump import MIB, resource, show
from scenario import scenario

UP = r"SCENARIO: up, hops left %d, reserved (\d+), memory (\d+) KiB"
HOLES = 150


def extended_maps(guest):
    """The memory maps, entries of SETUP_E820_EXT included, that kernels printed."""
    texts = guest.text().split("extended physical RAM map:")[1:]
    return [re.findall(r" extended: (\[mem .*)", text) for text in texts]


@scenario(kernels=("fast",))
def long_memory_map(lab):
    """More than 300 ranges of memory, through two file loads; boot_params have room for 128."""
    guest = lab.guest(append="lab.run=e820 lab.args=2,%d" % HOLES, memory="768M", cpus=1)
    first = guest.expect(UP % 2)
    for left in (1, 0):
        up = guest.expect(UP % left, timeout=60)
        reserved = int(up[1]) - int(first[1])
        lab.check(reserved == HOLES, "%d of %d reserved pages were seen" % (reserved, HOLES))
        lost = int(first[2]) - int(up[2])
        lab.check(abs(lost) < int(first[2]) // 100, "%d KiB of memory lost" % lost)
    guest.expect(r"LAB: exit 0")
    maps = [found for found in extended_maps(guest) if found]
    lab.check(len(maps) == 2 and len(maps[0]) > 2 * HOLES,
              "%s ranges printed" % [len(found) for found in maps])
    lab.check(maps[0] == maps[1], "the two kernels were given different maps")


@scenario(kernels=("fast",))
def crash_map_without_low_ram(lab):
    """Where no RAM is below 1 MiB, a crash kernel is told of that in its region all the same."""
    guest = lab.guest(append="lab.run=crashlow crashkernel=128M", memory="512M")
    guest.expect(r"LAB: exit 0")
    start, end = resource(guest.text(), "Crash kernel")[0]
    told = [(int(m[1], 16), int(m[2], 16) + 1) for m in guest.find(
        r"kexec: e820 entry \d+: (0x\w+)-(0x\w+) type 1")]
    size = sum(b - a for a, b in told)
    lab.check(all(start <= a < b <= end for a, b in told), "the RAM is %s" % show(told))
    lab.check(end - start - MIB < size < end - start, "%#x of %#x bytes are RAM"
              % (size, end - start))
