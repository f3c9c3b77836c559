"""What the signs of a time line mean: those that are to be seen, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from socktrace.lines import SocketLife
from socktrace.text.columns import fit, width_of
from socktrace.text.numbers import duration, moment
from socktrace.view.life.axis import Window
from socktrace.view.life.bars import LEVELS
from socktrace.view.life.rows import Row
from socktrace.view.life.series import Series
from socktrace.view.life.zooming import MARGIN
from socktrace.view.spans import Span, plain

_BAND_SIGNS: Final = (("│", "a change"), ("┃", "several in one column"), ("╌", "inferred"))
_WAIT_SIGNS: Final = (
    ("░", "a call waits part of it"),
    ("▒", "a call waits"),
    ("▓", "several wait"),
)
_WAITING: Final = "that a call waits is inferred: it took over 1 ms"
_MARKS: Final = (
    ("!", "error"),
    ("·", "would have blocked"),
    ("E", "end of file"),
    ("R", "sent again"),
    ("X", "reset"),
)


def legend(life: SocketLife, series: Series, window: Window, most: int, width: int) -> list[Row]:
    """Tell what is shown, and what is not."""
    shown = f"{duration(window.span)} shown, from {moment(max(window.start, 0))} s on"
    column = f"a column is {duration(max(window.span // window.width, 1))}"
    birth = "since we first saw it" if life.born_before else "since its birth"
    total = sum(totals.count for totals in life.calls.values())
    words: list[Span] = [(f"{shown}; {column}; after: {birth}", "faint")]
    if most > 1:
        words.append((f"{LEVELS[0]}…{LEVELS[-1]} calls begun in a column, up to {most:,}", "faint"))
    missing = total - len(series)
    if missing > 0:
        text = f"{len(series):,} of {total:,} calls are drawn one by one; of others sums are kept"
        words.append((text, "faint"))
    return _flow(words, width)


def signs(rows: Sequence[Row], width: int) -> list[Row]:
    """Explain the signs that are to be seen, and no others."""
    drawn = {row.key: plain(row.spans)[MARGIN:] for row in rows}
    bands_text = drawn.get("API", "") + drawn.get("TCP", "")
    where = ((_BAND_SIGNS, bands_text), (_WAIT_SIGNS, drawn.get("blocked", "")))
    words: list[Span] = [
        (f"{sign} {meaning}", "faint")
        for signs, text in (*where, (_MARKS, drawn.get("marks", "")))
        for sign, meaning in signs
        if sign in text
    ]
    if drawn.get("blocked", "").strip():
        words.append((_WAITING, "faint"))
    return _flow(words, width)


def _flow(words: Sequence[Span], width: int) -> list[Row]:
    """Put short texts side by side where they fit."""
    rows: list[list[Span]] = []
    used = width
    for text, role in words:
        if used + 3 + width_of(text) <= width and rows:
            rows[-1] += [("   ", "plain"), (text, role)]
            used += 3 + width_of(text)
        else:
            rows.append([(fit(text, width), role)])
            used = width_of(text)
    return [Row(tuple(spans), key=("legend", plain(spans))) for spans in rows]
