# SPDX-License-Identifier: GPL-2.0-only
"""What the boot protocol hands over, seen by a kernel that looks at nothing else."""

import re

import payload
from scenario import scenario

E820 = re.compile(r"BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] (.+)")
TYPES = {"usable": 1, "reserved": 2, "ACPI data": 3, "ACPI NVS": 4}
SETUP_IMA, SETUP_RNG_SEED = 8, 9
SECURE_BOOT = 3         # enabled
MEM_ENCRYPTION = 1 << 7


def number(guest, name):
    return int(guest.find(r"PROBE: %s=([0-9a-f]+)$" % re.escape(name))[0][1], 16)


def given(guest):
    """The memory map of the first kernel, and that of the probe."""
    ours = [(int(m[1], 16), int(m[2], 16) + 1 - int(m[1], 16), TYPES.get(m[3], 2))
            for m in guest.find(E820.pattern)]
    probes = [tuple(int(n, 16) for n in m.groups()) for m in guest.find(
        r"PROBE: e820 start=([0-9a-f]+) size=([0-9a-f]+) type=([0-9a-f]+)")]
    return ours, probes


def probe(lab, form, flags, *words):
    """Hand the probe over, with further words on its command line."""
    guest = lab.guest(append="lab.run=bootprobe lab.args=%s" % ",".join((form, flags) + words),
                      memory="1G",
                      initrd=lab.initrd.replace(".cpio", ".files.cpio"), cpu="max,la57=off")
    sent = guest.expect(r"SCENARIO: sent crc (\w+) size (\d+) line (.+)", timeout=60)
    guest.expect(r"PROBE: entered", timeout=60)
    guest.expect(r"PROBE: all own bytes good", timeout=60)
    lab.check(guest.wait(20 * lab.slow) == payload.GOOD_EXIT, "the guest ended by " + guest.outcome)

    initrd = guest.find(r"PROBE: initrd at=([0-9a-f]+) size=([0-9a-f]+) crc=([0-9a-f]+)")[0]
    lab.check(int(initrd[2], 16) == int(sent[2]), "an initrd of 0x%s bytes" % initrd[2])
    lab.check(int(initrd[3], 16) == int(sent[1], 16), "the initrd is another one")
    lab.check(int(initrd[1], 16) % 4096 == 0, "the initrd is not page aligned")
    line = guest.find(r"PROBE: command line: (.*)")[0][1]
    lab.check(line.strip() == sent[3].strip(), "the command line is: %s" % line)

    ours, probes = given(guest)
    lab.check(ours == probes, "the memory map is another one: %s" % sorted(set(ours) ^ set(probes)))
    kinds = [int(m[1], 16) for m in guest.find(r"PROBE: setup_data type=([0-9a-f]+)")]
    lab.check(SETUP_RNG_SEED in kinds and SETUP_IMA in kinds, "setup_data: %s" % kinds)
    for name, value in (("type_of_loader", 0xD0), ("sentinel", 0), ("boot_flag", 0xAA55),
                        ("header", 0x53726448), ("loadflags", 0), ("secure_boot", SECURE_BOOT)):
        seen = number(guest, name)
        lab.check(seen == value, "%s is %#x, not %#x" % (name, seen, value))
    lab.check(number(guest, "ext_mem_k") == 0xFC00, "ext_mem_k is another one")
    return guest


@scenario(kernels=("fast",))
def bzimage_handed_over(lab):
    """A bzImage finds its bytes, initrd, command line, memory map and setup_data."""
    probe(lab, "bzimage", "0")


@scenario(kernels=("fast",))
def staged_bzimage_handed_over(lab):
    """The same, staged: the purgatory has checked it."""
    probe(lab, "bzimage", "0x10")


@scenario(kernels=("fast",))
def vmlinux_handed_over(lab):
    """The same for a vmlinux, which has no setup header of its own."""
    guest = probe(lab, "vmlinux", "0")
    lab.check(not number(guest, "xloadflags") & MEM_ENCRYPTION, "unasked it encrypts memory")


@scenario(kernels=("fast",))
def vmlinux_mem_encrypt(lab):
    """A vmlinux is told of mem_encrypt= as its decompressor would tell it: the last one counts."""
    for words in (("off", "on"), ("on", "off")):
        guest = probe(lab, "vmlinux", "0", *("mem_encrypt=" + word for word in words))
        told = bool(number(guest, "xloadflags") & MEM_ENCRYPTION)
        lab.check(told == (words[-1] == "on"), "mem_encrypt=%s, mem_encrypt=%s: xloadflags %#x"
                  % (*words, number(guest, "xloadflags")))


@scenario(kernels=("fast",))
def uki_handed_over(lab):
    """The same for a UKI; what the caller brings replaces what is in it."""
    probe(lab, "uki", "0")


@scenario(kernels=("fast",))
def firmware_of_32_bits(lab):
    """A kernel of any format, entered in 64-bit mode, is refused where EFI is 32-bit."""
    guest = lab.guest(append="lab.run=efi32", memory="1G", cpu="max,la57=off",
                      initrd=lab.initrd.replace(".cpio", ".files.cpio"))
    guest.expect(r"LAB: exit 0")
    refusals = len(guest.find(r"kexec: load refused: the EFI firmware is 32-bit"))
    lab.check(refusals == 3, "%d of 3 formats were refused" % refusals)
