"""How the screen ends: by a key, by a signal, by a fault; the terminal is restored each time."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import traceback
from typing import Final

from rich.text import Text

from socktrace.errors import SocktraceError
from socktrace.escape import printable
from socktrace.tui.frame import Frame

_FAILED: Final = 2
"""Exit status after a fault, as of every other command."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BY_SIGNAL: Final = 128
"""A shell reports a program that a signal ended by this and the signal's number."""


class Endings(Frame, inherit_bindings=False):
    """What the app does when it ends."""

    async def action_quit(self) -> None:
        """End."""
        self.exit(0)

    def end_by_signals(self) -> None:
        """Let signals that ask us to end do so in order."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._end_by, number)

    def _end_by(self, number: signal.Signals) -> None:
        status = _BY_SIGNAL + number
        self.exit(status, return_code=status)

    def on_unmount(self) -> None:
        """Let the source go: the terminal is restored already, however long that takes."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        if "address_names" in vars(self):
            self.address_names.close()
        self.feed.close()

    def _handle_exception(self, error: Exception) -> None:
        """End with a few lines on what happened, instead of some screens full of it."""
        super()._handle_exception(error)
        self._return_code = _FAILED

    def _fatal_error(self) -> None:
        error = self._exception
        if error is not None and not self._exit_renderables:
            self.panic(Text(f"socktrace: {fault(error).shown()}".rstrip()))


def fault(error: Exception) -> SocktraceError:
    """What is told of an error that should not have been; all of it is written to a file."""
    if isinstance(error, SocktraceError):
        return error
    kept = keep_traceback(error)
    where = f"report it, with {kept}" if kept else "report it"
    return SocktraceError(
        "the program failed: this is a fault in socktrace",
        f"{type(error).__name__}: {error}",
        where,
    )


def keep_traceback(error: Exception) -> str | None:
    """Write the whole story of an error to a file of our own; its name."""
    text = "".join(traceback.format_exception(error))
    try:
        descriptor, path = tempfile.mkstemp(prefix="socktrace-failure-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("\n".join(map(printable, text.splitlines())) + "\n")
    except OSError:
        return None
    return path
