#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do our files use each other in a circle, and are they in the order of the documentation?

Usage: lab/circles.py OBJDIR      a kernel's objects, for example build/obj/lint

A file uses another one if its object needs a symbol, of a function or of data, that the
object of the other one defines. A circle is files each of which uses, directly or
through others, all the rest. For each circle all uses inside it are printed with their
symbols: a circle opens when enough of them go. Files in a circle cannot be read from the
bottom up.

A table of files in ORDER has the files of a group from the top down: a file uses only
files below it, and each of our files is in the table.
"""

import collections
import glob
import os
import re
import subprocess
import sys

from check_docs import Report, TOP, read

ORDER = {
    "kernel/": "Documentation/core-api/kexec.rst",
    "kernel/liveupdate/": "Documentation/core-api/liveupdate.rst",
}

# The files that are looked at together. What calls between groups go through is the
# contract of a header, linux/kexec.h for example, with calls in both directions.
GROUPS = {
    "kernel/": ("kernel/*.c", "kernel/kexec/*.c"),
    "kernel/liveupdate/": ("kernel/liveupdate/*.c",),
    "arch/x86/kernel/kexec/": ("arch/x86/kernel/kexec/*.[cS]",),
}

# It uses no file of ours, and no file of ours uses it.
UNDRAWN = {"kernel/elfcorehdr"}


def objects(objdir, patterns):
    """The objects of our sources; a configuration need not compile all of them."""
    sources = [path for pattern in patterns for path in glob.glob(pattern, root_dir=TOP)]
    found = [os.path.splitext(path)[0] + ".o" for path in sources]
    return sorted(path for path in found if os.path.exists(os.path.join(objdir, path)))


def symbols(path):
    """(defined, needed): the global symbols of an object."""
    lines = subprocess.run(["nm", "--extern-only", "--format=posix", path], capture_output=True,
                           text=True, check=True).stdout.splitlines()
    kinds = [line.split()[:2] for line in lines]
    needed = {name for name, kind in kinds if kind in ("U", "w", "v")}
    return {name for name, _ in kinds} - needed, needed


def uses(objdir, paths):
    """{(user, used): the symbols} of these objects."""
    table = {path: symbols(os.path.join(objdir, path)) for path in paths}
    owners = collections.defaultdict(set)
    for path, (defined, _) in table.items():
        for name in defined:
            owners[name].add(path)
    found = collections.defaultdict(set)
    for path, (_, needed) in table.items():
        for name in needed:
            for owner in owners[name]:
                found[path, owner].add(name)
    return found


def reachable(start, edges):
    """The files that one uses, directly or through others."""
    seen, ahead = set(), [start]
    while ahead:
        here = ahead.pop()
        new = {used for user, used in edges if user == here} - seen
        seen |= new
        ahead += new
    return seen


def circles(edges):
    """Sets of files, the largest first."""
    reach = {path: reachable(path, edges) for edge in edges for path in edge}
    found = {frozenset(other for other in reach[path] if path in reach[other]) for path in reach}
    return sorted((circle for circle in found if circle), key=lambda c: (-len(c), sorted(c)))


def lines(circle, edges):
    """The uses inside a circle."""
    return ["%s -> %s: %s" % (user, used, " ".join(sorted(edges[user, used])))
            for user, used in sorted(edges) if {user, used} <= circle]


def check_circles(report, group, edges, paths):
    faults = [] if paths else ["there is no object of ours"]
    for circle in circles(edges):
        faults.append("%d files: %s" % (len(circle), " ".join(sorted(circle))))
        faults += ["  " + line for line in lines(circle, edges)]
    report.check("%s: no circle among its %d files" % (group, len(paths)), faults)


def check_order(report, group, edges):
    rows = re.findall(r"^``(kernel/\S+)\.c``", read(ORDER[group]), re.MULTILINE)
    floor = {name + ".o": number for number, name in enumerate(rows)}
    sources = {os.path.splitext(path)[0] for pattern in GROUPS[group]
               for path in glob.glob(pattern, root_dir=TOP)} - UNDRAWN
    faults = ["%s is not in the table" % name for name in sorted(sources - set(rows))]
    faults += ["%s is in the table, and is no file" % name for name in set(rows) - sources]
    faults += ["%s uses %s, which stands above it: %s" % (user, used, " ".join(sorted(names)))
               for (user, used), names in sorted(edges.items())
               if user in floor and used in floor and floor[user] > floor[used]]
    report.check("each file of %s uses files below it in %s only" % (group, ORDER[group]), faults)


def main(objdir):
    report = Report()
    for group, patterns in GROUPS.items():
        paths = objects(objdir, patterns)
        edges = uses(objdir, paths)
        check_circles(report, group, edges, paths)
        if group in ORDER:
            check_order(report, group, edges)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
