"""What was told since somebody looked last."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.engine.datacalls import DataRun
from socktrace.lines import Syscall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from socktrace.lines import Line

MOST: Final = 200_000
"""Lines kept for who looks next, data calls counted one by one: some 50 MB at the worst."""


class Told(NamedTuple):
    """What was told since the last time that this was asked."""

    changed: set[int]
    """Numbers of the sockets that it was told of."""
    lines: deque[Line | DataRun]
    skipped: int
    """How much more was told before those, that there was no room for."""


class Fresh:
    """A sink that keeps what comes until it is taken; the oldest goes when it is too much.

    Args:
        most: lines kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._changed: set[int] = set()
        self._lines: deque[Line | DataRun] = deque()
        self._size = 0
        self._skipped = 0

    def take(self, line: Line) -> None:
        """Take in a line."""
        number: int | None = getattr(line, "socket", None)
        if number is not None:
            self._changed.add(number)
        if isinstance(line, Syscall) and line.sockets:
            self._changed.update(line.sockets)
        self._append(line, 1)

    def take_data(self, run: DataRun) -> None:
        """Take in data calls, without a look at each."""
        self._changed.update(run.number(inode) for inode in run.inodes() if inode)
        self._append(run.own(), run.size)

    def touch(self, numbers: Iterable[int]) -> None:
        """Something of these sockets has changed that no line tells."""
        self._changed.update(numbers)

    def handed_over(self) -> Told:
        """Give what has come, and begin anew."""
        told = Told(self._changed, self._lines, self._skipped)
        self._changed, self._lines, self._size, self._skipped = set(), deque(), 0, 0
        return told

    def _append(self, item: Line | DataRun, size: int) -> None:
        lines = self._lines
        lines.append(item)
        self._size += size
        while self._size > self._most and len(lines) > 1:
            gone = lines.popleft()
            count = gone.size if isinstance(gone, DataRun) else 1
            self._size -= count
            self._skipped += count
