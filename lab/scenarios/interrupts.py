# SPDX-License-Identifier: GPL-2.0-only
"""The interrupt controllers and timers that an image finds at entry."""

import payload
from dump import DYING
from scenario import scenario, stock_images

WAITING = ("requested", "in_service")   # vectors; each is a value of its own
COUNTING = ("timer_current", "tsc_deadline")
TIMER_VECTOR = 0xec


def enter(lab, way, **options):
    """Enter the probe while many timers expire; return what it read, a list of values by name."""
    # On a busy machine the test of the timer may fail at boot, and it goes through the PIC then.
    guest = lab.guest(append="lab.run=interrupts lab.args=%s crashkernel=64M no_timer_check" % way,
                      memory="1G", cpus=2, cpu="max,la57=off", expected=DYING, **options)
    payload.probe(lab, guest, 0)
    seen = {}
    for match in guest.find(r"PROBE: interrupts (\w+)=([0-9a-f]+)"):
        seen.setdefault(match[1], []).append(int(match[2], 16))
    lab.check("svr" in seen and "pin_0" in seen, "the probe read no interrupt controller")
    return seen


def settings(seen):
    """What does not depend on the moment."""
    return {name: values for name, values in seen.items() if name not in WAITING + COUNTING}


def as_in_the_base(lab, way):
    """All settings are those that the base's kernel leaves; return what the probe read."""
    ours = enter(lab, way)
    base = settings(enter(lab, way, **stock_images()))
    lab.check(settings(ours) == base, "after a %s, otherwise than in the base: %s" % (
        way, sorted(set(map(str, settings(ours).items())) ^ set(map(str, base.items())))))
    lab.check("in_service" not in ours, "vectors are in service after a " + way)
    return ours


@scenario(kernels=("fast",))
def interrupts_after_reboot(lab):
    """Local APIC, IO-APIC, PICs and HPET are as in the base; no timer runs, none has fired."""
    seen = as_in_the_base(lab, "reboot")
    lab.check(TIMER_VECTOR not in seen.get("requested", []), "a timer interrupt is pending")
    lab.check(not any(sum(seen.get(name, [])) for name in COUNTING), "a timer counts")


@scenario(kernels=("fast",))
def interrupts_after_jump(lab):
    """The same for an image that returns."""
    seen = as_in_the_base(lab, "jump")
    lab.check(not any(sum(seen.get(name, [])) for name in COUNTING), "a timer counts")


@scenario(kernels=("fast",))
def interrupts_after_panic(lab):
    """The same for a crash image, but that a timer may have fired: nobody can take it."""
    as_in_the_base(lab, "panic")
