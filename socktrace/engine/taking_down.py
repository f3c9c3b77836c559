"""Recording what a live source tells while somebody watches it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from socktrace.lines import End, Line
from socktrace.model.checkpoints import copy_of
from socktrace.model.retelling import retell
from socktrace.tracefile import JsonlWriter, RecordingError

if TYPE_CHECKING:
    from socktrace.engine.datacalls import DataRun
    from socktrace.lines import Blocked, Header
    from socktrace.view.look import Look

_Piece = Line | tuple[bytes, int]
"""A line, or several as bytes, and how many they are."""
_FLUSH_SECONDS: Final = 0.2
"""Whoever reads the file meanwhile is so far behind at most."""


class TakingDown:
    """A recording that can be begun and ended at any moment: see `view.look.Recordings`.

    It begins with what is known at that moment, so each socket that a line is about has been
    announced, and has its states and descriptors. Times are those of the source: its header's
    ``started_at`` is its time 0, whenever the recording began.

    Args:
        hold: gives a look at the source that takes nothing from whoever looks next; nothing is
            told meanwhile.
        header: the first line of a recording.
    """

    def __init__(
        self, hold: Callable[[], AbstractContextManager[Look]], header: Callable[[], Header]
    ) -> None:
        self._hold: Final = hold
        self._header: Final = header
        self._lock: Final = threading.RLock()
        """Data calls may announce a socket while they are written: that comes in from within."""
        self._changing: Final = threading.RLock()
        """Held while it begins or ends; always before the other one, and before the source."""
        self._waiting: list[_Piece] | None = None
        """What comes while that is written which was known before."""
        self._writer: JsonlWriter | None = None
        self._next_flush = 0.0
        self.path: str | None = None
        """The file that is being written; None: none is. Lines need not be brought then."""
        self.events = 0
        """Events written to it so far, or to the one before."""
        self.error: RecordingError | None = None
        """Why the last recording ended before its time."""

    # --- for whoever watches ---

    def begin(self, path: str) -> None:
        """Begin with what is known now; a recording that is going on is ended.

        Args:
            path: the file; it must not exist.

        Raises:
            RecordingError: it cannot be created or written.
        """
        with self._changing:
            self.end()
            writer = JsonlWriter(path, self._header())
            with self._hold() as look, self._lock:
                # To write it takes six times as long as to copy it, and the source cannot wait.
                world, now = copy_of(look.world), look.now
                self._writer, self.path, self._waiting = writer, path, []
                self.events, self.error = 0, None
            try:
                writer.write_many(retell(world, None, now))
                with self._lock:
                    for piece in self._waiting:
                        _write(writer, piece)
                    self._waiting = None
                    writer.flush()
            except BaseException:
                with self._lock:
                    self._writer = self.path = self._waiting = None
                writer.close()
                raise
            self.events = writer.events

    def end(self) -> str | None:
        """End it: the file's name, None if none was being written.

        Raises:
            RecordingError: what was still to be written could not be.
        """
        with self._changing, self._hold() as look, self._lock:
            writer, path = self._writer, self.path
            if writer is None:
                return None
            self._writer = self.path = None
            now = max(look.now, look.world.t)
            writer.write_many(_blocked(look, now))
            self.events = writer.events
            writer.close(
                End(
                    t=now,
                    events=writer.events,
                    lost_events=writer.lost,
                    reason="ended while watching",
                    folded=writer.folded,
                )
            )
        return path

    # --- for the source, in the order of what it tells ---

    def take(self, line: Line) -> None:
        """Write a line."""
        with self._writing() as put:
            put(line)

    def take_run(self, run: DataRun) -> None:
        """Write data calls."""
        with self._writing() as put:
            for piece in run.encoded():
                put(piece)

    def tick(self) -> None:
        """To be called some times a second: writes what has waited long enough."""
        with self._writing():
            pass

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Callable[[_Piece], object]]:
        """Give what takes lines; afterwards they are in the file, if it is time for that."""
        with self._lock:
            writer = self._writer
            if writer is None or self._waiting is not None:
                waiting = self._waiting
                yield waiting.append if waiting is not None else _nowhere
                return
            try:
                yield partial(_write, writer)
                if time.monotonic() >= self._next_flush:
                    self._next_flush = time.monotonic() + _FLUSH_SECONDS
                    writer.flush()
                    self.events = writer.events
            except RecordingError as error:
                self.error = error
                self._writer = self.path = None


def _write(writer: JsonlWriter, piece: _Piece) -> None:
    if isinstance(piece, tuple):
        writer.write_bulk(*piece)
    else:
        writer.write(piece)


def _nowhere(piece: _Piece) -> None:
    """Nothing is recorded."""
    del piece


def _blocked(look: Look, now: int) -> Iterator[Blocked]:
    """The calls that have not returned, each once."""
    told = set()
    for calls in look.blocked.values():
        for call in calls:
            if (call.tid, call.since) not in told:
                told.add((call.tid, call.since))
                yield replace(call, t=now)
