"""A socket's life from left to right: its states, its calls, when it blocked, what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.text.columns import pad
from socktrace.view.life import series as bits
from socktrace.view.life.axis import Window, axis
from socktrace.view.life.bands import band, layer, segments
from socktrace.view.life.bars import level
from socktrace.view.life.legend import legend, signs
from socktrace.view.life.rows import Row
from socktrace.view.life.uses import of_fold
from socktrace.view.life.zooming import MARGIN, WHOLE, View, end_of, window_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from socktrace.lines import Blocked, SocketLife
    from socktrace.view.life.series import Drawn, Series
    from socktrace.view.spans import Role, Span

SHADES: Final = " ░▒▓"
_SHADED_FROM: Final = (0.0, 1e-9, 0.5, 1.01)
"""Part of a column from which on each shade stands; beyond the whole, several calls waited."""


def timeline(  # noqa: PLR0913 - all that is drawn
    life: SocketLife,
    series: Series,
    now: int,
    width: int,
    *,
    view: View = WHOLE,
    blocked: Sequence[Blocked] = (),
) -> list[Row]:
    """Draw a life.

    Args:
        life: the socket's.
        series: its calls, as far as they are kept.
        now: ns since time 0 of the source.
        width: columns of the screen.
        view: which part of it.
        blocked: the calls that wait for it now.
    """
    window = window_of(life, now, width, view)
    end = window.column(end_of(life, now)) + 1
    drawn = series.drawn()
    rows = [_row("API", band(segments(layer(life, "api"), window), window, end))]
    tcp = layer(life, "tcp")
    if tcp:
        rows.append(_row("TCP", band(segments(tcp, window), window, _tcp_end(life, window, end))))
    most = 0
    for title, chosen, role in _ways(drawn):
        # The call that made the socket began before it.
        counts = _counts(np.maximum(drawn.starts[chosen], life.created), window)
        if title == "in" or title == "out":  # noqa: PLR1714 - mypy narrows no set
            _add_folds(counts, series, window, title)
        if len(drawn.starts[chosen]) or counts.any():
            most = max(most, int(counts.max()))
            rows.append(_row(title, [(_density(counts), role)]))
    waits = _waits(drawn, window, blocked, now)
    rows.append(_row("blocked", [(waits, "waiting")]))
    marks = _marks(life, series, drawn, window)
    rows.append(_row("marks", marks))
    ruler, labels = axis(window, life.created)
    rows += [_row("", ruler), _row("after", labels)]
    return [*rows, Row(()), *legend(life, series, window, most, width), *signs(rows, width)]


def _tcp_end(life: SocketLife, window: Window, end: int) -> int:
    """TIME-WAIT outlives the socket; of a connection that has ended nothing more is shown."""
    return end if life.tcp_state != "CLOSED" or life.closed is None else min(end, window.width)


def _row(title: str, spans: Iterable[Span]) -> Row:
    return Row(((pad(title, MARGIN), "heading"), *spans), key=title or "ruler")


def _ways(drawn: Drawn) -> Iterable[tuple[str, NDArray[np.bool_], Role]]:
    flags = drawn.flags
    yield "in", (flags & bits.IN) != 0, "bar"
    yield "out", (flags & bits.OUT) != 0, "bar2"
    yield "other", (flags & (bits.IN | bits.OUT)) == 0, "plain"


def _columns(times: NDArray[np.int64], window: Window) -> NDArray[np.int64]:
    """The column of each moment; in floating point, since products pass 64 bits."""
    scale = window.width / window.span
    columns: NDArray[np.int64] = np.floor((times - window.start) * scale).astype(np.int64)
    return columns


def _counts(times: NDArray[np.int64], window: Window) -> NDArray[np.int64]:
    columns = _columns(times, window)
    inside = columns[(columns >= 0) & (columns < window.width)]
    counts: NDArray[np.int64] = np.bincount(inside, minlength=window.width).astype(np.int64)
    return counts


def _add_folds(counts: NDArray[np.int64], series: Series, window: Window, way: str) -> None:
    """Calls that were added up lie somewhere between the first and the last: spread evenly."""
    for fold in series.folds:
        first, last = window.column(fold.t), window.column(fold.until)
        if of_fold(fold).way != way or last < 0 or first >= window.width:
            continue
        share = -(-fold.count // (last - first + 1))
        counts[max(first, 0) : min(last, window.width - 1) + 1] += share


def _density(counts: NDArray[np.int64]) -> str:
    """A column as high as the logarithm of how many calls began in it: one is to be seen too."""
    most = int(counts.max()) if len(counts) else 0
    heights = np.log2(counts + 1.0)
    if most <= 1:
        return "".join("│" if count else " " for count in counts.tolist())
    return "".join(level(height, float(np.log2(most + 1))) for height in heights.tolist())


def _waits(drawn: Drawn, window: Window, blocked: Sequence[Blocked], now: int) -> str:
    """Shade each column by how much of it calls waited: more than all of it, if several did."""
    chosen = (drawn.flags & bits.BLOCKED_BIT) != 0
    starts = np.append(drawn.starts[chosen], [line.since for line in blocked])
    ends = np.append(drawn.ends[chosen], [max(now, line.since) for line in blocked])
    scale = window.width / window.span
    begin = np.clip((starts - window.start) * scale, 0, window.width)
    end = np.clip((ends - window.start) * scale, 0, window.width)
    first, last = begin.astype(np.int64), end.astype(np.int64)
    # Whole columns by where they begin and end, then what is too much of the first, too little of
    # the last.
    whole_columns = np.zeros(window.width + 1)
    np.add.at(whole_columns, first, 1)
    np.add.at(whole_columns, last, -1)
    covered = np.cumsum(whole_columns)
    np.add.at(covered, first, first - begin)
    np.add.at(covered, last, end - last)
    places = np.searchsorted(_SHADED_FROM, covered[: window.width], side="right") - 1
    return "".join(SHADES[place] for place in np.clip(places, 0, None).tolist())


def _marks(life: SocketLife, series: Series, drawn: Drawn, window: Window) -> list[Span]:
    """What is worth a look; the gravest wins where several fall in one column."""
    cells: list[Span] = [(" ", "plain")] * window.width

    def put(times: Iterable[int], sign: str, role: Role) -> None:
        for t in times:
            column = window.column(t)
            if 0 <= column < window.width:
                cells[column] = (sign, role)

    put_many = (
        (bits.AGAIN_BIT, "·", "faint"),
        (bits.EOF, "E", "accent"),
        (bits.ERROR, "!", "error"),
    )
    for bit, sign, role in put_many:
        columns = _columns(drawn.ends[(drawn.flags & bit) != 0], window)
        for column in np.unique(columns[(columns >= 0) & (columns < window.width)]).tolist():
            cells[column] = (sign, role)  # type: ignore[assignment]
    if life.eof is not None:
        put((life.eof,), "E", "accent")
    put((e.t for e in series.tcp if e.event == "retransmit"), "R", "warning")
    put((e.t for e in series.tcp if e.event != "retransmit"), "X", "error")
    return _joined(cells)


def _joined(cells: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for text, role in cells:
        if joined and joined[-1][1] == role:
            joined[-1] = (joined[-1][0] + text, role)
        else:
            joined.append((text, role))
    return joined
