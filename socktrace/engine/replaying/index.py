"""What is kept in memory of each line of a recording: its moment, its kind, its socket.

17 bytes a line; for calls during which something else was told, 24 more.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.engine.replaying.table import Table
from socktrace.lines import (
    Blocked,
    Descriptor,
    Finding,
    Folded,
    Line,
    Process,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.tracefile.document_reader import told_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG: Final = 20_000
"""ns from which on a call counts as one that waited, if something was told before it returned."""
_FURTHEST: Final = 2**62
"""No moment is later, whatever a file says: some 146 years."""
AGAIN: Final = frozenset("EAGAIN EWOULDBLOCK EINPROGRESS EALREADY EINTR".split())
"""Errors by which a call says: later, or once more. Time lines do not mark them."""


class Kind(IntEnum):
    """What a line is, as far as a time line and a step ask."""

    OTHER = 0
    """Nothing that happened: samples, losses, what is told at the end."""
    CALL = 1
    FAILED = 2
    FOLDED = 3
    BORN = 4
    SEEN = 5
    """A socket that had existed before."""
    CHANGE = 6
    """A state, a descriptor, a process, something of TCP's own."""
    CLOSED = 7


_CALL: Final = int(Kind.CALL)
_FAILED: Final = int(Kind.FAILED)


def kind_of(line: Line) -> Kind:
    """What a line is that tells of no call."""
    if isinstance(line, State):
        closed = line.layer == "api" and line.to == "closed"
        return Kind.CLOSED if closed else Kind.CHANGE
    if isinstance(line, Socket):
        return Kind.SEEN if line.origin == "existing" else Kind.BORN
    if isinstance(line, Descriptor | Process | TcpEvent):
        return Kind.CHANGE
    return Kind.FOLDED if isinstance(line, Folded) else Kind.OTHER


class Index:
    """The lines of a recording by their places, which count from 0."""

    def __init__(self) -> None:
        self.count = 0
        self._told: Final = Table(1)
        self._kinds: Final = Table(1, np.uint8)
        self._sockets: Final = Table(1)
        self._last = 0
        """The moment of the last line."""
        self._folded: Final = Table(2)
        self._findings: Final[list[int]] = []
        """The moments from which on they were true."""
        self._waits: Final = Table(3)
        """Of each call that waited its place, its beginning, and the moment it was told; of one
        that never returned the furthest moment."""

    # --- the columns, as far as they are filled ---

    @property
    def told(self) -> NDArray[np.int64]:
        """The moment of each line; never falls."""
        return self._told.rows(self.count)[:, 0]

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The `Kind` of each line."""
        return self._kinds.rows(self.count)[:, 0]

    @property
    def sockets(self) -> NDArray[np.int64]:
        """The socket that each line is about; 0 or below: none."""
        return self._sockets.rows(self.count)[:, 0]

    @property
    def folded(self) -> NDArray[np.int64]:
        """Places of lines that add calls up, and how many they add up."""
        return self._folded.rows()

    @property
    def findings(self) -> list[int]:
        """The moments from which on the findings were true, in order."""
        return sorted(self._findings)

    # --- filling ---

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines that come next."""
        told, kinds, sockets, waits, folded = [], [], [], [], []
        place = self.count
        for line in lines:
            before = self._last
            number: int | None
            if type(line) is Syscall:  # most lines
                moment, number = line.t + line.dur, line.socket
                errno = line.errno
                kinds.append(_CALL if errno is None or errno in AGAIN else _FAILED)
            else:
                moment, number = told_at(line), getattr(line, "socket", None)
                kinds.append(kind_of(line))
            moment = before if moment <= before else min(moment, _FURTHEST)
            self._last = moment
            told.append(moment)
            sockets.append(number if number is not None and 0 < number < _FURTHEST else 0)
            if isinstance(line, Syscall):
                # Only then is there a moment to be shown at which it had not returned.
                if line.dur >= LONG and line.t < before:
                    waits.append((place, _bounded(line.t), moment))
            elif isinstance(line, Folded):
                folded.append((place, _bounded(line.count)))
            elif isinstance(line, Blocked):
                waits.append((place, _bounded(line.since), _FURTHEST))
            elif isinstance(line, Finding):
                self._findings.append(_bounded(line.t))
            place += 1
        for table, rows in (
            (self._told, told),
            (self._kinds, kinds),
            (self._sockets, sockets),
            (self._waits, waits),
            (self._folded, folded),
        ):
            table.add(rows)
        self.count = place

    # --- questions ---

    @property
    def start(self) -> int:
        """The moment of the first line; 0 if there is none."""
        return int(self.told[0]) if self.count else 0

    @property
    def end(self) -> int:
        """The moment of the last line."""
        return self._last

    def place_at(self, moment: int) -> int:
        """How many lines have been told at a moment."""
        return int(np.searchsorted(self.told, min(moment, _FURTHEST), "right"))

    def step(self, place: int, count: int) -> int | None:
        """The moment so many events later, or earlier, than after ``place`` lines.

        What was told at one moment is one step: a call, and all that it led to. None: there is no
        event any more.
        """
        told, kinds = self.told, self.kinds
        moment = None
        for _ in range(abs(count)):
            if count > 0:
                found = _next(kinds, place)
                if found is None:
                    break
                moment = int(told[found])
                place = self.place_at(moment)
            else:
                found = _previous(kinds, place)
                if found is None:
                    break
                # Before all of that moment: where the one before it was told.
                first = int(np.searchsorted(told, told[found], "left"))
                before = _previous(kinds, first)
                moment = int(told[before]) if before is not None else self.start
                place = self.place_at(moment)
        return moment

    def calls_before(self, place: int) -> int:
        """How many calls the lines before a place tell of."""
        kinds = self.kinds[:place]
        single = np.count_nonzero((kinds == Kind.CALL) | (kinds == Kind.FAILED))
        folded = self.folded
        return int(single + folded[folded[:, 0] < place, 1].sum())

    def birth(self, socket: int) -> int | None:
        """The moment at which a socket was told of first."""
        kinds = self.kinds
        found = np.flatnonzero(
            (self.sockets == socket) & ((kinds == Kind.BORN) | (kinds == Kind.SEEN))
        )
        return int(self.told[found[0]]) if len(found) else None

    def waiting(self, moment: int) -> list[int]:
        """The places of the calls that had begun at a moment, and not returned."""
        rows = self._waits.rows()
        return [int(each) for each in rows[(rows[:, 1] <= moment) & (rows[:, 2] > moment), 0]]


_STEPS: Final = 65_536
"""Lines looked through at once for the next event."""


def _next(kinds: NDArray[np.uint8], place: int) -> int | None:
    for begin in range(place, len(kinds), _STEPS):
        piece = kinds[begin : begin + _STEPS]
        if piece.any():
            return begin + int(np.argmax(piece != 0))
    return None


def _previous(kinds: NDArray[np.uint8], place: int) -> int | None:
    for stop in range(place, 0, -_STEPS):
        piece = kinds[max(0, stop - _STEPS) : stop]
        if piece.any():
            return stop - 1 - int(np.argmax(piece[::-1] != 0))
    return None


def _bounded(value: int) -> int:
    return max(0, min(value, _FURTHEST))
