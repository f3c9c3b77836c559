"""Calls of one socket in columns of numbers: what tens of thousands of them are drawn from."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from socktrace.lines import Folded, SocketLife, Syscall, TcpEvent
from socktrace.text.calls import BLOCKED, has_blocked
from socktrace.view.life.uses import AGAIN, of_call, way_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST: Final = 50_000
"""Single calls kept of the socket whose page is open."""
_MOST_OTHERS: Final = 2_000
"""Lines kept that are no single calls: sums, and what TCP did."""

IN: Final = 1
OUT: Final = 2
ERROR: Final = 4
AGAIN_BIT: Final = 8
BLOCKED_BIT: Final = 16
EOF: Final = 32
_WAYS: Final = {"in": IN, "out": OUT, "": 0}


class Drawn(NamedTuple):
    """The columns, for drawing."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    calls: NDArray[np.int64]
    """Places in `Series.names`."""
    flags: NDArray[np.int64]


class Series:
    """Calls, and what TCP did, in the order in which they were told."""

    def __init__(self, most: int = MOST) -> None:
        """Keep at most so many calls, give or take a fifth."""
        self.names: Final[list[str]] = []
        self.folds: Final[list[Folded]] = []
        self.tcp: Final[list[TcpEvent]] = []
        self.version = 0
        """Grows with every line."""
        self._most: Final = most
        self._places: Final[dict[str, int]] = {}
        self._starts: Final = array("q")
        self._ends: Final = array("q")
        self._calls: Final = array("q")
        self._flags: Final = array("q")

    def __len__(self) -> int:
        """How many single calls are kept."""
        return len(self._starts)

    def add(self, line: Syscall | Folded | TcpEvent, life: SocketLife | None) -> None:
        """Take in a line of the socket."""
        self.version += 1
        if isinstance(line, Folded):
            _append(self.folds, line)
            return
        if isinstance(line, TcpEvent):
            _append(self.tcp, line)
            return
        place = self._places.get(line.call)
        if place is None:
            place = self._places[line.call] = len(self.names)
            self.names.append(line.call)
        self._starts.append(line.t)
        self._ends.append(line.t + line.dur)
        self._calls.append(place)
        self._flags.append(_flags(line, life))
        if len(self._starts) > self._most + self._most // 5:
            excess = len(self._starts) - self._most
            for column in (self._starts, self._ends, self._calls, self._flags):
                del column[:excess]

    def drawn(self) -> Drawn:
        """The columns as they are now."""
        return Drawn(*(
            np.array(column, dtype=np.int64)
            for column in (self._starts, self._ends, self._calls, self._flags)
        ))  # fmt: skip

    def durations(self, call: str | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How long calls of one kind took, or all, in ns; and when each of them began."""
        drawn = self.drawn()
        spent = drawn.ends - drawn.starts
        if call is None:
            return spent, drawn.starts
        chosen = drawn.calls == self._places.get(call, -1)
        return spent[chosen], drawn.starts[chosen]


def _append(kept: list[Folded] | list[TcpEvent], line: Folded | TcpEvent) -> None:
    kept.append(line)  # type: ignore[arg-type]
    if len(kept) > _MOST_OTHERS:
        del kept[: _MOST_OTHERS // 4]


def _flags(line: Syscall, life: SocketLife | None) -> int:
    flags = _WAYS[way_of(line)]
    if line.errno is not None:
        flags |= AGAIN_BIT if line.errno in AGAIN else ERROR
    elif line.ret == 0 and flags == IN and of_call(line, life).eof:
        flags |= EOF
    if line.dur >= BLOCKED and has_blocked(line, life):
        flags |= BLOCKED_BIT
    return flags
