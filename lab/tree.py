#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make build/linux: the base, minus the stock kexec files, plus ours, plus the hooks.

Usage: lab/tree.py BASE TREE        bring TREE up to date
       lab/tree.py BASE --stock TREE   the base alone
       lab/tree.py --table          lab/replaced as a reStructuredText table
       lab/tree.py --hashes BASE    write this base's version and hashes to lab/replaced

TREE starts as hard links to BASE, so no file of it is ever written in place: a
change is a new file and a rename. What is the same already is left alone with
its time, so make rebuilds only what depends on a change. What was ours and is
gone comes back from BASE, or disappears.

A stock file that ours replaces or removes has a hash in lab/replaced. A base with
another hash stops the lab: what the base mends there is missing in ours until
somebody has read the difference.
"""

import collections
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = os.path.join(TOP, "lab", "replaced")
INSIDE = os.path.join(TOP, "lab", "inside")    # what only the lab's kernels have
HOOKS = os.path.join(TOP, "lab", "hooks")      # those called lab-* likewise
NOT_KERNEL = {"lab", "build", "man2", "Makefile", "README.md", "COPYING"}
STATUSES = ("replaced", "removed", "edited", "kept")
PINNED = ("replaced", "removed")    # those with a hash
NO_HASH = "-"

# A line of lab/replaced. path may be a pattern.
Row = collections.namedtuple("Row", "path status hash note")


class Mismatch(Exception):
    """The base is not what the lab expects."""


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def entries():
    """The words of each line of lab/replaced: [first, the rest]."""
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                yield line.split(None, 1)


def compared_with():
    """The version of the base that ours was last compared with."""
    for first, rest in entries():
        if first == "base":
            return rest
    raise Mismatch("lab/replaced names no base")


def table():
    """The rows of lab/replaced."""
    rows = []
    for path, rest in entries():
        if path == "base":
            continue
        status, pin, note = (rest.split(None, 2) + ["", ""])[:3]
        row = Row(path, status, pin, note)
        if row.status not in STATUSES:
            raise Mismatch("lab/replaced: unknown status %s for %s" % (row.status, row.path))
        if (row.hash == NO_HASH) == (row.status in PINNED):
            raise Mismatch("lab/replaced: %s is %s; only what is %s has a hash"
                           % (row.path, row.status, " or ".join(PINNED)))
        rows.append(row)
    return rows


def version_of(base):
    """What the base's Makefile says, for example 6.12.117."""
    makefile = (read(os.path.join(base, "Makefile")) or b"").decode()
    parts = [re.search(r"^%s = (\d+)$" % name, makefile, re.MULTILINE)
             for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    if None in parts:
        raise Mismatch("%s is no unpacked kernel" % base)
    return ".".join(part[1] for part in parts)


def expand(base, pattern):
    """The base's files that a pattern names, sorted."""
    found = glob.glob(pattern, root_dir=base)
    return sorted(path for path in found if os.path.isfile(os.path.join(base, path)))


def digest(content):
    return hashlib.sha256(content).hexdigest()


def hash_of(base, pattern):
    """The first 12 digits of a file's sha256; of several files that of sha256sum's output."""
    paths = expand(base, pattern)
    whole = [digest(read(os.path.join(base, path))) for path in paths]
    if paths != [pattern]:
        lines = ["%s  %s\n" % line for line in zip(whole, paths)]
        whole = [digest("".join(lines).encode())]
    return whole[0][:12]


CHANGED = """base {now} has other stock files than {before}, with which ours were compared:
  {files}
Read what changed in each one since {before} (linux-stable has a tag v{before}, for example),
take the fixes over, then update the hashes:
  lab/tree.py --hashes {base}"""


def check_hashes(base):
    """Stop if the base changes a file that ours replaces or removes."""
    changed = []
    for row in table():
        if row.status in PINNED and expand(base, row.path):
            found = hash_of(base, row.path)
            if found != row.hash:
                changed.append("%s: sha256 %s, in lab/replaced %s" % (row.path, found, row.hash))
    if changed:
        raise Mismatch(CHANGED.format(now=version_of(base), before=compared_with(),
                                      files="\n  ".join(changed), base=base))


def print_version(base):
    """Say so if the base is another version, though no file with a hash differs."""
    now, before = version_of(base), compared_with()
    if now != before:
        print("lab: tree: base %s, ours compared with %s; the files with a hash are the same"
              % (now, before))


def write_hashes(base):
    """Write the version and the hashes of this base to lab/replaced; say which changed."""
    rows = {row.path: row for row in table()}
    with open(TABLE, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines):
        first = (line.split() + [""])[0]
        if first == "base":
            lines[number] = "base " + version_of(base)
        elif first in rows and rows[first].status in PINNED:
            if not expand(base, first):
                raise Mismatch("the base has no %s" % first)
            lines[number] = line.replace(" %s" % rows[first].hash,
                                         " %s" % hash_of(base, first), 1)
        if lines[number] != line:
            print("%s\n    was: %s" % (lines[number], line))
    write(TABLE, ("\n".join(lines) + "\n").encode())


def stock_files(base):
    """{path: status} with the patterns expanded over the base."""
    files = {}
    for row in table():
        found = expand(base, row.path)
        if not found:
            raise Mismatch("the base has no %s, which lab/replaced says is %s"
                           % (row.path, row.status))
        files.update({path: row.status for path in found})
    return files


def our_files(lab):
    """{path: content} of everything in the repository that belongs into the tree."""
    ours = {}
    for top, skip in ((TOP, NOT_KERNEL), (INSIDE, ()))[:2 if lab else 1]:
        for room in os.listdir(top):
            if room in skip or room.startswith("."):
                continue
            for folder, folders, names in os.walk(os.path.join(top, room)):
                folders[:] = [name for name in folders if name != "build"]
                for name in names:
                    path = os.path.join(folder, name)
                    if not name.endswith((".o", ".pyc")):
                        ours[os.path.relpath(path, top)] = read(path)
    return ours


def touched_by(patch):
    return re.findall(r"^\+\+\+ [^/\n]+/(\S+)", patch, re.MULTILINE)


def hooks(lab):
    found = sorted(glob.glob(os.path.join(HOOKS, "*.patch")))
    return [hook for hook in found if lab or not os.path.basename(hook).startswith("lab-")]


def hooked_files(base, lab):
    """{path: content} of the base's files with every hook applied."""
    with tempfile.TemporaryDirectory() as scratch:
        touched = set()
        for hook in hooks(lab):
            with open(hook, encoding="utf-8") as file:
                paths = touched_by(file.read())
            for path in set(paths) - touched:
                original = read(os.path.join(base, path))
                if original is None:
                    raise Mismatch("%s edits %s, which the base does not have"
                                   % (os.path.relpath(hook, TOP), path))
                write(os.path.join(scratch, path), original)
                touched.add(path)
            apply(hook, scratch)
        return {path: read(os.path.join(scratch, path)) for path in touched}


def apply(hook, scratch):
    result = subprocess.run(
        ["patch", "-p1", "--fuzz=2", "--forward", "--batch", "--no-backup-if-mismatch",
         "-r", "-", "-d", scratch, "-i", hook], capture_output=True, text=True, check=False)
    if result.returncode:
        why = [line for line in result.stdout.splitlines() if "FAILED" in line or "ignored" in line]
        raise Mismatch("%s does not apply to the base: %s"
                       % (os.path.relpath(hook, TOP), (why or [result.stdout.strip()])[0]))


def wanted(base, lab=True):
    """{path: content, None for none} of every file that differs from the base.

    Without lab nothing that only the lab's kernels have: lab/inside, lab/hooks/lab-*.
    """
    check_hashes(base)
    stock, ours, hooked = stock_files(base), our_files(lab), hooked_files(base, lab)
    edited = {path for path, status in stock.items() if status == "edited"}
    if not lab:
        edited &= set(hooked)
    for path in sorted(set(hooked) - edited):
        raise Mismatch("a hook edits %s; add it to lab/replaced as edited" % path)
    for path in sorted(edited - set(hooked)):
        raise Mismatch("lab/replaced says that %s is edited, but no hook does" % path)
    for path in ours:
        if stock.get(path) not in PINNED and os.path.exists(
                os.path.join(base, path)):
            raise Mismatch("%s is a stock file; lab/replaced must say that ours replaces it" % path)
    for path, status in stock.items():
        if status == "replaced" and path not in ours:
            raise Mismatch("lab/replaced says that %s is replaced, but we have none" % path)
    gone = {path: None for path, status in stock.items() if status in PINNED}
    return {**gone, **hooked, **ours}


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lab-new", "wb") as file:
        file.write(content)
    os.rename(path + ".lab-new", path)


def put(path, content, mode_from=None):
    """Make path hold content, or not exist; say whether that was a change."""
    if read(path) == content:
        return False
    if content is None:
        os.unlink(path)
        return True
    write(path, content)
    if mode_from and os.path.exists(mode_from):
        shutil.copymode(mode_from, path)
    return True


def make_tree(base, tree):
    """The links: cp -al, or copies where the cache is another file system."""
    stamp = "%s %d" % (base, os.stat(base).st_ino)
    if read(tree + ".base") == stamp.encode():
        return
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(os.path.dirname(tree), exist_ok=True)
    for how in ("-al", "-a"):
        if subprocess.run(["cp", how, base, tree], capture_output=how == "-al",
                          check=False).returncode == 0:
            break
        shutil.rmtree(tree, ignore_errors=True)
    else:
        raise Mismatch("cannot copy %s to %s: is the disk full?" % (base, tree))
    write(tree + ".base", stamp.encode())
    write(tree + ".differs", b"[]")


def update(base, tree, files):
    before = json.loads(read(tree + ".differs"))
    changed = 0
    write(tree + ".differs", json.dumps(sorted(set(before) | set(files)), indent=0).encode())
    for path in set(before) - set(files):
        changed += put(os.path.join(tree, path), read(os.path.join(base, path)))
    for path, content in sorted(files.items()):
        changed += put(os.path.join(tree, path), content, os.path.join(TOP, path))
    write(tree + ".differs", json.dumps(sorted(files), indent=0).encode())
    return changed


def render_table():
    print(".. list-table:: Stock files\n   :header-rows: 1\n")
    for row in [Row("File", "Status", NO_HASH, "Note")] + table():
        print("\n".join(line.rstrip() for line in ("   * - " + row.path, "     - " + row.status,
                                                   "     - " + row.note)))


def main(arguments):
    if arguments == ["--table"]:
        render_table()
        return
    if arguments[0] == "--hashes":
        write_hashes(os.path.abspath(arguments[1]))
        return
    stock = "--stock" in arguments
    base, tree = [os.path.abspath(a) for a in arguments if a != "--stock"]
    files = {} if stock else wanted(base)
    make_tree(base, tree)
    changed = update(base, tree, files)
    if changed:
        print("lab: tree: %d file(s) changed in %s" % (changed, os.path.relpath(tree, TOP)))
    if not stock:
        print_version(base)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Mismatch as mismatch:
        sys.exit("lab: tree: %s" % mismatch)
    except OSError as error:
        sys.exit("lab: tree: %s" % error)
