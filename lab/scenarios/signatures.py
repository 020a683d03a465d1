# SPDX-License-Identifier: GPL-2.0-only
"""Who may be loaded: signatures of PE files, enforced and under lockdown."""

from scenario import scenario

TRIED = r"SCENARIO: %s: (.+): KFLOAD: load rc=\S+ errno=(\w+)"

# What each file comes to where signatures count, and where they do not.
LOCKED = {
    "bzImage": "EPERM", "signed": "0", "tampered": "EPERM", "broken": "EPERM", "foreign": "EPERM",
    "vmlinux": "EPERM", "uki": "EPERM", "uki-signed": "0", "uki-signed cmdline": "EPERM",
    "uki-signed initrd": "EPERM", "uki-bare-signed both": "0",
    "uki-odd-signed": "0", "uki-odd-signed cmdline": "EPERM", "uki-odd-signed initrd": "EPERM",
    "uki-odd-signed profile": "0", "uki-odd-signed profile initrd": "EPERM",
    "uki-odd-signed profile cmdline": "EPERM",
}
OPEN = {name: "0" for name in LOCKED}
ENFORCED = dict(LOCKED, bzImage="ENODATA", tampered="EKEYREJECTED", broken="EINVAL",
                foreign="ENOKEY", vmlinux="EKEYREJECTED", uki="ENODATA")
# The small kernel has no CONFIG_KEXEC_SIG, and nothing of it is signed.
UNSIGNED = ["bzImage", "vmlinux", "uki"]
BLIND = {name: "EPERM" for name in UNSIGNED}


def run(lab, args="", memory="1G"):
    guest = lab.guest(append="lab.run=signatures lab.args=" + args, memory=memory,
                      initrd=lab.initrd.replace(".cpio", ".files.cpio"), cpu="max,la57=off")
    guest.expect(r"LAB: exit 0", timeout=90)
    return guest


def check_tried(lab, guest, label, wanted):
    seen = {m[1]: m[2] for m in guest.find(TRIED % label)}
    wrong = ["%s: %s, should be %s" % (name, seen.get(name), errno)
             for name, errno in wanted.items() if seen.get(name) != errno]
    lab.check(not wrong, "%s: %s" % (label, "; ".join(wrong)))


@scenario(kernels=("fast",))
def lockdown_wants_signatures(lab):
    """Unsigned, tampered and foreign files are refused once the kernel is locked down."""
    guest = run(lab)
    check_tried(lab, guest, "as booted", OPEN)
    check_tried(lab, guest, "integrity", LOCKED)
    check_tried(lab, guest, "confidentiality", LOCKED)


@scenario(kernels=("fast",))
def signatures_enforced(lab):
    """Where signatures are enforced the errno says what is wrong with one."""
    check_tried(lab, run(lab, "enforced"), "enforced", ENFORCED)


@scenario(kernels=("small",))
def lockdown_without_signatures(lab):
    """A kernel that cannot verify signatures refuses all files once it is locked down."""
    guest = run(lab)
    check_tried(lab, guest, "as booted", {name: "0" for name in UNSIGNED})
    check_tried(lab, guest, "integrity", BLIND)
    check_tried(lab, guest, "confidentiality", BLIND)


@scenario(kernels=("fast",))
def appraised_files(lab):
    """Under lockdown a file that IMA has appraised needs no other signature."""
    guest = lab.guest(append="lab.run=appraised", memory="1G", cpu="max,la57=off",
                      initrd=lab.initrd.replace(".cpio", ".files.cpio"))
    guest.expect(r"LAB: exit 0", timeout=60)
    check_tried(lab, guest, "appraised", {
        "bzImage": "EACCES", "signed": "EACCES", "vmlinux": "EACCES",
        "modsig": "0", "modsig-vmlinux": "0", "modsig-tampered": "EACCES",
    })
