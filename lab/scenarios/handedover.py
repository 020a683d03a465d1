# SPDX-License-Identifier: GPL-2.0-only
"""What boot_params say, field by field, beside what the running kernel's own say."""

import os
import struct
import zlib

import payload
from guest import BUILD
from scenario import scenario

SETUP_DTB, SETUP_EFI = 2, 4
FORCE_DTB, DEBUG = 0x20, 0x8
MIB = 1 << 20
PAGE = 4096
EFI_MEMORY_DESCRIPTOR = 48
EFI_SETUP_DATA = 96
FIRMWARE = "/usr/share/ovmf/OVMF.fd"

# The header of probe.bzimage (lab/images.py), and what a loader writes into it
HEADER = {
    "boot_flag": 0xAA55, "header": 0x53726448, "version": 0x20F, "kernel_alignment": 2 * MIB,
    "xloadflags": 0x2B, "cmdline_size": 2047, "pref_address": 16 * MIB,
    "type_of_loader": 0xD0, "loadflags": 0, "sentinel": 0, "hardware_subarch": 0,
}


def run_probe(lab, words, **machine):
    """Load and execute the boot probe; the guest at its end."""
    guest = lab.guest(append="lab.run=handedover lab.args=" + words,
                      initrd=lab.initrd.replace(".cpio", ".files.cpio"), **machine)
    guest.expect(r"SCENARIO: executing", timeout=90)
    guest.expect(r"PROBE: entered")
    guest.expect(r"PROBE: (all own bytes good|BAD|exception)")
    outcome = guest.wait(20 * lab.slow)
    lab.check(outcome == payload.GOOD_EXIT, "the probe ended by %s" % outcome)
    return guest


def values(guest):
    """What the probe printed as NAME=VALUE."""
    return {m[1]: int(m[2], 16) for m in guest.find(r"PROBE: ([\w ]+)=([0-9a-f]+)\r?$")}


def mine(guest, name):
    """Bytes of the running kernel's boot_params."""
    return bytes.fromhex(guest.find(r"SCENARIO: mine %s ([0-9a-f]+)" % name)[0][1])


def number(guest, name):
    return int.from_bytes(mine(guest, name), "little")


def check(lab, seen, wanted):
    wrong = ["%s is %#x, should be %#x" % (name, seen[name], value)
             for name, value in wanted.items() if seen[name] != value]
    lab.check(not wrong, "; ".join(wrong))


def check_common(lab, guest, seen):
    """The entry state of the 64-bit boot protocol, and fields that are handed on or cleared."""
    check(lab, seen, {
        "state cs": 0x10, "state ds": 0x18, "state es": 0x18, "state ss": 0x18, "state rbx": 0,
        "state rsi": seen["boot_params"],
        "acpi_rsdp_addr": number(guest, "rsdp") or seen["acpi_rsdp_addr"],
        "screen_info": zlib.crc32(mine(guest, "screen_info")),
        "apm_bios_info": zlib.crc32(bytes(20)), "hd_info": zlib.crc32(bytes(32)),
        "setup_data end": 0, "own zeroes bad": 0,
    })
    lab.check(not seen["state rflags"] & 1 << 9, "interrupts are on at entry")
    lab.check(seen["state gdtlimit"] >= 0x1F, "the GDT ends at %#x" % seen["state gdtlimit"])


def check_initrd(lab, guest, content, lowest):
    at, size, crc = (int(n, 16) for n in guest.find(
        r"PROBE: initrd at=(\w+) size=(\w+) crc=(\w+)")[0].groups())
    lab.check(at % PAGE == 0 and at >= lowest, "the initrd stands at %#x" % at)
    lab.check((size, crc) == (len(content), zlib.crc32(content)),
              "%d bytes of initrd with checksum %#x instead of %d with %#x"
              % (size, crc, len(content), zlib.crc32(content)))


def setup_data(guest):
    """{type: (size, first eight bytes)}"""
    return {int(m[1], 16): (int(m[2], 16), int(m[3], 16)) for m in guest.find(
        r"PROBE: setup_data type=(\w+) size=(\w+) crc=\w+ first=(\w+)")}


def next_initrd(lab):
    with open(os.path.join(BUILD, "initramfs", lab.k + ".next.cpio"), "rb") as file:
        return file.read()


def disk():
    """A disk with a signature in its boot record."""
    path = os.path.join(BUILD, "disk.img")
    with open(path, "wb") as file:
        file.write(bytes(0x1B8) + b"\x12\x34\x56\x78" + bytes(0x1FE - 0x1BC) + b"\x55\xaa")
        file.truncate(MIB)
    return ["-drive", "file=%s,format=raw,if=none,id=disk" % path,
            "-device", "ide-hd,drive=disk", "-snapshot"]


def device_tree():
    """The smallest device tree, and QEMU's arguments to boot with it."""
    nodes = struct.pack(">4I", 1, 0, 2, 9)      # a root without a name, and the end
    tree = struct.pack(">10I", 0xD00DFEED, 56 + len(nodes), 56, 56 + len(nodes), 40, 17, 16, 0, 0,
                       len(nodes)) + bytes(16) + nodes
    path = os.path.join(BUILD, "tree.dtb")
    with open(path, "wb") as file:
        file.write(tree)
    return tree, ["-dtb", path]


@scenario(kernels=("fast",))
def every_field_handed_over(lab):
    """SeaBIOS, a disk, a device tree, 5 GiB: header, EDD, SETUP_DTB, an initrd above 4 GiB."""
    tree, args = device_tree()
    guest = run_probe(lab, "probe.bzimage,%#x,/boot/initrd.img" % (DEBUG | FORCE_DTB), memory="5G",
                      args=disk() + args, cpu="max,la57=off")
    seen = values(guest)
    check_common(lab, guest, seen)
    check(lab, seen, HEADER)
    check(lab, seen, {
        "eddbuf_entries": number(guest, "eddbuf_entries"),
        "eddbuf": zlib.crc32(mine(guest, "eddbuf")),
        "edd_mbr_sig_buf_entries": number(guest, "edd_mbr_sig_buf_entries"),
        "mbr_sig_buffer": zlib.crc32(mine(guest, "mbr_sig_buffer")),
    })
    lab.check(seen["eddbuf_entries"] and seen["edd_mbr_sig_buf_entries"], "no EDD to hand on")
    check_initrd(lab, guest, next_initrd(lab), lowest=4 << 30)
    lab.check(setup_data(guest).get(SETUP_DTB, (0,))[0] >= len(tree), "no SETUP_DTB")
    lab.check(guest.find(r"kexec: segment 0: "), "KEXEC_FILE_DEBUG shows nothing")


@scenario(kernels=("fast",))
def parts_of_a_uki(lab):
    """Of a UKI alone: its microcode stands before its initrd, its command line is taken."""
    guest = run_probe(lab, "probe.uki,0,-", memory="1G")
    seen = values(guest)
    check_common(lab, guest, seen)
    check(lab, seen, HEADER)
    microcode = b"microcode" * 1000
    padded = microcode.ljust(-(-len(microcode) // PAGE) * PAGE, b"\0")
    check_initrd(lab, guest, padded + next_initrd(lab), lowest=16 * MIB)
    lab.check(guest.find(r"PROBE: command line: the UKI's own line\r?$"), "its line is not taken")


@scenario(kernels=("fast",))
def efi_handed_over(lab):
    """With UEFI firmware: its tables and its runtime map, which setup_data and boot_params name."""
    guest = run_probe(lab, "probe.vmlinux,0,/boot/initrd.img", memory="1G", cpu="max,la57=off",
                      args=["-bios", FIRMWARE])
    seen = values(guest)
    check_common(lab, guest, seen)
    check(lab, seen, {
        "efi_loader_signature": int.from_bytes(b"EL64", "little"),
        "efi_systab": int.from_bytes(mine(guest, "efi")[4:8], "little"),
        "efi_memdesc_size": EFI_MEMORY_DESCRIPTOR,
        "efi_memmap_size": len(guest.find(r"SCENARIO: runtime map entry")) * EFI_MEMORY_DESCRIPTOR,
        "pref_address": 32 * MIB, "type_of_loader": 0xD0, "header": 0x53726448,
    })
    lab.check(seen["efi_memmap"] and seen["efi_memmap_size"], "no runtime map")
    size, first = setup_data(guest).get(SETUP_EFI, (0, 0))
    vendor = int(guest.find(r"SCENARIO: vendor 0x(\w+)")[0][1], 16)
    lab.check((size, first) == (EFI_SETUP_DATA, vendor),
              "SETUP_EFI of %d bytes, with vendor %#x instead of %#x" % (size, first, vendor))
    check_initrd(lab, guest, next_initrd(lab), lowest=16 * MIB)
