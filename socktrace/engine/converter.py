"""A process of its own that makes the recording from the spool, so that capture never waits for it.

It follows the spool as it grows, with what time nobody else wants (SCHED_IDLE; a little more where
there is none), and so leaves little to do at the end. It outlives whoever captures: what is in the
spool gets into the recording, and the spool is removed, also when the other one was killed.

This is the side of whoever captures; `converting` is the other one.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Final

from socktrace.engine.converting import PROGRESS, STOP, WAKE, Work
from socktrace.engine.reports import Done, Failed, Mailbox
from socktrace.spool.writer import SUFFIX, SpoolWriter
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import STDOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.lines import End
    from socktrace.model.filters import Filter
    from socktrace.spool.layout import Head

_LOOK_MS: Final = 100
_KEPT: Final = 1 << 30
"""Bytes of the spool that are kept when they have been converted: should the converter be killed,
the whole recording can be made again unless it is larger than this."""
_PATIENCE_SECONDS: Final = 1.0
"""How long who is told to stop may take to clear away what is half written."""


_STARVED_SECONDS: Final = 5.0
_FED_NICE: Final = 15
"""sched(7): some 4 % of a CPU that one other wants all of; as an idle one it gets 0.3 %."""
_CAUGHT_UP: Final = 1 << 20
"""Bytes behind."""


def _schedule(pid: int, policy: int, nice: int) -> None:
    with contextlib.suppress(OSError):  # not privileged enough, or gone: it stays as slow as it is
        os.sched_setscheduler(pid, policy, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, pid, nice)


class Converter:
    """The converter, for whoever captures.

    To be made before there are threads, maps or anything large: it is a fork.

    Args:
        output: the recording's name, or "-".
        selected: lines of which sockets go into it; None: all.
        force: replace what has that name.

    Raises:
        RecordingError: there is a spool of this recording already, or none can be made.
    """

    def __init__(self, output: str, *, selected: Filter | None, force: bool) -> None:
        self.name = output + SUFFIX if output != STDOUT else None
        """Of the spool."""
        self.spool = SpoolWriter(self.name)
        self.shared = mmap.mmap(-1, PROGRESS.size)
        """Its `PROGRESS`."""
        control, self._control = os.pipe()
        reports, reporting = os.pipe()
        os.set_blocking(reports, False)
        self._reports = Mailbox(reports)
        self._begun = self._over = False
        self._end: End | None = None
        self._exit: int | None = None
        self._done_before, self._moved, self._fed = 0, time.monotonic(), False
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [WAKE])
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._control)
            os.close(reports)
            work = Work(self.spool, self.shared, control, reporting)
            work.run(output, selected=selected, force=force)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(control)
        os.close(reporting)

    def begin(self, head: Head) -> None:
        """Begin the spool, and wait till the recording has been created.

        Raises:
            RecordingError: one of them cannot be.
        """
        self.spool.begin(head)
        os.write(self._control, b"\1")
        while not self._begun:
            self._wait()
            self.check()

    def check(self) -> bool:
        """See to the converter, and to the size of the spool. Whether it still works.

        Raises:
            RecordingError: it cannot write the recording.
        """
        for report in self._reports.take():
            if isinstance(report, Failed):
                self._over = True
                error = report.error()
                if self._begun and self.name and not report.no_reader:
                    error.next_step = f"free some space; then: socktrace recover {self.name}"
                raise error
            if isinstance(report, Done):
                self._over, self._end = True, report.end
            else:
                self._begun = True
        if self._reports.closed and not self._over and not (self._begun and self.name):
            raise self._gone()
        done, _ = self.progress()
        if self._begun and not self._over:
            self._feed(done)
        self.spool.let_go(done - (_KEPT if self.name else 0))
        return not self._reports.closed

    def progress(self) -> tuple[int, int]:
        """Bytes of the spool that have been converted, and events in the recording."""
        done, events = PROGRESS.unpack(self.shared)
        return done, events

    def finish(self, watch: Callable[[], None]) -> End | None:
        """Wait till all is converted; whoever calls has ended the spool, or never will.

        Args:
            watch: called now and then.

        Returns:
            The last line of the recording; None if it has none.

        Raises:
            RecordingError: the recording is not complete.
        """
        self._let_finish()
        while not self._over:
            if not self.check() and not self._over:
                raise self._gone()
            watch()
            if not self._over:
                self._wait()
        return self._end

    @property
    def working(self) -> bool:
        """There is a recording, and more may be written to it."""
        return self._begun and not self._over

    def stop(self) -> None:
        """End it at once, done or not: the spool stays as it is."""
        self._over = True
        os.kill(self.pid, STOP)
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._exit is None:
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                self._status()
                return
            time.sleep(0.01)
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._exit = os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Let go of it; it finishes what there is to finish before this returns."""
        if not self._begun:
            self.spool.remove()
        self._let_finish()
        self._status()
        for descriptor in (self._control, self._reports.descriptor):
            if descriptor >= 0:
                os.close(descriptor)
        self.spool.close()
        self.shared.close()

    def _feed(self, done: int) -> None:
        """See that it does not starve: on a machine without any idle time it would never move."""
        now = time.monotonic()
        behind = self.spool.size - done
        if done != self._done_before or not behind:
            self._done_before, self._moved = done, now
            if self._fed and behind < _CAUGHT_UP:
                self._fed = False
                _schedule(self.pid, os.SCHED_IDLE, 0)
        elif not self._fed and now - self._moved > _STARVED_SECONDS:
            self._fed = True
            _schedule(self.pid, os.SCHED_OTHER, _FED_NICE)

    def _let_finish(self) -> None:
        """Nothing more comes: let it know, and give it the time that it needs."""
        if self._control < 0:
            return
        os.close(self._control)
        self._control = -1
        _schedule(self.pid, os.SCHED_OTHER, 0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, WAKE)

    def _wait(self) -> None:
        """Until it reports something, or a moment has passed."""
        poller = select.poll()
        poller.register(self._reports.descriptor, select.POLLIN)
        poller.poll(_LOOK_MS)

    def _status(self) -> int:
        """How it ended, as `os.waitstatus_to_exitcode` gives it; waits for that."""
        if self._exit is None:
            self._exit = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._exit

    def _gone(self) -> RecordingError:
        """It ended without a word."""
        self._over = True
        status = self._status()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        if not self._begun:
            next_step = "try again"
        elif self.name:
            next_step = f"socktrace recover {self.name}"
        else:
            next_step = "record to a file: then what was captured outlives such an end"
        return RecordingError(
            "the recording is not complete", f"the process that writes it ended {how}", next_step
        )
