"""How often the screen looks at its source, and what that costs."""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple

_SHARE: Final = 0.5
"""The part of the time that ticks may take before they come less often."""
_SLOWEST: Final = 1.0
"""Seconds between ticks at the least frequent: keys must still be answered between them."""
_EASING: Final = 0.8
"""By how much the interval shrinks with each tick that was quick again."""
_LONG: Final = 10
"""Ticks that take long in a row, from which on that is told."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Pace:
    """The time between ticks: as chosen, longer while a tick takes more than half of it."""

    def __init__(self, interval: float) -> None:
        """Begin with so many seconds between the beginnings of two ticks."""
        self.chosen: Final = interval
        self.interval = interval
        self._long = 0

    @property
    def slowed(self) -> bool:
        """Whether ticks come less often than chosen, and have for a while."""
        return self._long >= _LONG

    def after(self, spent: float) -> float:
        """Seconds to wait now that a tick took so many."""
        needed = spent / _SHARE
        if needed > self.interval:
            self.interval = min(needed, max(_SLOWEST, self.chosen))
        else:
            self.interval = max(self.chosen, needed, self.interval * _EASING)
        self._long = self._long + 1 if self.interval > 2 * self.chosen else 0
        return max(self.interval - spent, self.interval * (1 - _SHARE))


class Cost(NamedTuple):
    """What we take of the machine."""

    cpu: float
    """Per cent of one core, since the time before."""
    memory: int
    """Resident bytes."""


class Meter:
    """Measures ourselves: times(2), and statm in proc_pid_statm(5)."""

    def __init__(self) -> None:
        self._at, self._used = time.monotonic(), time.process_time()
        self._started = False

    def measure(self) -> Cost:
        """Give the cost since this was asked last; what starting took is left out."""
        at, used = time.monotonic(), time.process_time()
        passed = at - self._at
        share = 100 * (used - self._used) / passed if passed > 0 and self._started else 0.0
        self._started = True
        self._at, self._used = at, used
        return Cost(share, _resident())


def _resident() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - once a second: no Path
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
