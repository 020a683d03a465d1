# SPDX-License-Identifier: GPL-2.0-only
"""Real kernels, loaded and executed by Debian's kexec."""

from scenario import scenario

UP = r"SCENARIO: up, rounds left %d, cpus (\S+), memory (\d+) KiB"


def initrd_kib(guest):
    """What the latest kernel's initrd took of memory."""
    start, end = (int(at, 16) for at in guest.find(r"RAMDISK: \[mem (0x\w+)-(0x\w+)\]")[-1].groups())
    return (end + 1 - start) >> 10


def memory_kib(lab, guest, total):
    """All memory, but for what the firmware keeps."""
    # With debug_pagealloc the kernel never gives the memory of an initrd back.
    return int(total) + (initrd_kib(guest) if lab.k == "debug" else 0)


def hand_over(lab, rounds, offline="none", append="", **machine):
    """Boot, go through so many kexecs; each kernel finds all CPUs and the same memory."""
    guest = lab.guest(append="lab.run=boot lab.args=%d,%s %s" % (rounds, offline, append),
                      **machine)
    first = guest.expect(UP % rounds)
    total = memory_kib(lab, guest, first[2])
    for left in range(rounds - 1, -1, -1):
        guest.expect(r"SCENARIO: executing|SCENARIO: FAILED", timeout=90)
        guest.expect(r"\] Linux version")
        up = guest.expect(UP % left)
        lab.check(up[1] == first[1], "CPUs %s became %s" % (first[1], up[1]))
        lost = total - memory_kib(lab, guest, up[2])
        lab.check(abs(lost) < total // 100, "%d KiB of memory lost" % lost)
    guest.expect(r"LAB: exit 0")
    outcome = guest.wait(20 * lab.slow)
    lab.check(outcome == "poweroff", "the last kernel ended by %s" % outcome)


@scenario()
def three_kernels_in_a_row(lab):
    """Three kexecs in a row (on a slow kernel one), four CPUs."""
    hand_over(lab, 3 if lab.k == "fast" else 1, cpus=4, memory="768M")


@scenario()
def half_the_cpus_offline(lab):
    """Half of the CPUs are offline when the kernel leaves; the next one finds all."""
    hand_over(lab, 1, "half", cpus=4 if lab.k == "fast" else 2, memory="768M",
              cpu="max,la57=off")


@scenario(kernels=("fast",))
def two_cpus(lab):
    """Two CPUs, one of them offline, 5 levels of page tables."""
    hand_over(lab, 1, "half", cpus=2)


@scenario(kernels=("fast",))
def small_guest(lab):
    """128 MiB and one CPU (a debug kernel does not fit)."""
    hand_over(lab, 1, cpus=1, memory="128M")


@scenario(kernels=("fast",))
def large_guest(lab):
    """8 GiB and two CPUs, no 1 GiB pages (a debug kernel would touch all of it)."""
    hand_over(lab, 1, append="nogbpages", cpus=2, memory="8G")
