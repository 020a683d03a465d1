#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make bench: loads and the blackout of stock and ours, as ratios taken in one run.

Usage: lab/bench.py [--quick] [--count]
    --quick     fewer sizes, one round: less than ten minutes
    --count     loads alone, by instructions: the guests' clocks count them. That is not time,
                but the same in each run, on a busy machine too.

The blackout is measured from the last line of the old kernel to the first of the image,
at the serial console, by the host: everything between them is shutdown and copy. Stock and
ours take turns, so that a noisy machine is unfair to both; what is compared is the best of
each.

A load is measured in the guest, beside a plain copy of the same bytes in the same program.
Under TCG a copy whose source and destination lie alike in the low bits of their page
numbers can take ten times as long, since it misses in QEMU's own TLB. So the sources lie
at several page offsets, and the spread is printed: best and worst.

Memory is idle, or full of clean page cache, or fragmented: one page of 4 MiB cannot be moved.
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guest import BUILD, Guest, sparse_disk  # noqa: E402 the path comes first

STATES = ("idle", "cache", "fragmented")
STOCK = ("stock", os.path.join(BUILD, "stock", "bzImage"),
         os.path.join(BUILD, "initramfs", "stock.cpio"))
OURS = ("ours", os.path.join(BUILD, "bzImage"), os.path.join(BUILD, "initramfs", "fast.cpio"))
KINDS = (("stock", STOCK, "normal"), ("ours, staged", OURS, "movable"),
         ("ours, offered", OURS, "normal"))
# KEXEC_FILE_NO_CMA, which stock does not know, has everything staged.
FILE_KINDS = (("stock", STOCK, "0"), ("ours, staged", OURS, "0x10"),
              ("ours, offered", OURS, "0"))
TOOL_KINDS = (("kexec -c", OURS, "-c"), ("kexec -c -i", OURS, "-c,-i"), ("kexec -s", OURS, "-s"))


class Plan:
    """How much is measured."""

    def __init__(self, quick, count):
        self.clock = ["-icount", "shift=1"] if count else []
        self.rounds = 1 if quick else 3
        self.sizes = ("4K", "64M", "512M") if quick else ("4K", "16M", "64M", "256M", "512M")
        self.file_sizes = ("256M",) if quick else ("64M", "256M", "512M")
        self.states = {state: (("64M", "256M") if quick and state != "idle" else
                               ("4K", "1M", "16M", "64M", "256M", "1G")) for state in STATES}
        self.segments = (1, 16) if quick else (1, 4, 16)
        self.offsets = (0, 1, 37) if quick else (0, 1, 37, 100, 200)


def blackout(who, script, words, **machine):
    """Seconds between the two kernels for one image."""
    name, kernel, initrd = who
    machine["append"] += " lab.run=%s lab.args=%s" % (script, ",".join(words))
    with Guest("bench.%s" % name, kernel, initrd, args=sparse_disk(), **machine) as guest:
        guest.expect(r"PROBE: entered")
        return guest.when(r"PROBE: entered") - guest.when(r"Starting new kernel")


def by_segments(who, size, where, state):
    return blackout(who, "handoff", (size, where, state), memory="2560M",
                    append="movablecore=1200M")


def by_files(who, size, flags, state):
    name, kernel, initrd = who
    return blackout((name, kernel, initrd.replace(".cpio", ".files.cpio")), "handoff_files",
                    (size, flags, state), memory="2G", append="")


def by_tools(who, size, options, state):
    """As by_files(), loaded by Debian's kexec; of idle memory alone."""
    name, kernel, initrd = who
    return blackout((name, kernel, initrd.replace(".cpio", ".files.cpio")), "handoff_tools",
                    (size, options), memory="2G", append="")


def compare(title, kinds, sizes, measure, state, rounds):
    print("\n%-8s" % title + "".join("%24s" % kind for kind, _, _ in kinds))
    for size in sizes:
        best = [min(times) for times in zip(*(
            [measure(who, size, how, state) for _, who, how in kinds] for _ in range(rounds)))]
        print("%-8s" % size + "".join("%14.0f %8s" % (1000 * t, "(%.1f)" % (best[0] / t))
                                      for t in best), flush=True)


TIMES = re.compile(r"SCENARIO: times (\w+) (\w+) (\d+)|KLOAD: copy us=(\d+)"
                   r"|KLOAD: load rc=0 errno=0 ms=\d+ us=(\d+)|KFLOAD: load rc=0 errno=0 ms=(\d+)"
                   r"|kexec: loaded: \d+ segments, (\d+) KiB in place, (\d+) KiB staged")


def read_times(text):
    """By (call, size, segments): milliseconds of copies and of loads, percent in place."""
    found, case = {}, None
    for match in TIMES.finditer(text):
        kind, size, number, copied, loaded, read, in_place, staged = match.groups()
        if kind:
            case = found.setdefault((kind, size, int(number)), ([], [], []))
        elif case:
            if copied:
                case[0].append(int(copied) / 1000)
            elif loaded or read:
                case[1].append(int(loaded) / 1000 if loaded else float(read))
            else:
                case[2].append(100 * int(in_place) // (int(in_place) + int(staged)))
    return found


def load_times(who, state, plan):
    name, kernel, initrd = who
    words = [state] + ["+".join(map(str, values)) for values in (
        plan.states[state], plan.segments, plan.offsets)]
    with Guest("bench.%s" % name, kernel, initrd, memory="2800M", cpus=2, limit=900,
               args=sparse_disk() + plan.clock,
               append="lab.run=loadtimes lab.args=%s" % ",".join(words)) as guest:
        guest.expect(r"LAB: exit 0", timeout=900)
        return read_times(guest.text())


def spread(times):
    if not times:
        return "%20s" % "-"
    return "%20s" % ("%.1f..%.1f" % (min(times), max(times)))


def ratio(of, to):
    return "%8s" % ("%.2f" % (min(of) / max(min(to), 0.001)) if of and to else "-")


def compare_loads(state, plan):
    stock, ours = load_times(STOCK, state, plan), load_times(OURS, state, plan)
    print("\nmilliseconds of a load, memory %s: best..worst of %d\n"
          % (state, len(plan.offsets))
          + "%-22s%20s%20s%20s%8s%8s  in place" % ("", "copy", "stock", "ours", "/stock", "/copy"))
    for key, (copied, loaded, in_place) in ours.items():
        before = stock.get(key, ([], [], []))[1]
        print("%-8s %6s by %-3d " % key + spread(copied) + spread(before) + spread(loaded)
              + ratio(loaded, before) + ratio(loaded, copied)
              + "  %d..%d %%" % (min(in_place), max(in_place)) if in_place else "", flush=True)


def main():
    options = argparse.ArgumentParser(description="Measure loads and blackouts.")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--count", action="store_true")
    chosen = options.parse_args()
    plan = Plan(chosen.quick, chosen.count)
    for state in STATES:
        compare_loads(state, plan)
    if chosen.count:
        return
    for state in STATES:
        print("\nmilliseconds between the kernels, memory %s, best of %d (times as short as stock's)"
              % (state, plan.rounds))
        compare("image", KINDS, plan.sizes, by_segments, state, plan.rounds)
        compare("initrd", FILE_KINDS, plan.file_sizes, by_files, state, plan.rounds)
    print("\nthe same, loaded by kexec-tools (times as short as by kexec -c)")
    compare("initrd", TOOL_KINDS, plan.file_sizes, by_tools, "idle", plan.rounds)


if __name__ == "__main__":
    main()
