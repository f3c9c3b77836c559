"""Where in time records were lost: each CPU numbers the records of a ring, so a loss is a hole.

How many were lost the kernel side's books tell; a hole tells between which moments. It shows when
a later record of the same CPU arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MOST: Final = 10_000
"""Holes kept until somebody asks: then the oldest are joined. A ring that is full for long leaves
one for each time that it is read."""


class Hole(NamedTuple):
    """Numbers that no record bears."""

    cpu: int
    missing: int
    after: int
    """Time of the last record before it."""
    before: int
    """Time of the first record after it."""


class _Open:
    """A hole of one CPU that late records may still fill."""

    __slots__ = ("after", "before", "count", "cpu", "first", "size")

    def __init__(self, cpu: int, first: int, size: int, after: int, before: int) -> None:
        self.cpu = cpu
        self.first = first
        self.size = self.count = size
        self.after = after
        self.before = before


class Gaps:
    """Finds the holes in what is read from one ring.

    Args:
        start: when numbering began, on the clock of the records' times.
    """

    def __init__(self, start: int) -> None:
        """Expect the first record of each CPU to be number 0."""
        self._start = start
        self._next: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._holes: list[_Open] = []

    def take(self, heads: NDArray[np.void], when: NDArray[np.uint64]) -> None:
        """Take in what one reading of the ring gave.

        Args:
            heads: records with fields ``cpu`` and ``sequence`` (32 bits, it wraps), in the order
                of the ring.
            when: the time of each.
        """
        if not len(heads):
            return
        cpus = heads["cpu"]
        if cpus[0] == cpus[-1] and not np.any(cpus != cpus[0]):
            self._take_of(int(cpus[0]), heads["sequence"], when)
            return
        for cpu in np.unique(cpus).tolist():
            mine = cpus == cpu
            self._take_of(cpu, heads["sequence"][mine], when[mine])

    def _take_of(self, cpu: int, numbers: NDArray[np.uint32], when: NDArray[np.uint64]) -> None:
        expected = self._next.get(cpu, 0)
        # How far each is ahead of what is expected next; behind it, below 0.
        ahead = (numbers - np.uint32(expected)).view(np.int32).astype(np.int64)
        if np.any(ahead[1:] <= ahead[:-1]):
            # A softirq that came in between taking a number and taking room overtakes.
            order = np.argsort(ahead, kind="stable")
            ahead, when = ahead[order], when[order]
        late = int(np.searchsorted(ahead, 0))
        for number in (ahead[:late] + expected).tolist():
            self._fill(cpu, number & 0xFFFFFFFF)
        ahead, when = ahead[late:], when[late:]
        if not len(ahead):
            return
        if ahead[-1] != len(ahead) - 1:
            self._find(cpu, expected, ahead, when)
        self._next[cpu] = (expected + int(ahead[-1]) + 1) & 0xFFFFFFFF
        self._last[cpu] = int(when[-1])

    def _find(self, cpu: int, expected: int, ahead: NDArray[Any], when: NDArray[np.uint64]) -> None:
        steps = np.diff(ahead, prepend=-1)
        for index in np.flatnonzero(steps > 1).tolist():
            size = int(steps[index]) - 1
            first = (expected + int(ahead[index]) - size) & 0xFFFFFFFF
            after = int(when[index - 1]) if index else self._last.get(cpu, self._start)
            self._holes.append(_Open(cpu, first, size, after, int(when[index])))
        if len(self._holes) > _MOST:
            self._join()

    def _fill(self, cpu: int, number: int) -> None:
        for hole in reversed(self._holes):
            if hole.cpu == cpu and (number - hole.first) & 0xFFFFFFFF < hole.size:
                hole.count -= 1
                return

    def _join(self) -> None:
        """Make one hole of all that a CPU has: it still tells the truth, only less of it."""
        joined: dict[int, _Open] = {}
        for hole in self._holes:
            known = joined.setdefault(hole.cpu, hole)
            if known is not hole:
                known.count += hole.count
                known.size = 0
                known.after, known.before = (
                    min(known.after, hole.after),
                    max(known.before, hole.before),
                )
        self._holes = list(joined.values())

    def found(self) -> list[Hole]:
        """The holes found since the last call of this."""
        holes, self._holes = self._holes, []
        return [Hole(hole.cpu, hole.count, hole.after, hole.before) for hole in holes if hole.count]

    def open_ends(self, attempted: Sequence[int], now: int) -> list[Hole]:
        """What each CPU has numbered and is not here: lost at the end, or waiting in the ring.

        Args:
            attempted: by CPU, how many records it has numbered by `now`.
            now: a moment on the clock of the records' times.
        """
        return [
            Hole(cpu, missing, self._last.get(cpu, self._start), now)
            for cpu, count in enumerate(attempted)
            if (missing := (count - self._next.get(cpu, 0)) & 0xFFFFFFFF)
        ]


def span(
    holes: list[Hole], open_ends: list[Hole], count: int, window: tuple[int, int]
) -> tuple[int, int]:
    """Between which moments so many records were lost.

    Args:
        holes: that were found since the books were read before.
        open_ends: what may be missing behind the last record of each CPU.
        count: what the books say to have been lost since then.
        window: when the books were read before, and when now.
    """
    begin, end = window
    # One that ends before the window was counted by the books already, then.
    holes = [hole for hole in holes if hole.before > begin]
    if sum(hole.missing for hole in holes) < count:
        holes = [*holes, *open_ends]
    if not holes:
        return window
    since = max(begin, min(hole.after for hole in holes))
    return since, max(since, min(end, max(hole.before for hole in holes)))
