#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the tests notice when the code is wrong?

A mutant is a file of the code under test with one operator or constant changed.
Each is built and tested; a mutant that passes all tests survives. EQUIVALENT has
the survivors that behave as the original does, each with the reason; any other
survivor shows that a test is missing.

usage: lab/mutants.py [NAME...]     the code to change, as plan or parse_uki; by default all
"""
import os
import re
import subprocess
import sys

from guest import BUILD, TOP

TESTS = os.path.join(TOP, "tools", "testing")
OUT = os.path.join(BUILD, "mutants")
SECONDS = 20    # of a test, before a mutant is said to be dead

KERNEL = os.path.join(TOP, "kernel", "kexec")
X86 = os.path.join(TOP, "arch", "x86", "kernel", "kexec")
LIVEUPDATE = os.path.join(TOP, "kernel", "liveupdate")

# By name of the code: its directory, its test, the arguments of that.
CODE = {
    "plan": (KERNEL, "plan_test", ["iomem"]),
    "link": (KERNEL, "link_test", ["sample-host.ro"]),
    "crash_ranges": (KERNEL, "crash_test", []),
    "parse_bzimage": (X86, "parse_test", []),
    "parse_vmlinux": (X86, "parse_test", []),
    "parse_uki": (X86, "parse_test", []),
    "format": (LIVEUPDATE, "format_test", []),
    "layout": (LIVEUPDATE, "layout_test", []),
    "tree_parse": (LIVEUPDATE, "tree_test", []),
}

SWAPS = [
    (r" < ", [" <= ", " > "]),
    (r" <= ", [" < ", " >= "]),
    (r" > ", [" >= ", " < "]),
    (r" >= ", [" > ", " <= "]),
    (r" == ", [" != "]),
    (r" != ", [" == "]),
    (r" && ", [" || "]),
    (r" \+ ", [" - "]),
    (r" - ", [" + "]),
    (r" / ", [" * "]),
    (r" \| ", [" & "]),
    (r" & ", [" | "]),
    (r" << ", [" >> "]),
    (r" >> ", [" << "]),
    (r" \+= ", [" -= ", " = "]),
    (r"\+\+", ["--"]),
    (r"~", [""]),
    (r"!(?=\w)", [""]),
    (r"\b0\b", ["1"]),
    (r"\b1\b", ["2", "0"]),
    (r"\b2\b", ["1", "3"]),
    (r"\btrue\b", ["false"]),
    (r"\bfalse\b", ["true"]),
    (r"\bcontinue;", [";", "break;"]),
    (r"-E\w+", ["-EPERM"]),
    (r"[\w.]+ > [\w.]+ && ", [""]),
    (r"(?<=\t)[^\t;{}]+;$", [";"]),
    (r"\bPLAN_(?!OK)\w+(?=[;,)])", ["PLAN_OK"]),
]

# By name of the code: (line, line as mutated): why no test can tell the two apart.
EQUIVALENT = {
    "crash_ranges": {
        ("struct range rest[2];", "struct range rest[3];"):
            "the third one is not used",
        ("(mem->nr_ranges - behind) * sizeof(mem->ranges[0]));",
         "(mem->nr_ranges - behind) * sizeof(mem->ranges[1]));"):
            "one range is as large as the other",
        ("memcpy(&mem->ranges[first], rest, kept * sizeof(rest[0]));",
         "memcpy(&mem->ranges[first], rest, kept * sizeof(rest[1]));"):
            "the same",
    },
    "link": {
        ("const unsigned int one = 1;", "const unsigned int one = 2;"):
            "its first byte is 0 on a big endian machine, too",
        ("if (size < sizeof(*ehdr) || memcmp(ehdr->e_ident, ELFMAG, SELFMAG))",
         "if (size <= sizeof(*ehdr) || memcmp(ehdr->e_ident, ELFMAG, SELFMAG))"):
            "a header alone is refused for its table of sections",
        ("if (section->sh_link >= ehdr->e_shnum ||", "if (section->sh_link > ehdr->e_shnum ||"):
            "the table of symbols is not behind the last section",
        ("struct link_layout layout = { .align = 1 };", "struct link_layout layout = { .align = 0 };"):
            "the first allocated section raises it to 1",
        ("alignment(&sechdrs[i]) > layout.align)", "alignment(&sechdrs[i]) >= layout.align)"):
            "both are the same then",
    },
    "layout": {
        ("for (i = 1; i < nr; i++) {", "for (i = 0; i < nr; i++) {"):
            "the first bar stays where it is",
        ("for (at = i; at && bar[at - 1].start > moving.start; at--)",
         "for (at = i; at && bar[at - 1].start >= moving.start; at--)"):
            "the order of two bars that start together does not matter",
        ("gaps->bar[low].start - gap->start < gap->pages;",
         "gaps->bar[low].start - gap->start <= gap->pages;"):
            "no bar starts at a bit that is set",
        ("if (now < least) {", "if (now <= least) {"):
            "it does not matter which of two gaps of the same size is forgotten",
        ("(gaps->nr - 1 - gaps->smallest) * sizeof(*out));",
         "(gaps->nr - 0 - gaps->smallest) * sizeof(*out));"):
            "there is room for one more, and the last one is replaced",
        ("return floor > LOWEST_PFN ? floor : LOWEST_PFN;",
         "return floor >= LOWEST_PFN ? floor : LOWEST_PFN;"):
            "both are the same then",
        ("u64 frame = 0, pages;", "u64 frame = 1, pages;"):
            "both are below 16 MiB",
        ("if (below > least)", "if (below >= least)"):
            "both are the same then",
        ("if (below < total / 8)", "if (below <= total / 8)"):
            "both are the same then",
        ("for (i = 0; i < nr && below; i++) {", "for (i = 0; i <= nr && below; i++) {"):
            "the RAM has more pages than there shall be below",
        ("pages = below < ram[i].pages ? below : ram[i].pages;",
         "pages = below <= ram[i].pages ? below : ram[i].pages;"):
            "both are the same then",
        ("for (i = 0; i < nr && ram[i].start < LU_HIGH; i++)",
         "for (i = 0; i < nr && ram[i].start <= LU_HIGH; i++)"):
            "no page of RAM that begins at 4 GiB is below",
        ("below += ram[i].pages < LU_HIGH - ram[i].start ?",
         "below += ram[i].pages <= LU_HIGH - ram[i].start ?"):
            "both are the same then",
        ("return floor > LU_HIGH ? floor : LU_HIGH;", "return floor >= LU_HIGH ? floor : LU_HIGH;"):
            "both are the same then",
    },
    "plan": {
        ("for (i = 0; i < nr; i++) {", "for (i = 1; i < nr; i++) {"):
            "the first segment has no earlier one to overlap with",
        ("return plan_refuse(PLAN_OK, 0);", "return plan_refuse(PLAN_OK, 1);"):
            "a legal table has no guilty segment",
        ("for (at = j++; at && out[at - 1].start > range.start; at--)",
         "for (at = j++; at && out[at - 1].start >= range.start; at--)"):
            "no two ranges of a legal table start together",
        ("unsigned int mid = low + (high - low) / 2;", "unsigned int mid = low + (high - low) / 3;"):
            "another probe finds the same range",
        ("return cut > run.start && cut < run.end ? cut : run.end;",
         "return cut > run.start && cut <= run.end ? cut : run.end;"):
            "both answers are the end of the run",
        ("return cut > run.start && cut < run.end ? cut : run.end;",
         "return cut >= run.start && cut < run.end ? cut : run.end;"):
            "a cut that wrapped is 0, and no run that can wrap starts there",
        ("return last < seg->mem ? ~(u64)0 : last;", "return last < seg->mem ? ~(u64)1 : last;"):
            "no memory has the last byte of the address space",
        (".first = memory.start > need->min ? memory.start : need->min,",
         ".first = memory.start >= need->min ? memory.start : need->min,"):
            "both are the same then",
    },
    "parse_bzimage": {
        ("if (header_end > HEADER_MAX)", "if (header_end >= HEADER_MAX)"):
            "both are the same then",
    },
    "parse_vmlinux": {
        ("struct parse_range notes = { 0, 0 };", "struct parse_range notes = { 1, 0 };"):
            "nobody looks where nothing is",
        ("struct parse_range notes = { 0, 0 };", "struct parse_range notes = { 0, 1 };"):
            "one byte is too short for a note",
    },
    "parse_uki": {
        ("if (size < DOS_SIZE || parse_u16(file, 0) != DOS_MAGIC)",
         "if (size <= DOS_SIZE || parse_u16(file, 0) != DOS_MAGIC)"):
            "no PE header fits into a file of that size",
        ("if (range.size > virtual_size)", "if (range.size >= virtual_size)"):
            "both are the same then",
        ("struct parse_range found = { 0, 0 };", "struct parse_range found = { 1, 0 };"):
            "nobody looks where nothing is",
    },
}


def code_lines(source):
    """Line numbers that hold code: no comments, no preprocessor."""
    comment = False
    for number, line in enumerate(source):
        text = line.strip()
        if text.startswith("/*"):
            comment = True
        if not comment and text and not text.startswith(("//", "#")):
            yield number
        if text.endswith("*/"):
            comment = False


def mutants(source):
    """Yield (line number, changed line)."""
    for number in code_lines(source):
        line = source[number]
        for pattern, replacements in SWAPS:
            for match in re.finditer(pattern, line):
                for new in replacements:
                    yield number, line[:match.start()] + new + line[match.end():]


class Tests:
    """The tests of one file of code, built with a changed copy of the file."""

    def __init__(self, name):
        folder, self.program, arguments = CODE[name]
        self.source = os.path.join(folder, name + ".c")
        self.tests = os.path.join(TESTS, "liveupdate" if folder == LIVEUPDATE else "kexec")
        self.out = os.path.join(OUT, name)
        self.copy = os.path.join(self.out, "changed", name + ".c")
        self.arguments = [os.path.join(self.out, word) if word.endswith(".ro") else word
                          for word in arguments]
        os.makedirs(os.path.dirname(self.copy), exist_ok=True)

    def build(self, text):
        """Whether the tests compile with this text. Its warnings are no errors."""
        with open(self.copy, "w", encoding="ascii") as file:
            file.writelines(text)
        goals = [os.path.join(self.out, self.program)] + \
            [word for word in self.arguments if word.startswith(self.out)]
        make = ["make", "-s", "-C", self.tests, "O=" + self.out,
                "CODE=%s %s %s %s" % (os.path.dirname(self.copy), KERNEL, X86, LIVEUPDATE),
                "EXTRA_CFLAGS=-Wno-error -Werror=return-type"]
        return subprocess.run(make + goals, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def passed(self):
        try:
            return subprocess.run([os.path.join(self.out, self.program), *self.arguments],
                                  cwd=self.tests, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=SECONDS, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def verdict(self, text):
        """'dead', 'not C' or 'SURVIVES' for one mutant."""
        if not self.build(text):
            return "not C"
        return "SURVIVES" if self.passed() else "dead"


def try_all(name):
    """Try each mutant of this code; whether none survives without an excuse."""
    tests = Tests(name)
    excuses = EQUIVALENT.get(name, {}).copy()
    with open(tests.source, encoding="ascii") as file:
        source = file.readlines()
    if not tests.build(source) or not tests.passed():
        sys.exit("lab: mutants: %s fails without a mutation" % tests.program)
    counts = {"dead": 0, "not C": 0, "equivalent": 0, "SURVIVES": 0}
    for number, changed in mutants(source):
        result = tests.verdict(source[:number] + [changed] + source[number + 1:])
        pair = (source[number].strip(), changed.strip())
        if result == "SURVIVES" and excuses.pop(pair, None):
            result = "equivalent"
        counts[result] += 1
        if result == "SURVIVES":
            print("%s:%d: %s\n    survives as: %s"
                  % (os.path.relpath(tests.source, TOP), number + 1, *pair), flush=True)
    for pair in excuses:
        print("%s: no survivor any more: %s\n    as: %s" % (name, *pair))
    print("%s: %s" % (name, ", ".join("%d %s" % (count, what)
                                      for what, count in counts.items())), flush=True)
    return not counts["SURVIVES"] and not excuses


def main(names):
    unknown = [name for name in names if name not in CODE]
    if unknown:
        sys.exit("lab: mutants: no code is called %s; there are %s"
                 % (unknown[0], ", ".join(CODE)))
    return 0 if all([try_all(name) for name in names or CODE]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
