# SPDX-License-Identifier: GPL-2.0-only
"""Memory that goes away under a loaded image: a pc-dimm that is unplugged."""

import payload
from scenario import scenario

SECONDS = 20

# The guest's word on an unplug by ACPI's _OST: source and status
EJECT_REQUEST = 3
EJECTED, IN_PROGRESS = 0, 0x84


def with_dimm(lab, policy):
    """A guest that has tried to take offline what its image is loaded to; what came of it."""
    guest = lab.guest(
        append="lab.run=dimm lab.args=%s memhp_default_state=offline" % policy,
        memory="3G,slots=2,maxmem=6G", cpus=2,
        args=["-object", "memory-backend-ram,id=m0,size=256M",
              "-device", "pc-dimm,id=dimm0,memdev=m0"])
    guest.expect(r"SCENARIO: empty: offline done")
    tried = guest.expect(
        r"SCENARIO: with an image: offline (\w+) after (\d+) s, block (\w+), loaded (\d)")
    lab.check(int(tried[2]) <= SECONDS * lab.slow, "offlining took %s s" % tried[2])
    guest.expect(r"SCENARIO: ready to unplug")
    return guest, tried


@scenario()
def files_beside_offline_memory(lab):
    """Memory that is there but offline is no place for a kernel; the memory below is."""
    guest = lab.guest(append="lab.run=offline memhp_default_state=offline",
                      memory="1G,slots=2,maxmem=6G",
                      args=["-object", "memory-backend-ram,id=m0,size=256M",
                            "-device", "pc-dimm,id=dimm0,memdev=m0"])
    guest.expect(r"SCENARIO: loaded with flags 0$")
    guest.expect(r"SCENARIO: loaded with flags 0x10$")
    lab.check(payload.loads(guest)[1][2] >= 2 << 10, "a load that claims nothing is in place")
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")


def is_verdict(event):
    """Whether the event says that the guest is done with an unplug."""
    info = event.get("data", {}).get("info", {})
    return event["event"] == "ACPI_DEVICE_OST" and info["source"] == EJECT_REQUEST \
        and info["status"] != IN_PROGRESS


def unplug(lab, guest):
    """Unplug the device; return whether it went and whether an image is loaded then."""
    guest.qmp("device_del", id="dimm0")
    verdict = payload.monitor_event(guest, is_verdict, SECONDS)
    lab.check(verdict, "no end of the unplug after %d s" % SECONDS)
    went = verdict["data"]["info"]["status"] == EJECTED
    guest.type("%s\n" % ("gone" if went else "refused"))
    loaded = guest.expect(r"SCENARIO: host says \w+, loaded (\d)")[1]
    lab.check(guest.wait(20 * lab.slow) == "poweroff", "the guest did not switch off")
    return went, loaded == "1"


@scenario()
def unplug_claimed_memory(lab):
    """Memory that an image holds in place stays, and so does the image."""
    guest, tried = with_dimm(lab, "online_kernel")
    in_place, staged = payload.only_load(lab, guest)
    lab.check(in_place >= 16 << 10, "%d KiB in place, %d staged" % (in_place, staged))
    lab.check(tried[1] == "refused" and tried[3] == "online", "the block went " + tried[3])
    lab.check(tried[4] == "1", "a refused offline dropped the image")
    went, loaded = unplug(lab, guest)
    lab.check(not went, "the device went away under a claimed image")
    lab.check(loaded, "a refused unplug dropped the image")


@scenario()
def unplug_movable_memory(lab):
    """Memory that an image is only staged for goes, and the image with it, with a message."""
    guest, tried = with_dimm(lab, "online_movable")
    lab.check(tried[1] == "done", "the block stays " + tried[3])
    lab.check(tried[4] == "0", "the image stayed without its destination")
    lab.check(guest.find(r"kexec: image dropped: "), "nobody said that the image was dropped")
    went, loaded = unplug(lab, guest)
    lab.check(went, "the device stays")
    lab.check(not loaded, "an image came back")
