# SPDX-License-Identifier: GPL-2.0-only
"""A loaded image against stray writes, and exceptions between the kernels."""

import re

import payload
from scenario import scenario

PARTS = ["first", "middle", "last", "list", "table"]


@scenario()
def stray_writes(lab):
    """A stray write to a loaded image faults at the writer, and the image still boots."""
    guest = lab.guest(append="lab.run=stray", memory="768M", cpus=2,
                      expected=[r"BUG: unable to handle page fault", r"Oops:", r"Call Trace:"])
    for part in PARTS:
        target = guest.expect(r"kexec_lab: writing to %s at ([0-9a-f]+)" % part)[1]
        guest.expect(r"BUG: unable to handle page fault for address: %s" % target)
        guest.expect(r"RIP: .*scribble")
    guest.expect(r"SCENARIO: executing")
    lives = guest.find(r"went through|SCENARIO: the writer to \w+ lives")
    lab.check(not lives, lives and lives[0][0])
    payload.probe(lab, guest, 1)


@scenario()
def pages_come_back_clean(lab):
    """After an unload the same pages are reused, poisoned and cleared, without a fault."""
    guest = lab.guest(append="lab.run=poison init_on_free=1", memory="512M", cpus=2)
    guest.expect(r"SCENARIO: executing")
    seen = payload.loads(guest)
    lab.check(len(seen) == 4, "%d of 4 loads logged" % len(seen))
    lab.check(seen[3][1] >= 14 << 10, "the last load has %d KiB in place" % seen[3][1])
    payload.probe(lab, guest, 1)


REPORT = r"kexec: exception (\w+) error (\w+)\r?\n.*kexec: rip (\w+) cr2 (\w+) rsp (\w+)"
EXPECTED = re.compile(r"expect vector (\w+)(?: rip (\w+))?(?: cr2 (\w+))?")


def report_of(lab, kind):
    """Raise an exception between the kernels; check the report; return the guest."""
    guest = lab.guest(append="lab.run=exception lab.args=%s movablecore=256M" % kind,
                      memory="768M", panic=None)
    expected = EXPECTED.search(guest.expect(r"kexec_lab: (expect .*)")[1])
    guest.expect(r"Starting new kernel")
    guest.expect(r"kexec: exception \w+")
    guest.expect(r"kexec: rsi \w+ rdi \w+")
    report = re.search(REPORT, guest.text())
    lab.check(report, "%s: no report" % kind)
    seen = {"vector": report[1], "rip": report[3], "cr2": report[4]}
    for name, value in zip(("vector", "rip", "cr2"), expected.groups()):
        lab.check(value is None or int(seen[name], 16) == int(value, 16),
                  "%s: %s is %s, not %s" % (kind, name, seen[name], value))
    return guest


def check_reset(lab, guest):
    outcome = guest.wait(20 * lab.slow)
    lab.check(outcome == "reset", "the guest ended by %s" % outcome)


@scenario()
def exception_between_kernels(lab):
    """#UD, #PF and #GP between the kernels are reported and reset the machine."""
    for kind in ("ud", "pf", "gp"):
        check_reset(lab, report_of(lab, kind))


@scenario()
def breakpoint_between_kernels(lab):
    """int3 between the kernels is reported, and the hand-off goes on."""
    payload.probe(lab, report_of(lab, "int3"), 1)


DIGEST = (r"kexec: purgatory: segment (\d+) at 0x([0-9a-f]+)\+0x([0-9a-f]+):"
          r" digest ([0-9a-f]+) is not ([0-9a-f]+)\b")


def damaged_guest(lab, what, **options):
    return lab.guest(append="lab.run=damaged lab.args=%s" % what, memory="768M", panic=None,
                     **options)


def check_digest(lab, guest):
    """The purgatory names the segment that was damaged, and no other."""
    at = int(guest.expect(r"kexec_lab: damaged ([0-9a-f]+)")[1], 16)
    guest.expect(r"kexec: purgatory: segment \d+ at .* is not \w+")
    reports = re.findall(DIGEST, guest.text())
    lab.check(len(reports) == 1, "%d segments are reported" % len(reports))
    start, length = (int(number, 16) for number in reports[0][1:3])
    lab.check(start <= at < start + length, "%#x is damaged, %#x+%#x reported"
              % (at, start, length))


@scenario()
def staged_bytes_damaged(lab):
    """KEXEC_FILE_NO_CMA stages all; a changed byte is reported, and resets the machine."""
    guest = damaged_guest(lab, "staged")
    check_digest(lab, guest)
    before, after = payload.loads(guest)
    lab.check(before[1] > 0 and after[1] == 0,
              "%d KiB in place, then %d though nothing may be" % (before[1], after[1]))
    check_reset(lab, guest)


@scenario(kernels=("fast",))
def staged_bytes_damaged_mute(lab):
    """The same where no serial port can report it, as in an encrypted guest."""
    # ttyS0 for the kernel, no port for kexec
    guest = damaged_guest(lab, "staged", console="ttyS00")
    guest.expect(r"Starting new kernel")
    check_reset(lab, guest)
    lab.check(not guest.find(r"kexec: purgatory"), "the purgatory has a serial port")


@scenario()
def staged_bytes_sound(lab):
    """A staged image that is sound boots without a word of the purgatory."""
    guest = damaged_guest(lab, "none")
    guest.expect(r"SCENARIO: executing")
    guest.expect(r"LAB: init of")
    lab.check(not guest.find(r"kexec: purgatory"), "the purgatory reports a sound image")


@scenario(kernels=("fast",))
def unprotected_bytes_damaged(lab):
    """What cannot be write-protected after a reload is checked: a changed byte in place is found."""
    guest = damaged_guest(lab, "middle")
    check_digest(lab, guest)
    before, after = payload.loads(guest)
    lab.check(2 * after[1] > before[1] > 0, "%d KiB in place, then %d" % (before[1], after[1]))
    lab.check(guest.find(r"kexec: the image is loaded without full write protection"),
              "nobody said that the protection failed")
    check_reset(lab, guest)


SPLIT_KIB = 44 << 10    # some control pages and a purgatory for each load, 2 MiB each time


@scenario(kernels=("fast",))
def fragmented_memory(lab):
    """Ten loads into scattered pages keep the large mappings; bytes in place there are checked."""
    guest = lab.guest(append="lab.run=fragments lab.args=inplace", memory="512M")
    split = int(guest.expect(r"SCENARIO: direct map (-?\d+) KiB more")[1])
    lab.check(split <= SPLIT_KIB, "%d KiB of the direct map were split" % split)
    check_digest(lab, guest)
    outcome = guest.wait(20 * lab.slow)
    lab.check(outcome == "reset", "the guest ended by %s" % outcome)
