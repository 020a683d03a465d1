# SPDX-License-Identifier: GPL-2.0-only
"""Memory maps that do not fit into boot_params."""

import re

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
