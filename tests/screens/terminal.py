"""A program in a pseudo-terminal of its own: for what only a real terminal shows."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from typing import Final

_PATIENCE: Final = 30.0
ROOT: Final = Path(__file__).parents[2]


class Terminal:
    """A Python program in a terminal."""

    def __init__(self, program: str, columns: int = 100, rows: int = 30) -> None:
        self.shown = b""
        self.master, slave = pty.openpty()
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            self._become(slave, program)
        self.slave = slave

    def _become(self, slave: int, program: str) -> None:
        try:
            os.setsid()
            ioctl(slave, termios.TIOCSCTTY, 0)
            for number in range(3):
                os.dup2(slave, number)
            os.close(self.master)
            os.chdir(ROOT)
            environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execve(sys.executable, [sys.executable, "-c", program], environment)  # noqa: S606
        finally:
            os._exit(127)

    def wait_for(self, text: bytes, since: int = 0) -> None:
        """Wait until the program has shown this."""
        end = time.monotonic() + _PATIENCE
        while text not in self.shown[since:]:
            assert time.monotonic() < end, f"{text!r} is not in {self.shown[-2000:]!r}"
            self.read(0.1)

    def read(self, seconds: float) -> bool:
        """Take in what it shows. False: it has ended."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            got = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.shown += got
        return bool(got)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def status(self) -> tuple[int, float]:
        """Its exit status, and the seconds that it took to end from now on."""
        began = time.monotonic()
        while time.monotonic() < began + _PATIENCE:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                took = time.monotonic() - began
                while select.select([self.master], [], [], 0.05)[0] and self.read(0):
                    pass
                return os.waitstatus_to_exitcode(status), took
            self.read(0.02)
        message = "it does not end"
        raise AssertionError(message)

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was: its modes, the screen, the cursor, no mouse."""
        after = self.shown[self.shown.rfind(b"\x1b[?1049h") :]
        wanted = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")
        return termios.tcgetattr(self.slave) == self.before and all(
            sequence in after for sequence in wanted
        )


@contextlib.contextmanager
def terminal(program: str) -> Iterator[Terminal]:
    """Run a program; it is ended at the end."""
    running = Terminal(program)
    try:
        yield running
    finally:
        if running.pid:
            os.kill(running.pid, signal.SIGKILL)
            os.waitpid(running.pid, 0)
        with contextlib.suppress(OSError):
            os.close(running.master)
        os.close(running.slave)
