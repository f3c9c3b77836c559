"""The calls on a socket, added up by kind: the sums are exact, whatever was lost or not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from socktrace.escape import printable
from socktrace.lines import CallTotals, SocketLife
from socktrace.text.columns import Column
from socktrace.text.numbers import duration, size
from socktrace.view.life.histogram import histogram
from socktrace.view.life.rows import Row, table_rows, text_row
from socktrace.view.life.series import Series
from socktrace.view.life.uses import AGAIN
from socktrace.view.spans import Span

ALL: Final = "all calls"
"""What the row of all of them is called."""
_LONGEST: Final = 40
_MOST_ERRORS: Final = 6
_COLUMNS: Final = (
    Column("call"),
    Column("count", right=True),
    Column("bytes", right=True),
    Column("time", right=True),
    Column("mean", right=True),
    Column("errors", shrinks=True),
)


def calls(life: SocketLife, series: Series, chosen: str, width: int) -> list[Row]:
    """Write the table and, below it, how long the chosen calls took.

    The key of a call's row is ("call", its name).

    Args:
        life: the socket's.
        series: its single calls, as far as they are kept.
        chosen: a call's name, or `ALL`.
        width: columns of the screen.
    """
    if not life.calls:
        since = " since we first saw it" if life.born_before else ""
        return [text_row(f"No call on it has returned{since}.", "faint")]
    busiest = sorted(life.calls.items(), key=lambda item: (-item[1].count, item[0]))
    named = [*busiest, (ALL, _sum(life.calls))] if len(busiest) > 1 else busiest
    if chosen not in life.calls:
        chosen = ALL
    table = table_rows(
        _COLUMNS,
        (
            (_cells(name, totals, chosen=name == chosen), None, ("call", name))
            for name, totals in named
        ),
        width,
    )
    durations, starts = series.durations(None if chosen == ALL else chosen)
    title = chosen if chosen == ALL else printable(chosen, _LONGEST)
    return [*table, Row(()), *histogram(durations, title, width, starts), *_known(life, series)]


def _cells(name: str, totals: CallTotals, *, chosen: bool) -> list[Span]:
    grave = any(error not in AGAIN for error in totals.errors)
    shown = "▸ " if chosen else "  "
    mean = duration(totals.time // totals.count) if totals.count else ""
    return [
        (shown + printable(name, _LONGEST), "accent" if chosen else "plain"),
        (f"{totals.count:,}", "number"),
        (size(totals.bytes) if totals.bytes else "", "number"),
        (duration(totals.time), "number"),
        (mean, "number"),
        (_errors(totals), "error" if grave else "faint"),
    ]


def _errors(totals: CallTotals) -> str:
    known = sorted(totals.errors.items(), key=lambda item: -item[1])
    told = [f"{printable(name, _LONGEST)} {count:,}" for name, count in known[:_MOST_ERRORS]]
    if len(known) > _MOST_ERRORS:
        told.append(f"{len(known) - _MOST_ERRORS} more kinds")
    if totals.lost:
        told.append(f"{totals.lost:,} not told one by one")
    return ", ".join(told)


def _sum(calls_by_name: Mapping[str, CallTotals]) -> CallTotals:
    every = CallTotals()
    for totals in calls_by_name.values():
        every.count += totals.count
        every.bytes += totals.bytes
        every.time += totals.time
        every.lost += totals.lost
        for name, count in totals.errors.items():
            every.errors[name] = every.errors.get(name, 0) + count
    return every


def _known(life: SocketLife, series: Series) -> list[Row]:
    """Say what the histogram is not made of."""
    count = sum(totals.count for totals in life.calls.values())
    kept = len(series)
    rows = [Row(())]
    if kept < count:
        text = f"Sums are exact. Of {count:,} calls the last {kept:,} are kept one by one"
        rows.append(text_row(f"{text}: the histogram is of these.", "faint"))
    else:
        rows.append(text_row("Every call is kept one by one.", "faint"))
    return rows
