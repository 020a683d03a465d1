# SPDX-License-Identifier: GPL-2.0-only
"""The guide's way from what kexec prints to what the kernel logs, walked with Debian's kexec."""

import os
import re

from guest import TOP
from scenario import scenario

GUIDES = ("index.rst", "files.rst")
NOT_AVAILABLE = "syscall kexec_file_load not available."

# By reason (lab/scenarios/guest/says): what kexec prints, what of it is in the guide, and the
# row of the guide for the line in the log; there is none if kexec itself finds the fault
SAID = {
    "half": (NOT_AVAILABLE, NOT_AVAILABLE,
             "segment N from the initrd file: N KiB exceed half of memory, N KiB"),
    "empty": (NOT_AVAILABLE, NOT_AVAILABLE, "the initrd file is empty"),
    "cmdline": (NOT_AVAILABLE, NOT_AVAILABLE,
                "command line: N bytes, but the next kernel takes N"),
    "broken": (NOT_AVAILABLE, NOT_AVAILABLE,
               "bzImage: init_size is less than the payload: X against X"),
    "unknown": ("Cannot determine the file type of /tmp/unknown",
                "Cannot determine the file type of FILE", None),
    "writer": ("kexec_file_load failed: Text file busy", "Text file busy",
               "the initrd file is open for writing"),
    "disabled": ("kexec_file_load failed: Operation not permitted", "Operation not permitted",
                 "kernel.kexec_load_disabled is 1"),
}


def guides():
    for name in GUIDES:
        path = os.path.join(TOP, "Documentation/admin-guide/kexec", name)
        with open(path, encoding="utf-8") as file:
            yield file.read()


def shows(row, lines):
    """Whether the log has the line that a row of the guide shows, and no other."""
    pattern = re.sub(r"\bN\b", r"\\d+", re.sub(r"\bX\b", r"0x[0-9a-f]+", re.escape(row)))
    return re.fullmatch(pattern + ";", lines)


@scenario(kernels=("fast",))
def kexec_says(lab):
    """The words that kexec prints for a refused load are in the guide, with the kernel's reason."""
    guest = lab.guest(append="lab.run=says", memory="640M")
    guide = "".join(guides())
    for reason, (words, in_guide, row) in SAID.items():
        said, lines = guest.expect(r"SCENARIO: %s: (.*) \| ?(.*)" % reason).groups()
        lab.check(said == words, "%s: kexec says: %s" % (reason, said))
        lab.check(shows(row, lines) if row else not lines,
                  "%s: the kernel logs: %s" % (reason, lines))
        for text in filter(None, (in_guide, row)):
            lab.check("``%s``" % text in guide, "%s is not in the guide" % text)
    guest.expect("LAB: exit 0")
