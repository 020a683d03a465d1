# SPDX-License-Identifier: GPL-2.0-only
"""Panics of every kind, and what the crash kernel finds."""

import os

import payload
from dump import DYING, KERNEL_TEXT, MIB, Dump, check_dump, check_memory, resource, show
from scenario import scenario


def die(lab, how, load="s", cpu=0, cpus=2, offline=None, append="", died=(), region=None,
        **machine):
    """Load a crash image, die on that CPU, and look at the dump. More CPUs may die with it."""
    machine.setdefault("memory", "1536M" if lab.k == "debug" else "512M")
    region = region or ("640M" if lab.k == "debug" else "128M")
    guest = lab.guest(append="lab.run=crash lab.args=%s,%s,%d%s crashkernel=%s %s"
                      % (load, how, cpu or 0, "" if offline is None else ",%d" % offline, region,
                         append),
                      cpus=cpus, expected=DYING, **machine)
    if how == "nmi":
        guest.expect("SCENARIO: dying")
        guest.qmp("inject-nmi")
    check_dump(lab, guest, [n for n in range(cpus) if n != offline],
               None if cpu is None else (cpu, *died), load != "c")
    payload.check_covered(lab, guest)
    return guest


@scenario(kernels=("fast", "debug", "small", "kcov", "cfi"))
def crash_sysrq(lab):
    """sysrq-c with a crash image of kexec_file_load."""
    die(lab, "sysrq", cpus=1 if lab.k == "small" else 2)


@scenario(kernels=("fast", "kcov", "cfi"))
def crash_sysrq_segments(lab):
    """sysrq-c with a crash image of kexec_load (its tool needs /proc/kcore)."""
    die(lab, "sysrq", load="c")


@scenario(kernels=("fast",))
def crash_on_each_cpu(lab):
    """The CPU that dies is each of four, by a BUG in a process."""
    for cpu in range(4):
        die(lab, "bug", cpu=cpu, cpus=4)


@scenario(kernels=("fast",))
def crash_with_cpu_offline(lab):
    """CPU 2 of four is offline; a NULL pointer on CPU 3."""
    die(lab, "null", cpu=3, cpus=4, offline=2)


@scenario()
def crash_in_irq(lab):
    """A BUG in a hard interrupt."""
    die(lab, "irq", cpu=1)


@scenario(kernels=("fast",))
def crash_in_softirq(lab):
    """A BUG in a softirq."""
    die(lab, "softirq", cpu=1)


def die_without_a_word(lab, how, **options):
    """In NMI context, where printk() leaves the consoles for later: an oops would be seen."""
    guest = die(lab, how, **options)
    dying = guest.text().partition("SCENARIO: dying")[2].partition("Linux version")[0]
    lab.check("Oops" not in dying and "Kernel panic" not in dying, "it died of something else")


@scenario()
def crash_in_nmi(lab):
    """A panic in an NMI that QEMU's monitor raises."""
    die_without_a_word(lab, "nmi")


@scenario(kernels=("fast",))
def crash_of_stack(lab):
    """The stack overflows into its guard page."""
    die_without_a_word(lab, "stack", cpu=1)


@scenario(kernels=("fast",))
def crash_by_double_fault(lab):
    """An exception finds no stack to push its frame on."""
    die_without_a_word(lab, "double", cpu=1)


@scenario(kernels=("fast",))
def crash_by_soft_lockup(lab):
    """A CPU does not schedule any more, and softlockup_panic is set."""
    guest = die(lab, "soft", cpu=1)
    lab.check(guest.find("Kernel panic - not syncing: softlockup"), "it died of something else")


@scenario(kernels=("fast",))
def crash_by_hard_lockup(lab):
    """A CPU takes no interrupts any more; the other one notices and panics."""
    guest = die(lab, "hard", cpu=1, died=(0,))
    lab.check(guest.find("Kernel panic - not syncing: Hard LOCKUP"), "it died of something else")


@scenario(kernels=("fast", "distro"))
def crash_traced(lab):
    """sysrq-c, with an image of either call, while every function of the kernel is traced."""
    for load in ("s", "c"):
        guest = die(lab, "traced", load=load, cpu=1)
        lab.check(guest.find(r"SCENARIO: traced by function$"), "nothing was traced")


@scenario()
def crash_with_locks_held(lab):
    """A panic with interrupts off and the locks of allocator and process table held."""
    die(lab, "locked", cpu=1)


@scenario()
def crash_on_all_cpus(lab):
    """Four CPUs panic at the same time; one gets to the crash kernel."""
    die(lab, "together", cpus=4, cpu=None)


@scenario(kernels=("fast",))
def crash_after_notifiers(lab):
    """With crash_kexec_post_notifiers the other CPUs are stopped before."""
    guest = die(lab, "sysrq", append="crash_kexec_post_notifiers")
    lab.check(guest.find("Kernel Offset: "), "no notifier had its say before")


@scenario(kernels=("fast",))
def crash_regions(lab):
    """Each way to reserve memory: at an address, by a list of ranges, high and low."""
    # The kernel itself may not lie at the address, which is random otherwise.
    for region, memory, sizes in (("96M@320M nokaslr", "768M", [96]),
                                  ("256M-512M:64M,512M-2G:160M", "768M", [160]),
                                  ("256M,high crashkernel=96M,low", "5G", [96, 256])):
        for load in ("s", "c"):
            guest = die(lab, "sysrq", load=load, region=region, memory=memory)
            crash = resource(guest.text(), "Crash kernel")
            lab.check([(end - start) // MIB for start, end in crash] == sizes,
                      "%s reserves %s" % (region, show(crash)))
        at = crash[-1][0]
        lab.check("@" not in region or at == 320 * MIB, "it is reserved at %#x" % at)
        lab.check("high" not in region or at >= 4 << 30, "it is reserved at %#x" % at)


def survive(lab, what, errno=None):
    """A crash image is loaded, a load fails or has not ended yet, the kernel dies: a dump."""
    guest = lab.guest(append="lab.run=crashkeep lab.args=%s crashkernel=128M" % what, cpus=2,
                      memory="512M", expected=DYING)
    check_dump(lab, guest, [0, 1], (0,), True)
    lab.check(guest.find(r"Command line: elfcorehdr=\S+ .* loaded=first"),
              "another image was started")
    if errno is not None:
        seen = guest.find(r"SCENARIO: errno (\d+)")
        lab.check(seen and int(seen[0][1]) == errno, "errno %s" % (seen and seen[0][1]))


@scenario(kernels=("fast",))
def crash_image_survives_refusals(lab):
    """A successor that cannot be read, has no room, is killed, or is not signed."""
    survive(lab, "efault", 14)
    survive(lab, "full", 12)
    survive(lab, "kill", 0)
    survive(lab, "signature")
    lab.check(lab.guests[-1].find("signatures are enforced"), "the signature did not matter")


@scenario(kernels=("fast",))
def crash_while_loading(lab):
    """A panic while a normal load, and while a crash load, stands still in the middle."""
    for what in ("normal", "crash"):
        survive(lab, what)
        lab.check(lab.guests[-1].find("KCRASH: %s holding" % what), "no load stood still")


@scenario(kernels=("fast",))
def crash_in_load_loop(lab):
    """A panic in a loop of crash loads: one of the images is started."""
    guest = lab.guest(append="lab.run=crashkeep lab.args=loop crashkernel=128M", cpus=2,
                      memory="768M", expected=DYING)
    dump = Dump(guest)
    lab.check(dump.magic == ["ok"], "the page of the lab: %s" % dump.magic)


@scenario(kernels=("fast",))
def crash_in_reboot(lab):
    """A panic at three stages of a reboot by kexec."""
    for stage in ("notifier", "device", "syscore"):
        guest = lab.guest(append="lab.run=crashreboot lab.args=%s crashkernel=128M" % stage,
                          cpus=2, memory="512M", expected=DYING)
        dump = Dump(guest)
        lab.check(guest.find("lab: at the stage of the %s" % stage), "it died elsewhere")
        lab.check(dump.magic == ["ok"], "the page of the lab: %s" % dump.magic)
        lab.check(len(dump.cpus) == 2, "%d CPUs in the dump" % len(dump.cpus))
        check_memory(lab, dump, True)


@scenario(kernels=("fast",))
def crash_debug_output(lab):
    """KEXEC_FILE_DEBUG shows the ranges that are in the dump."""
    guest = die(lab, "sysrq", load="d")
    said = [(int(start, 16), int(end, 16) + 1) for start, end in
            (match.groups() for match in guest.find(r"kexec: dumped: (0x\w+)-(0x\w+)"))]
    found = [(start, end) for start, end, at in Dump(guest).loads if at < KERNEL_TEXT]
    lab.check(said and said == found, "said %s, dumped %s" % (show(said), show(found)))


@scenario()
def crash_after_stray_write(lab):
    """A write to the loaded crash image faults, and what the oops starts is that image."""
    guest = die(lab, "stray", cpu=1)
    lab.check(not guest.find("the write to the crash region went through"), "nothing faulted")


# Segments of a crash image of kexec_file_load: the ELF header of the dump and the purgatory are
# not checked.
HEADER, BOOT_DATA, KERNEL, INITRD = 0, 2, 3, 4


def damaged(lab, segment, offset, panic=None, cpu=""):
    return lab.guest(append="lab.run=crashdamage lab.args=%s,%s,%s crashkernel=128M"
                     % (segment, offset, cpu),
                     panic=panic, cpus=2, memory="512M", expected=DYING)


@scenario(kernels=("fast",))
def crash_image_damaged(lab):
    """A changed byte anywhere is reported, the last one too; with panic=-1 the machine resets."""
    for segment, offset in ((BOOT_DATA, 0x228), (KERNEL, 4096), (KERNEL, -1), (INITRD, -1)):
        guest = damaged(lab, segment, offset, panic=-1)
        where = guest.expect(r"damaged segment (\d+) at (0x\w+)\+(0x\w+)")
        guest.expect(r"kexec: purgatory: segment %s at %s\+%s: digest [0-9a-f]+ is not [0-9a-f]+"
                     % where.groups())
        outcome = guest.wait(20)
        lab.check(outcome == "reset", "the guest ended by %s" % outcome)
        lab.check(not guest.find("VMCORE"), "the damaged image was started")


@scenario(kernels=("fast",))
def crash_image_damaged_halt(lab):
    """Without panic= a damaged image halts the machine instead."""
    guest = damaged(lab, KERNEL, 4096)
    guest.expect(r"kexec: purgatory: segment %d " % KERNEL)
    lab.check(payload.halts(guest), "the machine does not halt")


@scenario(kernels=("fast",))
def crash_image_rewritten(lab):
    """The ELF header may change: after hotplug of a CPU, and by damage, the image is started."""
    guest = damaged(lab, "none", 0, cpu=1)
    check_dump(lab, guest, [0, 1], (0,), True)
    guest = damaged(lab, HEADER, -1)
    check_dump(lab, guest, [0, 1], (0,), False)


PLUGS = 3


DIMM_BLOCKS = {"0": 2, "1": 1}


def plug(guest, name):
    """Plug memory and wait until the guest has all of it online.

    One block less, and the request to remove it may come before the guest has asked the firmware
    what was inserted; it is told of one event per memory device only, and the other is lost.
    """
    wanted = blocks(guest) + DIMM_BLOCKS[name]
    guest.qmp("device_add", driver="pc-dimm", id="d" + name, memdev="m" + name)
    while blocks(guest) < wanted:
        pass


def blocks(guest):
    guest.type("memory\n")
    return int(guest.expect(r"SCENARIO: memory (\d+) blocks")[1])


def unplug(lab, guest, name):
    """Unplug memory; the guest has it offline before it lets it go."""
    def gone():
        return sum(event["event"] == "DEVICE_DELETED" and event["data"].get("device") == "d" + name
                   for event in guest.events)

    before = gone()
    guest.qmp("device_del", id="d" + name)
    lab.check(payload.until(guest, lambda: gone() > before, 30), "memory is not given back")


@scenario()
def crash_in_hotplug_storm(lab):
    """CPUs and memory come and go while crash images are loaded; the dump has what is left."""
    slow = lab.k != "fast"
    guest = lab.guest(append="lab.run=storm crashkernel=%s memhp_default_state=online_movable"
                      % ("640M" if slow else "128M"), cpus=4,
                      memory="%s,slots=4,maxmem=8G" % ("2G" if slow else "1G"), expected=DYING,
                      args=[arg for name, count in DIMM_BLOCKS.items() for arg in
                            ("-object", "memory-backend-ram,id=m%s,size=%dM" % (name, count * 128))])
    guest.expect("SCENARIO: in the storm")
    for _ in range(1 if slow else PLUGS):
        plug(guest, "0")
        plug(guest, "1")
        unplug(lab, guest, "1")
        unplug(lab, guest, "0")
    plug(guest, "1")
    guest.type("over\n")
    guest.expect("SCENARIO: in the calm")
    plug(guest, "0")
    guest.type("die\n")
    dump = check_dump(lab, guest, [0, 1, 2, 3], (1,), True)
    plugged = sum(end - start for start, end, _ in dump.loads if start >= 4 << 30)
    lab.check(plugged == 384 << 20, "%#x bytes of plugged memory are dumped" % plugged)
    lab.check(not guest.find("FAILED a load"), "a load failed in the storm")


@scenario(kernels=("fast",))
def crash_soak(lab):
    """Rounds of panic, dump and reset in one machine: a few, or as many as KEXEC_SOAK says."""
    rounds = int(os.environ.get("KEXEC_SOAK", "3"))
    guest = lab.guest(append="lab.run=soak crashkernel=128M", cpus=2, memory="512M",
                      limit=60 + 30 * rounds, expected=DYING)
    guest.qmp("set-action", reboot="reset")
    ways = set()
    for number in range(rounds):
        ways.add(guest.expect(r"SCENARIO: dying by (\w+, image by \w)")[1])
        guest.expect(r"VMCORE: cpu 1 pid ")
        magic = guest.expect(r"VMCORE: magic \w+ (\w+)")[1]
        lab.check(magic == "ok", "round %d: the page of the lab is %s" % (number, magic))
        guest.expect(r"VMCORE: read [1-9]\d*")
    print("        soak: %d rounds, %d different" % (rounds, len(ways)))


@scenario(kernels=("fast",))
def crash_load_short_of_room(lab):
    """No room for two images: the old one goes first, with a word, and the load succeeds."""
    guest = lab.guest(append="lab.run=crashshort crashkernel=192M", memory="704M", cpus=2)
    for image, why in (("tight", "the region has no room for the control pages of both"),
                       ("large", "no memory for both")):
        seen = guest.expect(r"SCENARIO: .*KCRASH: %s errno=(\d+), loaded (\d)" % image)
        lab.check(seen.groups() == ("0", "1"), "%s: errno %s, loaded %s" % (image, *seen.groups()))
        dropped = guest.find(r"kexec: the crash image is dropped before its successor is complete: "
                             + why)
        lab.check(len(dropped) == 1, "%s: it was said %d times" % (image, len(dropped)))
    lab.check(guest.find(r"kexec: crash image loaded: 1 segments, 147456 KiB"), "not all is loaded")


@scenario(kernels=("fast",))
def crash_segments_follow_hotplug(lab):
    """The ELF header of a kexec_load image is rewritten when a CPU goes, since its flag allows it."""
    guest = lab.guest(append="lab.run=crashfollows crashkernel=128M", memory="512M", cpus=2)
    guest.expect(r"SCENARIO: KCRASH: header errno=0")
    guest.expect(r"SCENARIO: before: KCRASH: header phnum=0 type=4")
    possible = int(guest.expect(r"SCENARIO: ranges \d+, possible 0-(\d+)")[1]) + 1
    after = guest.expect(r"SCENARIO: after: KCRASH: header phnum=(\d+) type=(\d+)")
    # Beside the CPUs vmcoreinfo, the text, and the memory on both sides of the crash region.
    lab.check(int(after[1]) == possible + 4, "%s program headers" % after[1])


@scenario(kernels=("fast",))
def crash_after_kexec(lab):
    """A kernel that kexec has started reserves its crash region as the first one did; and dumps."""
    for how in ("s", "c"):
        guest = lab.guest(append="lab.run=crashhop lab.args=2,%s crashkernel=128M" % how,
                          memory="768M", cpus=2, expected=DYING)
        check_dump(lab, guest, [0, 1], (0,), how == "s")
        lab.check(len(guest.find(r"SCENARIO: hops left")) == 3, "not all hops were made")
