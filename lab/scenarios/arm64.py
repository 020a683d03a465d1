# SPDX-License-Identifier: GPL-2.0-only
"""arm64, with the base's own architecture code on our core (make arm64)."""

import errno

from dump import DYING
from scenario import scenario

UP = r"SCENARIO: up, hop %s, cpus (\S+), ram (.*), payload (\w+)$"


def hand_over(lab, how):
    """Two kexecs in a row: each kernel finds CPUs, memory and the bytes of its initrd."""
    guest = lab.guest(append="lab.run=arm64 lab.args=%s,%s" % (how, how), cpus=2)
    first = guest.expect(UP % how)
    for hop in (how, "none"):
        guest.expect(r"SCENARIO: executing|SCENARIO: FAILED", timeout=90)
        guest.expect(r"\] Linux version")
        up = guest.expect(UP % hop)
        lab.check(up.groups() == first.groups(), "%s became %s" % (first.groups(), up.groups()))
    guest.expect(r"LAB: exit 0")
    outcome = guest.wait(20)
    lab.check(outcome == "poweroff", "the last kernel ended by %s" % outcome)


@scenario(kernels=("arm64",))
def arm64_segments(lab):
    """kexec_load, then the loaded kernel does it again."""
    hand_over(lab, "c")


@scenario(kernels=("arm64",))
def arm64_files(lab):
    """kexec_file_load, then the loaded kernel does it again."""
    hand_over(lab, "s")


@scenario(kernels=("arm64",))
def arm64_refusals(lab):
    """An unknown format is EINVAL, as ever; a loader that tries many places is refused once."""
    guest = lab.guest(append="lab.run=arm64 lab.args=no crashkernel=128M@0x50000000", cpus=2)
    guest.expect(r"kexec: load refused: no loader for the kernel file")
    unknown = guest.expect(r"SCENARIO: unknown: (.*)")[1]
    lab.check("errno=%d" % errno.EINVAL in unknown, "kexec-mini says: %s" % unknown)
    guest.expect(r"SCENARIO: long: .*Cannot assign requested address")
    refused = guest.find(r"kexec: load refused: (.*)")[1:]
    lab.check(len(refused) == 1 and "segment 1: no hole" in refused[0][1],
              "%d refusals: %s" % (len(refused), [line[1] for line in refused]))
    guest.expect(r"LAB: exit 0")
    lab.check(guest.wait(20) == "poweroff", "the guest did not switch off")


def die(lab, how):
    """A panic; the crash kernel finds in the dump what the dying one said last."""
    guest = lab.guest(append="lab.run=arm64 lab.args=p%s crashkernel=128M" % how, cpus=2,
                      expected=DYING)
    word = guest.expect(r"SCENARIO: dying, word (\S+)", timeout=90)[1]
    found = guest.expect(r"SCENARIO: dumped, (.*)|SCENARIO: FAILED", timeout=90)[1]
    lab.check(found == "word " + word, "the dump has: %s" % found)
    guest.expect(r"LAB: exit 0")
    lab.check(guest.wait(20) == "poweroff", "the crash kernel did not switch off")


@scenario(kernels=("arm64",))
def arm64_crash_segments(lab):
    """A crash image of kexec_load."""
    die(lab, "c")


@scenario(kernels=("arm64",))
def arm64_crash_files(lab):
    """A crash image of kexec_file_load."""
    die(lab, "s")
