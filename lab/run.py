#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""make run: boot the kernel, load and execute a second one in it, show it all.

Usage: lab/run.py [--kernel K] [--stock]

The console goes to the screen as it comes, each line behind the number of the
kernel that printed it. Then a timeline in the host's time, from the load to the
second kernel's init.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guest import Guest, GuestError  # noqa: E402 the path comes first
from scenario import Lab, for_stock  # noqa: E402

# What is looked for, in order, and what it is called.
MILESTONES = (
    ("load", r"^LAB: loading"),
    ("loaded", r"^LAB: loaded"),
    ("reboot call", r"^LAB: executing"),
    ("hand-off", r"Starting new kernel"),
    ("entry", r"Linux version"),
    ("init", r"^LAB: init"),
)
LEAVING = re.compile(r"Starting new kernel")


class Shown(Guest):
    """A guest whose console is on the screen too."""

    number = 1

    def saw(self, text):
        print("kernel %d | %s" % (self.number, text), flush=True)
        if LEAVING.search(text):
            self.number = 2


def timeline(guest, start):
    """(name, seconds) of every milestone; each is looked for after the one before."""
    found = []
    lines = iter([line for line in guest.lines if line[0] >= start])
    for name, pattern in MILESTONES:
        at = next((at for at, text in lines if re.search(pattern, text)), None)
        if at is None:
            raise GuestError("no sign of: %s" % name)
        found.append((name, at))
    return found


def show_timeline(found):
    print("\ntimeline (seconds since the load began, and since the step before)")
    start = before = found[0][1]
    for name, at in found:
        print("  %-12s %7.3f  +%.3f" % (name, at - start, at - before))
        before = at


def main():
    k = sys.argv[sys.argv.index("--kernel") + 1] if "--kernel" in sys.argv else "fast"
    lab = Lab(k, "run")
    if "--stock" in sys.argv:
        for_stock(lab)
    guest = Shown("run", lab.kernel, lab.initrd, append="lab.run=run", memory="1G", cpus=2,
                  limit=60 * lab.slow, slow=lab.slow)
    with guest:
        guest.expect(r"^LAB: loading")
        start = guest.when(r"^LAB: loading")
        guest.expect(r"^LAB: executing")
        guest.expect(r"^LAB: init", timeout=30)
        guest.expect(r"^LAB: exit 0")
        if guest.wait(10) != "poweroff":
            raise GuestError("the second kernel did not switch off: %s" % guest.outcome)
    show_timeline(timeline(guest, start))
    print("console: build/log/run.log")


if __name__ == "__main__":
    try:
        main()
    except GuestError as error:
        sys.exit("lab: run: %s (log: build/log/run.log)" % error)
