# SPDX-License-Identifier: GPL-2.0-only
"""Panics of every kind, and what the crash kernel finds.

The dying kernel says what memory it has and keeps its other CPUs busy with known
registers; the crash kernel says what is in /proc/vmcore (lab/guest/vmcore.c).
"""

import re

from guest import GuestError
from scenario import scenario

MIB = 1 << 20

# What a dying kernel may say. A crash kernel that says it dies of it, and is noticed.
DYING = (r"Kernel panic", r"Call Trace:", r"BUG:", r"Oops:", r"kernel BUG", r"double fault",
         r"WARNING:", r"INFO: rcu", r"unable to handle", r"stack guard page")

CPU = re.compile(r"VMCORE: cpu (\d+) pid (-?\d+) rip (\w+) rsp (\w+) r14 (\w+) r15 (\w+)")
MARK = 0x5E1F
KERNEL = 0xFFFF800000000000


class Dump:
    """What the crash kernel of a guest has said."""

    def __init__(self, guest, timeout=90):
        guest.expect(r"SCENARIO: dying|SCENARIO: FAILED", timeout)
        guest.expect(r"\] Linux version", timeout)
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


def check_memory(lab, dump, ours):
    """What may not be dumped is not; a header that the kernel made has all the rest."""
    direct = [(start, end) for start, end, at in dump.loads if at < 0xFFFFFFFF80000000]
    for start, end in dump.crash:
        for low, high in direct:
            lab.check(high <= start or end <= low,
                      "%#x-%#x is dumped, the crash region is %#x-%#x" % (low, high, start, end))
    if not ours:
        return
    wanted = without(dump.ram, 0, MIB)
    for start, end in dump.crash:
        wanted = without(wanted, start, end)
    lab.check(sorted(direct) == sorted(wanted), "dumped is %s instead of %s"
              % (show(direct), show(wanted)))


def show(ranges):
    return " ".join("%x-%x" % each for each in sorted(ranges))


def check_cpus(lab, dump, cpus, where, how):
    """Every CPU has its registers; those that were busy are recognised."""
    lab.check(len(dump.cpus) == len(cpus), "%d CPUs in the dump" % len(dump.cpus))
    for cpu, (pid, rip, r14, r15) in zip(cpus, dump.cpus):
        if cpu == where:
            lab.check(rip >= KERNEL, "the CPU that died was at %#x" % rip)
        elif cpu in dump.spinners and how not in ("together",):
            lab.check((pid, r14, r15) == (dump.spinners[cpu], MARK, cpu),
                      "cpu %d: pid %d r14 %#x r15 %#x" % (cpu, pid, r14, r15))


def check_dump(lab, guest, how, cpus, where, ours):
    dump = Dump(guest)
    lab.check(dump.magic == ["ok"], "the page of the lab: %s" % dump.magic)
    check_cpus(lab, dump, cpus, where, how)
    check_memory(lab, dump, ours)
    guest.expect(r"LAB: exit 0")
    outcome = guest.wait(20 * lab.slow)
    lab.check(outcome == "poweroff", "the crash kernel ended by %s" % outcome)
    return dump


def die(lab, how, load="s", cpu=0, cpus=2, offline=None, append="", **machine):
    """Load a crash image, die, and look at the dump."""
    machine.setdefault("memory", "512M" if lab.k == "fast" else "1536M")
    region = "128M" if lab.k == "fast" else "640M"
    guest = lab.guest(append="lab.run=crash lab.args=%s,%s,%d%s crashkernel=%s %s"
                      % (load, how, cpu, "" if offline is None else ",%d" % offline, region,
                         append),
                      cpus=cpus, expected=DYING, **machine)
    if how == "nmi":
        guest.expect("SCENARIO: waiting for the NMI")
        guest.qmp("inject-nmi")
    check_dump(lab, guest, how, [n for n in range(cpus) if n != offline], cpu, load == "s")
    return guest


@scenario()
def crash_sysrq(lab):
    """sysrq-c with a crash image of kexec_file_load."""
    die(lab, "sysrq")


@scenario(kernels=("fast",))
def crash_sysrq_segments(lab):
    """sysrq-c with a crash image of kexec_load."""
    die(lab, "sysrq", load="c")
