# SPDX-License-Identifier: GPL-2.0-only
"""IMA's measurement list goes from kernel to kernel."""

from scenario import scenario


@scenario(kernels=("fast", "debug"))
def measurements_inherited(lab):
    """The list is whole in the next kernel, what was measured after the load included."""
    guest = lab.guest(append="ima_policy=tcb lab.run=ima", memory="1G", cpu="max,la57=off")
    now = int(guest.expect(r"SCENARIO: measured (\d+), now (\d+)", timeout=60)[2])
    guest.expect(r"SCENARIO: executing")
    inherited = guest.expect(r"SCENARIO: inherited (\d+) of (\d+), the same: (\w+)", timeout=60)
    guest.expect(r"LAB: exit 0")
    lab.check(inherited[3] == "yes", "the first %s entries are others" % inherited[1])
    lab.check(int(inherited[2]) >= now, "%d entries became %s" % (now, inherited[2]))
    lab.check(not guest.find(r"ima: .*(rror|ailed|not set)"), "IMA complained")
