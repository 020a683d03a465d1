# SPDX-License-Identifier: GPL-2.0-only
"""What an image finds at entry: its bytes and the machine.

The debug kernel gets no five levels of page tables: while identify_cpu() has the
CPU's features cleared for a moment, KASAN takes an interrupt's accesses for wild.
"""

import re

import payload
from guest import GuestError
from scenario import scenario


@scenario()
def probe_segments(lab):
    """16 segments: low, high, above 4 GiB, zero tails, over the running kernel."""
    five_levels = lab.k == "fast"
    guest = lab.guest(append="lab.run=segments", memory="3G", cpus=2,
                      cpu="max" if five_levels else "max,la57=off")
    guest.expect(r"KLOAD: load rc=0")
    in_place, staged = payload.only_load(lab, guest)
    lab.check(in_place >= 64 << 10, "only %d KiB are in place" % in_place)
    lab.check(staged >= 3 << 10, "%d KiB staged cannot hold what lies over the kernel" % staged)
    state = payload.probe(lab, guest, 15)
    payload.check_state(lab, state, five_levels)


RESERVED_AT = 0x30000000


@scenario()
def reserved_memory(lab):
    """A segment goes where the kernel was told that there is no memory for it."""
    guest = lab.guest(append="lab.run=reserved lab.args=%d memmap=4M$%#x" %
                      (RESERVED_AT, RESERVED_AT), memory="1G")
    guest.expect(r"KLOAD: load rc=0")
    payload.probe(lab, guest, 1)


MACHINES = [
    # CPU, command line, five levels, 1 GiB pages
    ("max", "", True, True),
    ("max", "nogbpages", True, False),
    ("max", "no5lvl", False, True),
    ("max,la57=off", "nogbpages", False, False),
    ("qemu64", "", False, False),
]


@scenario()
def entry_state(lab):
    """The machine state at entry, with 4 and 5 levels, with and without 1 GiB pages."""
    machines = MACHINES if lab.k == "fast" else MACHINES[2:4]
    for cpu, append, five_levels, gib_pages in machines:
        guest = lab.guest(append="lab.run=state " + append, memory="512M", cpu=cpu)
        paging = guest.expect(r"SCENARIO: paging: (.*)")[1]
        if lab.k == "debug":    # its direct map is in small pages, so that pages can be unmapped
            gib_pages = False
        lab.check(("DirectMap1G" in paging) == gib_pages,
                  "-cpu %s %s runs with: %s" % (cpu, append, paging))
        at = int(guest.expect(r"SCENARIO: executing probe=(\d+)")[1])
        state = payload.probe(lab, guest, 2)
        lab.check(state["rip"] == at, "entered at %#x, not at %#x" % (state["rip"], at))
        payload.check_state(lab, state, five_levels)


@scenario(kernels=("fast",))
def call_depth_tracking(lab):
    """With retpolines and call depth tracking at work the way out is the same."""
    guest = lab.guest(append="lab.run=state spectre_v2=retpoline retbleed=stuff", memory="512M",
                      cpu="Skylake-Server-v4")
    guest.expect(r"RETBleed: Mitigation: Stuffing")
    payload.check_state(lab, payload.probe(lab, guest, 2), five_levels=False)


NMIS = 10
KERNEL_HALF = 1 << 63
REP, MOVS = "0xf3", {"0xa4", "0xa5"}


def is_copying(guest):
    """Whether a stopped guest is within a copy (rep movs) outside the kernel's mappings."""
    def ask(line):
        return guest.qmp("human-monitor-command", **{"command-line": line})

    rip = int(re.search(r"RIP=([0-9a-f]+)", ask("info registers"))[1], 16)
    code = ask("x /3xb %#x" % rip).split()[1:]
    return rip < KERNEL_HALF and code[:1] == [REP] and MOVS & set(code)


def inject_while_copying(guest):
    """NMIs in the middle of the copy only: at its end no image could take one. Their number."""
    injected = 0
    try:
        while injected < NMIS and guest.when(r"PROBE: entered") is None:
            guest.qmp("stop")
            if is_copying(guest):
                guest.qmp("inject-nmi")
                injected += 1
            guest.qmp("cont")
    except GuestError:
        pass    # it has ended: well or not, the probe's word tells
    return injected


@scenario(alone=True, kernels=("fast",))
def nmi_while_copying(lab):
    """NMIs during the copy of 512 staged MiB do not stop the hand-off."""
    guest = lab.guest(append="lab.run=nmi movablecore=1000M", memory="2560M")
    guest.expect(r"SCENARIO: executing", timeout=90)
    _, staged = payload.only_load(lab, guest)
    lab.check(staged >= 512 << 10, "only %d KiB are staged" % staged)
    guest.expect(r"Starting new kernel")
    injected = inject_while_copying(guest)
    payload.probe(lab, guest, 1)
    print("        NMIs during the copy: %d" % injected)
    lab.check(injected >= 3, "the copy was over after %d NMIs" % injected)
