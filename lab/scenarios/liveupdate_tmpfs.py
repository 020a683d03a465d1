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
    """A directory that is no root, a device node, a tmpfs that is preserved already."""
    guest = lab.guest(append="lab.run=lutmpfsno", cpus=2)
    for why in ("Invalid argument", "Invalid argument", "Operation not supported",
                "Device or resource busy", "Device or resource busy"):
        guest.expect(r"SCENARIO: refused .*: %s" % why)
    guest.expect(r"SCENARIO: released")
    guest.expect(r"LAB: exit 0")
