# SPDX-License-Identifier: GPL-2.0-only
"""One QEMU guest: start it, read its console, talk to its monitor, end it.

A Guest owns the process from start() (or `with`) to close(). The console is read
by a thread that stamps every line and appends it to build/log/NAME.log; expect()
waits for a line, never for a time. Nothing outlives its limit: QEMU runs under
timeout(1), so it ends even when this program dies.

Guests start with -no-reboot: a reset ends QEMU and is told apart from a power-off
by the monitor's SHUTDOWN event. outcome is then one of
    poweroff, reset, exit N (isa-debug-exit, N > 0), limit, killed, died (status N)
"""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
LOGS = os.path.join(BUILD, "log")

DEBUG_EXIT = 0xF4

# By architecture: the emulator with its machine, the console, what the machine is by default.
MACHINES = {
    "x86_64": (["qemu-system-x86_64", "-machine", "q35",
                "-device", "isa-debug-exit,iobase=%#x,iosize=4" % DEBUG_EXIT], "ttyS0", "max"),
    "arm64": (["qemu-system-aarch64", "-machine", "virt"], "ttyAMA0", "cortex-a57"),
}

# What no kernel may print unless the test asked for it.
SPLAT = re.compile(
    r"BUG:|WARNING:|KASAN:|UBSAN:|INFO: (possible|suspicious|task|trying|rcu)|Call [Tt]race:"
    r"|Oops:|Kernel panic|unreferenced object|kmemleak: \d+ new|general protection|double fault"
    r"|BUG kmalloc|pagealloc: memory corruption|unable to handle|list_(add|del) corruption"
    r"|CFI failure"
)
NO_SPLAT = re.compile(r"Command line:|Unknown kernel command line"
                      r"|traps: \S+\[\d+\] general protection"    # a program's, not the kernel's
                      r"|^(\[ *\d+\.\d+\] )?(ok|not ok|#) ")


SPARSE = os.path.join(BUILD, "sparse.raw")
SPARSE_BYTES = 8 << 30


def sparse_disk():
    """Arguments for an empty virtio disk; what is written to it is lost with the guest."""
    with open(SPARSE, "ab") as file:
        file.truncate(SPARSE_BYTES)
    return ["-drive", "file=%s,format=raw,if=none,snapshot=on,id=sparse" % SPARSE,
            "-device", "virtio-blk-pci,drive=sparse"]


class GuestError(Exception):
    """The guest did not do what was asked of it."""


class Guest:
    """A guest with the lab's defaults; every default can be overridden by name.

    kernel, initrd  paths; None for none
    append          words added to the command line
    console         for "console=" on the command line; None: that of the architecture
    panic           for "panic=" on the command line; None: as a distribution boots, without
    memory          as for qemu -m, e.g. "512M" or "1G,slots=2,maxmem=4G"
    cpus, cpu       number and model
    arch            of MACHINES
    limit           seconds of life
    expected        regular expressions of splats that this test provokes
    args            further QEMU arguments
    emulator        another QEMU, as the words of its command
    slow            factor on what expect() waits at most
    """

    def __init__(self, name, kernel, initrd=None, append="", console=None, panic=-1,
                 memory="512M", cpus=1, cpu=None, limit=120, expected=(), args=(), slow=1,
                 arch="x86_64", emulator=None):
        self.name = name
        self.limit = limit
        self.slow = slow
        self.expected = [re.compile(e) for e in expected]
        self.log_path = os.path.join(LOGS, name + ".log")
        self.lines = []     # (seconds since start, text)
        self.splats = []
        self.events = []
        self.outcome = None
        self._position = 0  # first line that expect() has not passed
        self._change = threading.Condition()
        self._asked = 0
        self._replies = {}  # by the number of the question
        self._ended = False
        append = self._line(console or MACHINES[arch][1], panic, append)
        self._command = self._qemu(arch, kernel, initrd, append, memory, cpus, cpu, args)
        if emulator:
            at = self._command.index(MACHINES[arch][0][0])
            self._command[at:at + 1] = emulator
        self._process = None
        self._monitor = None

    @staticmethod
    def _line(console, panic, append):
        words = ["console=%s" % console, append]
        if panic is not None:
            words.insert(1, "panic=%d" % panic)
        return " ".join(words).strip()

    def _qemu(self, arch, kernel, initrd, line, memory, cpus, cpu, args):
        emulator, _, model = MACHINES[arch]
        cpu = cpu or model
        accel = os.environ.get("ACCEL", "tcg") if arch == "x86_64" else "tcg"
        if accel == "kvm" and cpu.split(",")[0] == "max":
            cpu = "host" + cpu[len("max"):]
        command = [
            "timeout", "-s", "KILL", str(self.limit), *emulator, "-accel", accel, "-cpu", cpu,
            "-smp", str(cpus), "-m", memory, "-display", "none", "-nodefaults", "-no-reboot",
            "-serial", "stdio",
        ]
        if kernel:
            command += ["-kernel", kernel, "-append", line]
        if initrd:
            command += ["-initrd", initrd]
        return command + list(args)

    # life

    def start(self):
        os.makedirs(LOGS, exist_ok=True)
        ours, theirs = socket.socketpair()
        self._command += [
            "-chardev", "socket,id=monitor,fd=%d" % theirs.fileno(),
            "-mon", "chardev=monitor,mode=control",
        ]
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()], start_new_session=True)
        except FileNotFoundError as error:
            raise GuestError("cannot start a guest: %s is not installed" % error.filename)
        theirs.close()
        self._monitor = ours
        self._reader = threading.Thread(target=self._read_console, daemon=True)
        self._listener = threading.Thread(target=self._read_monitor, daemon=True)
        self._reader.start()
        self._listener.start()
        self._send({"execute": "qmp_capabilities"})
        return self

    def close(self):
        """End the guest, whatever it does, and learn how it ended."""
        if self._process and self.outcome is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._reap("killed")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def _reap(self, killed):
        status = self._process.wait()
        self._reader.join()
        self._listener.join()
        self._process.stdin.close()
        reasons = [e["data"]["reason"] for e in self.events if e["event"] == "SHUTDOWN"]
        if "guest-shutdown" in reasons:
            self.outcome = "poweroff"
        elif "guest-reset" in reasons:
            self.outcome = "reset"
        elif killed == "killed" or time.monotonic() - self._began >= self.limit:
            self.outcome = killed
        elif status > 1 and status & 1 and status < 128:  # 1 is QEMU's own refusal
            self.outcome = "exit %d" % (status >> 1)
        else:
            self.outcome = "died (status %d)" % status

    def wait(self, timeout=None):
        """Wait for the guest's end; return and keep its outcome."""
        if self.outcome is None:
            if timeout is not None:
                try:
                    self._process.wait(timeout)
                except subprocess.TimeoutExpired:
                    raise GuestError("still running after %g s" % timeout)
            self._reap("limit")
        return self.outcome

    # console

    def _read_console(self):
        with open(self.log_path, "w", encoding="utf-8") as log:
            for raw in self._process.stdout:
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                log.write(text + "\n")
                log.flush()
                with self._change:
                    self.lines.append((time.monotonic() - self._began, text))
                    if self._is_splat(text):
                        self.splats.append(text)
                    self._change.notify_all()
                self.saw(text)
        with self._change:
            self._ended = True
            self._change.notify_all()

    def saw(self, text):
        """For who wants every line as it comes."""

    def _is_splat(self, text):
        if not SPLAT.search(text) or NO_SPLAT.search(text):
            return False
        return not any(e.search(text) for e in self.expected)

    def expect(self, pattern, timeout=60):
        """Wait for a console line that matches; later calls go on after it."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout * self.slow
        with self._change:
            while True:
                while self._position < len(self.lines):
                    text = self.lines[self._position][1]
                    self._position += 1
                    match = wanted.search(text)
                    if match:
                        return match
                if self._ended:
                    break
                if not self._change.wait(max(0, deadline - time.monotonic())):
                    raise GuestError("no line matches %r within %g s" % (pattern, timeout))
        raise GuestError("guest ended (%s) before a line matched %r; its last line: %s"
                         % (self.wait(), pattern, self.lines[-1][1] if self.lines else "none"))

    def text(self):
        """The whole console so far."""
        with self._change:
            return "\n".join(text for _, text in self.lines)

    def find(self, pattern):
        """All matches in the console so far; expect() is not moved."""
        return list(re.finditer(pattern, self.text(), re.MULTILINE))

    def when(self, pattern):
        """Seconds from start to the first line that matches, or None."""
        wanted = re.compile(pattern)
        with self._change:
            return next((at for at, text in self.lines if wanted.search(text)), None)

    def type(self, text):
        """Send to the guest's serial port."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    # monitor

    def _read_monitor(self):
        try:
            with self._monitor.makefile("r", encoding="utf-8") as stream:
                for line in stream:
                    self._take(json.loads(line))
        except (OSError, ValueError):
            pass  # QEMU is gone: the console's end says so
        with self._change:
            self._change.notify_all()

    def _take(self, message):
        with self._change:
            if "event" in message:
                self.events.append(message)
            elif "id" in message:
                self._replies[message["id"]] = message
            self._change.notify_all()

    def _send(self, message):
        try:
            self._monitor.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            raise GuestError("guest ended (%s) before %s" % (self.wait(), message["execute"]))

    def qmp(self, command, **arguments):
        """Run a monitor command; return its value, GuestError when it is refused."""
        ident = self._asked = self._asked + 1
        self._send({"execute": command, "arguments": arguments, "id": ident})
        with self._change:
            self._change.wait_for(lambda: ident in self._replies or self._ended, timeout=30)
            answer = self._replies.get(ident)
        if answer is None:
            raise GuestError("no answer to monitor command %s" % command)
        if "error" in answer:
            raise GuestError("%s: %s" % (command, answer["error"]["desc"]))
        return answer["return"]
