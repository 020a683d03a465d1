# SPDX-License-Identifier: GPL-2.0-only
"""Real kernels, loaded and executed by Debian's kexec."""

import payload
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


def hand_over(lab, rounds, how="none", calls="c", append="", said=None, **machine):
    """Boot, go through so many kexecs; each kernel finds all CPUs and the same memory.

    how and calls are of lab/scenarios/guest/boot; every kernel says what said matches.
    """
    guest = lab.guest(append="lab.run=boot lab.args=%d,%s,%s %s" % (rounds, how, calls, append),
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
    lab.check(lab.k != "distro" or guest.find("SCENARIO: the disk is good"), "nobody read the disk")
    payload.check_covered(lab, guest, rounds)
    lab.check(not said or len(guest.find(said)) == rounds + 1,
              "not every kernel says %r" % said)
    return guest


@scenario(kernels=("fast", "debug", "distro", "kcov", "cfi"))
def three_kernels_in_a_row(lab):
    """Three kexecs in a row (on a slow kernel one), by each call in turn, four CPUs."""
    hand_over(lab, 1 if lab.k == "debug" else 3, calls="csc", cpus=4, memory="768M")


@scenario(kernels=("fast", "debug", "distro"))
def half_the_cpus_offline(lab):
    """Half of the CPUs are offline when the kernel leaves; the next one finds all."""
    hand_over(lab, 1, "half", cpus=2 if lab.k == "debug" else 4, memory="768M",
              cpu="max,la57=off")


@scenario(kernels=("fast",))
def two_cpus(lab):
    """Two CPUs, one of them offline, 5 levels of page tables."""
    hand_over(lab, 1, "half", cpus=2)


@scenario(kernels=("fast",))
def small_guest(lab):
    """160 MiB and one CPU (a debug kernel does not fit)."""
    hand_over(lab, 1, cpus=1, memory="160M")


@scenario(kernels=("fast",))
def large_guest(lab):
    """8 GiB and two CPUs, no 1 GiB pages (a debug kernel would touch all of it)."""
    hand_over(lab, 1, append="nogbpages", cpus=2, memory="8G")


@scenario(kernels=("fast", "distro"))
def page_table_isolation(lab):
    """Two kexecs, one by each call, with page tables of user mode apart from the kernel's."""
    hand_over(lab, 2, calls="cs", append="pti=on", cpus=2,
              said=r"Kernel/User page tables isolation: enabled")


# QEMU's IOMMUs, with a device whose DMA goes through them. On a busy machine the kernel does not
# find the ticks that it waits for, and panics if an IOMMU remaps them: it is to believe in them.
DMA = ["-device", "virtio-serial-pci,iommu_platform=on,disable-legacy=on",
       "-chardev", "null,id=port", "-device", "virtserialport,chardev=port,name=port"]
FAULT = r"DMAR: .*fault|AMD-Vi: Event logged|DMAR-IR: .*fault"


@scenario(kernels=("fast", "distro"))
def intel_iommu(lab):
    """Two kexecs, one by each call, with DMA and interrupts by an Intel IOMMU."""
    guest = hand_over(lab, 2, calls="cs", append="intel_iommu=on no_timer_check", cpus=2,
                      args=["-device", "intel-iommu,intremap=on", *DMA],
                      said=r"DMAR-IR: Enabled IRQ remapping")
    lab.check(not guest.find(FAULT), "the IOMMU reports a fault")


@scenario(kernels=("fast", "distro"))
def amd_iommu(lab):
    """Two kexecs, one by each call, with DMA and interrupts by an AMD IOMMU.

    Debian's kernel for clouds has no driver for it, and must get along beside it.
    """
    guest = hand_over(lab, 2, calls="cs", append="no_timer_check", cpus=2,
                      args=["-device", "amd-iommu,intremap=on", *DMA],
                      said=None if lab.k == "distro" else r"AMD-Vi: Interrupt remapping enabled")
    lab.check(not guest.find(FAULT), "the IOMMU reports a fault")


@scenario(kernels=("distro", "kcov"))
def x2apic(lab):
    """Two kexecs, one by each call, with x2APICs and an IOMMU; of Intel, and of AMD if possible."""
    iommus = ["intel-iommu,intremap=on,eim=on", "amd-iommu,intremap=on,xtsup=on"]
    for iommu in iommus[:1] if lab.k == "distro" else iommus:
        guest = hand_over(lab, 2, calls="cs", append="intel_iommu=on no_timer_check", cpus=2,
                          args=["-device", iommu, *DMA], emulator=lab.newer("qemu"),
                          said="APIC: Switched APIC routing to: .*x2apic")
        lab.check(not guest.find(FAULT), "the IOMMU reports a fault")


@scenario(kernels=("fast", "distro"))
def function_tracer(lab):
    """Two kexecs, one by each call, while every function of the kernel is traced."""
    guest = hand_over(lab, 2, "traced", calls="cs", cpus=2)
    lab.check(len(guest.find(r"SCENARIO: traced by function$")) == 2, "nothing was traced")


@scenario(kernels=("distro",))
def second_processor(lab):
    """CPU 1 calls reboot(2), by each call."""
    hand_over(lab, 2, "second", calls="cs", cpus=2)


@scenario(kernels=("distro",))
def another_kernel(lab):
    """To Debian's own kernel, of another version, and back, by each call."""
    guest = hand_over(lab, 4, "other", calls="ccss", cpus=2, memory="1G")
    versions = [match[1] for match in guest.find(r"LAB: init of (\S+)")]
    lab.check(len(set(versions[::2])) == len(set(versions[1::2])) == 1
              and len(set(versions)) == 2, "versions: %s" % versions)


@scenario(kernels=("fast", "distro"))
def paging_levels(lab):
    """From 5 levels of page tables to 4 and back, by each call."""
    guest = hand_over(lab, 4, "levels", calls="ccss", cpus=2)
    levels = [int(match[1]) for match in guest.find(r"(\d) levels of page tables")]
    lab.check(levels == [5, 4, 5, 4, 5], "levels of page tables: %s" % levels)
