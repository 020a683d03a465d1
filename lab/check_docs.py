#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does the documentation still say what the code does?

Usage: lab/check_docs.py

Every message that our files can log stands in a table of the admin guides, and
nothing else stands there: %u and its kin as N, %#lx and its kin as X, %pR as
[mem X-X], %s as one of the strings of the code. Where a refusal names its errno, the row names
the same. The table of stock files is the one that lab/replaced makes.
"""

import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GUIDES = ("Documentation/admin-guide/kexec/index.rst", "Documentation/admin-guide/kexec/files.rst",
          "Documentation/admin-guide/kdump/kdump.rst")
STOCK = "Documentation/core-api/kexec-stock-files.rst"
SOURCES = ("kernel/kexec*.c", "kernel/crash_*.c", "kernel/kexec/*.[ch]",
           "arch/*/kernel/machine_kexec*.c")
# Loaders and parsers: what a parser says, a loader logs with the name of the format.
LOADERS = "arch/x86/kernel/kexec/*.c"

# The tables of the guide, and how the messages of each one begin
TABLES = {"Refused loads": "load refused: ", "Refused files": "load refused: ",
          "Refused reboots": "reboot refused: ",
          "Other messages": ""}

STRING = r'"(?:[^"\\]|\\.)*"'
REFUSE = r"\bkexec_refuse\(\s*"
CALLS = (
    # a call, what stands before its message in the log, how much of that is the call's
    (REFUSE, r"([^,]+),\s*", "load refused: %s"),
    (r"\bparse_refuse\(\s*", r"(why),\s*", "load refused: %%s: %s: %%#llx against %%#llx"),
    (r"\bpr_(?:info|notice|warn|err|crit|alert|emerg)(?:_ratelimited|_once)?\(\s*", r"()", "%s"),
)
PLACEHOLDER = r"%#?[lz]*([duxs]|pR)"
SHOWN = {"d": "N", "u": "N", "x": "X", "s": "%s", "pR": "[mem X-X]"}


class Message:
    """A message in the code: its format, its errno where it is plain, where it is."""

    def __init__(self, path, text, errno):
        self.path = path
        self.errno = errno
        self.strings = ()
        self.text = re.sub(PLACEHOLDER, lambda match: SHOWN[match[1]], text)
        parts = [re.escape(part) for part in self.text.split("%s")]
        self.pattern = re.compile("(.*)".join(parts))

    def is_row(self, row):
        """Whether a row shows this message; for %s only what the code can put there."""
        match = self.pattern.fullmatch(row)
        return bool(match) and all(word in self.strings for word in match.groups())


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
        for call, before, frame in CALLS:
            for match in re.finditer(call, source):
                rest = re.compile(before + r"((?:%s\s*)+)" % STRING).match(source, match.end())
                if not rest:
                    unread.append("%s: %s" % (path, source[match.start():].split("\n")[0]))
                    continue
                errno = re.fullmatch(r"-(E\w+)", rest[1])
                message = Message(path, frame % literal(rest[2]), errno and errno[1])
                message.strings = strings
                found.append(message)
    return found, unread


def rows():
    """{message: errno} of the tables in the guides."""
    found = {}
    guides = "".join(map(read, GUIDES))
    for table in re.split(r"(?m)^\.\. list-table:: ", guides)[1:]:
        title = table.split("\n")[0]
        if title in TABLES:
            for row in re.findall(r"^   \* - ``(.+)``\n     - (\w*)", table, re.MULTILINE):
                found[TABLES[title] + row[0]] = row[1]
    return found


def check_messages(report):
    known, unread = messages()
    table = rows()

    report.check("every message can be read", unread)
    report.check("every message of the code is in the guide",
                 ["%s: %s" % (message.path, message.text) for message in known
                  if not any(message.is_row(row) for row in table)])
    report.check("every message in the guide is in the code",
                 [row for row in table if not any(message.is_row(row) for message in known)])
    report.check("the guide names the errno of the code",
                 ["%s: %s in the code, %s in the guide" % (row, message.errno, errno)
                  for row, errno in table.items() for message in known
                  if message.is_row(row) and message.errno not in (None, errno)])


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
