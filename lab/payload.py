# SPDX-License-Identifier: GPL-2.0-only
"""Reading what guest programs and the kernel say about an image.

kload reports each call, the kernel each image it took, and the probe, once it
runs, what it found: the machine state at entry and every byte of the segments.
"""

import re
import time

GOOD_EXIT = "exit 16"   # the probe's word to isa-debug-exit when all is well

INTERRUPTS_ON = 1 << 9
LOADED = r"kexec: loaded: (\d+) segments, (\d+) KiB in place, (\d+) KiB staged"


def loads(guest):
    """The kernel's line per successful load: (segments, KiB in place, KiB staged) each."""
    return [tuple(int(n) for n in match.groups()) for match in guest.find(LOADED)]


def only_load(lab, guest):
    """KiB in place and KiB staged of a guest's one load."""
    seen = loads(guest)
    lab.check(len(seen) == 1, "the kernel logged %d loads, not one" % len(seen))
    return seen[0][1:]


def check_covered(lab, guest, programs=1):
    """In a kernel with KCOV, so many programs had their system calls covered when they left it."""
    covered = len(guest.find("KCOV: covered"))
    lab.check(lab.k != "kcov" or covered == programs,
              "KCOV covered %d programs, not %d" % (covered, programs))


def probe(lab, guest, segments, timeout=60):
    """Wait for the probe's verdict on so many segments; return the state at entry."""
    guest.expect(r"PROBE: entered", timeout)
    verdict = guest.expect(r"PROBE: (all (\d+) segments good|BAD.*|exception.*)", timeout)
    bad = guest.find(r"PROBE: segment .* BAD .*")
    lab.check(verdict[2] and not bad, bad[0][0] if bad else verdict[0])
    lab.check(int(verdict[2]) == segments,
              "the probe saw %s segments instead of %d" % (verdict[2], segments))
    outcome = guest.wait(10 * lab.slow)
    lab.check(outcome == GOOD_EXIT, "the guest ended by %s" % outcome)
    return {m[1]: int(m[2], 16) for m in guest.find(r"PROBE: state (\w+)=([0-9a-f]+)")}


GENERAL = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp"] + ["r%d" % n for n in range(8, 16)]
ARITHMETIC_FLAGS = 0x8D5
ALWAYS_SET_FLAG = 0x2
X2APIC = 0x400
GLOBAL = 1 << 8
NX = 1 << 63
ADDRESS = (1 << 52) - (1 << 12)
TABLE_FLAGS = 0x67      # present, writable, user, accessed, dirty


def check_state(lab, state, five_levels):
    """The state at entry is the one that images have always been entered with."""
    wanted = {name: 0 for name in GENERAL}
    wanted.update({
        "stack": 0, "cr0": 0x80000033, "cr4": 0x1020 if five_levels else 0x20,
        "efer": 0xD01, "cs": 0x10, "ds": 0x18, "es": 0x18, "ss": 0x18, "fs": 0x18, "gs": 0x18,
        "fsbase": 0, "gsbase": 0, "gdtlimit": 0, "idtlimit": 0,
    })
    seen = dict(state)
    wrong = ["%s is %#x, should be %#x" % (name, seen[name], value)
             for name, value in wanted.items() if seen[name] != value]
    if seen["rflags"] & ~ARITHMETIC_FLAGS != ALWAYS_SET_FLAG:
        wrong.append("rflags is %#x" % seen["rflags"])
    if seen["rsp"] % 0x1000 != 0xFF8:
        wrong.append("rsp is %#x, not 8 below the end of a page" % seen["rsp"])
    if seen["apicbase"] & ~X2APIC != 0xFEE00900:
        wrong.append("apicbase is %#x" % seen["apicbase"])
    if seen["cr3"] % 0x1000:
        wrong.append("cr3 is %#x" % seen["cr3"])
    # an older kernel that leaves 5-level paging takes the whole entry for an address
    if seen["topbits"] & ~(ADDRESS | TABLE_FLAGS):
        wrong.append("entries of the top table have the bits %#x" % seen["topbits"])
    if seen["leafbits"] & (GLOBAL | NX):
        wrong.append("entries that map pages have the bits %#x" % seen["leafbits"])
    lab.check(not wrong, "; ".join(wrong))


def until(guest, true, timeout):
    """Wait for something that the console or the monitor will make true; False in vain."""
    with guest._change:
        return guest._change.wait_for(true, timeout * guest.slow)


def monitor_event(guest, wanted, timeout):
    """Wait for an event of QEMU's monitor for which wanted() is true; None in vain."""
    def seen():
        return next((event for event in guest.events if wanted(event)), None)

    until(guest, seen, timeout)
    return seen()


def halts(guest):
    """Wait until the CPU has halted with interrupts off: for good."""
    for _ in range(100):
        state = guest.qmp("human-monitor-command", **{"command-line": "info registers"})
        flags = int(re.search(r"RFL=([0-9a-f]+)", state)[1], 16)
        if "HLT=1" in state and not flags & INTERRUPTS_ON:
            return True
        time.sleep(0.05)
    return False
