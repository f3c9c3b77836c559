"""What the converter does, in its own process: see `converter`.

It makes no call on a socket, unless the output is one: a capture of the whole machine would tell
of it. So it waits in sigtimedwait(2), not in poll(2), and talks through pipes.
"""

from __future__ import annotations

import os
import signal
import stat
import struct
import time
from typing import TYPE_CHECKING, Final, NoReturn

from socktrace.engine.garbage import relax_collector
from socktrace.engine.reports import Begun, Done, Failed, failure, send
from socktrace.host.idle_time import IdleTime
from socktrace.spool.frames import Frames
from socktrace.spool.reader import SpoolReader
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import STDOUT

if TYPE_CHECKING:
    from mmap import mmap
    from types import FrameType

    from socktrace.model.filters import Filter
    from socktrace.spool.writer import SpoolWriter

PROGRESS: Final = struct.Struct("=QQ")
"""Bytes of the spool that have been converted, and events in the recording."""
WAKE: Final = signal.SIGUSR1
"""Sent when there is something to do at once. It must be blocked."""
STOP: Final = signal.SIGUSR2
"""Sent when nobody waits for the recording any more."""
_LEFT_TO_OTHERS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Sent to a whole group of processes: whoever captures heeds them, and the rest follows of that."""
_NAP_SECONDS: Final = 0.05
_LOOK_SECONDS: Final = 0.25
_ENOUGH_IDLE: Final = 0.25
"""Share of all processors' time that must be free for us to go on while there is capture. Even work
that gives way at once costs those that it gives way to: they find other data in the caches."""
_PAUSE_SECONDS: Final = 2.0
"""How long others may keep us from going on by one piece of the spool."""
_LITTLE: Final = 1 << 18
"""Bytes of the spool that may be converted at any time."""


class _Stopped(BaseException):
    """Nobody waits for the recording any more."""


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stopped


class Work:
    """What the process of a converter does.

    Args:
        spool: to be followed, and to be removed when all of it is in the recording.
        progress: memory that is shared with whoever captures, for `PROGRESS`.
        control: end of a pipe: a byte says that the spool has a head, the end of file that nobody
            writes to it any more.
        reports: end of a pipe, for `reports`.
    """

    def __init__(self, spool: SpoolWriter, progress: mmap, control: int, reports: int) -> None:
        self._spool = spool
        self._progress = progress
        self._control = control
        self._reports = reports
        self._reader = SpoolReader(spool.descriptor, spool.path or "(without a name)")
        self._idle = IdleTime()
        self._next_look = 0.0

    def run(self, output: str, *, selected: Filter | None, force: bool) -> NoReturn:
        """Work until all is done; never returns. See `Converter` for what it takes."""
        try:
            self._settle(output)
            if os.read(self._control, 1):
                os.set_blocking(self._control, False)
                send(self._reports, self._convert(output, selected, force=force))
            else:
                self._spool.remove()
        except RecordingError as error:
            send(self._reports, failure(error))
        except _Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody is to hear of it
            send(
                self._reports,
                Failed(
                    "the recording is not complete",
                    f"the process that writes it failed: {error!r}",
                    "report this, please",
                    no_reader=False,
                ),
            )
        finally:
            os._exit(0)

    def _settle(self, output: str) -> None:
        """Become somebody whom nothing ends but the one who captures, and being killed."""
        signal.signal(STOP, _stop)
        for number in _LEFT_TO_OTHERS:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        nothing = os.open(os.devnull, os.O_RDWR)
        kept = {1} if output == STDOUT else set()
        for standard in {0, 1, 2} - kept:
            os.dup2(nothing, standard)
        os.close(nothing)
        relax_collector()  # what was there before the fork is shared as long as nobody touches it

    def _convert(self, output: str, selected: Filter | None, *, force: bool) -> Done:
        # Only now: it takes a while, in which whoever captures goes on with its own beginning.
        from socktrace.engine.conversion import convert  # noqa: PLC0415

        frames = Frames(self._reader, self._growing)
        end = convert(
            self._reader.head(),
            frames,
            output,
            selected=selected,
            hidden=_shown_by(output),
            force=force,
            begun=self._begun,
            done=self._done,
        )
        if frames.damage:
            raise RecordingError(
                "the recording is not complete", frames.damage, "look after the disk"
            )
        self._spool.remove()
        return Done(end)

    def _begun(self) -> None:
        send(self._reports, Begun())
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError:
            os.nice(19)

    def _done(self, events: int) -> None:
        PROGRESS.pack_into(self._progress, 0, self._reader.offset, events)
        self._make_way()

    def _make_way(self) -> None:
        """Leave a busy machine to others: what is in the spool can wait for the end of capture."""
        now = time.monotonic()
        if now < self._next_look or self._reader.size - self._reader.offset < _LITTLE:
            return
        until = now + _PAUSE_SECONDS
        while self._idle.share() < _ENOUGH_IDLE and time.monotonic() < until:
            if not self._growing(_LOOK_SECONDS):
                break
        self._next_look = time.monotonic() + _LOOK_SECONDS

    def _growing(self, seconds: float = _NAP_SECONDS) -> bool:
        """Wait a moment. Whether the one who captures is still there, and has more to come."""
        signal.sigtimedwait([WAKE], seconds)
        try:
            return bool(os.read(self._control, 1))
        except BlockingIOError:
            return True


def _shown_by(output: str) -> frozenset[int]:
    """Us, if what we write goes through a socket: that would be seen, and be written, ..."""
    if output == STDOUT and stat.S_ISSOCK(os.fstat(1).st_mode):
        return frozenset({os.getpid()})
    return frozenset()
