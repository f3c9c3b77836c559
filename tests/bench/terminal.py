"""A program in a pseudo-terminal of its own: keys in, bytes out, and when they came."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import psutil

_READ: Final = 1 << 16


class Terminal:
    """A program in a terminal, ended when the block is left."""

    def __init__(self, command: Sequence[str], *, columns: int = 140, lines: int = 45) -> None:
        pid, self._master = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.environ.pop("NO_COLOR", None)
            try:
                os.execvp(command[0], list(command))  # noqa: S606 - no shell is what is wanted
            finally:
                os._exit(127)
        self.pid: Final = pid
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
        self.status: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)

    def write(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def read(self, seconds: float) -> bytes:
        """Give what comes next; nothing if nothing comes for so long, or the program has ended."""
        if not select.select([self._master], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._master, _READ)
        except OSError:  # EIO: nobody has the other side open any more
            return b""

    def drain(self, seconds: float) -> bytes:
        """Read for so long."""
        found, until = [], time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            found.append(self.read(left))
        return b"".join(found)

    def until(self, sign: bytes, seconds: float = 30) -> float:
        """Read till a sign comes: the seconds that took.

        Raises:
            TimeoutError: it has not come.
        """
        began, last = time.monotonic(), b""
        while True:
            new = self.read(0.5)
            if sign in last + new:
                return time.monotonic() - began
            last = (last + new)[-len(sign) :]
            if time.monotonic() - began > seconds:
                message = f"{sign!r} has not come within {seconds:.0f} s"
                raise TimeoutError(message)

    def cpu(self) -> float:
        """CPU seconds that it has used."""
        used = psutil.Process(self.pid).cpu_times()
        return float(used.user + used.system)

    def wait(self, seconds: float = 30) -> int:
        """Read on till it ends: its exit status."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read(0.05)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
        message = f"it has not ended within {seconds:.0f} s"
        raise TimeoutError(message)
