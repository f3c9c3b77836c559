"""Starting a command that waits, before its first instruction, until we are ready to watch it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from socktrace.errors import SocktraceError
from socktrace.host.pseudo_terminal import TERM, PseudoTerminal

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
"""Exit statuses of a shell for a command that cannot be run (POSIX, 2.8.2)."""
_BY_SIGNAL: Final = 128

_PYTHON_IGNORES: Final = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that the interpreter ignores for itself; a program expects their defaults."""
_OF_TERMINALS: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)
"""Signals that come of a terminal: in one of its own, a program has their defaults."""


class CommandError(SocktraceError):
    """The command cannot be run."""


class Child:
    """A command that was forked and waits at a gate before exec.

    It shares our terminal, standard streams, process group and working directory, as if it had been
    started by the shell; or it has a terminal of its own, and leads a session there.

    Args:
        command: the program and its arguments.
        terminal: where it is to run; None: in ours.

    Raises:
        CommandError: there is no such program.
    """

    def __init__(self, command: Sequence[str], terminal: PseudoTerminal | None = None) -> None:
        """Fork; the command itself does not run yet."""
        if shutil.which(command[0]) is None:
            raise CommandError(
                what=f"cannot run {command[0]}",
                why="no such program on PATH"
                if os.sep not in command[0]
                else "there is no file of that name that may be executed",
                next_step="check the command after `--`",
            )
        self.command = list(command)
        gate_read, self._gate = os.pipe()
        self._failure, failure_write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            os.close(self._failure)
            _become(self.command, gate_read, failure_write, terminal)
        if terminal is not None:
            terminal.handed_over()
        os.close(gate_read)
        os.close(failure_write)
        self.pidfd = os.pidfd_open(self.pid)
        """Readable once the command has ended (pidfd_open(2))."""
        self._status: int | None = None

    def release(self) -> None:
        """Let it run.

        Raises:
            CommandError: the kernel refuses to execute it.
        """
        os.write(self._gate, b"\1")
        os.close(self._gate)
        self._gate = -1
        # End of file when exec has closed the other end; a number when exec failed.
        failed = os.read(self._failure, 4)
        if failed:
            number = int.from_bytes(failed, "little")
            self.wait()
            raise CommandError(
                what=f"cannot run {self.command[0]}",
                why=f"{os.strerror(number)} ({errno.errorcode.get(number, number)})",
                next_step="check the command after `--`",
            )

    @property
    def released(self) -> bool:
        """Whether it was let run."""
        return self._gate < 0

    def send(self, number: int) -> None:
        """Send it a signal; one that has ended gets none."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, number)

    def ended(self) -> bool:
        """Whether it has ended."""
        if self._status is None:
            # Whoever waits in another thread may have been quicker: it tells the status at once.
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._status = status
        return self._status is not None

    def wait(self) -> None:
        """Wait until it has ended."""
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]

    @property
    def exit_status(self) -> int:
        """What a shell would report: its exit status, or 128 and the signal that ended it."""
        if self._status is None:
            return 0
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else _BY_SIGNAL - code

    def abandon(self) -> None:
        """End it if it never ran; let go of everything."""
        if self._gate >= 0:
            os.close(self._gate)  # the child reads end of file and ends
            self._gate = -1
            self.wait()
        os.close(self._failure)
        os.close(self.pidfd)


def _become(
    command: list[str], gate: int, failure: int, terminal: PseudoTerminal | None
) -> NoReturn:
    """In the child: wait at the gate, then be the command."""
    try:
        if terminal is not None:
            terminal.become_mine()
            os.environ["TERM"] = TERM
            for name in ("LINES", "COLUMNS"):
                os.environ.pop(name, None)
        for number in (*_PYTHON_IGNORES, *(_OF_TERMINALS if terminal is not None else ())):
            signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup(1) SIGHUP was ignored before us: so it is for the command.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        if os.read(gate, 1) != b"\1":
            os._exit(NOT_EXECUTABLE)
        os.execvp(command[0], command)  # noqa: S606 - what the user asked for
    except OSError as error:
        os.write(failure, (error.errno or 0).to_bytes(4, "little"))
    finally:
        os._exit(NOT_EXECUTABLE)
