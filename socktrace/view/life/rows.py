"""Lines of a page, each with what Enter opens on it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Literal, NamedTuple

from socktrace.text.columns import Column, pad, width_of
from socktrace.view.spans import Role, Span, Spans

GAP = "  "


class Target(NamedTuple):
    """What a line is about."""

    what: Literal["socket", "process", "event"]
    number: int
    """The socket's, the pid, or when the event began: ns since time 0 of the source."""


class Row(NamedTuple):
    """One line of a part of the page."""

    spans: Spans
    target: Target | None = None
    key: Hashable = None
    """What the line is of, wherever it moves to; None: its place."""


def text_row(text: str, role: Role = "plain", target: Target | None = None) -> Row:
    """A line of one role."""
    return Row(((text, role),), target)


def table_rows(
    columns: Sequence[Column],
    cells: Iterable[tuple[Sequence[Span], Target | None, Hashable]],
    width: int,
) -> list[Row]:
    """Lay out a table under its titles; columns that may shrink give way until it fits.

    Args:
        columns: their titles.
        cells: for each row its cells, what it opens and its key.
        width: columns of the screen.
    """
    rows = list(cells)
    widths = [
        max([width_of(column.title), *(width_of(row[0][place][0]) for row in rows)])
        for place, column in enumerate(columns)
    ]
    _shrink(widths, columns, width)
    head = GAP.join(
        pad(column.title, wide, right=column.right)
        for column, wide in zip(columns, widths, strict=True)
    )
    laid = [Row(((head.rstrip(), "heading"),), key="titles")]
    for row, target, key in rows:
        spans: list[Span] = []
        for place, (text, role) in enumerate(row):
            last = place == len(row) - 1
            cell = pad(text, widths[place], right=columns[place].right)
            spans.append((cell.rstrip() if last else cell, role))
            if not last:
                spans.append((GAP, "plain"))
        laid.append(Row(tuple(spans), target, key))
    return laid


def _shrink(widths: list[int], columns: Sequence[Column], width: int) -> None:
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    shrinking = [place for place, column in enumerate(columns) if column.shrinks]
    while excess > 0 and shrinking:
        widest = max(shrinking, key=widths.__getitem__)
        least = max(6, width_of(columns[widest].title))
        if widths[widest] <= least:
            shrinking.remove(widest)
            continue
        widths[widest] -= 1
        excess -= 1
