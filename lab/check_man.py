#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does the man page name the flags of the header and the errnos of the tests?

Usage: lab/check_man.py TREE      that the kernels are built from, for its headers

Flags: every KEXEC_* of the header is in the page, and nothing else is; each flag that is
a bit of its own says since which kernel it exists, as the header does. Errnos: what a
selftest expects of a load, and what the code refuses one with, is in ERRORS; what is in
ERRORS is expected by a selftest or a scenario, or UNTESTED says why not. A test that knows
nothing of kexec_file_load(2) expects nothing that ERRORS has for that call only.
"""

import glob
import os
import re
import sys

from check_docs import Report, TOP, read

PAGE = "man2/kexec_load.2"
HEADER = "include/uapi/linux/kexec.h"
ERRNOS = "include/uapi/asm-generic/errno*.h"
SELFTESTS = "tools/testing/selftests/kexec/*.[ch]"
SCENARIOS = "lab/scenarios/*.py"
CODE = ("kernel/*.c", "kernel/kexec/*.c", "arch/x86/kernel/*.c", "arch/x86/kernel/kexec/*.c")

# In the page and in no test, and why. Whatever gets a test must leave this list.
UNTESTED = {
    "E2BIG": "needs more than 65534 CPUs and ranges of memory",
    "EBADMSG": "the parser of PKCS#7 decides whether a broken signature is this or EINVAL",
    "EIO": "needs a file system that fails",
    "ELIBBAD": "the parser of PE files decides whether a damaged file is this or another error",
    "ENOPKG": "needs a signature by an algorithm that the kernel lacks",
    "EOPNOTSUPP": "needs a guest with encrypted memory",
}

# What a selftest expects of these is no errno of a load.
OTHER_CALLS = re.compile(
    r"\b(write_file|read_file|set_crash_size|reboot_kexec)\(|\berrno ==|result\(syscall\(SYS_reboot")


def sources(*patterns):
    """(path, text without comments) of the files that match."""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern, root_dir=TOP)):
            yield path, re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL)


def defined(pattern, prefix):
    """The names that headers define."""
    names = set()
    for path in glob.glob(pattern):
        with open(path, encoding="utf-8") as file:
            names |= set(re.findall(r"^#define\s+(%s\w+)" % prefix, file.read(), re.MULTILINE))
    return names


def expected_by_selftests(without="no test has this"):
    """{word: path} of all that looks like an errno, in files without some word."""
    return {word: path for path, text in sources(SELFTESTS) if without not in text
            for statement in text.split(";") if not OTHER_CALLS.search(statement)
            for word in re.findall(r"\bE[A-Z0-9]+\b", statement)}


def expected_by_scenarios():
    return {word: path for path, text in sources(SCENARIOS)
            for word in re.findall(r'"(E[A-Z0-9]+)"', text)}


def refused_by_code():
    return {word: path for path, text in sources(*CODE)
            for word in re.findall(r"\bkexec_refuse\(-(E[A-Z0-9]+)", text)}


def described():
    """[(errno, the call that an entry of ERRORS is for alone, or nothing)]"""
    section = re.search(r"^\.SH ERRORS\n(.*?)^\.SH ", read(PAGE), re.DOTALL | re.MULTILINE)[1]
    return re.findall(r"^\.TP\n\.B (E[A-Z0-9]+)\n(?:\.RB \( (\w+) \(\)\)\n)?", section,
                      re.MULTILINE)


def check_errnos(report, errnos):
    page = {name for name, _ in described()}
    of_kexec_load = {name for name, call in described() if call != "kexec_file_load"}
    expected = expected_by_selftests("kexec_file_load").keys() & errnos
    report.check("the man page has the errnos of kexec_load()", sorted(expected - of_kexec_load))

    tested = {**expected_by_scenarios(), **expected_by_selftests()}
    known = {**refused_by_code(), **expected_by_selftests()}
    report.check("the man page has the errnos of the tests and of the code",
                 ["%s: %s" % (known[name], name) for name in sorted(set(known) & errnos - page)])
    report.check("the errnos of the man page are tested",
                 sorted(page - set(tested) - set(UNTESTED)))
    report.check("what needs no test has none",
                 sorted(name for name in UNTESTED if name in tested or name not in page))
    for name, reason in UNTESTED.items():
        print("#   not tested: %s: %s" % (name, reason))


def dated_by_header(path):
    """{flag: version} by the comments, "Since Linux VERSION", above the flags."""
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^(?:/\*| \*) Since Linux ([\d.]+)(?:(?!\*/).)*\*/\n#define (\w+)",
                           file.read(), re.MULTILINE | re.DOTALL)
    return {flag: version for version, flag in found}


def check_flags(report, names, header):
    page = re.sub(r"^\.TH .*", "", read(PAGE), flags=re.MULTILINE)
    named = set(re.findall(r"\bKEXEC_[A-Z0-9_]+", page))
    dated = dict(re.findall(r'^\.TP\n\.BR (KEXEC_\w+) " \(since Linux ([\d.]+)', page,
                            re.MULTILINE))
    flags = {name for name in names if not re.match("KEXEC_(ARCH_|SEGMENT_MAX)", name)}
    report.check("the man page has the flags of the header", sorted(names - named))
    report.check("the header has the flags of the man page", sorted(named - names))
    report.check("each flag has its version", sorted(flags ^ dated.keys()))
    report.check("the header has the same versions",
                 sorted(name for name, version in dated.items() if header.get(name) != version))


def main(tree):
    report = Report()
    header = os.path.join(tree, HEADER)
    check_flags(report, defined(header, "KEXEC_"), dated_by_header(header))
    check_errnos(report, defined(os.path.join(tree, ERRNOS), "E"))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
