# SPDX-License-Identifier: GPL-2.0-only
"""Live update where it is hard: little memory beside it, faults, other machines."""

import payload
from dump import DYING, check_dump
from guest import sparse_disk
from scenario import scenario


def up(guest, left):
    """Wait for a kernel of the chain; what it says of itself."""
    return guest.expect(r"SCENARIO: up, hops left %d(.*)|SCENARIO: FAILED.*|LAB: exit 1" % left,
                        timeout=60)


def got(lab, guest, items):
    """Everything was retrieved and compared."""
    seen = guest.expect(r"LU: got (\d+) in|LU: FAILED.*|SCENARIO: FAILED.*", timeout=60)
    lab.check(seen[1] == str(items), seen[0])


def said(lab, guest, pattern, timeout=60, who="SCENARIO"):
    """What the script, or another program, says, unless it fails first."""
    seen = guest.expect(r"%s: (?:%s)|SCENARIO: FAILED.*|LU: FAILED.*" % (who, pattern),
                        timeout=timeout)
    lab.check("FAILED" not in seen[0], seen[0])
    return seen


def three_quarters(lab, how, memory, below, item, append=""):
    """Three quarters of memory cross to a kernel with a crash kernel, huge pages, a long initrd."""
    guest = lab.guest(append="lab.run=luquarters lab.args=1,%s,%s %s" % (item, how, append),
                      memory=memory, cpus=2, args=["-machine", "q35,max-ram-below-4g=" + below],
                      limit=400)
    up(guest, 1)
    # Up to 4 GiB are filled first.
    kept = said(lab, guest, r"preserved (\d+) of (\d+) KiB", 240)
    lab.check(int(kept[1]) * 4 >= int(kept[2]) * 3, "only " + kept[0])
    place = guest.expect(r"RAMDISK: \[mem 0x(\w+)-", timeout=60)
    up(guest, 0)
    seen = said(lab, guest, r"kernel at (\d+), crash kernel (\d+), (\d+) huge pages")
    lab.check(seen.groups()[1:] == ("2" if how == "high" else "1", "16"), seen[0])
    got(lab, guest, 1)
    guest.expect(r"LAB: exit 0")
    return int(place[1], 16) >> 20, int(seen[1])


@scenario(kernels=("fast",))
def liveupdate_three_quarters(lab):
    """Three quarters of memory cross to a kernel at a random place."""
    three_quarters(lab, "low", "3G", "1G", "2204M/hole")


@scenario(kernels=("fast",))
def liveupdate_three_quarters_held(lab):
    """The same where the initrd and the kernel lie as badly as they can below the floor."""
    initrd, kernel = three_quarters(lab, "held", "3G", "1G", "2204M/hole", "nokaslr")
    # A page that somebody takes meanwhile moves them by some pageblocks.
    lab.check(abs(initrd - 140) <= 16 and abs(kernel - 290) <= 16,
              "initrd and kernel are at %d and %d MiB" % (initrd, kernel))


@scenario(kernels=("fast",))
def liveupdate_three_quarters_high(lab):
    """The same with a crash kernel in high and in low memory."""
    # The memfd has all memory above 4 GiB that can be preserved.
    three_quarters(lab, "high", "5632M", "2G", "4092M/hole/huge")


def formats(lab, append=""):
    """A vmlinux, then a UKI: each gets memfds and a tmpfs."""
    guest = lab.guest(append="lab.run=luformats lab.args=2,vmlinux,uki %s" % append,
                      initrd=lab.initrd.replace(".cpio", ".files.cpio"), memory="1G", cpus=2)
    for left in (2, 1, 0):
        up(guest, left)
        if left < 2:
            got(lab, guest, 3)
            said(lab, guest, r"the same: \d+ files")
        if left:
            said(lab, guest, "executing")
    guest.expect(r"LAB: exit 0")
    lab.check(len(guest.find(r"kexec: vmlinux at 0x")) == 1, "no vmlinux was loaded")


@scenario(kernels=("fast",))
def liveupdate_formats(lab):
    """Memfds and a tmpfs cross to a vmlinux, then to a UKI, at random addresses."""
    formats(lab)


@scenario(kernels=("fast",))
def liveupdate_formats_nokaslr(lab):
    """The same with nokaslr."""
    formats(lab, "nokaslr")


HOPS = 10
# What is free at a moment varies, what there is in all does not.
LEAK_KIB = {"free": 4 << 10, "in all": 64}


@scenario(kernels=("fast",))
def liveupdate_ten_hops(lab):
    """A memfd crosses ten times, and the last kernel has as much memory as the second."""
    guest = lab.guest(append="lab.run=luhops lab.args=%d nokaslr" % HOPS, memory="768M", cpus=1)
    seen = []
    for left in range(HOPS, -1, -1):
        up(guest, left)
        if left < HOPS:
            got(lab, guest, 1)
        seen.append([int(n) for n in said(lab, guest, r"free (\d+) of (\d+) KiB").groups()])
    guest.expect(r"LAB: exit 0")
    for what, second, last in zip(("free", "in all"), seen[1], seen[-1]):
        lab.check(second - last <= LEAK_KIB[what], "%d KiB %s, then %d" % (second, what, last))


@scenario(kernels=("fast",))
def liveupdate_swapped(lab):
    """A memfd that is in swap crosses; memory is fragmented and full of page cache."""
    guest = lab.guest(append="lab.run=luswap lab.args=1", memory="1G", cpus=2, args=sparse_disk())
    up(guest, 1)
    seen = said(lab, guest, r"swapped out (\d+), in (\d+) pages")
    pages = (64 << 20) // 4096
    lab.check(int(seen[1]) >= pages and int(seen[2]) >= pages * 9 // 10, seen[0])
    up(guest, 0)
    got(lab, guest, 2)
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def liveupdate_crash(lab):
    """A panic with sessions preserved, and with others not retrieved: the dump is whole."""
    guest = lab.guest(append="lab.run=lucrash lab.args=1 crashkernel=128M", memory="768M", cpus=2,
                      expected=DYING)
    up(guest, 1)
    up(guest, 0)
    said(lab, guest, "incoming main 2;outgoing main 2;")
    said(lab, guest, "dying")
    check_dump(lab, guest, [0, 1], (0,), True)


@scenario(kernels=("fast",))
def liveupdate_poison(lab):
    """A preserved page fails: no reboot. Memory with preserved pages does not go offline."""
    guest = lab.guest(append="lab.run=lupoison movablecore=512M", memory="1G", cpus=2)
    said(lab, guest, "the block is online")
    said(lab, guest, "poisoning")
    guest.expect(r"liveupdate: page 0 of the file has a hardware error")
    guest.expect(r"KFLOAD: execute errno=EHWPOISON")
    said(lab, guest, r"still here: outgoing main 1, all CPUs 0-1")
    said(lab, guest, r"without: \.")
    guest.expect(r"LAB: exit 0")


TWO_NODES = ["-object", "memory-backend-ram,id=n0,size=512M",
             "-object", "memory-backend-ram,id=n1,size=512M",
             "-numa", "node,nodeid=0,cpus=0,memdev=n0", "-numa", "node,nodeid=1,cpus=1,memdev=n1"]


@scenario(kernels=("fast",))
def liveupdate_numa(lab):
    """Memfds of two nodes stay on them; five levels of page tables, four, five again."""
    guest = lab.guest(append="lab.run=lunuma lab.args=2", memory="1G", cpus="2,sockets=2",
                      cpu="max", args=TWO_NODES)
    for left in (2, 1, 0):
        seen = up(guest, left)
        lab.check(seen[1] == ", %d levels" % (4 if left == 1 else 5), seen[0])
        if left < 2:
            got(lab, guest, 3)
            kib = said(lab, guest, r"shmem before (\d+) (\d+), then (\d+) (\d+) KiB").groups()
            more = [int(kib[2 + node]) - int(kib[node]) for node in (0, 1)]
            lab.check(more == [16 << 10, 24 << 10], "KiB on the nodes: %s" % more)
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def liveupdate_hotadded(lab):
    """A memfd in memory that was added after the boot moves out of it, and crosses."""
    guest = lab.guest(append="lab.run=luhotadded lab.args=1 memhp_default_state=online_movable",
                      memory="1G,slots=1,maxmem=4G", cpus=2,
                      args=["-object", "memory-backend-ram,id=m0,size=256M",
                            "-device", "pc-dimm,id=dimm0,memdev=m0"])
    up(guest, 1)
    added, before, after = map(int, said(
        lab, guest, r"added memory at (\d+), the page was at (\d+) and is at (\d+)").groups())
    lab.check(after < added <= before, "from %#x to %#x, added at %#x" % (before, after, added))
    up(guest, 0)
    got(lab, guest, 1)
    guest.expect(r"LAB: exit 0")


SESSIONS = r"%s: (.*) all (\d+) KiB"


@scenario(kernels=("fast",))
def liveupdate_unretrieved(lab):
    """Memory of a session that waits is no free memory; a drop, or the next kernel, frees it."""
    guest = lab.guest(append="lab.run=luleft lab.args=2 nokaslr", memory="768M", cpus=2)
    up(guest, 2)
    first = said(lab, guest, SESSIONS % "start")
    up(guest, 1)
    second = said(lab, guest, SESSIONS % "start")
    lab.check(sorted(second[1].split(";")) == ["", "incoming main 1", "incoming other 1"], second[0])
    guest.expect(r"KLOAD: load rc=-1")
    guest.expect(r"LU: dropped")
    dropped = said(lab, guest, SESSIONS % "dropped")
    lab.check(dropped[1] == "incoming main 1;", dropped[0])
    freed = int(dropped[2]) - int(second[2])
    lab.check(32 << 10 <= freed < 33 << 10, "a drop frees %d KiB" % freed)
    guest.expect(r"LU: FAILED other: No such file or directory")
    up(guest, 0)
    third = said(lab, guest, SESSIONS % "start")
    lab.check(third[1] == "", third[0])
    lost = int(first[2]) - int(third[2])
    lab.check(lost < 4 << 10, "%d KiB are lost" % lost)
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def liveupdate_memcg(lab):
    """Who retrieves memory is charged for it; Shmem counts it; huge pages stay huge."""
    guest = lab.guest(append="lab.run=lumemcg lab.args=1", memory="768M", cpus=2)
    up(guest, 1)
    lab.check(int(said(lab, guest, r"huge before (\d+) KiB")[1]) == 8 << 10, "no huge pages")
    up(guest, 0)
    got(lab, guest, 2)
    seen = [int(n) for n in said(
        lab, guest, r"charged (\d+), huge (\d+) bytes, shmem (\d+), huge (\d+) KiB").groups()]
    lab.check(seen == [13 << 20, 8 << 20, 13 << 10, 8 << 10], "charged %s" % seen)
    seen = [int(n) for n in said(
        lab, guest, r"left (\d+) bytes, shmem (-?\d+), huge (\d+) KiB").groups()]
    lab.check(seen == [0, 0, 0], "left are %s" % seen)
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def liveupdate_in_place(lab):
    """Memory preserved where a staged image goes; a load in place beside preserved memory."""
    guest = lab.guest(append="lab.run=luplace lab.args=2", memory="1G", cpus=2)
    for left in (2, 1, 0):
        up(guest, left)
        if left < 2:
            got(lab, guest, 1)
    guest.expect(r"LAB: exit 0")
    loads = payload.loads(guest)
    lab.check(loads[0][2] >= 20 << 10, "staged is %d KiB" % loads[0][2])
    lab.check(loads[1][1] >= 20 << 10, "in place is %d KiB" % loads[1][1])


@scenario(kernels=("fast",))
def liveupdate_damaged(lab):
    """Root, list or index are damaged on the way: nothing is adopted, and the kernel boots."""
    guests = [lab.guest(append="lab.run=ludamaged lab.args=1,%s" % what, memory="768M", cpus=1)
              for what in ("root", "list", "index")]
    for guest in guests:
        before = int(said(guest=guest, lab=lab, pattern=r"all (\d+) KiB")[1])
        guest.expect(r"liveupdate: nothing is adopted: ")
        guest.expect(r"LU: FAILED /dev/liveupdate: Input/output error")
        after = int(said(guest=guest, lab=lab, pattern=r"works with (\d+) KiB")[1])
        # What may be preserved is not touched.
        lab.check(before - after >= 64 << 10, "%d KiB are left of %d" % (after, before))
        guest.expect(r"LAB: exit 0")


@scenario()
def liveupdate_reboot_refused(lab):
    """A reboot is killed, held, or fails at each allocation: all is as before, and then crosses."""
    guest = lab.guest(append="lab.run=lureboot lab.args=1", memory="1G", cpus=2)
    up(guest, 1)
    said(lab, guest, "held", who="LU")
    said(lab, guest, r"killed \d+", who="LU")
    if lab.k == "debug":
        seen = said(lab, guest, r"\d+ faults, (\d+) refused; of (\d+) more, (-?\d+) pages less",
                    180, "LU")
        lab.check(int(seen[1]) > 5, seen[0])
        # As the selftests judge: a leak is a page in two rounds.
        lab.check(int(seen[3]) < int(seen[2]) // 2, seen[0])
        said(lab, guest, "starved", who="LU")
    said(lab, guest, "executing")
    up(guest, 0)
    got(lab, guest, 3)
    guest.expect(r"LAB: exit 0")
