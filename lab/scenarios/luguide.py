# SPDX-License-Identifier: GPL-2.0-only
"""The examples of Documentation/admin-guide/liveupdate.rst, extracted by lab/initramfs.sh."""

from scenario import scenario


@scenario()
def liveupdate_guide(lab):
    """The guide's program finds its memfd in the next kernel, and a shell its tmpfs."""
    guest = lab.guest(append="lab.run=luguide", memory="1G", cpus=2)
    guest.expect(r"SCENARIO: kernel number 1")
    guest.expect(r"\] Linux version", timeout=60)
    guest.expect(r"SCENARIO: kernel number 2", timeout=60)
    guest.expect(r"SCENARIO: found content")
    guest.expect(r"LAB: exit 0")
