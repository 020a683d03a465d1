#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the images that file loads are tried with.

Usage: lab/images.py K      or stock

build/images/K/, all of the kernel that is built as K:
    gzip, xz, zstd      its bzImage, the payload compressed otherwise (not for debug and small)
    vmlinux             the ELF file
    signed, foreign     the bzImage signed by a key that the kernel knows, that it does not
    modsig              the bzImage with a signature appended that IMA can appraise
    modsig-vmlinux      and the ELF file
    uki, uki-signed     a unified kernel image on systemd's stub, with .initrd and .cmdline
    uki-bare-signed     one with neither
    uki-odd-signed      one with a blank .cmdline and two profiles, an .initrd for the first only
    uki-profiles        one with two profiles, laid out as ukify does; not for debug and small
    probe.*             the boot probe as bzImage, ELF file and UKI (lab/probe)

The small kernel has no EFI stub, so there is nothing to sign: of it there are vmlinux, uki
and the probes.
"""

import os
import struct
import subprocess
import sys
import tempfile
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
KEYS = os.path.join(BUILD, "keys")
STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

MODSIG_MAGIC = b"~Module signature appended~\n"
PKEY_ID_PKCS7 = 2

BOOTPROBE_MAGIC = 0x6d61726170746f6f    # lab/probe/bootprobe.h
OWN_BYTES = (3 << 20) + 77
OWN_ZEROES = 1 << 20

PAGE = 4096
SECTION_BASE = 0x100000     # above all sections of the stub


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, text=True)


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Images:
    """The images of one kernel."""

    def __init__(self, k, scratch):
        home = os.path.join(BUILD, "stock") if k == "stock" else BUILD
        self.k = k
        self.tree = os.path.join(home, "linux")
        self.obj = os.path.join(home, "obj", "fast" if k == "stock" else k)
        self.bzimage = os.path.join(self.obj, "arch/x86/boot/bzImage")
        self.initrd = os.path.join(BUILD, "initramfs", self.k + ".next.cpio")
        self.out = os.path.join(BUILD, "images", k)
        self.scratch = scratch
        os.makedirs(self.out, exist_ok=True)

    def to(self, name):
        return os.path.join(self.out, name)

    def compressed(self):
        for how in ("gzip", "xz", "zstd"):
            subprocess.run([os.path.join(TOP, "lab/bzimage.sh"), self.tree, self.obj, how,
                            self.to(how)], check=True)

    def signed(self, name, source, key="trusted"):
        """An Authenticode signature, as secure boot wants it."""
        run("sbsign", "--key", os.path.join(KEYS, key + ".key"),
            "--cert", os.path.join(KEYS, key + ".pem"), "--output", self.to(name), source)

    def modsig(self, name, source):
        """A signature appended to the file, as for modules."""
        signature = os.path.join(self.scratch, "signature")
        run("openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256",
            "-in", source, "-signer", os.path.join(KEYS, "ima.pem"),
            "-inkey", os.path.join(KEYS, "ima.key"), "-outform", "DER", "-out", signature)
        content = read(signature)
        info = struct.pack(">BBBBB3xI", 0, 0, PKEY_ID_PKCS7, 0, 0, len(content))
        write(self.to(name), read(source) + content + info + MODSIG_MAGIC)

    def uki(self, name, sections):
        """A unified kernel image: (section, file or bytes) in this order behind the stub's own.

        objcopy finds sections by their names, so they get their own in a second step.
        """
        add, rename = ["objcopy"], ["objcopy"]
        address = SECTION_BASE
        for number, (section, content) in enumerate(sections):
            if isinstance(content, bytes):
                content = write(os.path.join(self.scratch, "section%d" % number), content)
            add += ["--add-section", ".%d=%s" % (number, content),
                    "--change-section-vma", ".%d=%#x" % (number, address)]
            rename += ["--rename-section", ".%d=%s" % (number, section)]
            address += (os.path.getsize(content) + PAGE - 1) // PAGE * PAGE
        unnamed = os.path.join(self.scratch, "unnamed")
        run(*add, STUB, unnamed)
        run(*rename, unnamed, self.to(name))

    def ukis(self):
        line = b"console=ttyS0 panic=-1 lab.uki=own"
        own = [(".osrel", b"ID=lab\n"), (".cmdline", line), (".linux", self.bzimage),
               (".initrd", self.initrd)]
        self.uki("uki", own)

    def profiles(self):
        """The caller must give the second profile an initrd that has the scenarios."""
        line = b"console=ttyS0 panic=-1 lab.uki="
        pe = PortableExecutable(read(STUB))
        pe.add(b".osrel", b"ID=lab\n")
        pe.add(b".cmdline", line + b"base")
        pe.add(b".dtbauto", b"no device tree")
        pe.add(b".dtbauto", b"no device tree either")
        pe.add(b".initrd", read(self.initrd))
        pe.add(b".efifw", b"no firmware")
        pe.add(b".linux", read(self.bzimage), memory=PortableExecutable(read(self.bzimage)).memory())
        pe.add(b".profile", b"ID=main\n")
        pe.add(b".cmdline", line + b"main")
        pe.add(b".profile", b"ID=rescue\n")
        pe.add(b".cmdline", line + b"rescue lab.run=files lab.args=uki-profiles/f/o")
        write(self.to("uki-profiles"), pe.bytes())

    def signatures(self):
        self.signed("signed", self.bzimage)
        self.signed("foreign", self.bzimage, "foreign")
        self.modsig("modsig", self.bzimage)
        self.modsig("modsig-vmlinux", self.to("vmlinux"))
        self.signed("uki-signed", self.to("uki"))
        self.uki("uki-bare", [(".osrel", b"ID=lab\n"), (".linux", self.bzimage)])
        self.signed("uki-bare-signed", self.to("uki-bare"))
        os.unlink(self.to("uki-bare"))
        self.uki("uki-odd", [(".cmdline", b"\n"), (".linux", self.to("probe.bzimage")),
                             (".profile", b"ID=main\n"), (".initrd", self.initrd),
                             (".profile", b"ID=rescue\n")])
        self.signed("uki-odd-signed", self.to("uki-odd"))
        os.unlink(self.to("uki-odd"))

    def probes(self):
        probe = Probe()
        write(self.to("probe.bzimage"), probe.bzimage())
        write(self.to("probe.vmlinux"), probe.elf())
        self.uki("probe.uki", [(".cmdline", b"the UKI's own line"),
                               (".linux", self.to("probe.bzimage")),
                               (".ucode", b"microcode" * 1000), (".initrd", self.initrd)])

    def all(self):
        if self.k not in ("debug", "small"):
            self.compressed()
            self.profiles()
        # Not what is for debuggers: it is several times as long as the kernel.
        run("objcopy", "--strip-debug", os.path.join(self.obj, "vmlinux"), self.to("vmlinux"))
        self.ukis()
        self.probes()
        if self.k != "small":
            self.signatures()


class PortableExecutable:
    """A PE file, to which sections can be added as ukify of systemd 257 adds them."""

    SECTION = struct.Struct("<8sIIII12xI")      # a row of the section table
    DATA = 0x40000040                           # initialised and readable
    ROWS = 24                                   # room for so many more sections

    def __init__(self, content):
        (self.pe,) = struct.unpack_from("<I", content, 0x3c)
        self.content = bytearray(content)
        self.file_alignment = self.get("<I", 60)
        self.section_alignment = self.get("<I", 56)

    def get(self, layout, offset):
        return struct.unpack_from(layout, self.content, self.pe + offset)[0]

    def put(self, layout, offset, value):
        struct.pack_into(layout, self.content, self.pe + offset, value)

    def row(self, number):
        """Where a row of the section table is, from the PE header on."""
        return 24 + self.get("<H", 20) + number * self.SECTION.size

    def memory(self):
        """Length of the memory that the file needs."""
        return self.get("<I", 80)

    def make_room(self):
        """Longer headers, as newer stubs have them."""
        room = self.ROWS * self.SECTION.size // self.file_alignment * self.file_alignment
        old = self.get("<I", 84)
        self.put("<I", 84, old + room)
        for number in range(self.get("<H", 6)):
            at = self.row(number) + 20
            self.put("<I", at, self.get("<I", at) + room)
        self.content[old:old] = bytes(room)

    def add(self, name, data, memory=0):
        """One more section; @memory is what it needs if that is more than @data."""
        number = self.get("<H", 6)
        if self.pe + self.row(number + 1) > self.get("<I", 84):
            self.make_room()
        self.content += bytes(-len(self.content) % self.file_alignment)
        memory = memory or len(data)
        address = self.memory() + -self.memory() % self.section_alignment
        padding = -len(data) % self.file_alignment
        self.SECTION.pack_into(self.content, self.pe + self.row(number), name, memory, address,
                               len(data) + padding, len(self.content), self.DATA)
        self.put("<H", 6, number + 1)
        self.put("<I", 80, address + memory + -memory % self.section_alignment)
        self.content += data + bytes(padding)

    def bytes(self):
        return bytes(self.content)


class Probe:
    """The boot probe with bytes of its own behind it, in the dress of a kernel."""

    ENTRY = 0x200           # of 64-bit code, behind the start of a bzImage's payload
    BASE = 0x2000000        # where the ELF file wants to be
    SECOND = 0x800000       # of its second part, behind the first
    VIRTUAL = 0xffffffff80000000

    def __init__(self):
        self.code = read(os.path.join(BUILD, "guest", "bootprobe.bin"))
        self.bytes = bytes((i * 7 + (i >> 8)) & 0xff for i in range(OWN_BYTES))

    def table(self, at, zeroes):
        return struct.pack("<6Q", BOOTPROBE_MAGIC, at, OWN_BYTES, zlib.crc32(self.bytes), zeroes,
                           OWN_ZEROES)

    def bzimage(self):
        """One sector of setup header, the probe where 64-bit code is entered."""
        at = (len(self.code) + PAGE) // PAGE * PAGE
        payload = bytes(self.ENTRY) + self.code + self.table(at, at + OWN_BYTES)
        payload = payload.ljust(self.ENTRY + at, b"\0") + self.bytes
        header = bytearray(1024)
        for offset, layout, value in (
                (0x1f1, "B", 1), (0x1f4, "<I", len(payload) // 16 + 1), (0x1fe, "<H", 0xaa55),
                (0x200, "<H", 0x6aeb), (0x202, "4s", b"HdrS"), (0x206, "<H", 0x020f),
                (0x211, "B", 1), (0x214, "<I", 0x100000), (0x22c, "<I", 0x7fffffff),
                (0x230, "<I", 1 << 21), (0x234, "B", 1), (0x235, "B", 21),
                (0x236, "<H", 0x2b), (0x238, "<I", 2047), (0x258, "<Q", 0x1000000),
                (0x260, "<I", len(payload) + OWN_ZEROES)):
            struct.pack_into(layout, header, offset, value)
        return bytes(header) + payload

    def elf(self):
        """Two parts with a gap between them, the second with a tail that the file does not have."""
        first = self.code + self.table(self.SECOND, self.SECOND + OWN_BYTES)
        parts = [(0, PAGE, first, len(first)),
                 (self.SECOND, 8 * PAGE + 0x1000, self.bytes, OWN_BYTES + OWN_ZEROES)]
        header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, self.BASE, 64, 0, 0,
                             64, 56, len(parts), 64, 0, 0)
        image = bytearray(header)
        for offset, where, content, size in parts:
            image += struct.pack("<IIQQQQQQ", 1, 7, where, self.VIRTUAL + self.BASE + offset,
                                 self.BASE + offset, len(content), size, 1 << 21)
        for _, where, content, _ in parts:
            image = image.ljust(where, b"\0")
            image[where:] = content
        return bytes(image)


def main(k):
    with tempfile.TemporaryDirectory() as scratch:
        Images(k, scratch).all()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit("lab: images: %s: %s" % (error.cmd[0], (error.stderr or "").strip()))
    except OSError as error:
        sys.exit("lab: images: %s" % error)
