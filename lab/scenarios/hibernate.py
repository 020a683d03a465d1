# SPDX-License-Identifier: GPL-2.0-only
"""Hibernation of a kernel that kexec has started, and of a loaded image."""

import os

from guest import BUILD
from scenario import scenario

MEMORY = "512M"
DISK = 256 << 20


def disk(lab):
    """An empty disk of this scenario, and QEMU's arguments for it."""
    path = os.path.join(BUILD, "%s.disk" % lab.name)
    with open(path, "wb") as file:
        file.truncate(DISK)
    return path, ["-drive", "file=%s,format=raw,if=none,id=disk,cache=unsafe" % path,
                  "-device", "virtio-blk-pci,drive=disk"]


@scenario(kernels=("fast",))
def hibernate_after_kexec(lab):
    """Started by kexec -s, hibernated with an image loaded, resumed from the firmware, executed."""
    path, args = disk(lab)
    first = lab.guest(append="lab.run=hibernate lab.args=first", memory=MEMORY, args=args)
    first.expect(r"\] Linux version")
    first.expect(r"\] Linux version")
    first.expect(r"SCENARIO: hibernating, loaded 1")
    lab.check(first.wait(60) == "poweroff", "it did not hibernate: " + first.outcome)

    then = lab.guest(append="resume=/dev/vda", memory=MEMORY, args=args)
    then.expect(r"SCENARIO: resumed, loaded 1")
    then.expect(r"\] Linux version")
    then.expect(r"LAB: init of")
    lab.check(then.wait(30) == "poweroff", "the image ended by " + then.outcome)
    os.unlink(path)
