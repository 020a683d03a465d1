# SPDX-License-Identifier: GPL-2.0-only
"""A machine with UEFI firmware hands its runtime services on."""

import contextlib
import os
import re
import socket
import subprocess
import tempfile

from scenario import scenario

SAYS = r"SCENARIO: efi, hops left %d, runtime map (\w+), variables (\d+)"
LEFT = "SCENARIO: hops left "
FIRMWARE = "/usr/share/ovmf/OVMF.fd"

# Seven kernels in one guest: on a host that is too busy for the guest's ticks one of them takes
# the timer for broken, or its clock for a lockup.
BUSY_HOST = "no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1"


def memory_maps(text):
    """The memory map that each kernel was given, as it printed the map."""
    return [re.findall(r"BIOS-e820: (\[mem .*)", kernel)
            for kernel in text.split("BIOS-provided physical RAM map:")[1:]]


@scenario(kernels=("fast",))
def efi_handed_on(lab):
    """Under OVMF: two kexecs later the maps are the same, and variables can be read."""
    guest = lab.guest(append="lab.run=efi lab.args=2", memory="1G", cpus=2,
                      args=["-bios", FIRMWARE])
    first = guest.expect(SAYS % 2, timeout=100)
    lab.check(int(first[2]) > 0, "the firmware's kernel sees no variables")
    for left in (1, 0):
        guest.expect(r"SCENARIO: executing")
        seen = guest.expect(SAYS % left, timeout=60)
        lab.check(seen[1] == first[1], "the runtime map is another one")
        lab.check(seen[2] == first[2], "%s variables became %s" % (first[2], seen[2]))
    guest.expect(r"LAB: exit 0")
    lab.check(not guest.find(r"EFI runtime memory: .*(rror|ailed)"), "EFI complained")
    # The resume from hibernation compares them: the firmware's kernel resumes one of kexec -s.
    maps = memory_maps(guest.text())
    lab.check(len(maps) == 3 and maps[0] == maps[1] == maps[2], "the memory map is another one")


@contextlib.contextmanager
def tpm():
    """A TPM by swtpm, for a guest that ends before it: the options of the guest."""
    with tempfile.TemporaryDirectory() as state, socket.socket(socket.AF_UNIX) as listener:
        path = os.path.join(state, "socket")
        listener.bind(path)
        listener.listen()
        emulator = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + state,
             "--ctrl", "type=unixio,fd=%d" % listener.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()])
        try:
            yield ["-chardev", "socket,id=tpm,path=" + path,
                   "-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm"]
        finally:
            emulator.kill()
            emulator.wait()


def check_tables(lab, kernels):
    """Hold what later kernels found against the first, and where the tables are."""
    first = kernels[0]
    for name in ("MEMATTR.at", "memattr", "TPMEventLog.at", "bgrt", "tpm_log"):
        lab.check(first.get(name), "the firmware's kernel found no %s" % name)
    for name, kind in first.items():
        lab.check(kind != "System RAM" or name.startswith("INITRD."),
                  "%s: kexec may load something there" % name)
    for number, found in enumerate(kernels[1:], 1):
        for name, value in first.items():
            lab.check(found.get(name) == value, "kernel %d: %s was %s, is %s"
                      % (number, name, value, found.get(name)))


@scenario(kernels=("fast",))
def firmware_tables_kept(lab):
    """Under OVMF with a TPM: each kernel finds the firmware's tables, and no stale initrd."""
    calls = "cscsc"
    with tpm() as chip:
        guest = lab.guest(append="%s lab.run=firmware lab.args=%s" % (BUSY_HOST, ",".join(calls)),
                          memory="1G", cpus=2, limit=240,
                          args=["-bios", FIRMWARE, "-device", "VGA"] + chip,
                          expected=[r"Kernel panic - not syncing: VFS", r"Call Trace:"])
        for left in range(len(calls), -1, -1):
            guest.expect(LEFT + "%d" % left, timeout=100)
        guest.expect(r"VFS: Unable to mount root fs", timeout=60)
        guest.close()
    check_tables(lab, [dict(re.findall(r"SCENARIO: found (\S+) (.*)", kernel))
                       for kernel in guest.text().split(LEFT)[:-1]])
