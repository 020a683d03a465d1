# SPDX-License-Identifier: GPL-2.0-only
"""kexec jump: into an image and back, with everything where it was."""

import time

import payload
from scenario import scenario, stock_images

SEGMENTS = 15
BUSY_MIB = 256
CLOCK_ERROR = 4     # seconds; the peer stays longer, and clocks are read to the second


def jumps(lab, rounds, mib, cpus, vendor="AuthenticAMD"):
    """Jump so often to a peer of many segments, then leave for good; check every word of it."""
    cpu = "max,vendor=%s%s" % (vendor, "" if lab.k == "fast" else ",la57=off")
    guest = lab.guest(append="lab.run=segments lab.args=%d,%d" % (rounds, mib), memory="3G",
                      cpus=cpus, cpu=cpu, limit=600)
    began = int(guest.expect(r"SCENARIO: jumping at (\d+)", timeout=60)[1]) - time.time()
    for number in range(rounds):
        said = guest.expect(r"PEER: entry (\d) .*", timeout=120)
        lab.check(said[0].endswith(" ok"), said[0])
        lab.check(int(said[1]) == 1 + number % 2, "jump %d came to entry %s" % (number, said[1]))
        verdict = guest.expect(r"PEER: jump (\d+): (.*)", timeout=120)
        bad = guest.find(r"PROBE: segment .* BAD .*")
        lab.check(not bad, bad[0][0] if bad else "")
        lab.check((int(verdict[1]), verdict[2]) == (number, "all %d segments good" % SEGMENTS),
                  verdict[0])
        guest.expect(r"kexec: exception 0*3 ")
        guest.expect(r"JUMP: (back %d after|BAD.*|errno.*)" % (number + 1), timeout=360)
        lab.check(not guest.find(r"JUMP: (BAD|errno).*"), "the system has suffered: see the log")
    after = guest.expect(r"SCENARIO: after the jumps at (\d+): loaded 1, ")
    wrong = int(after[1]) - time.time() - began
    lab.check(abs(wrong) < CLOCK_ERROR, "the clock is wrong by %.1f s" % wrong)
    return guest


def leaves(lab, guest, cpus):
    """After the jumps all CPUs are there; a kexec finds all as ever."""
    online = guest.find(r"loaded 1, CPUs (\S+)")[0][1]
    lab.check(online == ("0" if cpus == 1 else "0-%d" % (cpus - 1)), "CPUs %s" % online)
    payload.check_state(lab, payload.probe(lab, guest, SEGMENTS), lab.k == "fast")


@scenario(kernels=("fast", "debug", "kcov", "cfi"))
def jump_four_cpus(lab):
    """16 segments, in place and staged, over the kernel too; 256 busy MiB, pipe, TCP, timers.

    The CPUs of this vendor wait for their return by watching memory that an image may change.
    """
    guest = jumps(lab, 3 if lab.k == "fast" else 1, BUSY_MIB, cpus=4,
                  vendor="GenuineIntel")
    in_place, staged = payload.loads(guest)[0][1:]
    lab.check(in_place >= 64 << 10, "only %d KiB are in place" % in_place)
    lab.check(staged >= 3 << 10, "%d KiB staged cannot hold what lies over the kernel" % staged)
    leaves(lab, guest, 4)
    payload.check_covered(lab, guest)


@scenario(kernels=("fast",))
def jump_fewer_cpus(lab):
    """The same on one CPU and on two."""
    for cpus in (1, 2):
        leaves(lab, jumps(lab, 2, BUSY_MIB, cpus), cpus)


FROZEN = "prepare freeze freeze_late freeze_noirq"
THAWED = "thaw_noirq thaw_early thaw complete"
RESTORED = "restore_noirq restore_early restore complete"

# stage that fails: errno, calls of the culprit, of the witness, of the core; see kexec_lab_jump.c
UNWOUND = {
    "notifier": (5, "", "", "notifier"),
    "prepare": (5, "prepare", "", "notifier post"),
    "freeze": (5, "prepare freeze complete", "prepare freeze thaw complete", "notifier post"),
    "freeze_late": (5, "prepare freeze freeze_late thaw complete",
                    "prepare freeze freeze_late thaw_early thaw complete", "notifier post"),
    "freeze_noirq": (5, FROZEN + " thaw_early thaw complete", FROZEN + " " + THAWED,
                     "notifier post"),
    "syscore": (5, FROZEN + " " + THAWED, FROZEN + " " + THAWED, "notifier syscore post"),
    "thread": (16, "", "", "notifier post"),
    "cpu": (11, FROZEN + " " + THAWED, FROZEN + " " + THAWED, "notifier post"),
    "freezer": (16, "", "", "notifier post"),
    "nothing": (0, FROZEN + " " + RESTORED, FROZEN + " " + RESTORED,
                "notifier syscore resume post"),
}


@scenario()
def jump_called_off(lab):
    """A stage that fails is undone with all before it, and no other; the next jump succeeds."""
    guest = lab.guest(append="lab.run=jumpfail", cpus=2, memory="1G",
                      expected=[r"Call Trace:"])    # of who cannot be frozen
    for stage, (errno, *calls) in UNWOUND.items():
        seen = guest.expect(r"SCENARIO: attempt %s: (JUMP: (?:back|errno)\W\d+).*, loaded (\d), "
                            r"CPUs (\S+), calls: (.*)" % stage, timeout=60)
        wanted = "JUMP: errno=%d" % errno if errno else "JUMP: back 1"
        lab.check(seen[1] == wanted, "%s: %s, not %s" % (stage, seen[1], wanted))
        lab.check(seen[2] == "1", "%s: the image is gone" % stage)
        lab.check(seen[3] == "0-1", "%s: CPUs %s" % (stage, seen[3]))
        for who, what in zip(("culprit", "witness", "core"), calls):
            got = " ".join(call.partition(":")[2] for call in seen[4].split()
                           if call.startswith(who))
            lab.check(got == what, "%s: calls of the %s: %s" % (stage, who, got))
    lab.check(len(guest.find(r"kexec: jump called off: .* cannot be suspended: error -\d+"))
              == len(UNWOUND) - 1, "not every failure has its line")
    lab.check([match[1] for match in guest.find(r"PEER: jump (\d+)")] == ["0"],
              "the image has run when the jump was called off")


@scenario(kernels=("fast",))
def jump_raises(lab):
    """An exception of the image other than int3 is reported and resets the machine."""
    guest = lab.guest(append="lab.run=jumpraise", panic=None, memory="512M", cpus=2)
    guest.expect(r"PEER: jump 0: all 0 segments good")
    guest.expect(r"kexec: exception 0*6 ")
    outcome = guest.wait(20)
    lab.check(outcome == "reset", "the guest ended by %s" % outcome)


@scenario(kernels=("fast",))
def jump_to_second_kernel(lab):
    """Two kernels take turns: each goes to sleep, the other goes on where it was."""
    guest = lab.guest(append="lab.run=second", memory="1G", cpus=2, cpu="max,la57=off")
    guest.expect(r"kexec: jumping to the image")
    guest.expect(r"Linux version ")
    seen = guest.expect(r"SCENARIO: the second kernel has (\d+) KiB and CPUs (\S+)", timeout=60)
    lab.check(int(seen[1]) < 192 << 10 and seen[2] == "0", seen[0])
    guest.expect(r"kexec: jumping to the image")
    guest.expect(r"JUMP: back 1 ")
    guest.expect(r"SCENARIO: the second kernel goes on")
    guest.expect(r"JUMP: back 2 ")
    guest.expect(r"SCENARIO: the first kernel has CPUs 0-1")
    lab.check(not guest.find(r"JUMP: BAD.*"), "the first kernel has suffered: see the log")
    lab.check(guest.wait(20) == "poweroff", "the guest did not switch off")


TIMED = 5
TURNS = 3


def fastest(guest, best):
    """Update the least cycles that a jump takes to each image of the script."""
    for image in ("small", "place", "staged"):
        for _ in range(TIMED):
            guest.expect(r"SCENARIO: %s$" % image, timeout=60)
            cycles = int(guest.expect(r"JUMP: back 1 after (\d+) ")[1])
            best[image] = min(best.get(image, cycles), cycles)


def extra(best, image):
    return best[image] - best["small"]


def too_slow(ours, stock):
    """What there is to complain of, None for nothing."""
    if extra(ours, "place") >= extra(ours, "staged") / 5:
        return "what is in place costs time"
    if extra(ours, "place") >= extra(stock, "place") / 10:
        return "in place is not much faster than stock"
    if extra(ours, "staged") >= extra(stock, "staged"):
        return "staged is not faster than stock"
    return None


@scenario(alone=True, kernels=("fast",))
def jump_time(lab):
    """What is in place costs no time; what is staged less than in the base.

    Where it looks otherwise, another machine on the same host may have been
    busy during one half: both get another turn.
    """
    options = dict(append="lab.run=jumptime lab.args=%d movablecore=1200M" % TIMED,
                   memory="2560M", cpus=2)
    base = stock_images()
    ours, stock = {}, {}
    for _ in range(TURNS):
        guest = lab.guest(**options)
        fastest(guest, ours)
        loads = payload.loads(guest)
        lab.check(loads[TIMED][1] >= 250 << 10, "in place are %d KiB" % loads[TIMED][1])
        lab.check(loads[-1][2] >= 256 << 10, "staged are %d KiB" % loads[-1][2])
        fastest(lab.guest(**base, **options), stock)
        complaint = too_slow(ours, stock)
        if not complaint:
            break
    print("        cycles of a jump, ours/stock: " + ", ".join(
        "%s %d/%d million" % (image, ours[image] // 1000000, stock[image] // 1000000)
        for image in ours))
    lab.check(not complaint, complaint)
