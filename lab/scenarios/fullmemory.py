# SPDX-License-Identifier: GPL-2.0-only
"""Loads where memory is full: how much is in place, what a load takes and what it leaves."""

import re

import payload
from guest import sparse_disk
from scenario import scenario


PAGE_KIB = 4

CASE = re.compile(r"SCENARIO: load (.*)|" + payload.LOADED)


def cases(guest):
    """What the guest's script called each load, with KiB in place and staged."""
    name, found = None, []
    for line in guest.text().splitlines():
        match = CASE.search(line)
        if match and match[1]:
            name = match[1]
        elif match and name:
            found.append((name, int(match[3]), int(match[4])))
            name = None
    return found


def share(in_place, staged):
    return 100.0 * in_place / (in_place + staged)


# Two blocks: the kernel may have taken a page of them, for a page table of the caller's buffer, say.
BLOCKS_KIB = (4 << 10) + 64


def full_of_clean_cache(lab, memory, sizes, limit=240, crowded=()):
    """Loads of these sizes are in place; of the crowded ones, for which few places are left, most."""
    guest = lab.guest(append="lab.run=cache lab.args=%s nokaslr" % "+".join(sizes),
                      memory=memory, cpus=2, limit=limit, args=sparse_disk())
    loads = guest.expect(r"SCENARIO: (?:executing after (\d+) loads|FAILED)", timeout=limit)[1]
    seen = cases(guest)
    for name, in_place, staged in seen:
        print("        %-5s %-28s %5.1f %% in place" % (memory, name, share(in_place, staged)))
    lab.check(loads and int(loads) == len(seen), "a load failed after %d" % len(seen))
    poor = [name for name, in_place, staged in seen if staged > BLOCKS_KIB
            and share(in_place, staged) < (60 if name in crowded else 98)]
    lab.check(not poor, "too little in place: %s" % ", ".join(poor))
    payload.probe(lab, guest, 1)


@scenario(kernels=("fast",))
def full_of_clean_cache_1g(lab):
    """1 GiB full of clean page cache: 98 % of 64 MiB are in place, by either call; most of 300 MiB."""
    # two such images, or an image and the caller's buffer, are two thirds of memory
    full_of_clean_cache(lab, "1G", ("64M", "300M"), crowded=(
        "files 300M second", "segment 300M first", "segment 300M reload"))


@scenario(kernels=("fast",))
def full_of_clean_cache_1536m(lab):
    """1.5 GiB full of clean page cache: 98 % of 64 and 300 MiB are in place, by either call."""
    full_of_clean_cache(lab, "1536M", ("64M", "300M"))


@scenario(slow=True, kernels=("fast",))
def full_of_clean_cache_4g(lab):
    """4 GiB full of clean page cache: 98 % of 1 GiB is in place, by either call."""
    full_of_clean_cache(lab, "4G", ("1024M",), limit=600)


TURN = re.compile(r"SCENARIO: load (\w+) (\w+) (\d+)|" + payload.LOADED
                  + r"|K(?:F)?LOAD: load rc=(-?\d+) errno=(\w+) ms=(\d+)")


def turns(guest):
    """Of each load that the guest's script tried: (call, how), turn, KiB in place, errno, ms."""
    found, in_place = [], 0
    for line in guest.text().splitlines():
        match = TURN.search(line)
        if not match:
            continue
        if match[1]:
            name, turn, in_place = (match[1], match[2]), match[3], 0
        elif match[5]:
            in_place = int(match[5])
        elif match[7]:
            found.append((name, turn, in_place, match[8], int(match[9])))
    return found


# The guest's clock counts instructions. Time would count a host that is busy as well, and where the
# pages of a copy lie: some pairs of addresses miss in QEMU's own TLB again and again.
COUNTED = ["-icount", "shift=1"]

# Twice is the bound; what kswapd and the flusher do meanwhile counts as well.
SLOWER = 2.5

RELOAD_KIB = 4 << 10    # two blocks, which somebody else may have taken meanwhile


def full_of(lab, what, args=()):
    """A load of 32 MiB takes at most twice as long as one that stages all, and fails no sooner."""
    guest = lab.guest(append="lab.run=fullof lab.args=%s,32M nokaslr" % what, memory="512M", cpus=2,
                      limit=300, args=[*COUNTED, *args])
    killed = guest.expect(r"SCENARIO: (oom_kill (\d+)|FAILED.*)", timeout=300)
    seen = turns(guest)
    for call in ("files", "segment"):
        ways = {how: [turn for turn in seen if turn[0] == (call, how)]
                for how in ("over", "staged", "offered")}
        print("        full of %s, %s: %s MiB in place, then %s; %s ms, staged %s ms" % (
            what, call, "/".join(str(turn[2] >> 10) for turn in ways["over"]),
            "/".join(str(turn[2] >> 10) for turn in ways["offered"]),
            "/".join(str(turn[4]) for turn in ways["offered"]),
            "/".join(str(turn[4]) for turn in ways["staged"])))
        for staged, offered in zip(ways["staged"], ways["offered"]):
            lab.check(offered[3] == "0" or staged[3] != "0",
                      "%s: errno %s where a staged load succeeds" % (call, offered[3]))
        in_place = [turn[2] for turn in ways["over"]]
        # the second one needs memory beside the first one, the third one has the place of the first
        lab.check(len(in_place) == 10 and in_place[9] >= in_place[0] - RELOAD_KIB,
                  "%s: KiB in place of ten loads: %s" % (call, in_place))
        best = {how: min(turn[4] for turn in ways[how]) for how in ways}
        lab.check(best["offered"] <= SLOWER * best["staged"],
                  "%s: %d ms, staged %d ms" % (call, best["offered"], best["staged"]))
    lab.check(len(seen) == 32, "%d loads; %s" % (len(seen), killed[1]))
    lab.check(killed[2] == "0", killed[1])


@scenario(kernels=("fast",))
def full_of_dirty_cache(lab):
    """Memory is full of page cache that waits to be written: no load is slow or fails."""
    full_of(lab, "dirty", sparse_disk())


@scenario(kernels=("fast",))
def full_of_tmpfs(lab):
    """Memory is full of tmpfs and there is no swap: no load is slow or fails."""
    full_of(lab, "tmpfs")


@scenario(kernels=("fast",))
def full_of_anonymous_memory(lab):
    """Memory is full of a program's pages and swap is used: no load is slow or fails."""
    full_of(lab, "anonymous", sparse_disk())


@scenario(kernels=("fast",))
def unmovable_pages(lab):
    """128 of 512 MiB have pages of the kernel, one every 512 KiB; 440 MiB are in place."""
    guest = lab.guest(append="lab.run=unmovable nokaslr movablecore=768M", memory="2G", cpus=2)
    guest.expect(r"SCENARIO: (executing|FAILED.*)", timeout=60)
    seen = payload.loads(guest)
    lab.check(len(seen) == 2, "%d loads" % len(seen))
    for _, in_place, staged in seen:
        lab.check(in_place >= 440 << 10, "%d KiB in place, %d staged" % (in_place, staged))
    payload.probe(lab, guest, 1)


CMA_KIB, MOVABLE_KIB, BESIDE_KIB = 64 << 10, 64 << 10, 64 << 10


@scenario(kernels=("fast",))
def beside_cma_and_movable(lab):
    """Nothing is claimed in a CMA area and in ZONE_MOVABLE, but all beside them is."""
    guest = lab.guest(append="lab.run=beside lab.args=%d cma=64M@256M movablecore=256M nokaslr"
                      % (256 << 20), memory="1G", cpus=2)
    guest.expect(r"SCENARIO: (done|FAILED.*)")
    lab.check(len(payload.loads(guest)) == 2, "the kernel logged %d loads" % len(payload.loads(guest)))
    for what, load in zip(("CMA", "ZONE_MOVABLE"), payload.loads(guest)):
        lab.check(load[2] >= 64 << 10, "%s: %d KiB in place, %d staged" % (what, *load[1:]))
        lab.check(load[1] >= 60 << 10, "%s: %d KiB in place, %d staged" % (what, *load[1:]))


@scenario(kernels=("fast",))
def headroom_of_a_zone(lab):
    """A load to all of ZONE_DMA leaves free pages there, above the low watermark."""
    guest = lab.guest(append="lab.run=headroom nokaslr", memory="1G", cpus=2)
    seen = guest.expect(r"SCENARIO: DMA free (\d+), then (\d+) of low (\d+) pages")
    in_place, staged = payload.only_load(lab, guest)
    before, after, low = (int(n) for n in seen.groups())
    lab.check(before > 2 * low, "only %d pages are free before the load" % before)
    lab.check(after >= low, "%d of %d pages are left, the low watermark is %d" % (after, before, low))


@scenario(kernels=("fast",))
def full_node(lab):
    """One of two nodes is nearly full of tmpfs: a load from files is in place on the other one."""
    guest = lab.guest(
        append="lab.run=node nokaslr", memory="1536M", cpus="2,sockets=2",
        args=["-object", "memory-backend-ram,id=m0,size=1G",
              "-object", "memory-backend-ram,id=m1,size=512M",
              "-numa", "node,nodeid=0,memdev=m0,cpus=0", "-numa", "node,nodeid=1,memdev=m1,cpus=1"])
    guest.expect(r"LAB: exit 0")
    for name, in_place, staged in cases(guest):
        lab.check(share(in_place, staged) >= 98, "%s: %d KiB in place, %d staged"
                  % (name, in_place, staged))
    for left in guest.find(r"keeps (\d+) free pages of low (\d+)"):
        lab.check(int(left[1]) >= int(left[2]), "node 1 %s" % left[0])


SEARCHED = r"place of (\d+) KiB: looked at (\d+) pages"


LOOKED_KIB = 1 << 20    # a search that has found a good place looks at no more


@scenario(slow=True, kernels=("fast",))
def search_is_bounded(lab):
    """6 GiB full of clean page cache: each search looks at 1 GiB, and has found a good place."""
    guest = lab.guest(append="lab.run=search lab.args=64M nokaslr", memory="6G", cpus=2,
                      limit=300, args=sparse_disk())
    total = int(guest.expect(r"SCENARIO: (?:searched, of (\d+) KiB|FAILED)", timeout=300)[1])
    (_, in_place, staged), = cases(guest)
    searches = [(int(m[1]), int(m[2]) * PAGE_KIB) for m in guest.find(SEARCHED)]
    lab.check(searches, "no search says what it looked at")
    for kib, looked in searches:
        print("        search for %d KiB: looked at %d of %d KiB" % (kib, looked, total))
        lab.check(looked <= LOOKED_KIB + kib, "a search for %d KiB has looked at %d" % (kib, looked))
    lab.check(share(in_place, staged) >= 98, "%d KiB in place, %d staged" % (in_place, staged))
