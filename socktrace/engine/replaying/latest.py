"""What has been told since somebody looked: as `engine.feeds.fresh`, but for many lines at once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from socktrace.engine.feeds.fresh import Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from socktrace.lines import Line

FRESH: Final = 2_000
"""Lines kept for who looks next: some screens full. What came before can be had by a jump."""


class Latest:
    """The sockets that were told of, and the last lines."""

    def __init__(self) -> None:
        self._changed: set[int] = set()
        self._lines: deque[Line] = deque(maxlen=FRESH)
        self._count = 0

    def add(self, lines: Sequence[Line], changed: Iterable[int]) -> None:
        """Take in lines, and the sockets that they are about."""
        self._lines.extend(lines)
        self._count += len(lines)
        self._changed.update(changed)

    def touch(self, changed: Iterable[int]) -> None:
        """Something of these sockets has changed that no line tells."""
        self._changed.update(changed)

    def handed_over(self) -> Told:
        """Give what has come, and begin anew."""
        lines = self._lines
        told = Told(self._changed, deque(lines), self._count - len(lines))
        lines.clear()
        self._changed, self._count = set(), 0
        return told
