# SPDX-License-Identifier: GPL-2.0-only
"""What a crash kernel of the lab says about the kernel that died, and what is to be true of it.

The dying kernel says what memory it has and keeps its other CPUs busy with known
registers; the crash kernel says what is in /proc/vmcore (lab/guest/vmcore.c).
"""

import re

MIB = 1 << 20

# What a dying kernel may say. A crash kernel that says it dies of it, and is noticed.
DYING = (r"Kernel panic", r"Call [Tt]race:", r"BUG:", r"Oops:", r"kernel BUG", r"double fault",
         r"INFO: rcu", r"unable to handle", r"stack guard page")

CPU = re.compile(r"VMCORE: cpu (\d+) pid (-?\d+) rip (\w+) rsp (\w+) r14 (\w+) r15 (\w+)")
MARK = 0x5E1F
KERNEL = 0xFF00000000000000
KERNEL_TEXT = 0xFFFFFFFF80000000


class Dump:
    """What the crash kernel of a guest has said."""

    def __init__(self, guest, timeout=90):
        if not guest.find(r"VMCORE: done"):
            guest.expect(r"VMCORE: done|VMCORE: FAILED|LAB: exit", timeout)
        text = guest.text()
        self.cpus = [(int(pid), int(rip, 16), int(r14, 16), int(r15, 16))
                     for _, pid, rip, _, r14, r15 in CPU.findall(text)]
        self.loads = [(int(a, 16), int(b, 16), int(v, 16)) for a, b, v in
                      re.findall(r"VMCORE: load (\w+)-(\w+) at (\w+)", text)]
        self.magic = re.findall(r"VMCORE: magic \w+ (\w+)", text)
        self.spinners = {int(cpu): int(pid) for cpu, pid in
                         re.findall(r"SPIN: cpu (\d+) pid (\d+)", text)}
        self.crash = resource(text, "Crash kernel")
        self.ram = resource(text, "System RAM")


def resource(text, name):
    """What the dying kernel has in /proc/iomem under this name; the ends are exclusive."""
    return [(int(start, 16), int(end, 16) + 1) for start, end in
            re.findall(r"SCENARIO: resource (\w+)-(\w+) %s" % name, text)]


def without(ranges, start, end):
    """The ranges less [start, end)."""
    rest = []
    for low, high in ranges:
        rest += [(low, min(high, start)), (max(low, end), high)]
    return [(low, high) for low, high in rest if low < high]


def merged(ranges):
    """The same memory with as few ranges as can be."""
    result = []
    for start, end in sorted(ranges):
        if result and result[-1][1] == start:
            start = result.pop()[0]
        result.append((start, end))
    return result


def check_memory(lab, dump, ours):
    """What may not be dumped is not; a header that the kernel made has all the rest."""
    lab.check(dump.crash and dump.ram, "nobody said what memory there was")
    direct = [(start, end) for start, end, at in dump.loads if at < KERNEL_TEXT]
    for start, end in dump.crash:
        for low, high in direct:
            lab.check(high <= start or end <= low,
                      "%#x-%#x is dumped, the crash region is %#x-%#x" % (low, high, start, end))
    if not ours:
        return
    wanted = without(dump.ram, 0, MIB)
    for start, end in dump.crash:
        wanted = without(wanted, start, end)
    lab.check(merged(direct) == merged(wanted), "dumped is %s instead of %s"
              % (show(direct), show(wanted)))


def show(ranges):
    return " ".join("%x-%x" % each for each in sorted(ranges))


def check_cpus(lab, dump, cpus, where):
    """Every CPU has its registers; who was busy is recognised, but for those that died
    (where; None for all)."""
    lab.check(len(dump.cpus) == len(cpus), "%d CPUs in the dump" % len(dump.cpus))
    for cpu, (pid, rip, r14, r15) in zip(cpus, dump.cpus):
        if where is None or cpu in where:
            lab.check(rip >= KERNEL, "cpu %d died at %#x" % (cpu, rip))
        else:
            # An interrupt may have come just before, or a thread of the kernel.
            lab.check(rip >= KERNEL or (pid, r14, r15) == (dump.spinners[cpu], MARK, cpu),
                      "cpu %d: pid %d r14 %#x r15 %#x" % (cpu, pid, r14, r15))


def check_dump(lab, guest, cpus, where, ours):
    dump = Dump(guest)
    lab.check(dump.magic == ["ok" if lab.inside else "missing"],
              "the page of the lab: %s" % dump.magic)
    check_cpus(lab, dump, cpus, where)
    check_memory(lab, dump, ours)
    guest.expect(r"LAB: exit 0")
    outcome = guest.wait(20 * lab.slow)
    lab.check(outcome == "poweroff", "the crash kernel ended by %s" % outcome)
    return dump
