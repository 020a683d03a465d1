#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make build/linux: the base, minus the stock kexec files, plus ours, plus the hooks.

Usage: lab/tree.py BASE TREE        bring TREE up to date
       lab/tree.py BASE --stock TREE   the base alone
       lab/tree.py --table          lab/replaced as a reStructuredText table

TREE starts as hard links to BASE, so no file of it is ever written in place: a
change is a new file and a rename. What is the same already is left alone with
its time, so make rebuilds only what depends on a change. What was ours and is
gone comes back from BASE, or disappears.
"""

import glob
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


class Mismatch(Exception):
    """The base is not what the lab expects."""


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def table():
    """The rows of lab/replaced: (path or pattern, status, note)."""
    rows = []
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                path, status, note = (line.split(None, 2) + [""])[:3]
                if status not in STATUSES:
                    raise Mismatch("lab/replaced: unknown status %s for %s" % (status, path))
                rows.append((path, status, note))
    return rows


def stock_files(base):
    """{path: status} with the patterns expanded over the base."""
    files = {}
    for pattern, status, _ in table():
        found = [f for f in glob.glob(os.path.join(base, pattern)) if os.path.isfile(f)]
        if not found:
            raise Mismatch("the base has no %s, which lab/replaced says is %s" % (pattern, status))
        files.update({os.path.relpath(f, base): status for f in found})
    return files


def our_files(lab):
    """{path: content} of everything in the repository that belongs into the tree."""
    ours = {}
    for top, skip in ((TOP, NOT_KERNEL), (INSIDE, ()))[:2 if lab else 1]:
        for room in os.listdir(top):
            if room in skip or room.startswith("."):
                continue
            for folder, _, names in os.walk(os.path.join(top, room)):
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
    stock, ours, hooked = stock_files(base), our_files(lab), hooked_files(base, lab)
    edited = {path for path, status in stock.items() if status == "edited"}
    if not lab:
        edited &= set(hooked)
    for path in sorted(set(hooked) - edited):
        raise Mismatch("a hook edits %s; add it to lab/replaced as edited" % path)
    for path in sorted(edited - set(hooked)):
        raise Mismatch("lab/replaced says that %s is edited, but no hook does" % path)
    for path in ours:
        if stock.get(path) not in ("replaced", "removed") and os.path.exists(
                os.path.join(base, path)):
            raise Mismatch("%s is a stock file; lab/replaced must say that ours replaces it" % path)
    for path, status in stock.items():
        if status == "replaced" and path not in ours:
            raise Mismatch("lab/replaced says that %s is replaced, but we have none" % path)
    gone = {path: None for path, status in stock.items() if status in ("replaced", "removed")}
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
    for row in [("File", "Status", "Note")] + table():
        print("\n".join(line.rstrip() for line in ("   * - " + row[0], "     - " + row[1],
                                                   "     - " + row[2])))


def main(arguments):
    if arguments == ["--table"]:
        render_table()
        return
    stock = "--stock" in arguments
    base, tree = [os.path.abspath(a) for a in arguments if a != "--stock"]
    make_tree(base, tree)
    changed = update(base, tree, {} if stock else wanted(base))
    if changed:
        print("lab: tree: %d file(s) changed in %s" % (changed, os.path.relpath(tree, TOP)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Mismatch as mismatch:
        sys.exit("lab: tree: %s" % mismatch)
    except OSError as error:
        sys.exit("lab: tree: %s" % error)
