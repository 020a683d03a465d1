#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does the documentation still say what the code does?

Usage: lab/check_docs.py

Every message that our files can log stands in a table of the admin guides, and
nothing else stands there: %u and its kin as N, %#lx and its kin as X, %pR as
[mem X-X], %pD and %pd as FILE, %*pE as NAME, %s as one of the strings of the code, or as
NAME where users choose it. The second column of a row has the errnos of a refusal, or the
level of another message. Where the call in the code has the errno as a constant, the row
must have the same one. Where it has a variable, ERRNOS below says what the variable can be,
and why; the row must have exactly these errnos. The table of stock files is the one that
lab/replaced makes.
"""

import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GUIDES = ("Documentation/admin-guide/kexec/index.rst", "Documentation/admin-guide/kexec/files.rst",
          "Documentation/admin-guide/kdump/kdump.rst", "Documentation/admin-guide/liveupdate.rst")
STOCK = "Documentation/core-api/kexec-stock-files.rst"
SOURCES = ("kernel/kexec*.c", "kernel/crash_*.c", "kernel/kexec/*.[ch]",
           "kernel/liveupdate/*.c", "arch/*/kernel/machine_kexec*.c")
# Loaders and parsers: what a parser says, a loader logs with the name of the format.
LOADERS = "arch/x86/kernel/kexec/*.c"

# The tables of the guide, and how the messages of each one begin
TABLES = {"Refused loads": "load refused: ", "Refused files": "load refused: ",
          "Refused reboots": "reboot refused: ",
          "Refused requests": "refused: session NAME: ",
          "Other messages": ""}

# The levels of pr_*(), as the tables write them
LEVELS = {"info": "info", "notice": "notice", "warn": "warning", "err": "error", "crit": "critical",
          "alert": "alert", "emerg": "emerg"}

# The errnos of refusals whose call has them in a variable or does not have them at all,
# and what they come from. An entry for a constant fails, and so does one for no message.
ERRNOS = {
    "load refused: a security module objects: error N":
        ("EACCES EPERM", "security_kernel_load_data(): IMA and SELinux, LoadPin"),
    "load refused: the kernel is locked down: error N":
        ("EPERM", "security_locked_down(): the lockdown module"),
    "load refused: the table of N segments cannot be copied: error N":
        ("EFAULT ENOMEM", "memdup_array_user() of at most KEXEC_SEGMENT_MAX elements"),
    "load refused: the %s file is open for writing":
        ("ETXTBSY", "deny_write_access()"),
    "load refused: no memory to read the %s file of N bytes":
        ("ENOMEM", "map_file(), whose -EINTR comes with a fatal signal and has its own message"),
    "load refused: the %s file cannot be read: error N":
        ("EACCES EPERM EIO", "kernel_read_file(): IMA and SELinux, LoadPin, file systems"),
    "load refused: no loader for the kernel file of N bytes":
        ("ENOEXEC EINVAL", "arch_kexec_kernel_image_probe(); EINVAL: image_probe() of arm64"),
    "load refused: signatures are enforced and that of the kernel does not hold: error N":
        ("ENODATA ENOKEY EKEYREJECTED EBADMSG EINVAL ENOPKG ELIBBAD EMSGSIZE ENOMEM",
         "verify_signature(): verify_pefile.c, mscode_parser.c, pkcs7_*.c, public_key.c"),
    "load refused: the command line of N bytes cannot be copied: error N":
        ("EFAULT ENOMEM", "memdup_user()"),
    "load refused: no memory for the map of what was claimed":
        ("ENOMEM", "kexec_adopt(), which stores to a maple tree"),
    "load refused: no memory for the map of segment N":
        ("ENOMEM", "kexec_map_source(), which stores to a maple tree"),
    "load refused: the digest of the image needs sha256: error N":
        ("ENOENT ENOMEM EINTR ETIMEDOUT", "crypto_alloc_shash()"),
    "load refused: no digest of the image: error N":
        ("ENOMEM", "sha_run() after a fatal signal"),
    "load refused: segment N: X+X passes the end of the address space":
        ("EADDRNOTAVAIL", "plan_errno()"),
    "load refused: segment N: X+X is not page aligned":
        ("EADDRNOTAVAIL", "plan_errno()"),
    "load refused: segment N: X+X ends above the limit of X":
        ("EADDRNOTAVAIL", "plan_errno()"),
    "load refused: segment N: X+X overlaps segment N: X+X":
        ("EINVAL", "plan_errno()"),
    "load refused: segment N: X bytes do not fit into X":
        ("EINVAL", "plan_errno()"),
    "load refused: segment N%s: N KiB exceed half of memory, N KiB":
        ("EINVAL", "plan_errno()"),
    "load refused: all segments: N KiB exceed half of memory, N KiB":
        ("EINVAL", "plan_errno()"),
    "load refused: destination page X is going offline":
        ("EBUSY", "fault_name()"),
    "load refused: destination page X is offline":
        ("EADDRNOTAVAIL", "check_range(), the rest of fault_name()"),
    "load refused: destination page X has a hardware error":
        ("EHWPOISON", "fault_name()"),
    "load refused: the architecture cannot have the crash image in its place: error N":
        ("ENOMEM", "machine_kexec_post_load(): arm64, x86"),
    "load refused: the architecture cannot prepare the hand-off: error N":
        ("ENOMEM EOPNOTSUPP ETXTBSY EBUSY EINVAL EFAULT",
         "machine_kexec_prepare(): x86, x86, powerpc, arm64, arm and others, arm"),
    "load refused: segment N: its buffer of N bytes cannot be read":
        ("EFAULT", "only this errno of kexec_fill_segment() gets this message"),
    "load refused: killed while segment N was being copied":
        ("ENOMEM", "what else kexec_fill_segment() returns"),
    "load refused: the architecture cannot complete the hand-off: error N":
        ("ENOMEM", "machine_kexec_post_load(): arm64, x86"),
    "load refused: no ELF header for the dump: error N":
        ("ENOMEM E2BIG", "x86_crash_header()"),
    "reboot refused: a load or an unload is under way":
        ("EBUSY", "kernel_kexec()"),
    "reboot refused: no image is loaded":
        ("EINVAL", "kernel_kexec()"),
    "reboot refused: page X of the image is going offline":
        ("EBUSY", "fault_name()"),
    "reboot refused: page X of the image is offline":
        ("EADDRNOTAVAIL", "check_range(), the rest of fault_name()"),
    "reboot refused: N pages of memory under the image are gone":
        ("EADDRNOTAVAIL", "kexec_recheck_destinations()"),
    "reboot refused: page X of the image has a hardware error":
        ("EHWPOISON", "fault_name()"),
    "reboot refused: there are preserved sessions, and the next kernel does not know live update":
        ("EOPNOTSUPP", "liveupdate_depart()"),
    "reboot refused: segment N of the image needs the preserved page X":
        ("EBUSY", "check_image()"),
    "reboot refused: no memory for the index":
        ("ENOMEM ENOSPC", "alloc_pages_for(); cover(): 32 ranges do not suffice"),
}

STRING = r'"(?:[^"\\]|\\.)*"'
REFUSE = r"\bkexec_refuse\(\s*"


def constant(argument):
    """The errno of an argument like -EINVAL or ERR_PTR(-EINVAL), or None."""
    match = re.fullmatch(r"(?:ERR_PTR\()?-(E\w+?)\)?", argument)
    return match and match[1]


CALLS = (
    # a call, what stands before its message in the log, how much of that is the call's,
    # what stands in the second column of a table
    (REFUSE, r"([^,]+),\s*", "load refused: %s", constant),
    # refused by a call with a constant in load.c, which a row is compared with too
    (r"\bparse_refuse\(\s*", r"(why),\s*", "load refused: %%s: %s: %%#llx against %%#llx",
     lambda argument: "ENOEXEC"),
    # the same about a section of the file, which a row calls SECTION
    (r"\bparse_refuse_part\(\s*", r"(why), name,\s*",
     "load refused: %%s: SECTION: %s: %%#llx against %%#llx", lambda argument: "ENOEXEC"),
    # refused by the device or by a session of it; the name of the session is an argument
    (r"\blu_refuse\(\s*", r"([^,]+),\s*[^,]+,\s*", "refused: session NAME: %s", constant),
    (r"\blu_refuse_file\(\s*", r"([^,]+),\s*[^,]+,\s*", "refused: session NAME: token X: %s",
     constant),
    (r"\bpr_(?=(?:%s)(?:_ratelimited|_once)?\()" % "|".join(LEVELS),
     r"([a-z]+?)(?:_ratelimited|_once)?\(\s*", "%s", LEVELS.get),
)
PLACEHOLDER = r"%[#*]?[lz]*([duxs]|p[RDEd])4?"
SHOWN = {"d": "N", "u": "N", "x": "X", "s": "%s", "pR": "[mem X-X]", "pD": "FILE", "pd": "FILE",
         "pE": "NAME"}
CHOSEN = {"NAME"}


class Message:
    """A message in the code: its path, its format, and its errno or its level.

    The errno is None where the call does not have it as a constant.
    """

    def __init__(self, path, text, column):
        self.path = path
        self.column = None if text.startswith(TABLES["Refused reboots"]) else column
        self.strings = set()
        self.text = re.sub(PLACEHOLDER, lambda match: SHOWN[match[1]], text)
        parts = [re.escape(part) for part in self.text.split("%s")]
        self.pattern = re.compile("(.*)".join(parts))

    def is_row(self, row):
        """Whether a row shows this message; for %s only what the code can put there."""
        match = self.pattern.fullmatch(row)
        return bool(match) and all(word in self.strings | CHOSEN
                                   for word in match.groups())


class Report:
    """Results line by line, and whether all were good."""

    def __init__(self):
        self.failed = 0

    def check(self, name, faults):
        print("%s - %s" % ("not ok" if faults else "ok", name))
        for fault in faults:
            print("#   " + fault)
        self.failed += bool(faults)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def literal(text):
    """The value of adjoining C strings."""
    return "".join(part[1:-1] for part in re.findall(STRING, text)).replace("\\n", "")


def named(pattern):
    """{path: source without comments} of our files whose paths match."""
    return {path: re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL)
            for path in sorted(glob.glob(pattern, root_dir=TOP))}


def strings_of(sources):
    return {literal(text) for source in sources for text in re.findall(STRING, source)}


def sources():
    """(path, source, what its %s can be) of each file; files pass strings to each other."""
    files = {}
    for pattern in (*SOURCES, LOADERS):
        files.update(named(pattern))
    strings = strings_of(files.values())
    for path, source in files.items():
        yield path, source, strings


def messages():
    """All messages of the code, and the calls whose message cannot be read."""
    found, unread = [], []
    for path, source, strings in sources():
        for call, before, frame, column in CALLS:
            for match in re.finditer(call, source):
                rest = re.compile(before + r"((?:%s\s*)+)" % STRING).match(source, match.end())
                if not rest:
                    unread.append("%s: %s" % (path, source[match.start():].split("\n")[0]))
                    continue
                message = Message(path, frame % literal(rest[2]), column(rest[1]))
                message.strings = strings
                found.append(message)
    return found, unread


def rows():
    """{message: words of the second column} of the tables in the guides."""
    found = {}
    guides = "".join(map(read, GUIDES))
    for table in re.split(r"(?m)^\.\. list-table:: ", guides)[1:]:
        title = table.split("\n")[0]
        if title in TABLES:
            for row in re.findall(r"^   \* - ``(.+)``\n     - (.*(?:\n       .*)*)", table,
                                  re.MULTILINE):
                found[TABLES[title] + row[0]] = re.split(r",\s+", row[1])
    return found


def check_columns(report, known, table):
    """Errnos and levels: of the code, or of ERRNOS where the call does not have them."""
    entries = {text: re.compile("(.*)".join(map(re.escape, text.split("%s")))) for text in ERRNOS}
    used, faults = set(), []
    for row, words in table.items():
        of_row = {text for text, pattern in entries.items() if pattern.fullmatch(row)}
        for message in known:
            if not message.is_row(row):
                continue
            if message.column:
                wanted = [message.column]
            else:
                wanted = [errno for text in of_row for errno in ERRNOS[text][0].split()]
                used |= of_row
            if sorted(words) != sorted(wanted):
                faults.append("%s: %s: %s in the guide, %s in the code" % (
                    message.path, row, ", ".join(words), ", ".join(wanted) or "not in ERRNOS"))
    report.check("the guide names the errno or the level of the code", sorted(set(faults)))
    report.check("every entry of ERRNOS is needed", sorted(set(ERRNOS) - used))


def check_messages(report):
    known, unread = messages()
    table = rows()

    report.check("every message can be read", unread)
    report.check("every message of the code is in the guide",
                 ["%s: %s" % (message.path, message.text) for message in known
                  if not any(message.is_row(row) for row in table)])
    report.check("every message in the guide is in the code",
                 [row for row in table if not any(message.is_row(row) for message in known)])
    check_columns(report, known, table)


def check_stock_files(report):
    table = subprocess.run([os.path.join(TOP, "lab", "tree.py"), "--table"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    faults = [] if table in read(STOCK) else \
        ["%s is to contain what lab/tree.py --table prints" % STOCK]
    report.check("the table of stock files is that of lab/replaced", faults)


def main():
    report = Report()
    check_messages(report)
    check_stock_files(report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
