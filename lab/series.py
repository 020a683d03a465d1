#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the patch series: build/series/, a cover letter and numbered patches.

Usage: lab/series.py

lab/series/patches.txt says which patch brings which file, and how it is written;
the content comes from this repository and lab/hooks/, against the base. The
patches are commits in a repository that holds only the files which the series
touches; git format-patch writes them out. Author and date are those of the last
commit here, so the same sources give the same bytes. Nobody's sign-off is in
them: that is for who sends them, by `git am --signoff`.
"""

import fnmatch
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import tree
from tree import TOP

CACHE = os.environ.get("KEXEC_LAB_CACHE") or os.path.expanduser("~/.cache/kexec-lab")
BASE = os.path.join(CACHE, "base")
LIST = os.path.join(TOP, "lab", "series", "patches.txt")
COVER = os.path.join(TOP, "lab", "series", "cover.txt")
README = os.path.join(TOP, "README.md")
OUT = os.path.join(TOP, "build", "series")
KCONFIGS = ("kernel/Kconfig.kexec", "kernel/liveupdate/Kconfig")


class Wrong(Exception):
    """The list of patches does not fit the files."""


class Patch:
    """A patch: what it brings, removes and opens, and its message."""

    def __init__(self, subject):
        self.subject = subject
        self.brings = []
        self.hooks = []
        self.removes = []
        self.opens = []
        self.message = []
        self.group = None       # (name, scenarios) of the group that ends with it

    def take(self, line):
        """A line of the list above the message."""
        kind, _, word = line.partition(" ")
        lists = {"+": self.brings, "~": self.hooks, "-": self.removes, "!": self.opens}
        if kind not in lists or not word:
            raise Wrong("%s: what does %r mean?" % (self.subject, line))
        lists[kind].append(word)


def read_list():
    patches = []
    in_message = True
    with open(LIST, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("= "):
                patches.append(Patch(line[2:]))
                in_message = False
            elif line.startswith("## "):
                name, _, scenarios = line[3:].partition(": ")
                patches[-1].group = (name, scenarios.split())
            elif patches and not line and not in_message:
                in_message = True
            elif patches:
                (patches[-1].message.append if in_message else patches[-1].take)(line)
    return patches


def is_list(path):
    """Whether the file names others of its directory, by lines that those bring along."""
    return os.path.basename(path) in ("Makefile", "index.rst")


def follows(path):
    """Whether each patch has its lines of this file, so that none brings it."""
    return is_list(path) and os.path.exists(os.path.join(BASE, path)) \
        and not os.path.exists(os.path.join(TOP, path))


def hook_of(name):
    return os.path.join(tree.HOOKS, name)


def in_steps(patches):
    """The files of the base that patches change hook by hook."""
    return {path for patch in patches for hook in patch.hooks
            for path in tree.touched_by(tree.read(hook_of(hook)).decode())}


def patched(hook, files):
    """{path: content} of the files that a hook changes, from what they are in files."""
    with tempfile.TemporaryDirectory() as scratch:
        paths = tree.touched_by(tree.read(hook_of(hook)).decode())
        for path in paths:
            tree.write(os.path.join(scratch, path), files[path])
        tree.apply(hook_of(hook), scratch)
        return {path: tree.read(os.path.join(scratch, path)) for path in paths}


def expand(patches, start, goal):
    """Replace patterns by paths, and see that each file is brought and removed once."""
    named = {path for patch in patches for path in patch.brings}
    there = {"brings": {path for path in goal if goal[path] is not None and not follows(path)}
                       - in_steps(patches),
             "removes": {path for path in start if start[path] is not None}}
    done = {"brings": {}, "removes": {}}
    for patch in patches:
        for what, known in there.items():
            paths = []
            for pattern in getattr(patch, what):
                found = sorted(p for p in known if fnmatch.fnmatchcase(p, pattern)
                               and (p == pattern or p not in named or what == "removes"))
                if not found:
                    raise Wrong("%s: there is no %s" % (patch.subject, pattern))
                paths += found
            for path in paths:
                if path in done[what]:
                    raise Wrong("%s %s %s, which %s does already"
                                % (patch.subject, what, path, done[what][path]))
                done[what][path] = patch.subject
            setattr(patch, what, paths)
    for path in sorted(there["brings"] - set(done["brings"])):
        raise Wrong("no patch brings %s; say in lab/series/patches.txt which" % path)
    for path in sorted(p for p in goal if goal[p] is None and p not in done["removes"]):
        raise Wrong("no patch removes %s; say in lab/series/patches.txt which" % path)


def out_of_reach(kconfig, options):
    """The text with those of these options that it has depending on BROKEN."""
    for option in options:
        kconfig = re.sub(r"(^config %s\n\tbool .*\n)" % option,
                         r"\1\tdepends on BROKEN\n", kconfig, flags=re.MULTILINE)
    return kconfig


def check_options(patches, goal):
    """See that each option that a patch opens is one of ours."""
    ours = "".join(goal[path].decode() for path in KCONFIGS)
    for option in (option for patch in patches for option in patch.opens):
        if not re.search(r"^config %s\n\tbool " % option, ours, re.MULTILINE):
            raise Wrong("%s have no option %s" % (" and ".join(KCONFIGS), option))


def assignment(line, words):
    """The line with these words for its values; in lines of 80 columns if it had several."""
    start = re.match(r"\S+\s+\S+ ", line)[0]
    if "\\\n" not in line:
        return start + " ".join(words) + "\n"
    return textwrap.fill(start + " ".join(words), 78, subsequent_indent="\t", tabsize=8,
                         break_on_hyphens=False).replace("\n", " \\\n") + "\n"


def listing(text, files):
    """A list's text without the names of these files, which are in its directory."""
    gone = set()
    for file in files:
        stem = os.path.splitext(file)[0]
        gone |= {file, stem, stem + ".o"}
    lines = []
    for line in re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n", text):
        words = line.replace("\\\n", " ").split()
        if line.startswith("#") or not gone & set(words):
            lines.append(line)
            continue
        words = [word for word in words[2:] if word not in gone]
        if words:
            lines.append(assignment(line, words))
    whole = "".join(lines)
    return re.sub(r"^ifdef .*\nendif\n", "", whole, flags=re.MULTILINE) if whole != text else text


class State:
    """The files that the series touches, after some of its patches."""

    def __init__(self, patches, start, goal):
        self.files = dict(start)
        self.goal = goal
        self.closed = [option for patch in patches for option in patch.opens]
        self.ours = set()

    def missing(self, folder):
        """Names of what is yet to be brought to this directory: files, directories to build."""
        gone = [path for path, content in self.goal.items()
                if content is not None and self.files[path] is None]
        files = [os.path.basename(path) for path in gone if os.path.dirname(path) == folder]
        rooms = [os.path.dirname(path) for path in gone if os.path.basename(path) == "Makefile"]
        return files + [os.path.basename(room) + end for room in rooms for end in ("", "/")
                        if os.path.dirname(room) == folder
                        and not os.path.exists(os.path.join(BASE, room))]

    def apply(self, patch):
        """Bring about what the patch does."""
        for path in patch.removes:
            self.files[path] = None
        for path in patch.brings:
            self.files[path] = self.goal[path]
            self.ours.add(path)
        for hook in patch.hooks:
            self.files.update(patched(hook, self.files))
        for option in patch.opens:
            self.closed.remove(option)
        for path in self.ours.intersection(KCONFIGS):
            self.files[path] = out_of_reach(self.goal[path].decode(), self.closed).encode()
        for path in self.goal:
            if follows(path) or path in self.ours and is_list(path):
                self.files[path] = listing(self.goal[path].decode(),
                                           self.missing(os.path.dirname(path))).encode()


@functools.lru_cache
def identity():
    """Who made the last commit here, and when: as git wants to know it."""
    last = subprocess.run(["git", "-C", TOP, "log", "-1", "--format=%an%n%ae%n%aI"],
                          capture_output=True, text=True, check=False).stdout.splitlines()
    if not last:
        raise Wrong("no commit here that names an author and a date")
    return {"GIT_%s_%s" % (who, what): value for who in ("AUTHOR", "COMMITTER")
            for what, value in zip(("NAME", "EMAIL", "DATE"), last)}


def git(where, *words, text=None):
    """Run git with no configuration but its own."""
    environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1",
                       **identity())
    done = subprocess.run(("git", "-C", where, "-c", "core.fsync=none") + words, input=text,
                          capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise Wrong("git %s: %s" % (words[0], done.stderr.strip() or done.stdout.strip()))
    return done.stdout


def write_files(where, files):
    """Make the work tree hold these files; one of ours keeps its mode."""
    for path, content in files.items():
        target = os.path.join(where, path)
        if content is None:
            if os.path.exists(target):
                os.unlink(target)
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
        own = os.path.join(TOP, path)
        shutil.copymode(own if os.path.exists(own) else os.path.join(BASE, path), target)


def new_repository(where, files):
    """A repository whose first commit, tagged base, holds these files."""
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    git(where, "init", "-q")
    write_files(where, files)
    commit(where, "The base")
    git(where, "tag", "base")


def commit(where, message):
    git(where, "add", "-A", "-f")
    git(where, "commit", "-q", "-F", "-", text=message)


def readme_tables():
    """[(header, rows)] of the README's tables that compare with stock."""
    with open(README, encoding="utf-8") as file:
        blocks = re.findall(r"(?:^\|.*\|\n)+", file.read(), re.MULTILINE)
    tables = [[[cell.strip().replace("`", "") for cell in line[1:-1].split("|")]
               for line in block.splitlines()] for block in blocks]
    return [(table[0], table[2:]) for table in tables if "stock" in table[0]]


def readme_table():
    """What differs from stock, in lines that a mail can hold."""
    text = []
    for header, rows in readme_tables():
        text += ["", header[0] + ":", ""] if header[0] else [""]
        for row in rows:
            text.append(textwrap.fill(row[0] + ":", 72, initial_indent="  ",
                                      subsequent_indent="  "))
            text += [textwrap.fill(cell, 72, initial_indent="    %s: " % name,
                                   subsequent_indent=" " * (len(name) + 6))
                     for name, cell in zip(header[1:], row[1:])
                     if cell != "-" and not name.startswith("make ")]
    if not text:
        raise Wrong("README.md has no table that compares with stock")
    return "\n".join(text).strip()


def check_version():
    """See that the texts name the base of lab/replaced, and no other of its line."""
    known = tree.compared_with()
    line = re.escape(known.rpartition(".")[0])
    for path in (COVER, README):
        with open(path, encoding="utf-8") as file:
            named = set(re.findall(r"(?<![\d.])%s\.\d+" % line, file.read()))
        if named != {known}:
            raise Wrong("%s names %s as the base, lab/replaced %s"
                        % (os.path.relpath(path, TOP), " and ".join(sorted(named)) or "nothing",
                           known))


def write_cover():
    path = os.path.join(OUT, "0000-cover-letter.patch")
    with open(COVER, encoding="utf-8") as file:
        subject, _, text = file.read().partition("\n\n")
    with open(path, encoding="utf-8") as file:
        letter = file.read()
    letter = letter.replace("*** SUBJECT HERE ***", subject)
    letter = letter.replace("*** BLURB HERE ***", text.replace("@TABLE@", readme_table()))
    with open(path, "w", encoding="utf-8") as file:
        file.write(letter)


def generate():
    """Write build/series/; the list of patches."""
    check_version()
    goal = tree.wanted(BASE, lab=False)
    start = {path: tree.read(os.path.join(BASE, path)) for path in goal}
    patches = read_list()
    check_options(patches, goal)
    expand(patches, start, goal)

    work = os.path.join(TOP, "build", "series.git")
    new_repository(work, start)
    state = State(patches, start, goal)
    for patch in patches:
        state.apply(patch)
        write_files(work, state.files)
        commit(work, "%s\n\n%s" % (patch.subject, "\n".join(patch.message)))
    for path in goal:
        if state.files[path] != goal[path]:
            raise Wrong("after the last patch %s is not what it is here" % path)

    shutil.rmtree(OUT, ignore_errors=True)
    git(work, "format-patch", "-q", "--cover-letter", "-B", "--no-renames", "--no-signature",
        "-o", OUT, "base..HEAD")
    write_cover()
    return patches


if __name__ == "__main__":
    try:
        print("lab: series: %d patches in %s" % (len(generate()), os.path.relpath(OUT, TOP)))
        tree.print_version(BASE)
    except (Wrong, tree.Mismatch) as wrong:
        sys.exit("lab: series: %s" % wrong)
