# SPDX-License-Identifier: GPL-2.0-only
"""Loads under conditions that are not the best, and loads that fail.

What is measured, time or memory, is measured on the fast kernel alone.
"""

import payload
from scenario import scenario

PAGE_KIB = 4


@scenario()
def full_of_page_cache(lab):
    """70 % of memory are page cache when the load comes; most of it moves out of the way."""
    # A debug kernel never gives the memory of its initrd back.
    guest = lab.guest(append="lab.run=full", memory="768M" if lab.k == "debug" else "512M", cpus=2)
    guest.expect(r"SCENARIO: executing")
    in_place, staged = payload.only_load(lab, guest)
    lab.check(in_place >= 12 << 10, "%d KiB in place, %d staged" % (in_place, staged))
    payload.probe(lab, guest, 1)


@scenario()
def pinned_destination(lab):
    """Pages of the destination are pinned: those are staged, the rest is in place."""
    guest = lab.guest(append="lab.run=pinned", memory="512M", cpus=2)
    held = int(guest.expect(r"SCENARIO: PIN: holding (\d+)")[1])
    guest.expect(r"SCENARIO: executing")
    in_place, staged = payload.only_load(lab, guest)
    lab.check(staged >= held * PAGE_KIB, "%d pages pinned, %d KiB staged" % (held, staged))
    lab.check(in_place >= 16 << 10, "%d KiB in place, %d staged" % (in_place, staged))
    payload.probe(lab, guest, 1)


PROBE_KIB = 64      # what is low in memory may be somebody's at any time
RELOADED_KIB = 18 << 10     # of 20 MiB; in some boots the kernel has memory of its own there


@scenario()
def ten_reloads(lab):
    """The same addresses ten times: the 1st, 2nd and 10th image are equally in place."""
    for _ in range(3):
        guest = lab.guest(append="lab.run=reload", memory="768M", cpus=2)
        guest.expect(r"SCENARIO: executing")
        seen = payload.loads(guest)
        lab.check(len(seen) == 10, "%d of 10 loads logged" % len(seen))
        if seen[0][1] >= RELOADED_KIB:
            break
    lab.check(seen[0][1] >= RELOADED_KIB, "the first load has %d KiB in place" % seen[0][1])
    in_place = [load[1] for load in (seen[0], seen[1], seen[9])]
    lab.check(max(in_place) - min(in_place) < PROBE_KIB,
              "in place: %s KiB" % ", ".join(str(load[1]) for load in seen))
    payload.probe(lab, guest, 2)


REFUSALS = 9    # in lab/scenarios/guest/failing


@scenario()
def failed_load_keeps_image(lab):
    """A load that fails at any stage, or is killed, keeps the image before it, which boots."""
    guest = lab.guest(append="lab.run=failing", memory="512M", cpus=2)
    guest.expect(r"SCENARIO: executing|LAB: exit")
    failed = guest.find(r"SCENARIO: FAILED (.*)")
    lab.check(not failed, failed and failed[0][1])
    refused = len(guest.find(r"SCENARIO: refused:"))
    lab.check(refused == REFUSALS, "%d of %d loads were tried" % (refused, REFUSALS))
    payload.probe(lab, guest, 1)


EHWPOISON = 133


@scenario()
def poisoned_destination(lab):
    """A destination that fails after the load refuses the reboot, before anything is shut down."""
    guest = lab.guest(append="lab.run=poisoned movablecore=256M", memory="768M", cpus=2)
    page = int(guest.expect(r"SCENARIO: poisoning (\d+)")[1])
    errno = int(guest.expect(r"KLOAD: execute rc=-1 errno=(\d+)")[1])
    lab.check(errno == EHWPOISON, "the reboot was refused with errno %d" % errno)
    lab.check(guest.find(r"kexec: reboot refused: .*%#x" % page), "no reason logged")
    guest.expect(r"SCENARIO: still here, loaded 1, all CPUs 0-1")
    payload.probe(lab, guest, 1)


@scenario(alone=True, kernels=("fast",))
def killed_load(lab):
    """SIGKILL during the largest load ends it within a second, and nothing is lost."""
    guest = lab.guest(append="lab.run=killed", memory="1536M", cpus=2)
    took = []
    for _ in range(3):
        took.append(int(guest.expect(r"KLOAD: killed signal=9 ms=(\d+)")[1]))
        after = guest.expect(r"SCENARIO: largest \d+ MiB, lost (-?\d+) KiB, loaded (\d)")
        lab.check(int(after[1]) < 4096, "%s KiB not given back" % after[1])
        lab.check(after[2] == "0", "the killed load left an image")
    print("        killed load: gone after %s ms" % ", ".join(map(str, took)))
    lab.check(min(took) < 1000, "the load went on for %d ms" % min(took))
    lab.check(guest.wait(20 * lab.slow) == "poweroff", "the guest did not switch off")


IMAGE_KIB = 256 << 10
PEAK_KIB = IMAGE_KIB * 102 // 100 + (4 << 10)
KEPT_KIB = 2 << 10      # per-CPU lists and slabs breathe


@scenario(alone=True, kernels=("fast",))
def memory_peak(lab):
    """A 256 MiB image takes at most 1.02 times its size and 4 MiB; an unload gives all back."""
    guest = lab.guest(append="lab.run=peak", memory="1536M", cpus=2)
    peak = int(guest.expect(r"KLOAD: memory before=\d+ peak=(-?\d+)", timeout=90)[1])
    lost = int(guest.expect(r"SCENARIO: unloaded 0, lost (-?\d+) KiB")[1])
    print("        memory: a 256 MiB image took %d KiB at its peak (limit %d), %d KiB kept"
          % (peak, PEAK_KIB, lost))
    lab.check(peak >= IMAGE_KIB * 98 // 100, "the peak of %d KiB was not sampled well" % peak)
    lab.check(peak <= PEAK_KIB, "%d KiB at the peak, limit %d" % (peak, PEAK_KIB))
    lab.check(lost <= KEPT_KIB, "%d KiB not given back" % lost)
    lab.check(guest.wait(20 * lab.slow) == "poweroff", "the guest did not switch off")
