# SPDX-License-Identifier: GPL-2.0-only
"""Debian's tools on our dumps: makedumpfile and vmcore-dmesg in the crash kernel, crash here."""

import os
import re
import subprocess

from dump import DYING
from guest import BUILD
from scenario import scenario

CRASH_LIMIT = 300
COMMANDS = ("bt", "bt -a", "ps", "log", "kmem -i", "sys", "quit")


def run(command, name, **how):
    """What a tool prints; also kept in build/log."""
    path = os.path.join(BUILD, "log", name)
    with open(path, "w", encoding="utf-8") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=CRASH_LIMIT,
                       check=False, **how)
    with open(path, encoding="utf-8", errors="replace") as log:
        return log.read()


def take_dump(lab, how, append="", device="virtio-serial-pci", args=()):
    """Panic, have the crash kernel write a dump, receive it: the guest and the file."""
    flat = os.path.join(BUILD, "dump.%s.flat" % lab.name)
    dump = os.path.join(BUILD, "dump.%s" % lab.name)
    guest = lab.guest(append="lab.run=tools lab.args=%s crashkernel=192M %s" % (how, append), cpus=2,
                      memory="768M", expected=DYING,
                      initrd=lab.initrd.replace(".cpio", ".dump.cpio"),
                      args=[*args, "-device", device,
                            "-chardev", "file,id=dump,path=" + flat,
                            "-device", "virtserialport,chardev=dump,name=dump"])
    guest.expect("TOOLS: done|LAB: exit", timeout=120)
    guest.expect("LAB: exit 0")
    lab.check(guest.wait(20) == "poweroff", "the crash kernel ended by %s" % guest.outcome)
    if os.path.exists(dump):
        os.unlink(dump)
    with open(flat, "rb") as stream:
        subprocess.run(["makedumpfile", "-R", dump], stdin=stream, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
    os.unlink(flat)
    return guest, dump


def check_guest_tools(lab, guest):
    """What the tools said in the crash kernel is what the kernel had said before it died."""
    lab.check(not lab.inside or guest.find(r"VMCORE: magic \w+ ok"),
              "no page of the lab in /proc/vmcore")
    total = int(guest.find(r"SCENARIO: memory (\d+) KiB")[0][1])
    usage = guest.find(r"MEM-USAGE: Total pages on system:\s*(\d+)")
    lab.check(usage, "makedumpfile --mem-usage says nothing")
    # Its pages are all that are no holes, also those that the kernel never had to give.
    lab.check(total <= int(usage[0][1]) * 4 < total * 5 // 4,
              "%s pages, but %d KiB of memory" % (usage[0][1], total))
    lab.check(guest.find(r"DMESG: .*Kernel panic - not syncing: sysrq triggered crash"),
              "vmcore-dmesg does not show the panic")
    lab.check(guest.find(r"DUMP-DMESG: \d+ lines, [1-9]\d* panic"),
              "makedumpfile --dump-dmesg does not show the panic")


def check_crash(lab, guest, dump):
    """crash opens the dump with the kernel's symbols and sees who died, and who else there was."""
    vmlinux = os.path.join(BUILD, "vmlinux")
    said = run(lab.newer("crash") + ["--no_scroll", "-s", vmlinux, dump],
               "crash.%s.log" % lab.name, input="\n".join(COMMANDS) + "\n", text=True)
    lab.check("sysrq_handle_crash" in said and "__crash_kexec" in said, "crash: no backtrace")
    lab.check(re.search(r"Kernel panic - not syncing: sysrq triggered crash", said),
              "crash: no panic in the log")
    pages = re.search(r"TOTAL MEM\s+(\d+)", said)
    total = int(guest.find(r"SCENARIO: memory (\d+) KiB")[0][1])
    lab.check(pages and abs(int(pages[1]) * 4 - total) < total // 50,
              "crash: kmem -i says %s pages, the kernel had %d KiB" % (pages and pages[1], total))
    seen = dict(re.findall(r"^>?\s+(\d+)\s+\d+\s+\d+\s+\w+\s+\w+\s+[\d.]+\s+\d+\s+\d+\s+(.+?)\s*$",
                           said, re.M))
    alive = re.findall(r"(\d+):(\S+)", guest.find(r"SCENARIO: processes (.*)")[0][1])
    missing = [pid for pid, name in alive if name != "ps" and pid not in seen]
    lab.check(not missing, "crash: processes %s are missing" % missing)


def read_dump(lab, how, **machine):
    guest, dump = take_dump(lab, how, **machine)
    check_guest_tools(lab, guest)
    if lab.k == "fast":     # it needs a vmlinux with types
        check_crash(lab, guest, dump)
    os.unlink(dump)
    return guest


@scenario(kernels=("fast", "distro"))
def tools_read_dump(lab):
    """makedumpfile, vmcore-dmesg and crash on the dump of an image of kexec_file_load."""
    read_dump(lab, "s")


@scenario(kernels=("fast", "distro"))
def tools_read_dump_segments(lab):
    """The same of an image of kexec_load."""
    read_dump(lab, "c")


@scenario(kernels=("distro",))
def tools_read_dump_by_iommu(lab):
    """The same by DMA through an Intel IOMMU, which the panic leaves as it is."""
    for how in ("s", "c"):
        guest = read_dump(lab, how, append="intel_iommu=on no_timer_check",
                          device="virtio-serial-pci,iommu_platform=on,disable-legacy=on",
                          args=["-device", "intel-iommu,intremap=on"])
        lab.check(guest.find("DMAR: Translation already enabled|Copied translation tables"),
                  "the crash kernel did not find the IOMMU in use")


STOCK = os.path.join(BUILD, "stock", "bzImage")
STOCK_FILES = os.path.join(BUILD, "initramfs", "stock.files.cpio")
TIMES_SHORTER = 5


def time_to_entry(lab, **who):
    """Seconds from the last word of the kernel that panics to the first of its crash image."""
    guest = lab.guest(append="lab.run=crash_files lab.args=64M crashkernel=192M", memory="2G",
                      cpus=2, expected=DYING, **who)
    guest.expect("SCENARIO: dying")
    guest.expect("PROBE: entered")
    guest.close()
    # The end of the backtrace is the last that a kernel says.
    return guest.when("PROBE: entered") - guest.when("</TASK>")


@scenario(alone=True, kernels=("fast",))
def crash_entry_time(lab):
    """Panic to entry of a 64 MiB image of kexec_file_load: a fifth of stock's time at most."""
    if not os.path.exists(STOCK):
        lab.skip("no unmodified kernel to compare with: make stock-guest")
    ours, stock = [], []
    for _ in range(3):
        stock.append(time_to_entry(lab, kernel=STOCK, initrd=STOCK_FILES))
        ours.append(time_to_entry(lab, initrd=lab.initrd.replace(".cpio", ".files.cpio")))
    ratio = min(stock) / min(ours)
    print("        panic to entry, 64 MiB: %.0f ms, stock %.0f ms: %.1f times as short"
          % (1000 * min(ours), 1000 * min(stock), ratio))
    lab.check(ratio >= TIMES_SHORTER, "only %.1f times as short" % ratio)
