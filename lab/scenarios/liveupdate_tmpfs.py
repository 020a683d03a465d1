# SPDX-License-Identifier: GPL-2.0-only
"""Live update: a whole tmpfs crosses kexec."""

from scenario import scenario


HOPS = 2


@scenario()
def tmpfs_changes(lab):
    """What changes after PRESERVE_FD crosses; device nodes and files without a name do not."""
    guest = lab.guest(append="lab.run=lutmpfs lab.args=%d,links" % HOPS, cpus=2)
    for left in range(HOPS, -1, -1):
        guest.expect(r"SCENARIO: up, hops left %d" % left)
        if left < HOPS:
            seen = guest.expect(r"SCENARIO: (the same|FAILED).*", timeout=60)
            lab.check(seen[1] == "the same", seen[0])
        if left:
            guest.expect(r"/out/device%d is a device node or a socket and is left out" % left,
                         timeout=60)
    guest.expect(r"LAB: exit 0")


@scenario()
def tmpfs_refused(lab):
    """No root directory, a device node, a memory policy, a user namespace, a tmpfs twice."""
    guest = lab.guest(append="lab.run=lutmpfsno", cpus=2)
    name = r"liveupdate: (refused: session other: token 0x\d: )?tmpfs \d+:\d+: "
    for reason, why in (
            (name + r"\S+ is not its root directory", "Invalid argument"),
            (name + r"\S+ is not its root directory", "Invalid argument"),
            (name + r"/a/b/device is a device node or a socket", "Operation not supported"),
            ("", "Device or resource busy"),
            (name + r"it has a memory policy", "Operation not supported"),
            (name + r"it belongs to a user namespace", "Operation not supported"),
            ("", "Device or resource busy")):
        guest.expect(reason)
        guest.expect(r"SCENARIO: refused .*: %s" % why)
    guest.expect(r"SCENARIO: released")
    guest.expect(r"LAB: exit 0")
