#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the scenarios.

Usage: lab/test.py [--kernel K] [--stock] [--image FILE] [--unit] [--list] [NAME...]

Two run at a time, those that measure time by themselves at the end. A line per
scenario; of a failed one also why, the tail of its consoles and how to run it
alone. Every KTAP result in a guest counts as a test of its own. The last line
is "N passed, N failed"; the exit status is 1 when anything failed.
"""

import argparse
import concurrent.futures
import glob
import importlib.util
import os
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from guest import BUILD, LOGS, TOP, GuestError  # noqa: E402 the path comes first
import scenario  # noqa: E402
from series import BASE  # noqa: E402

TAIL = 25
UNIT_LIMIT = 600


class Result:
    """What became of one scenario."""

    def __init__(self, name):
        self.name = name
        self.seconds = 0
        self.why = None         # of a failure
        self.skip = None        # of a skip
        self.passed = self.failed = self.skipped = 0
        self.notes = []
        self.tails = []         # (log path, last lines)

    def count(self, text):
        passed, failed, skipped = scenario.count_ktap(text)
        self.passed += len(passed)
        self.failed += len(failed)
        self.skipped += len(skipped)
        self.notes += ["    not ok %s" % name for name in failed]
        self.notes += ["    skipped %s" % name for name in skipped]
        if failed and not self.why:
            self.why = "%d of its tests failed, first: %s" % (len(failed), failed[0])

    def settle(self):
        """The scenario itself counts too, unless its failure has been counted."""
        if self.why:
            self.failed += not self.failed
        elif self.skip:
            self.skipped += 1
        else:
            self.passed += 1


def load_scenarios():
    for path in sorted(glob.glob(os.path.join(TOP, "lab", "scenarios", "*.py"))):
        spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return scenario.REGISTERED


def run_one(function, lab):
    result = Result(function.__name__)
    began = time.monotonic()
    try:
        function(lab)
    except scenario.Skipped as why:
        result.skip = str(why)
    except (GuestError, scenario.Failed) as why:
        result.why = str(why)
    except Exception:  # a scenario that is itself wrong fails, and the rest goes on
        result.why = traceback.format_exc()
    finally:
        lab.close()
    for guest in lab.guests:
        result.count(guest.text())
        if guest.splats:
            splat = "splat on the console: %s" % guest.splats[0]
            result.why = "%s; %s" % (result.why, splat) if result.why else splat
    if result.why:
        result.tails = [(guest.log_path, [text for _, text in guest.lines[-TAIL:]])
                        for guest in lab.guests]
    result.seconds = time.monotonic() - began
    result.settle()
    return result


def built(*patterns):
    """Files in build/, as words of a make variable."""
    return " ".join(path for pattern in patterns
                    for path in sorted(glob.glob(os.path.join(BUILD, pattern))))


def unit_commands():
    """The tests of tools/testing/kexec and liveupdate, and what the lab has for them."""
    make = ["make", "-s", "O=" + os.path.join(BUILD, "unit")]
    yield [*make, "-C", os.path.join(TOP, "tools", "testing", "kexec"), "BASE=" + BASE,
           "REAL=" + built("bzImage", "vmlinux", "images/*"),
           "PURGATORIES=" + built("cross/*/arch/*/purgatory/purgatory.ro",
                                  "obj/*/arch/x86/purgatory/purgatory.ro"), "check"]
    yield [*make, "-C", os.path.join(TOP, "tools", "testing", "liveupdate"), "check"]


def run_unit():
    """make unit, as one scenario whose console is its output."""
    result = Result("unit")
    began = time.monotonic()
    path = os.path.join(LOGS, "unit.log")
    os.makedirs(LOGS, exist_ok=True)
    with open(path, "w+", encoding="utf-8", errors="replace") as log:
        try:
            ends = [subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                timeout=UNIT_LIMIT, check=False).returncode for command in unit_commands()]
            status = next(filter(None, ends), 0)
        except subprocess.TimeoutExpired:
            status = "no end after %d s" % UNIT_LIMIT
        log.seek(0)
        text = log.read()
    result.count(text)
    if status and not result.why:
        result.why = "make unit: %s" % status
    if result.why:
        result.tails = [(path, text.splitlines()[-TAIL:])]
    result.seconds = time.monotonic() - began
    result.settle()
    return result


def report(result, again):
    if result.why:
        print("FAILED  %-28s %s" % (result.name, result.why.strip()))
    elif result.skip:
        print("skipped %-28s %s" % (result.name, result.skip))
    else:
        inside = ", %d tests" % result.passed if result.passed > 1 else ""
        print("ok      %-28s (%.1f s%s)" % (result.name, result.seconds, inside))
    for note in result.notes:
        print(note)
    for path, lines in result.tails:
        print("  the end of %s:" % os.path.relpath(path, TOP))
        print("".join("  | %s\n" % line for line in lines), end="")
    if result.why:
        print("  again, alone: %s" % again)
    sys.stdout.flush()


class Run:
    """One run of some scenarios on one kernel."""

    def __init__(self, k, stock, image):
        self.k = k
        self.stock = stock
        self.image = image
        self.results = []
        self._one_at_a_time = threading.Lock()

    def _lab(self, name):
        lab = scenario.Lab(self.k, name)
        if self.stock:
            scenario.for_stock(lab)
        if self.image:
            lab.kernel = self.image
            lab.inside = False
        return lab

    def take(self, result):
        with self._one_at_a_time:
            self.results.append(result)
            kernel = "" if self.k == "fast" else " K=" + self.k
            again = "make unit" if result.name == "unit" else \
                "make test T=%s%s" % (result.name, kernel)
            report(result, again)

    def scenarios(self, functions):
        def run(function):
            self.take(run_one(function, self._lab(function.__name__)))

        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            for done in [pool.submit(run, f) for f in functions if not f.alone]:
                done.result()
        for function in functions:
            if function.alone:
                run(function)

    def close(self):
        passed = sum(r.passed for r in self.results)
        failed = sum(r.failed for r in self.results)
        skipped = sum(r.skipped for r in self.results)
        print("%d passed, %d failed%s"
              % (passed, failed, ", %d skipped" % skipped if skipped else ""))
        return 1 if failed or not passed else 0


def main():
    options = argparse.ArgumentParser(description="Run the lab's scenarios.")
    options.add_argument("--kernel", metavar="K", default="fast")
    options.add_argument("--stock", action="store_true", help="on the unmodified base")
    options.add_argument("--image", help="start with this kernel, without lab/inside; the next is K's")
    options.add_argument("--unit", action="store_true", help="the unit tests too")
    options.add_argument("--list", action="store_true")
    options.add_argument("names", nargs="*", metavar="NAME")
    chosen = options.parse_args()

    known = load_scenarios()
    if chosen.list:
        for name, function in known.items():
            print("%-28s %s" % (name, (function.__doc__ or "").strip().split("\n")[0]))
        return 0
    unknown = [name for name in chosen.names if name not in known and name != "unit"]
    if unknown:
        sys.exit("lab: no scenario is called %s; make test T=list names them" % unknown[0])
    run = Run(chosen.kernel, chosen.stock, chosen.image)
    if chosen.unit or "unit" in chosen.names:
        run.take(run_unit())
    run.scenarios([f for name, f in known.items()
                   if chosen.kernel in f.kernels
                   and (name in chosen.names or not chosen.names and not f.slow)])
    return run.close()


if __name__ == "__main__":
    sys.exit(main())
