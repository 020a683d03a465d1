# SPDX-License-Identifier: GPL-2.0-only
"""Real kernels of every format, loaded from files and booted into init."""

import os
import re

import payload
from guest import BUILD
from scenario import scenario

KEXEC_LOADER = 0xD0
UP = (r"SCENARIO: up, hops left %d, loader (\d+), kernel at (\d+), memory (\d+) KiB,"
      r" map entries (\d+)")
E820 = re.compile(r"BIOS-e820: (\[mem .*)")
MIB = 1 << 20
LINKED_FOR = 16 * MIB   # a vmlinux, by its p_paddr
INITRD_AT = 512 * MIB


def maps(guest):
    """The memory map that each kernel was given, as it printed it."""
    kernels = guest.text().split("] Linux version")[1:]
    return [E820.findall(text) for text in kernels]


def check_maps(lab, guest, hops):
    """A file load hands on the map that it was given; the kexec tools trim theirs (-c)."""
    given = maps(guest)
    for hop, before, after in zip(hops, given, given[1:]):
        lab.check("/c/" in hop or before == after, "%s was given another memory map: %s"
                  % (hop, sorted(set(before) ^ set(after))))


def follow(lab, guest, hops):
    """Follow the hops; what each kernel said of itself, the first included."""
    seen = [guest.expect(UP % len(hops))]
    for left in range(len(hops) - 1, -1, -1):
        guest.expect(r"SCENARIO: executing|SCENARIO: FAILED", timeout=90)
        guest.expect(r"\] Linux version")
        if hops[len(hops) - 1 - left].endswith("i"):
            up = guest.expect(UP % left)
            lab.check(int(up[1]) == KEXEC_LOADER, "loader type %s" % up[1])
            seen.append(up)
        else:
            guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")
    lab.check(guest.wait(20 * lab.slow) == "poweroff", "the last kernel ended by " + guest.outcome)
    return seen


def files_guest(lab, hops, append="", **machine):
    machine.setdefault("memory", "1G")
    machine.setdefault("cpu", "max,la57=off")
    return lab.guest(append="lab.run=files lab.args=%s %s" % (",".join(hops), append),
                     initrd=lab.initrd.replace(".cpio", ".files.cpio"), **machine)


@scenario(kernels=("fast",))
def every_compressor(lab):
    """bzImages of four compressors in a row, by kexec -s, -a and -c, the last without initrd."""
    small = os.path.join(BUILD, "initramfs", lab.k + ".next.cpio")
    hops = ["gzip/s/i", "xz/a/i", "zstd/s/i", "bzImage/c/i", "gzip/s/n"]
    guest = files_guest(
        lab, hops, "memmap=4M$%#x initrdlater=%#x,%d" % (
            INITRD_AT, INITRD_AT, os.path.getsize(small)), cpu="max", cpus=2,
        args=["-device", "loader,file=%s,addr=%#x,force-raw=on" % (small, INITRD_AT)])
    follow(lab, guest, hops)
    check_maps(lab, guest, hops)


@scenario()
def vmlinux_and_uki(lab):
    """A vmlinux elsewhere and, staged, where it is linked for; a UKI with our initrd and its own."""
    hops = ["vmlinux/f/i", "vmlinux/p/i", "uki/f/i", "uki-signed/f/o"]
    if lab.k == "debug":
        hops = ["vmlinux/f/i", "uki/f/o"]
    guest = files_guest(lab, hops, "memmap=32M$%#x" % LINKED_FOR,
                        memory="1G" if lab.k == "fast" else "2G")
    kernels = follow(lab, guest, hops)
    lab.check(int(kernels[1][2]) > LINKED_FOR + 32 * MIB,
              "a vmlinux stands where memory is reserved: %#x" % int(kernels[1][2]))
    if lab.k == "fast":
        lab.check(int(kernels[2][2]) == LINKED_FOR,
                  "a vmlinux stands at %#x" % int(kernels[2][2]))
        lab.check(payload.loads(guest)[1][2] >= 16 << 10, "a load that claims nothing is in place")
    lab.check(guest.find(r"Command line: .*lab.uki=own"), "the UKI's own command line is lost")
    lab.check(len(guest.find(r"kexec: vmlinux at 0x")) == len([h for h in hops if "vmlinux" in h]),
              "nothing in the log about a vmlinux's place")
    check_maps(lab, guest, hops)


@scenario(kernels=("fast",))
def uki_profiles(lab):
    """Of a UKI with profiles, made as by ukify: first the second one, by "@1", then the default."""
    guest = files_guest(lab, ["uki-profiles/f/1"])
    lines = []
    for wanted in ("rescue", "main"):
        guest.expect(r"SCENARIO: executing|SCENARIO: FAILED", timeout=60)
        lines.append(guest.expect(r"Command line: (.*)", timeout=60)[1])
        lab.check("lab.uki=%s" % wanted in lines[-1], "%s, not %s" % (lines[-1], wanted))
        lab.check("@" not in lines[-1], "the selector is in the command line: " + lines[-1])
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")


@scenario(kernels=("fast",))
def file_load_peak(lab):
    """A load of a kernel and 512 MiB of initrd takes little more than the files are long."""
    guest = lab.guest(append="lab.run=filepeak lab.args=512", memory="2G", cpus=2)
    guest.expect(r"LAB: exit 0", timeout=60)
    peak = int(guest.find(r"KFLOAD: memory before=\d+ peak=(\d+)")[0][1])
    size, back = map(int, guest.find(r"SCENARIO: files (\d+) KiB, back (-?\d+) KiB")[0].groups())
    # in memory the kernel is longer than its file by some 25 MiB
    limit = size * 102 // 100 + (32 << 10)
    lab.check(size < peak <= limit, "peak %d KiB, limit %d KiB" % (peak, limit))
    lab.check(back > -4096, "%d KiB are lost" % -back)


@scenario(kernels=("fast",))
def files_in_full_memory(lab):
    """70 % of memory are page cache when the files are loaded; the kernel boots."""
    guest = lab.guest(append="lab.run=full lab.args=files", memory="512M", cpus=2)
    guest.expect(r"SCENARIO: filled")
    guest.expect(r"SCENARIO: executing", timeout=60)
    lab.check(payload.only_load(lab, guest)[0] > 0, "nothing is in place")
    guest.expect(r"LAB: init of")
    guest.expect(r"LAB: exit 0")
