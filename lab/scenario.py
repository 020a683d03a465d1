# SPDX-License-Identifier: GPL-2.0-only
"""What a scenario is written with.

A scenario is a function in lab/scenarios/*.py:

    from scenario import scenario

    @scenario()
    def three_in_a_row(lab):
        '''Three kernels, one after the other.'''
        guest = lab.guest(append="lab.run=boot lab.args=3,none", cpus=2)
        guest.expect("rounds left 0")
        guest.expect("LAB: exit 0")

It fails by an exception: GuestError from what it waited for, Failed from
lab.check(). Beyond that the runner fails it when a console shows a splat that
the guest was not started to expect, or a line "not ok".
"""

from guest import BUILD, TOP, Guest, GuestError

import os
import re
import subprocess

REGISTERED = {}

# How much longer than the fast kernel another may take.
SLOW = {"debug": 6, "distro": 2, "kcov": 2, "cfi": 2}

# What the guests of a distribution's kernel have for its modules: a disk with the kernel, a network
# card.
VIRTIO = "iommu_platform=on,disable-legacy=on"
DEVICES = ["-drive", "file=%s,format=raw,if=none,readonly=on,id=kernel",
           "-device", "virtio-blk-pci,drive=kernel," + VIRTIO,
           "-device", "virtio-net-pci,romfile=," + VIRTIO]

# What the debug kernel does only when the command line asks for it.
DEBUG_WORDS = "page_poison=1 debug_pagealloc=on"


class Failed(Exception):
    """What was seen is not what should be."""


class Skipped(Exception):
    """Something that the scenario needs is missing; the text says what."""


def scenario(alone=False, slow=False, kernels=("fast", "debug")):
    """Make a function a scenario.

    alone    nothing else runs beside it (it measures time, or takes all CPUs)
    slow     it runs only if it is named
    kernels  the values of K it is for
    """
    def register(function):
        function.alone = alone
        function.slow = slow
        function.kernels = kernels
        if function.__name__ in REGISTERED:
            raise ValueError("two scenarios are called %s" % function.__name__)
        REGISTERED[function.__name__] = function
        return function
    return register


class Lab:
    """What a running scenario has at hand: guests with the kernel under test."""

    def __init__(self, k, name):
        image = "Image" if k == "arm64" else "bzImage"
        suffix = "" if k == "fast" else "." + k
        self.k = k
        self.name = name
        self.kernel = os.path.join(BUILD, image + suffix)
        self.initrd = os.path.join(BUILD, "initramfs", k + ".cpio")
        self.slow = SLOW.get(k, 1)
        self.stock = False
        self.inside = k != "distro"     # the kernel has what lab/inside adds
        self.guests = []

    def guest(self, **options):
        """Start a guest; it ends with the scenario. Options as for Guest.

        The limit, and what expect() waits at most, are stretched by lab.slow on
        a slow kernel.
        """
        options.setdefault("kernel", self.kernel)
        options.setdefault("initrd", self.initrd)
        options["limit"] = options.get("limit", 120) * self.slow
        if self.k == "arm64":
            options["arch"] = "arm64"
        if self.k == "distro":
            options["args"] = [word.replace("%s", self.kernel) for word in DEVICES] \
                + list(options.get("args", ()))
        if self.k == "debug":
            options.setdefault("memory", "1G")
            # With five levels KASAN now and then trips over the base's own early boot: its shadow
            # asks a CPU feature while identify_cpu() fills the features in.
            options.setdefault("cpu", "max,la57=off")
            options["append"] = "%s %s" % (DEBUG_WORDS, options.get("append", ""))
        number = "" if not self.guests else "-%d" % (len(self.guests) + 1)
        guest = Guest("%s.%s%s" % (self.k, self.name, number), slow=self.slow, **options)
        self.guests.append(guest)
        return guest.start()

    def newer(self, what):
        """The command for a program of Debian 13, with its words (lab/newer.sh)."""
        found = subprocess.run([os.path.join(TOP, "lab", "newer.sh"), what],
                               stdout=subprocess.PIPE, text=True, check=False)
        if found.returncode:
            self.skip("no %s: lab/newer.sh cannot fetch it" % what)
        return found.stdout.split()

    def check(self, condition, what):
        if not condition:
            raise Failed(what)

    def skip(self, why):
        raise Skipped(why)

    def close(self):
        for guest in self.guests:
            guest.close()


def stock_images():
    """What a guest of the unmodified base is booted from, as options of it."""
    return {"kernel": os.path.join(BUILD, "stock", "bzImage"),
            "initrd": os.path.join(BUILD, "initramfs", "stock.cpio")}


def for_stock(lab):
    """Put the unmodified base under test instead."""
    lab.stock = True
    lab.kernel, lab.initrd = stock_images().values()


KTAP = re.compile(
    r"^(\[ *\d+\.\d+\] )?(?P<indent> *)(?P<not>not )?ok \d+ (- )?(?P<name>[^#]*?)\s*"
    r"(# (?P<skip>SKIP\b.*)?.*)?$", re.IGNORECASE)


def count_ktap(text):
    """Results in a text: passed names, failed names, skipped names with the reason.

    A group's own line comes after those of its members, less indented, and adds
    nothing to them unless it alone says that something failed.
    """
    passed, failed, skipped = [], [], []
    deepest = 0
    for match in filter(None, map(KTAP.match, text.splitlines())):
        group = len(match["indent"]) < deepest
        deepest = len(match["indent"])
        if match["skip"]:
            skipped.append("%s: %s" % (match["name"], match["skip"][len("SKIP"):].strip()))
        elif match["not"]:
            if not (group and failed):
                failed.append(match["name"])
        elif not group:
            passed.append(match["name"])
    return passed, failed, skipped
