# SPDX-License-Identifier: GPL-2.0-only
"""Live update: memory that stays where it is across kexec."""

import os

from guest import BUILD
from scenario import scenario

# Memfds of every shape; each is compared to the last byte.
SHAPES = ["0", "1", "4096", "5000/at=4999", "16M/hole", "3M/sealed", "4M/huge", "1M/at=64K"]


def cross(lab, items, hops=1, image="bzImage", words=(), **machine):
    """The items cross from kernel to kernel; each compares what it gets."""
    machine.setdefault("memory", "1G")
    append = machine.pop("append", "")
    guest = lab.guest(append="lab.run=liveupdate lab.args=%d/%s,%s %s lab.next=%s" % (
        hops, image, ",".join(items), append, ",".join(words)), cpus=2, **machine)
    for left in range(hops, -1, -1):
        guest.expect(r"SCENARIO: up, hops left %d" % left, timeout=60)
        if left < hops:
            got = guest.expect(r"LU: got (\d+) in|LU: FAILED.*|SCENARIO: FAILED.*", timeout=60)
            lab.check(got[1] == str(len(items)), got[0])
            seen = guest.expect(r"SCENARIO: (free before|FAILED).*", timeout=60)
            lab.check(seen[1] != "FAILED", seen[0])
        if left:
            gone = guest.expect(r"SCENARIO: (executing|FAILED).*", timeout=60)
            lab.check(gone[1] == "executing", gone[0])
    guest.expect(r"LAB: exit 0")
    return guest


@scenario()
def memfd_crosses(lab):
    """A memfd of 16 MiB: every byte is right in the next kernel."""
    cross(lab, ["16M"])


@scenario(kernels=("debug",))
def liveupdate_other_build(lab):
    """From the debug kernel to the fast one: of the same source, but of another configuration."""
    other = os.path.join(BUILD, "bzImage")
    if not os.path.exists(other):
        lab.skip("no fast kernel: make kernel")
    guest = cross(lab, ["16M", "5000/at=4999"], image="disk", args=[
        "-drive", "file=%s,format=raw,if=virtio,readonly=on" % other])
    lab.check(guest.find(r"Linux version \S+-ours-fast"), "the next kernel is no other one")


@scenario(kernels=("fast",))
def memfds_cross(lab):
    """Memfds of every shape, over three kernels."""
    cross(lab, SHAPES, hops=3)


@scenario(kernels=("fast",))
def liveupdate_empty_session(lab):
    """A session without a file, alone, crosses."""
    guest = lab.guest(append="lab.run=luempty lab.args=1", memory="768M", cpus=2)
    guest.expect(r"SCENARIO: up, hops left 0")
    guest.expect(r"LU: dropped")
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def liveupdate_refused(lab):
    """With a session, an image that does not understand it is refused; without, it is executed."""
    guest = lab.guest(append="lab.run=lurefused", memory="1G", cpus=2)
    guest.expect(r"SCENARIO: refused an image of kexec_load")
    guest.expect(r"SCENARIO: refused a kernel without the mark")
    guest.expect(r"SCENARIO: second")
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def liveupdate_other_memory(lab):
    """A next kernel that has less memory adopts nothing, says so and boots."""
    guest = lab.guest(append="lab.run=liveupdate lab.args=1/bzImage,16M lab.next=mem=400M",
                      memory="1G", cpus=2)
    guest.expect(r"liveupdate: nothing is adopted", timeout=60)
    guest.expect(r"LU: FAILED /dev/liveupdate: Input/output error")


COUNTING = ["-icount", "shift=1,sleep=off"]     # the guest counts instructions of 2 ns


def figures(lab, item):
    """Microseconds in guests that count instructions: of each part, and between the kernels."""
    guest = lab.guest(append="lab.run=liveupdate lab.args=1/bzImage%s nokaslr" % (item and "," + item),
                      memory="4G", args=COUNTING, limit=400)
    seen = {}
    for what in ("kept", "got", "copied"):
        if item:
            seen[what] = None
    called = int(guest.expect(r"LU: reboot at cycle (\d+)", timeout=300)[1])
    entered = int(guest.expect(r"LU: init at cycle (\d+)", timeout=300)[1])
    guest.expect(r"LAB: exit 0", timeout=300)
    for what in seen:
        seen[what] = int(guest.find(r"LU: %s .*in (\d+) us" % what)[0][1])
    seen["between"] = entered - called
    return seen


@scenario(kernels=("fast",), slow=True)
def liveupdate_figures(lab):
    """What each part of a live update takes, against a copy, and how long the machine is away."""
    nothing = figures(lab, "")["between"]
    for size in ("64M", "512M", "1500M"):
        for pages in ("", "/huge"):
            seen = figures(lab, size + "/copy" + pages)
            print("        %s%s: PRESERVE_FD %d us, RETRIEVE_FD %d us, copy %d us, between %.3f" % (
                size, pages, seen["kept"], seen["got"], seen["copied"],
                seen["between"] / nothing))
            lab.check(seen["between"] < nothing * 1.05, "the machine is away for longer")
