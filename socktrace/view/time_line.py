"""The time line of a recording as text: what happened when, and the moment that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from socktrace.text.columns import width_of
from socktrace.text.numbers import MICROSECOND, SECOND, duration, moment
from socktrace.view.look import Marks
from socktrace.view.spans import Role, Span, cut

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_NOTHING: Final = "·"
_CURSOR: Final = "┃"
_LEGEND: Final = "! finding  x failed  + made  - closed"
_GAP: Final = 2


class Moment(NamedTuple):
    """What the time line says of the moment that is shown."""

    start: int
    """The moments at both ends, ns since the recording began."""
    end: int
    now: int
    playing: bool = False
    speed: float = 1.0
    skips: bool = False
    """Idle time is skipped."""
    began: datetime | None = None
    """When the recording began."""


def column_of(t: int, shown: Moment, width: int) -> int:
    """The column in which a moment lies."""
    span = shown.end - shown.start
    if span <= 0 or width <= 1:
        return max(0, width - 1)
    return max(0, min((t - shown.start) * width // span, width - 1))


def moment_at(column: int, shown: Moment, width: int) -> int:
    """The moment at which a column begins; of the last column its end."""
    if column >= width - 1:
        return shown.end
    return shown.start + max(0, column) * (shown.end - shown.start) // max(1, width)


def rows(marks: Marks, shown: Moment, *, tall: bool) -> list[list[Span]]:
    """The rows: how much happened, what stood out, and the words below.

    Args:
        marks: in as many parts as the time line has columns.
        shown: the moment.
        tall: there is a row for what stood out; if not, it stands in the first one.
    """
    width = len(marks.calls)
    cursor = column_of(shown.now, shown, width)
    signs = _signs(marks)
    if tall:
        return [_density(marks, cursor), _sign_row(signs, cursor), caption(shown, width)]
    worst = [sign if sign is not None and sign[0] in "!x" else None for sign in signs]
    return [_density(marks, cursor, worst), caption(shown, width)]


def _density(marks: Marks, cursor: int, signs: Sequence[Span | None] | None = None) -> list[Span]:
    """A bar a column, as high as the logarithm of its calls, or a sign instead."""
    most = max(marks.calls, default=0)
    scale = (len(_BLOCKS) - 1) / math.log(most) if most > 1 else 0.0
    row: list[Span] = []
    for column, (calls, errors) in enumerate(zip(marks.calls, marks.errors, strict=True)):
        sign = signs[column] if signs is not None else None
        if column == cursor:
            row.append((_CURSOR, "accent"))
        elif sign is not None:
            row.append(sign)
        elif not calls:
            row.append((_NOTHING, "faint"))
        else:
            passed: Role = "bar" if column < cursor else "bar2"
            block = _BLOCKS[round(scale * math.log(calls))]
            row.append((block, "error" if errors else passed))
    return _joined(row)


def _signs(marks: Marks) -> list[Span | None]:
    """The sign of each column: the worst of what stood out in it."""
    signs: list[Span | None] = []
    for findings, errors, born, closed in zip(
        marks.findings, marks.errors, marks.born, marks.closed, strict=True
    ):
        if findings:
            signs.append(("!", "warning"))
        elif errors:
            signs.append(("x", "error"))
        elif born and closed:
            signs.append(("±", "plain"))
        elif born or closed:
            signs.append(("+", "good") if born else ("-", "faint"))
        else:
            signs.append(None)
    return signs


def _sign_row(signs: Sequence[Span | None], cursor: int) -> list[Span]:
    row: list[Span] = []
    for column, sign in enumerate(signs):
        # What stood out at the moment shown is still to be seen: the row above has the cursor.
        row.append(sign or ((_CURSOR, "accent") if column == cursor else (" ", "plain")))
    return _joined(row)


def caption(shown: Moment, width: int) -> list[Span]:
    """The words below: whether it plays, how fast, which moment, and the whole length."""
    row: list[Span] = [_state(shown), (f"  {speed_text(shown.speed)}x", "number")]
    row.append((f"  {moment(shown.now)} s", "accent"))
    ends = f"{moment(shown.start)} to {moment(shown.end)} s"
    optional: list[Span] = []
    if shown.began is not None:
        optional.append((f"  {time_of_day(shown.began, shown.now)}", "plain"))
    if shown.skips:
        optional.append(("  idle time skipped", "waiting"))
    optional.append((f"  {duration(shown.end - shown.start)} in all", "faint"))
    optional.append((f"  {_LEGEND}", "faint"))
    room = width - sum(width_of(text) for text, _ in row) - len(ends) - _GAP
    if room < 0:
        return cut(row, width)
    for span in optional:
        if width_of(span[0]) <= room:
            row.append(span)
            room -= width_of(span[0])
    return [*row, (" " * (room + _GAP), "plain"), (ends, "faint")]


def _state(shown: Moment) -> Span:
    if shown.playing:
        return ("▶ playing", "good")
    return ("■ at the end", "plain") if shown.now >= shown.end else ("‖ paused", "waiting")


def speed_text(speed: float) -> str:
    """Write a speed: "4", "1/16"."""
    return f"1/{round(1 / speed)}" if speed < 1 else f"{speed:g}"


def time_of_day(began: datetime, t: int) -> str:
    """Write the time on the clock: "03:04:05.006 UTC"."""
    try:
        at = began + timedelta(seconds=t // SECOND, microseconds=t % SECOND // MICROSECOND)
    except OverflowError:
        return ""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def _joined(row: Sequence[Span]) -> list[Span]:
    """The same with neighbours of one role in one piece."""
    joined: list[Span] = []
    for text, role in row:
        if joined and joined[-1][1] == role:
            joined[-1] = (joined[-1][0] + text, role)
        else:
            joined.append((text, role))
    return joined
