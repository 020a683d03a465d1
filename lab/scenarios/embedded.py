# SPDX-License-Identifier: GPL-2.0-only
"""Small systems: the kernel is changed by kexec-mini, where nothing can be written to."""

from scenario import scenario


@scenario(kernels=("small", "embedded"))
def embedded(lab):
    """A read-only root, tools/kexec/kexec-mini: refused, unloaded, loaded, started."""
    guest = lab.guest(append="lab.run=embedded printk.devkmsg=on",
                      memory="48M" if lab.k == "embedded" else "256M")
    guest.expect(r"LAB: init of")
    guest.expect(r"kexec-mini: load: errno=8")
    guest.expect(r"kexec-mini: start: errno=22")
    guest.expect(r"usage: kexec-mini KERNEL")
    guest.expect(r"SCENARIO: unloaded, 0")
    size = guest.expect(r"SCENARIO: kernel \d+ KiB, initrd \d+ KiB, kexec-mini (\d+) bytes")
    lab.check(int(size[1]) < 4096, "kexec-mini is larger than a page")
    guest.expect(r"SCENARIO: loaded, 1, takes \d+ KiB")
    guest.expect(r"Linux version")
    guest.expect(r"Command line: .*\bembedded$")
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")
