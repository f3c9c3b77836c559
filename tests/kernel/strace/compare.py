"""A recording held against strace's account of the same run: every socket call, thread by thread.

Both observers see the calls of one thread in the same order. Across threads there is no order to
compare: strace stops each thread at each call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.kernel.strace.parser import StraceCall
from tests.kernel.strace.seen import Seen, from_recording, from_strace

_WINDOW: Final = 40
"""How many calls ahead a match is looked for after a difference."""


@dataclass(slots=True)
class Report:
    """What came of a comparison."""

    compared: int = 0
    """Calls that both saw."""
    threads: int = 0
    differences: list[str] = field(default_factory=list)


def compare(recording: Iterable[dict[str, Any]], strace: Iterable[StraceCall]) -> Report:
    """Compare the calls of each thread that strace followed.

    Calls of other threads (strace's own, its child's before execve) are not looked at.
    """
    theirs = from_strace(strace)
    ours = from_recording(recording)
    report = Report(threads=len(theirs))
    for tid, calls in theirs.items():
        for our, their in _aligned(ours.get(tid, []), calls):
            report.compared += our is not None and their is not None
            difference = _difference(our, their)
            if difference is not None:
                report.differences.append(f"{tid}: {difference}")
    return report


def _difference(our: Seen | None, their: Seen | None) -> str | None:
    if our is None:
        return f"only strace   {their.text}" if their and not their.optional else None
    if their is None:
        return f"only recorded {our.text}"
    what = our.difference(their)
    return f"{what}\n    recorded {our.text}\n    strace   {their.text}" if what else None


def _aligned(ours: list[Seen], theirs: list[Seen]) -> Iterator[tuple[Seen | None, Seen | None]]:
    """Pair what both saw; what one saw alone is paired with None.

    A call in which its thread was ended is left out: strace never saw it return, while the
    kernel's tracepoint may have come (with ERESTARTSYS) or not.
    """
    i = j = 0
    while i < len(ours) and j < len(theirs):
        our, their = ours[i], theirs[j]
        if our.agrees(their):
            yield our, their
            i, j = i + 1, j + 1
        elif their.ret is None:
            i += (our.name, our.fd) == (their.name, their.fd)
            j += 1
        else:
            ahead_i, ahead_j = _resume(ours[i : i + _WINDOW], theirs[j : j + _WINDOW])
            yield from ((one, None) for one in ours[i : i + ahead_i])
            yield from ((None, one) for one in theirs[j : j + ahead_j])
            i, j = i + ahead_i, j + ahead_j
    yield from ((one, None) for one in ours[i:])
    yield from ((None, one) for one in theirs[j:] if one.ret is not None)


def _resume(ours: list[Seen], theirs: list[Seen]) -> tuple[int, int]:
    """Find the nearest place from where both go on alike: how many to skip on each side."""
    for distance in range(1, len(ours) + len(theirs) - 1):
        for i in range(max(0, distance - len(theirs) + 1), min(distance, len(ours) - 1) + 1):
            if ours[i].agrees(theirs[distance - i]):
                return i, distance - i
    return 1, 1
