#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Can the patch series be sent?

Usage: lab/check_series.py [--apply | --long]

Writes build/series/ (lab/series.py) and looks at what is in the mails alone:

- git am of all of it on the pristine base gives the tree that `make kernel`
  builds, but for what only the lab's kernels have;
- no patch adds too much, and checkpatch has nothing to say but what lab/lint.allow
  explains;
- after each patch the tree configures and compiles.

There are two configurations. "open" has every option that can be chosen at that
point; the directories of kexec are compiled in it whenever a patch changes what
they depend on, with --long the whole kernel. "ahead" selects BROKEN too and so
has the options of the group that the patch belongs to; in it the patch's own
files are compiled, which nothing else does before the group is complete.

With --apply it ends after the comparison, before anything is compiled.

With --long the kernel at the end of each group runs the group's scenarios; that
needs the guests of `make guest`.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import time

import series
import tree
from series import BASE, OUT, Wrong, git
from tree import TOP

WORK = os.path.join(TOP, "build", "check-series")
MAILS = os.path.join(WORK, "git")       # what git am makes
LINUX = os.path.join(WORK, "linux")     # the same in a whole tree
LOGS = os.path.join(TOP, "build", "log")
FRAGMENTS = ("lab/config/base.config", "tools/testing/selftests/kexec/config",
             "lab/config/own.config")
ALLOW = os.path.join(TOP, "lab", "lint.allow")
MOST_LINES = 1200
DIRECTORIES = ("kernel/", "arch/x86/kernel/", "arch/x86/realmode/", "drivers/base/", "fs/proc/",
               "security/integrity/ima/")
# Makefiles with objects of ours, and the option that they are read with.
MAKEFILES = {"kernel/Makefile": None, "kernel/kexec/Makefile": "CONFIG_KEXEC_CORE",
             "kernel/liveupdate/Makefile": "CONFIG_LIVEUPDATE",
             "arch/x86/kernel/Makefile": None, "arch/x86/kernel/kexec/Makefile": "CONFIG_KEXEC_CORE"}
ROOMS = ("arch/", "include/", "kernel/", "security/")  # where there is something to compile


class Report:
    """Results line by line, and their number."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, faults, began):
        self.passed += not faults
        self.failed += bool(faults)
        print("%-7s %s (%.1f s)" % ("FAILED" if faults else "ok", name, time.monotonic() - began))
        for fault in faults:
            print("    " + fault)
        sys.stdout.flush()


class Mail:
    """A patch as it is in build/series/, and what was meant by it."""

    def __init__(self, path, patch, ahead):
        self.path = path
        self.name = os.path.basename(path)
        self.opens = patch.opens
        self.group = patch.group
        self.ahead = ahead      # the options of its group and those before
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.touches = re.findall(r"^diff --git a/(\S+) b/\1$", self.text, re.MULTILINE)

    def added(self):
        return len(re.findall(r"^\+(?!\+\+ )", self.text, re.MULTILINE))

    def alone(self):
        """Whether it cannot be smaller: it brings one file, lists aside."""
        return len([path for path in self.touches if not series.is_list(path)]) == 1


def read_mails(patches):
    names = sorted(name for name in os.listdir(OUT) if not name.startswith("0000-"))
    mails, ahead = [], []
    for first, patch in enumerate(patches):
        if first == 0 or patches[first - 1].group:
            rest = patches[first:]
            last = next((i for i, p in enumerate(rest) if p.group), len(rest))
            ahead = ahead + [option for p in rest[:last + 1] for option in p.opens]
        mails.append(Mail(os.path.join(OUT, names[first]), patch, ahead))
    return mails


def from_base(paths):
    return {path: tree.read(os.path.join(BASE, path)) for path in paths}


def apply_all(mails):
    """git am on the pristine base; the commits, one for each mail."""
    series.new_repository(MAILS, from_base({path for mail in mails for path in mail.touches}))
    git(MAILS, "am", "-q", *[mail.path for mail in mails])
    return git(MAILS, "rev-list", "--reverse", "base..HEAD").split()


# What the mails make is what is built

def reversed_hooks(linux):
    """{path: content} of the files that the lab's own hooks edit, without those edits."""
    scratch = os.path.join(WORK, "without-lab")
    shutil.rmtree(scratch, ignore_errors=True)
    paths = set()
    for hook in sorted(set(tree.hooks(True)) - set(tree.hooks(False)), reverse=True):
        with open(hook, encoding="utf-8") as file:
            touched = tree.touched_by(file.read())
        for path in set(touched) - paths:
            tree.write(os.path.join(scratch, path), tree.read(os.path.join(linux, path)))
        paths |= set(touched)
        subprocess.run(["patch", "-s", "-R", "-p1", "-d", scratch, "-i", hook], check=True,
                       stdout=subprocess.DEVNULL)
    return {path: tree.read(os.path.join(scratch, path)) for path in paths}


def compare(mails):
    """Faults: files that differ between the mails' tree and the one that is built."""
    linux = os.path.join(TOP, "build", "linux")
    tree.main([BASE, linux])
    inside = {os.path.relpath(os.path.join(folder, name), tree.INSIDE)
              for folder, _, names in os.walk(tree.INSIDE) for name in names}
    differs = set(json.loads(tree.read(linux + ".differs"))) - inside
    sent = {path for mail in mails for path in mail.touches}
    without_lab = reversed_hooks(linux)
    faults = []
    for path in sorted(differs | sent):
        built = os.path.join(linux, path)
        mailed = os.path.join(MAILS if path in sent else BASE, path)
        if without_lab.get(path, tree.read(built)) != tree.read(mailed):
            faults.append("%s is not what make kernel builds" % path)
        elif os.access(built, os.X_OK) != os.access(mailed, os.X_OK):
            faults.append("%s has another mode" % path)
    return faults


# What the mails look like

def allowed():
    """Pairs of a path pattern and a type that lab/lint.allow explains."""
    with open(ALLOW, encoding="utf-8") as file:
        return [line.split()[:2] for line in file if line.strip() and line[0] != "#"]


def remarks(mail):
    """What checkpatch has to say on a mail, and nobody has explained."""
    said = subprocess.run(
        ["scripts/checkpatch.pl", "--strict", "--terse", "--show-types", "--showfile",
         "--no-summary", "--no-signoff", "--color=never", mail.path],
        cwd=os.path.join(TOP, "build", "linux"), capture_output=True, text=True,
        check=False).stdout.splitlines()
    explained = allowed()
    return [line for line in said if not any(
        fnmatch.fnmatchcase(line.split(":")[0], pattern) and ":%s:" % kind in line
        for pattern, kind in explained)]


def look(mail):
    faults = remarks(mail)
    if mail.added() > MOST_LINES and not mail.alone():
        faults.append("adds %d lines, more than %d" % (mail.added(), MOST_LINES))
    return faults


# What the mails compile to

class Build:
    """An object directory of the tree, and its configuration."""

    def __init__(self, name):
        self.name = name
        self.obj = os.path.join(WORK, name)
        self.root = None        # a Kconfig to start from instead of the tree's
        self.fragment = None
        os.makedirs(self.obj, exist_ok=True)

    def make(self, *targets):
        """Faults: the first line that looks like one, or a warning."""
        path = os.path.join(LOGS, "series-%s.log" % self.name)
        root = ["KBUILD_KCONFIG=" + self.root] if self.root else []
        with open(path, "w", encoding="utf-8") as log:
            status = subprocess.run([os.path.join(TOP, "lab", "kmake.sh"), LINUX, self.obj, *root,
                                     *targets], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT, check=False).returncode
        with open(path, encoding="utf-8", errors="replace") as log:
            said = [line.strip() for line in log
                    if re.search("warning:|error:|\\*\\*\\*|undefined reference", line)]
        if status and not said:
            said = ["make: status %d (log: build/log/series-%s.log)" % (status, self.name)]
        return ["%s: %s" % (self.name, line) for line in said[:5]]

    def forget(self, targets):
        """Have them compiled in any case: make does not see that a header is not there any more."""
        for path in targets:
            if path.endswith(".o") and os.path.exists(os.path.join(self.obj, path)):
                os.unlink(os.path.join(self.obj, path))

    def config(self):
        return tree.read(os.path.join(self.obj, ".config")).decode().splitlines()

    def configure(self, on, off):
        """Everything the fragments ask for, of the options those in on and not those in off."""
        fragment = ""
        for name in FRAGMENTS:
            with open(os.path.join(TOP, name), encoding="utf-8") as file:
                fragment += file.read()
        fragment += "".join("CONFIG_%s=y\n" % option for option in on)
        fragment += "".join("# CONFIG_%s is not set\n" % option for option in off)
        state = fragment + "".join((tree.read(os.path.join(LINUX, path)) or b"").decode()
                                   for path in series.KCONFIGS)
        if state == self.fragment:
            return []
        path = os.path.join(self.obj, "series.fragment")
        with open(path, "w", encoding="utf-8") as file:
            file.write(fragment)
        faults = self.make("-s", "KCONFIG_ALLCONFIG=" + path, "allnoconfig")
        faults = [line for line in faults if "override: reassigning" not in line]
        config = self.config()
        faults += ["%s: no %s" % (self.name, option) for option in on
                   if "CONFIG_%s=y" % option not in config]
        faults += ["%s: %s can be chosen too early" % (self.name, option) for option in off
                   if "CONFIG_%s=y" % option in config]
        self.fragment = state
        return faults


def ahead_root(obj):
    """A Kconfig that has what nobody can choose."""
    path = os.path.join(obj, "Kconfig.ahead")
    with open(path, "w", encoding="utf-8") as file:
        file.write(tree.read(os.path.join(BASE, "Kconfig")).decode())
        file.write("\nconfig KEXEC_SERIES_AHEAD\n\tdef_bool y\n\tselect BROKEN\n"
                   "\tselect KEXEC_ELF if KEXEC_FILE\n")
    return path


def objects(mail):
    """The targets for what a mail brings."""
    found = []
    for path in mail.touches:
        if "/purgatory/" in path:
            found.append("arch/x86/purgatory/")
        elif "/asm-offsets_" in path:
            continue    # part of what make prepares for any target
        elif path.endswith((".c", ".S")) and path.startswith(("arch/", "kernel/")) \
                and os.path.exists(os.path.join(LINUX, path)):
            found.append(os.path.splitext(path)[0] + ".o")
    return sorted(set(found))


def is_felt(mail):
    """Whether a kernel whose options can be chosen has anything of this mail."""
    return bool(mail.opens) or any(
        path.startswith(ROOMS) and os.path.basename(path) != "Makefile"
        and os.path.exists(os.path.join(BASE, path)) for path in mail.touches)


def forgotten(config):
    """Faults: what a configuration compiles in the tree that is built, and here is not there."""
    faults = []
    for makefile, read_with in MAKEFILES.items():
        if read_with and read_with + "=y" not in config:
            continue
        folder = os.path.dirname(makefile)
        text = tree.read(os.path.join(TOP, "build", "linux", makefile)).decode()
        for option, words in re.findall(r"^obj-\$\((CONFIG_\w+)\)\s*\+= (.*)$", text, re.MULTILINE):
            for name in words.split() if option + "=y" in config else ():
                for kind in (".c", ".S"):
                    source = os.path.join(folder, name.replace("$(BITS)", "64").replace(".o", kind))
                    if os.path.exists(os.path.join(TOP, source)) and \
                            not os.path.exists(os.path.join(LINUX, source)):
                        faults.append("%s needs %s, which comes later" % (option, source))
    return faults


class Compiler:
    """Compiles one commit after the other."""

    def __init__(self, mails, whole):
        self.mails = mails
        self.whole = whole
        self.closed = [option for mail in mails for option in mail.opens]
        self.all = list(self.closed)
        self.open = Build("open")
        self.ahead = Build("ahead")
        self.ahead.root = ahead_root(self.ahead.obj)
        tree.make_tree(BASE, LINUX)

    def step(self, commit, mail):
        """Faults of the tree after that mail."""
        git(MAILS, "checkout", "-q", commit)
        touched = {path for mail in self.mails for path in mail.touches}
        tree.update(BASE, LINUX, {path: tree.read(os.path.join(MAILS, path)) for path in touched})
        self.closed = [option for option in self.closed if option not in mail.opens]
        faults = self.open.configure([o for o in self.all if o not in self.closed], self.closed)
        faults += self.ahead.configure(mail.ahead, [o for o in self.all if o not in mail.ahead])
        if not faults:
            faults = forgotten(self.open.config())
        if not faults and is_felt(mail):
            certificate(self.open.obj)
            faults = self.open.make(*(["bzImage"] if self.whole else DIRECTORIES))
        targets = objects(mail)
        if not faults and targets:
            self.ahead.forget(targets)
            faults = self.ahead.make(*targets)
        return faults


def certificate(obj):
    """CONFIG_SYSTEM_TRUSTED_KEYS, as lab/kernel.sh does it."""
    subprocess.run([os.path.join(TOP, "lab", "keys.sh")], check=True)
    own = os.path.join(TOP, "build", "keys", "trusted.pem")
    target = os.path.join(obj, "certs", "lab.pem")
    if tree.read(own) != tree.read(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(own, target)


def show(mail, compiler):
    """Faults: scenarios of the group that ends with this mail, on the kernel as it is then."""
    image = os.path.join(WORK, "bzImage." + mail.group[0].replace(" ", "-"))
    faults = compiler.open.make("bzImage")
    if faults:
        return faults
    shutil.copyfile(os.path.join(compiler.open.obj, "arch/x86/boot/bzImage"), image)
    done = subprocess.run([os.path.join(TOP, "lab", "test.py"), "--image", image, *mail.group[1]],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() + done.stderr.splitlines() if done.returncode else []


def check(report, apply, whole):
    began = time.monotonic()
    mails = read_mails(series.generate())
    shutil.rmtree(MAILS, ignore_errors=True)
    commits = apply_all(mails)
    report.add("git am of %d patches" % len(mails), [], began)

    began = time.monotonic()
    report.add("the tree that make kernel builds", compare(mails), began)
    if apply:
        return

    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        looks = [pool.submit(look, mail) for mail in mails]
        compiler = Compiler(mails, whole)
        for commit, mail, seen in zip(commits, mails, looks):
            began = time.monotonic()
            report.add(mail.name, compiler.step(commit, mail) + seen.result(), began)
            if whole and mail.group:
                began = time.monotonic()
                report.add("group: %s" % mail.group[0], show(mail, compiler), began)


def main():
    options = argparse.ArgumentParser(description="Check the patch series.")
    depth = options.add_mutually_exclusive_group()
    depth.add_argument("--apply", action="store_true", help="apply and compare, compile nothing")
    depth.add_argument("--long", action="store_true",
                       help="build whole kernels, and run them where a group ends")
    chosen = options.parse_args()
    report = Report()
    os.makedirs(LOGS, exist_ok=True)
    try:
        check(report, chosen.apply, chosen.long)
    except (Wrong, tree.Mismatch) as wrong:
        report.add("series", [str(wrong)], time.monotonic())
    print("%d passed, %d failed" % (report.passed, report.failed))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
