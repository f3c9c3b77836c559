"""The time line of a recording as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.text.columns import width_of
from socktrace.view.look import Marks
from socktrace.view.spans import plain
from socktrace.view.time_line import (
    Moment,
    caption,
    column_of,
    moment_at,
    rows,
    speed_text,
    time_of_day,
)

S = 1_000_000_000
MARKS = Marks(
    calls=[0, 1, 10, 100, 0, 3, 3, 3, 3, 3],
    errors=[0, 0, 0, 1, 0, 0, 1, 0, 0, 0],
    born=[1, 0, 0, 0, 0, 1, 1, 0, 0, 0],
    closed=[0, 0, 0, 0, 0, 1, 0, 1, 0, 0],
    findings=[0, 0, 0, 0, 0, 0, 2, 0, 0, 0],
)
SHOWN = Moment(start=0, end=10 * S, now=8 * S)


def test_three_rows() -> None:
    """Bars as high as the logarithm, signs of what stood out, the cursor through both."""
    density, signs, words = rows(MARKS, SHOWN, tall=True)
    assert plain(density) == "·▁▅█·▃▃▃┃▃"
    assert plain(signs) == "+  x ±!-┃ "
    assert plain(words).startswith("‖ paused")
    assert ("█", "error") in density


def test_two_rows() -> None:
    """On a low screen faults stand among the bars: nothing is told by colour alone."""
    density, words = rows(MARKS, SHOWN, tall=False)
    assert plain(density) == "·▁▅x·▃!▃┃▃"
    assert plain(words).startswith("‖ paused")


def test_what_stood_out_is_seen_under_the_cursor() -> None:
    """A sign is not hidden by the cursor, which is in the row above."""
    density, signs, _ = rows(MARKS, SHOWN._replace(now=6 * S), tall=True)
    assert plain(density)[6] == "┃"
    assert plain(signs)[6] == "!"


def test_what_has_passed_looks_otherwise() -> None:
    """Bars before the moment and after it have different roles."""
    density, *_ = rows(MARKS, SHOWN._replace(now=2 * S), tall=True)
    assert density[1] == ("▁", "bar")
    assert density[-1] == ("▃▃▃", "bar2")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (SHOWN, "‖ paused  1x  8.000000 s"),
        (SHOWN._replace(playing=True, speed=4), "▶ playing  4x"),
        (SHOWN._replace(now=10 * S, speed=1 / 16), "■ at the end  1/16x"),
        (SHOWN._replace(skips=True), "idle time skipped"),
        (SHOWN._replace(began=datetime(2026, 1, 2, 3, 4, 5, 6000, UTC)), "03:04:13.006 UTC"),
        (SHOWN, "0.000000 to 10.000000 s"),
        (SHOWN, "! finding  x failed  + made  - closed"),
    ],
)
def test_words(shown: Moment, words: str) -> None:
    """Whether it plays, how fast, when, and how long it is."""
    assert words in plain(caption(shown, 160))


@given(
    st.integers(2, 300),
    st.integers(0, 10**18),
    st.integers(0, 10**18),
    st.floats(0, 1),
    st.booleans(),
)
def test_any_width(width: int, start: int, span: int, share: float, tall: bool) -> None:  # noqa: FBT001 - drawn
    """Every row fits, whatever the times are, and the cursor is in the first one."""
    marks = Marks(*([[0] * width] * 5))
    shown = Moment(start, start + span, start + int(span * share), began=datetime.now(UTC))
    made = rows(marks, shown, tall=tall)
    assert len(made) == 3 if tall else 2
    assert all(width_of(plain(row)) <= width for row in made)
    assert plain(made[0]).count("┃") == 1


@given(st.integers(1, 300), st.integers(0, 10**15), st.integers(0, 10**15), st.data())
def test_columns_and_moments(width: int, start: int, span: int, data: st.DataObject) -> None:
    """A moment chosen by its column is in that column; the last column is the end."""
    shown = Moment(start, start + span, start)
    column = data.draw(st.integers(-5, width + 5))
    t = moment_at(column, shown, width)
    assert start <= t <= start + span
    if 0 <= column < width and span >= width:
        # The first whole ns of a column may lie a part of one before it.
        assert column_of(t, shown, width) in {column, column - 1}
    if column >= width - 1:
        assert t == start + span


def test_odd_numbers() -> None:
    """Speeds as people write them; a clock that has no such time says nothing."""
    assert [speed_text(each) for each in (1.0, 1024.0, 0.5, 1 / 4096)] == [
        "1", "1024", "1/2", "1/4096",
    ]  # fmt: skip
    assert time_of_day(datetime(9999, 12, 31, tzinfo=UTC), 10**18) == ""
