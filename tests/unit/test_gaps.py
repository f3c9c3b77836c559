"""Holes in the numbers of records: where in time a loss was."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from socktrace.capture.gaps import Gaps, Hole, span
from socktrace.wire import DATA


def heads(*numbers: tuple[int, int]) -> NDArray[np.void]:
    """Make records from pairs of CPU and number; each was made at 10 times its place's number."""
    made = np.zeros(len(numbers), DATA)
    made["cpu"] = [cpu for cpu, _ in numbers]
    made["sequence"] = [number % 2**32 for _, number in numbers]
    return made


def taken(gaps: Gaps, *numbers: tuple[int, int], times: list[int] | None = None) -> None:
    """Let `gaps` take records of these CPUs and numbers."""
    when = times if times is not None else [10 * number for _, number in numbers]
    gaps.take(heads(*numbers), np.array(when, np.uint64))


def test_a_hole_lies_between_its_neighbours() -> None:
    """Missing numbers are found for each CPU apart, with the times on both sides."""
    gaps = Gaps(0)
    taken(gaps, (0, 0), (1, 0), (0, 1), (0, 4), (1, 1))
    assert gaps.found() == [Hole(0, 2, 10, 40)]
    assert gaps.found() == []


def test_a_hole_between_readings() -> None:
    """What is missing between one reading and the next is found by the next."""
    gaps = Gaps(0)
    taken(gaps, (2, 0), (2, 1))
    assert gaps.found() == []
    taken(gaps)
    taken(gaps, (2, 5))
    assert gaps.found() == [Hole(2, 3, 10, 50)]


def test_what_is_missing_from_the_start() -> None:
    """A CPU's first record is number 0: if it is not, something was lost since the beginning."""
    gaps = Gaps(7)
    taken(gaps, (3, 2), times=[20])
    assert gaps.found() == [Hole(3, 2, 7, 20)]


def test_late_records_fill_their_hole() -> None:
    """A softirq's record overtakes the one it interrupted: also from one reading to the next."""
    gaps = Gaps(0)
    taken(gaps, (0, 1), (0, 0), (0, 3))
    taken(gaps, (0, 2))
    assert gaps.found() == []
    taken(gaps, (0, 4))
    assert gaps.found() == []


def test_numbers_wrap() -> None:
    """After 2**32 - 1 comes 0, and holes are found across it."""
    gaps = Gaps(0)
    gaps._next[0], gaps._last[0] = 2**32 - 2, 5
    taken(gaps, (0, 2**32 - 2), (0, 2**32 + 1), times=[10, 20])
    assert gaps.found() == [Hole(0, 2, 10, 20)]
    taken(gaps, (0, 2**32 + 2), times=[30])
    assert gaps.found() == []


@given(st.data())
def test_holes_are_what_was_taken_out(data: st.DataObject) -> None:
    """Whatever records of whatever CPU are lost and however they are read: each is in a hole."""
    order = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=60))
    counts = [0, 0, 0]
    made: list[tuple[int, int, int]] = []
    for place, cpu in enumerate(order):
        made.append((cpu, counts[cpu], 100 + place))
        counts[cpu] += 1
    lost = [data.draw(st.booleans()) for _ in made]
    kept = [record for record, gone in zip(made, lost, strict=True) if not gone]
    gaps = Gaps(100)
    at = 0
    found = []
    while at < len(kept):
        upto = at + data.draw(st.integers(1, 20))
        part = kept[at:upto]
        taken(gaps, *((cpu, number) for cpu, number, _ in part), times=[t for _, _, t in part])
        at = upto
        found += gaps.found()
    last = {cpu: t for cpu, _, t in kept}
    visible = [
        record
        for record, gone in zip(made, lost, strict=True)
        if gone and record[2] < last.get(record[0], 0)
    ]
    assert sum(hole.missing for hole in found) == len(visible)
    for cpu, _, t in visible:
        assert any(hole.cpu == cpu and hole.after <= t < hole.before for hole in found)


def test_many_holes_are_joined() -> None:
    """However long nobody asks, memory stays bounded and nothing is left out."""
    gaps = Gaps(0)
    for number in range(1, 25_000, 2):
        taken(gaps, (0, number))
    assert len(gaps._holes) <= 10_000
    found = gaps.found()
    assert sum(hole.missing for hole in found) == 12_500
    assert min(hole.after for hole in found) == 0
    assert max(hole.before for hole in found) == 249_990


def test_what_is_missing_behind_the_last_record() -> None:
    """What a CPU has numbered and nobody has seen was lost, or waits, since its last record."""
    gaps = Gaps(7)
    taken(gaps, (0, 0), (0, 1), (2, 0), (2, 1), (2, 2))
    assert gaps.open_ends([2, 3, 5], 90) == [Hole(1, 3, 7, 90), Hole(2, 2, 20, 90)]


def test_span_of_a_loss() -> None:
    """Holes narrow the time between two readings of the books down, if they explain all of it."""
    holes, ends = [Hole(0, 2, 110, 150), Hole(1, 1, 120, 160)], [Hole(2, 9, 130, 200)]
    assert span(holes, ends, 3, (100, 200)) == (110, 160)
    assert span(holes, ends, 4, (100, 200)) == (110, 200)
    assert span([Hole(0, 3, 50, 90), *holes], ends, 3, (100, 200)) == (110, 160)
    assert span([Hole(0, 3, 50, 130)], ends, 3, (100, 200)) == (100, 130)
    assert span([], ends, 1, (100, 200)) == (130, 200)
    assert span([], [], 1, (100, 200)) == (100, 200)
