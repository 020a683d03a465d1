# SPDX-License-Identifier: GPL-2.0-only
"""The small kernel: one CPU, no claims. It loads and leaves like the others."""

from scenario import scenario


@scenario(kernels=("small",))
def small_kernel(lab):
    """Debian's kexec in a kernel without SMP and without claims."""
    guest = lab.guest(append="lab.run=run")
    guest.expect(r"^LAB: init")
    guest.expect(r"kexec: loaded: \d+ segments, 0 KiB in place, [1-9]\d* KiB staged")
    guest.expect(r"^LAB: executing")
    guest.expect(r"^LAB: init")
    guest.expect(r"^LAB: exit 0")
    lab.check(guest.wait(20) == "poweroff", "the second kernel did not switch off")
