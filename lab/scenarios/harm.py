# SPDX-License-Identifier: GPL-2.0-only
"""Loads beside what they must not disturb, and beside what must not disturb them."""

import os

import payload
from scenario import scenario

# A node of its own for memory that can go: nobody else allocates from it.
TWO_NODES = ["-object", "memory-backend-ram,id=n0,size=576M",
             "-object", "memory-backend-ram,id=n1,size=64M",
             "-numa", "node,nodeid=0,cpus=0-1,memdev=n0", "-numa", "node,nodeid=1,memdev=n1"]


@scenario(kernels=("fast",))
def offline_beside_loads(lab):
    """Memory goes offline although files are loaded meanwhile, and these find a place elsewhere."""
    guest = lab.guest(append="lab.run=offlining memhp_default_state=offline", cpus=2,
                      memory="640M,slots=1,maxmem=4G",
                      args=TWO_NODES + ["-object", "memory-backend-ram,id=m0,size=256M",
                                        "-device", "pc-dimm,id=dimm0,memdev=m0,node=1"])
    guest.expect(r"SCENARIO: PIN: holding")
    guest.expect(r"migrating pfn [0-9a-f]+ failed")
    guest.type("offlining\n")
    isolated = guest.expect(r"SCENARIO: isolated (\d+) blocks, then (\d+)")
    ended = guest.expect(r"SCENARIO: offline ended, block (\w+)", timeout=20)
    lab.check(ended[1] == "offline", "the block is " + ended[1])
    failed = int(guest.expect(r"SCENARIO: failed (\d+)")[1])
    lab.check(not failed, "%d of 10 loads failed" % failed)
    lab.check(isolated[1] == isolated[2] != "0", "isolated blocks: %s, then %s" % isolated.groups())
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")


SECONDS = 20
STALLED_PAGES = 256


def check_stalled(lab, guest, flag):
    """Every load to where pages are stalled ends, and so do an unload and a kill."""
    held = int(guest.expect(r"SCENARIO: PAGES: (\d+) %s at 0x" % flag)[1])
    lab.check(held >= STALLED_PAGES, "%d pages are %s where the image goes" % (held, flag))
    for done in (r"KLOAD: load rc=0", r"KLOAD: unload rc=0", r"KFLOAD: load rc=0",
                 r"KFLOAD: unload rc=0", r"KLOAD: (killed signal=9|load ended)",
                 r"KLOAD: load rc=0"):
        guest.expect(done, timeout=SECONDS)
    left = int(guest.expect(r"SCENARIO: stalled PAGES: (\d+)")[1])
    lab.check(left >= STALLED_PAGES // 2, "%d pages are still %s" % (left, flag))


# A disk of zeros, with room for each request that "ahead" makes
DISK = ["-drive", "driver=null-co,size=1G,read-zeroes=on,if=none,id=disk",
        "-device", "virtio-blk-pci,drive=disk,queue-size=1024"]


def stalled_disk(lab, what, flag):
    """A guest whose disk takes so much as one request once it is ready."""
    guest = lab.guest(append="lab.run=stalled lab.args=" + what, cpus=2, memory="512M", args=DISK)
    guest.expect(r"SCENARIO: ready to stall")
    guest.qmp("block_set_io_throttle", device="disk", bps=1, bps_rd=0, bps_wr=0,
              iops=0, iops_rd=0, iops_wr=0)
    guest.type("stalled\n")
    check_stalled(lab, guest, flag)


@scenario(kernels=("fast",))
def disk_does_not_read(lab):
    """Pages of the destination wait for a slow disk: loads do not."""
    stalled_disk(lab, "read", "locked")


@scenario(kernels=("fast",))
def disk_does_not_write(lab):
    """Pages of the destination are under writeback to a slow disk: loads do not wait."""
    stalled_disk(lab, "write", "writeback")


@scenario(kernels=("fast",))
def fuse_server_sleeps(lab):
    """Pages of the destination wait for a FUSE server that does not answer: loads do not."""
    guest = lab.guest(append="lab.run=stalled lab.args=fuse", cpus=2, memory="512M")
    guest.expect(r"SCENARIO: SLEEPFS: mounted")
    check_stalled(lab, guest, "locked")
    payload.probe(lab, guest, 1)


PLUGGED = 128 << 20
STEP = 2 << 20
ROUNDS = 3


def plugged(guest):
    """The bytes of virtio-mem that the guest has, as QEMU said last."""
    sizes = [event["data"]["size"] for event in guest.events
             if event["event"] == "MEMORY_DEVICE_SIZE_CHANGE"]
    return sizes[-1] if sizes else None


def resize(lab, guest, size):
    """Have the guest plug or unplug virtio-mem; it tries again when it is asked again."""
    for _ in range(SECONDS):
        for asked in (abs(size - STEP), size):
            guest.qmp("qom-set", path="/machine/peripheral/vmem", property="requested-size",
                      value=asked)
        if payload.until(guest, lambda: plugged(guest) == size, 2):
            return
    lab.check(False, "the guest has %s bytes of virtio-mem, not %d" % (plugged(guest), size))


@scenario(kernels=("fast",))
def unplug_beside_loads(lab):
    """The host takes virtio-mem back and gives it while files and segments are loaded."""
    guest = lab.guest(append="lab.run=virtiomem memhp_default_state=online_kernel", cpus=2,
                      memory="640M,maxmem=4G",
                      args=TWO_NODES + ["-object", "memory-backend-ram,id=vm,size=128M", "-device",
                                        "virtio-mem-pci,id=vmem,memdev=vm,node=1,block-size=2M"])
    # What the kernel allocates while it boots may come from any node.
    guest.expect(r"SCENARIO: up")
    resize(lab, guest, PLUGGED)
    guest.type("plugged\n")
    for _ in range(ROUNDS):
        resize(lab, guest, 0)
        resize(lab, guest, PLUGGED)
    guest.type("over\n")
    seen = guest.expect(r"SCENARIO: loads (\d+), failed (\d+), isolated (\d+)")
    lab.check(int(seen[1]) >= 2 * ROUNDS, "only %s loads" % seen[1])
    resize(lab, guest, 0)
    guest.type("unplugged\n")
    lab.check((seen[2], seen[3]) == ("0", "0"), seen[0])
    guest.expect(r"SCENARIO: failed 0")
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")


@scenario(alone=True, kernels=("fast",))
def killed_file_load(lab):
    """SIGKILL ends a file load within a second at any moment of it, and nothing is lost."""
    guest = lab.guest(append="lab.run=killedfiles", memory="2G", cpus=2)
    took = []
    while len(took) < 5 and (not took or took[-1] >= 1000):     # where nothing else runs, one round
        took.append(int(guest.expect(r"KFLOAD: killed 8, the slowest gone after (\d+) ms")[1]))
        after = guest.expect(r"SCENARIO: lost (-?\d+) KiB, isolated (\d+), loaded 0")
        lab.check(int(after[1]) < 4096, "%s KiB not given back" % after[1])
        lab.check(after[2] == "0", "%s blocks are isolated" % after[2])
    print("        killed file load: gone after %s ms" % ", ".join(map(str, took)))
    lab.check(took[-1] < 1000, "the load went on for %d ms" % min(took))


@scenario(kernels=("fast",))
def loads_in_a_storm(lab):
    """Loads, kills, offlining and full memory at once: nothing is lost, and the next image boots.

    For as many seconds as KEXEC_STORM says.
    """
    seconds = int(os.environ.get("KEXEC_STORM", "10"))
    guest = lab.guest(append="lab.run=loadstorm lab.args=%d memhp_default_state=offline" % seconds,
                      cpus=2, memory="640M,slots=1,maxmem=4G", limit=120 + 2 * seconds,
                      args=TWO_NODES + ["-object", "memory-backend-ram,id=m0,size=256M",
                                        "-device", "pc-dimm,id=dimm0,memdev=m0,node=1"] + DISK)
    for what in ("loads", "blocks", "pressure"):
        rounds = int(guest.expect(r"SCENARIO: %s (\d+)" % what, timeout=60 + 2 * seconds)[1])
        lab.check(rounds > 0, "%d rounds of %s" % (rounds, what))
    seen = guest.expect(r"SCENARIO: lost (-?\d+) KiB, PAGES: (\d+) reserved then PAGES: (\d+) "
                        r"reserved, isolated (\d+)")
    lab.check(int(seen[1]) < 8192, seen[0])
    lab.check(seen[2] == seen[3], seen[0])
    lab.check(seen[4] == "0", seen[0])
    payload.probe(lab, guest, 2)
