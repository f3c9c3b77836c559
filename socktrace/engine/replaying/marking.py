"""Counting what happened in each part of a recording, for its time line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from socktrace.engine.replaying.index import Kind
from socktrace.view.look import Marks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from socktrace.engine.replaying.archive import Archive
    from socktrace.engine.replaying.index import Index

_GROWTH: Final = 10
"""While a recording is read, it is counted anew when it has grown by one of so many parts."""


class _Counted(NamedTuple):
    """Marks that were counted."""

    parts: int
    reading: bool
    """There was more to come."""
    most: int
    """Up to so many lines they will do."""
    marks: Marks


class Marking:
    """Counts when that is asked for, and again only if there is more to count.

    Args:
        archive: the recording.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive: Final = archive
        self._counted = _Counted(0, reading=False, most=0, marks=Marks((), (), (), (), ()))

    def marks(self, parts: int) -> Marks:
        """What happened when, between `start` and `end`."""
        index, counted = self._archive.index, self._counted
        reading = self._archive.reading
        if (parts, reading) != counted[:2] or index.count > counted.most:
            with self._archive.turnstile.looking():
                most = index.count + (index.count // _GROWTH if reading else 0)
                self._counted = _Counted(parts, reading, most, _count(index, max(1, parts)))
        return self._counted.marks


def _count(index: Index, parts: int) -> Marks:
    told, kinds = index.told, index.kinds
    begin, end = index.start, max(index.end, index.start + 1)
    # Whole numbers throughout: nanoseconds of a year have more digits than a float.
    edges = [begin + (end - begin) * part // parts for part in range(1, parts)]

    def counted(times: NDArray[np.int64]) -> list[int]:
        # They are in order, so it is enough to look for where each part begins.
        bounds = np.searchsorted(times, edges, "left")
        return [int(each) for each in np.diff([0, *bounds, len(times)])]

    calls = counted(told[(kinds == Kind.CALL) | (kinds == Kind.FAILED)])
    folded = index.folded
    places = np.searchsorted(edges, told[folded[:, 0]], "right")
    sums = np.bincount(places, folded[:, 1], parts)
    calls = [one + int(many) for one, many in zip(calls, sums, strict=True)]
    return Marks(
        calls=calls,
        errors=counted(told[kinds == Kind.FAILED]),
        born=counted(told[kinds == Kind.BORN]),
        closed=counted(told[kinds == Kind.CLOSED]),
        findings=counted(np.array(index.findings, np.int64)),
    )
