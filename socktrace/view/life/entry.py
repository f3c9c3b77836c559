"""What is kept of one socket's lines."""

from __future__ import annotations

from collections import deque
from typing import Final

from socktrace.lines import Folded, Syscall, TcpEvent
from socktrace.view.life.gauges import Reading

LINES_EACH: Final = 200
"""Lines kept of a socket whose page is not open."""
LINES_OPEN: Final = 4_000
"""Lines kept of those whose page is open: what the diagram is drawn from."""
_READINGS_EACH: Final = 60
"""Samples of its queues kept of a socket whose page is not open,"""
_READINGS_OPEN: Final = 600
"""and of those whose page is open: five minutes at two a second."""
Told = Syscall | Folded | TcpEvent


class Entry:
    """What is kept of one socket."""

    __slots__ = ("lines", "origin", "readings", "waits")

    def __init__(self) -> None:
        self.lines: deque[Told] = deque(maxlen=LINES_EACH)
        self.waits: deque[Syscall] = deque(maxlen=LINES_EACH)
        """poll(2), epoll_wait(2) and the like that were about it, among others."""
        self.readings: deque[Reading] = deque(maxlen=_READINGS_EACH)
        self.origin: Syscall | None = None
        """The call that made it."""

    @property
    def size(self) -> int:
        """How many lines and readings are kept."""
        return len(self.lines) + len(self.waits) + len(self.readings)

    def resize(self, *, watched: bool) -> None:
        """Keep more from now on, or no more than of others."""
        self.lines = deque(self.lines, maxlen=LINES_OPEN if watched else LINES_EACH)
        self.readings = deque(self.readings, maxlen=_READINGS_OPEN if watched else _READINGS_EACH)
