# SPDX-License-Identifier: GPL-2.0-only
"""The selftests of kexec and of live updates, in as few boots as they allow."""

from scenario import scenario

ALL = ("fast", "debug", "small", "distro")


def run(lab, *programs, append="", memory="512M"):
    # the kernel hands it on to init: stock refuses in silence
    if lab.stock:
        append += " KEXEC_TEST_MUTE=1"
    guest = lab.guest(append="lab.run=selftests lab.args=%s %s" % (",".join(programs), append),
                      memory=memory, cpus=2, limit=180)
    guest.expect(r"LAB: exit", timeout=170)
    lab.check("LAB: exit 0" in guest.text(), "a selftest failed")
    lab.check(guest.wait(20) == "poweroff", "the guest did not switch off")
    return guest


def run_crash(lab, *programs, append=""):
    """With memory for a crash kernel; the debug kernel needs more for itself."""
    region, memory = ("256M", "1536M") if lab.k == "debug" else ("128M", "512M")
    run(lab, *programs, append="crashkernel=%s %s" % (region, append), memory=memory)


@scenario(kernels=ALL)
def selftests(lab):
    """kexec_load(2), native and compat: errnos, flags, reasons, images."""
    run(lab, "test_kexec_load", "test_kexec_compat", "test_kexec_permission", "test_kexec_image",
        "test_kexec_crash_nowhere")


@scenario(kernels=ALL)
def selftests_file(lab):
    """kexec_file_load(2): errnos, flags, reasons, images, broken files of every format."""
    run(lab, "test_kexec_file_load", "test_kexec_file_format", "test_kexec_file_image")


@scenario()
def selftests_many(lab):
    """What shows only after many calls: every flag, nothing lost."""
    run(lab, "test_kexec_many")


@scenario()
def selftests_file_many(lab):
    """Files of every length, with damage in every byte of a header; nothing lost."""
    run(lab, "test_kexec_file_many")


@scenario()
def selftests_jump(lab):
    """An image that returns, at several places, a hundred times."""
    run(lab, "test_kexec_jump", memory="1G")


@scenario(kernels=("fast",))
def selftests_jump_large(lab):
    """The same where there is memory above 4 GiB."""
    guest = run(lab, "test_kexec_jump", memory="5G")
    lab.check(not guest.find(r"above_4_gib.*SKIP"), "memory above 4 GiB was not jumped to")


@scenario(kernels=("debug",))
def selftests_fault(lab):
    """Every allocation of a load fails in turn; pages that cannot be freed are lost."""
    guest = run(lab, "test_kexec_fault")
    lab.check(guest.find(r"kexec: \d+ pages at 0x\w+ cannot have another user any more"),
              "the log does not name what is lost")


@scenario(kernels=ALL)
def selftests_limit(lab):
    """kernel.kexec_load_limit_*: only lowered, so a boot of its own."""
    run(lab, "test_kexec_limit")


@scenario()
def selftests_disabled(lab):
    """kernel.kexec_load_disabled: there is no way back from it."""
    run(lab, "test_kexec_disabled")


@scenario()
def selftests_lockdown(lab):
    """Under lockdown an unsigned image is refused."""
    run(lab, "test_kexec_lockdown", append="lockdown=integrity")


@scenario(kernels=ALL)
def selftests_crash(lab):
    """Loads of crash images: errnos, flags, reasons, images."""
    run_crash(lab, "test_kexec_crash_load", "test_kexec_crash_file", "test_kexec_crash_image",
              "test_kexec_crash_sysfs")


@scenario(kernels=("fast",))
def selftests_crash_high(lab):
    """Crash loads to memory above 4 GiB; giving it back until only that below is left."""
    guest = run(lab, "test_kexec_crash_load", "test_kexec_crash_file", "test_kexec_crash_size",
                append="crashkernel=128M,high crashkernel=72M,low", memory="6G")
    lab.check(not guest.find(r"low_region.*SKIP"), "there was no low region")


@scenario(kernels=ALL)
def selftests_crash_size(lab):
    """The memory of crash kernels is given back, by and by, and all of it."""
    run_crash(lab, "test_kexec_crash_size")


@scenario(kernels=ALL)
def selftests_crash_limit(lab):
    """Who may load a crash image, and how often; there is no way back."""
    run_crash(lab, "test_kexec_crash_limit")


@scenario()
def selftests_crash_many(lab):
    """Crash loads by the hundred: nothing is lost."""
    run_crash(lab, "test_kexec_crash_many")


@scenario(kernels=("debug",))
def selftests_crash_fault(lab):
    """Every allocation of a crash load fails in turn."""
    run_crash(lab, "test_kexec_crash_fault")


@scenario()
def selftests_liveupdate(lab):
    """/dev/liveupdate: errnos, names, tokens, 2,000 sessions, 500 files, faults."""
    run(lab, "test_liveupdate_calls", "test_liveupdate_files", "test_liveupdate_many",
        "test_liveupdate_fault")


def run_incoming(lab, program):
    """A program that prepares sessions, and tests in the next kernel what that gets of them."""
    guest = lab.guest(append="lab.run=incoming lab.args=" + program, memory="1G", cpus=2, limit=180)
    guest.expect("SCENARIO: executing", timeout=60)
    guest.expect(r"LAB: exit", timeout=170)
    lab.check("LAB: exit 0" in guest.text(), "a selftest failed")
    lab.check(guest.wait(20) == "poweroff", "the guest did not switch off")


@scenario()
def selftests_liveupdate_incoming(lab):
    """Sessions that a kexec has handed over: 2,000 of them, 500 files in one, every errno."""
    run_incoming(lab, "test_liveupdate_incoming")


@scenario(kernels=("debug",))
def selftests_liveupdate_tmpfs(lab):
    """While a tmpfs is retrieved allocations fail, and the caller is killed: the next call gets it."""
    run_incoming(lab, "test_liveupdate_tmpfs")
