#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is our include/uapi/linux/kexec.h the ABI of the base's?

Usage: lab/check_abi.py BASE

Each macro of the base's header is in ours with the same value and type, each structure
with the same members, of the same types, at the same offsets. NEW lists what ours has
beyond that. gcc reads both headers as a 64-bit program, a 32-bit program and the kernel do.
"""

import os
import re
import subprocess
import sys

from check_docs import Report, TOP

HEADER = "include/uapi/linux/kexec.h"

# Flags of later kernels and their values there: ours has them, the base has not.
NEW = {"KEXEC_FILE_NO_CMA": 0x10, "KEXEC_FILE_FORCE_DTB": 0x20}

# Who reads the header, and how gcc is to read it for them.
READERS = {
    "64-bit programs": ["-m64"],
    "32-bit programs": ["-m32"],
    "the kernel": ["-m64", "-D__KERNEL__"],
}


def gcc(options, source=""):
    """What gcc prints for this source."""
    done = subprocess.run(["gcc", "-x", "c", *options], input=source, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        sys.exit("lab: check_abi: %s" % done.stderr.strip())
    return done.stdout


class Header:
    """A header as one of its readers sees it."""

    def __init__(self, path, reader):
        # -m32 looks elsewhere for asm/types.h, which is the same file for both.
        asm = os.path.join("/usr/include", gcc(["-print-multiarch"]).strip())
        self.path = path
        self.options = ["-ffreestanding", "-idirafter", asm, *READERS[reader]]
        self.include = '#include "%s"\n' % path

    def own_lines(self, *how):
        """The lines of the preprocessed header without those of the headers it includes."""
        own = False
        for line in gcc([*self.options, "-E", *how, "-"], self.include).splitlines():
            marker = re.match(r'# \d+ "(.*?)"', line)
            if marker:
                own = marker[1] == self.path
            elif own:
                yield line

    def macros(self):
        """{name, with its arguments if any: body}"""
        found = [re.match(r"#define (\w+(?:\(.*?\))?) ?(.*)", line)
                 for line in self.own_lines("-dD")]
        return {define[1]: define[2] for define in found if define}

    def structures(self):
        """{name: {member: type}}"""
        found = {}
        text = " ".join(" ".join(self.own_lines()).split())
        for name, body in re.findall(r"\bstruct (\w+) \{(.*?)\}", text):
            members = re.findall(r"([^;]*?)(\w+) ?((?:\[[^;]*\])?);", body)
            found[name] = {member: (kind + bounds).strip() for kind, member, bounds in members}
        return found

    def values(self, expressions):
        """The values of constant expressions, as gcc writes them into assembler."""
        lines = ["#include <stddef.h>", "void values(void)", "{"]
        lines += ['asm volatile("VALUE %%0" : : "i" ((long long)(%s)));' % expression
                  for expression in expressions]
        output = gcc([*self.options, "-S", "-o", "-", "-"],
                     self.include + "\n".join(lines + ["}", ""]))
        return re.findall(r"^\s*VALUE \$(-?\d+)", output, re.MULTILINE)

    def facts(self):
        """{macro, structure or member: {what is compared: a value}}"""
        facts, asked = {}, []
        for name, body in self.macros().items():
            facts[name] = {}
            if "(" in name:
                facts[name]["body"] = body
            elif body:
                asked += [(name, "value", name), (name, "size", "sizeof(%s)" % name),
                          (name, "is signed", "(__typeof__(%s))-1 < 0" % name)]
        for struct, members in self.structures().items():
            struct = "struct " + struct
            facts[struct] = {}
            asked.append((struct, "size", "sizeof(%s)" % struct))
            for member, kind in members.items():
                name = "%s.%s" % (struct, member)
                facts[name] = {"type": kind}
                asked += [(name, "offset", "offsetof(%s, %s)" % (struct, member)),
                          (name, "size", "sizeof(((%s *)0)->%s)" % (struct, member))]
        answers = self.values([expression for _, _, expression in asked])
        for (name, what, _), answer in zip(asked, answers, strict=True):
            facts[name][what] = answer
        return facts


def differences(ours, base):
    """Faults of ours, against the facts of the base."""
    faults = ["ours has no %s" % name for name in base if name not in ours]
    for name in base.keys() & ours.keys():
        faults += ["%s: %s is %s, and %s in the base" % (name, what, ours[name].get(what), value)
                   for what, value in base[name].items() if ours[name].get(what) != value]
    more = ours.keys() - base.keys()
    faults += ["%s is in ours only, and not in NEW" % name for name in more - NEW.keys()]
    faults += ["%s is not what ours has beyond the base, as %#x" % (name, value)
               for name, value in NEW.items()
               if name not in more or ours[name].get("value") != str(value)]
    return sorted(faults)


def main(base):
    report = Report()
    for reader in READERS:
        ours, theirs = (Header(os.path.join(where, HEADER), reader).facts()
                        for where in (TOP, base))
        report.check("%s find the same in %d macros, structures and members of %s"
                     % (reader, len(theirs), HEADER), differences(ours, theirs))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
