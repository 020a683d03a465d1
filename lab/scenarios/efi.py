# SPDX-License-Identifier: GPL-2.0-only
"""A machine with UEFI firmware hands its runtime services on."""

from scenario import scenario

SAYS = r"SCENARIO: efi, hops left %d, runtime map (\w+), variables (\d+)"
FIRMWARE = "/usr/share/ovmf/OVMF.fd"


@scenario(kernels=("fast",))
def efi_handed_on(lab):
    """Under OVMF: two kexecs later the runtime map is the same, and variables can be read."""
    guest = lab.guest(append="lab.run=efi lab.args=2", memory="1G", cpus=2,
                      args=["-bios", FIRMWARE])
    first = guest.expect(SAYS % 2, timeout=100)
    lab.check(int(first[2]) > 0, "the firmware's kernel sees no variables")
    for left in (1, 0):
        guest.expect(r"SCENARIO: executing")
        seen = guest.expect(SAYS % left, timeout=60)
        lab.check(seen[1] == first[1], "the runtime map is another one")
        lab.check(seen[2] == first[2], "%s variables became %s" % (first[2], seen[2]))
    guest.expect(r"LAB: exit 0")
    lab.check(not guest.find(r"EFI runtime memory: .*(rror|ailed)"), "EFI complained")
