"""A terminal that is no device: one end for a program, one for us. pty(7)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
from typing import Final

TERM: Final = "linux"
"""What the program is told of the terminal (terminfo(5)): the emulation at our end does no more."""
_SIZE: Final = struct.Struct("=HHHH")
_IUTF8: Final = 0o40000
"""include/uapi/asm-generic/termbits-common.h: erasing a character erases all its bytes."""
_MOST_PENDING: Final = 1 << 20
"""Bytes kept for a program that does not read; more is refused, as a terminal would."""


class PseudoTerminal:
    """A pseudo-terminal; our end never blocks.

    Args:
        columns: of the screen that the program sees.
        lines: of that.
    """

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        mode = termios.tcgetattr(self.slave)
        mode[0] |= _IUTF8
        termios.tcsetattr(self.slave, termios.TCSANOW, mode)
        self._pending = b""
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        """Make it another size; the program in the foreground gets SIGWINCH."""
        size = _SIZE.pack(max(1, min(lines, 0xFFFF)), max(1, min(columns, 0xFFFF)), 0, 0)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def become_mine(self) -> None:
        """In the process that is to run in it: make it the controlling terminal and 0, 1 and 2."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(self.slave, fd)
        for fd in {self.slave, self.master} - {0, 1, 2}:
            os.close(fd)

    def handed_over(self) -> None:
        """The program has its end: close ours of it, or we would never read the end of file."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def read(self, most: int) -> bytes | None:
        """What the program wrote, as far as it has come; None: nobody is at the other end."""
        try:
            return os.read(self.master, most) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None  # EIO: the other end is closed

    def write(self, data: bytes) -> bool:
        """Type something. False: the program has not read what was typed before, and it is lost."""
        if len(self._pending) + len(data) > _MOST_PENDING:
            return False
        self._pending += data
        self.flush()
        return True

    def flush(self) -> bool:
        """Hand over what is waiting; True if nothing is left."""
        while self._pending:
            try:
                sent = os.write(self.master, self._pending)
            except BlockingIOError:
                return False
            except OSError:
                self._pending = b""
                return True
            self._pending = self._pending[sent:]
        return True

    def close(self) -> None:
        """Hang up: programs that are left in it get SIGHUP."""
        self.handed_over()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
