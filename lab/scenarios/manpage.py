# SPDX-License-Identifier: GPL-2.0-only
"""The example program of man2/kexec_load.2, extracted by lab/initramfs.sh."""

from scenario import scenario


@scenario(kernels=("fast", "small"))
def man_page_example(lab):
    """The man page's program loads a kernel and starts it."""
    guest = lab.guest(append="lab.run=manpage")
    guest.expect(r"usage: kexec_now kernel initrd command-line")
    guest.expect(r"kexec_now: kexec_file_load: Exec format error")
    guest.expect(r"SCENARIO: loaded 0")
    guest.expect(r"\] Linux version")
    guest.expect(r"Command line: .*\bmanpage$")
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")
    lab.check(guest.wait(20) == "poweroff", "the second kernel did not switch off")
