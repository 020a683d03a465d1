#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the tests notice when the code is wrong?

Each mutant is the code under test with one operator or constant changed.  It is
built and tested; a mutant that passes all tests survives.  Survivors that behave
like the original are listed, with the reason, in EQUIVALENT, where each entry
excuses one of them; any other survivor is a test that is missing.

OBJECTS are the tests; one that is made of SOURCE is left out.  With ARGUMENTS
they are run.

usage: mutate.py SOURCE BUILD_DIR OBJECTS ARGUMENTS COMPILER [FLAG...]
"""
import os
import re
import subprocess
import sys

TIME_LIMIT = 20

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

# By file: (line, line as mutated): why nobody can tell them apart.
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
    "kexec_link": {
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
    "kexec_plan": {
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
    "kexec-parse-bzimage": {
        ("if (header_end > HEADER_MAX)", "if (header_end >= HEADER_MAX)"):
            "both are the same then",
    },
    "kexec-parse-uki": {
        ("if (size < DOS_SIZE || parse_u16(file, 0) != DOS_MAGIC)",
         "if (size <= DOS_SIZE || parse_u16(file, 0) != DOS_MAGIC)"):
            "no PE header fits into a file of that size",
        ("if (range.size > virtual_size)", "if (range.size >= virtual_size)"):
            "both are the same then",
        ("*out = (struct parse_range){ 0, 0 };", "*out = (struct parse_range){ 1, 0 };"):
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


def verdict(source, build, objects, arguments, compiler):
    """'dead', 'not C' or 'SURVIVES' for one mutant."""
    program = os.path.join(build, f"mutant.{os.getpid()}")
    path = program + ".c"
    with open(path, "w", encoding="ascii") as out:
        out.writelines(source)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if subprocess.run([*compiler, "-o", program, path, *objects], check=False, **quiet).returncode:
        return "not C"
    try:
        status = subprocess.run([program, *arguments], timeout=TIME_LIMIT, check=False, **quiet)
    except subprocess.TimeoutExpired:
        return "dead"
    return "dead" if status.returncode else "SURVIVES"


def main(path, build, objects, arguments, *compiler):
    name = os.path.splitext(os.path.basename(path))[0]
    objects = [o for o in objects.split() if os.path.basename(o) != name + ".o"]
    arguments = arguments.split()
    excuses = EQUIVALENT.get(name, {}).copy()
    with open(path, encoding="ascii") as file:
        source = file.readlines()
    counts = {"dead": 0, "not C": 0, "equivalent": 0, "SURVIVES": 0}
    for number, changed in mutants(source):
        result = verdict(source[:number] + [changed] + source[number + 1:], build, objects,
                         arguments, compiler)
        pair = (source[number].strip(), changed.strip())
        if result == "SURVIVES" and excuses.pop(pair, None):
            result = "equivalent"
        counts[result] += 1
        if result == "SURVIVES":
            print(f"{path}:{number + 1}: {pair[0]}\n    survives as: {pair[1]}", flush=True)
    for pair in excuses:
        print(f"no survivor any more: {pair[0]}\n    as: {pair[1]}")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return bool(counts["SURVIVES"] or excuses)


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
