"""A stretch of time across the columns of a screen, and round numbers along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.text.columns import width_of
from socktrace.text.numbers import DAY, HOUR, MINUTE, SECOND, duration

if TYPE_CHECKING:
    from socktrace.view.spans import Span

_STEPS: Final[tuple[int, ...]] = (
    *(factor * 10**power for power in range(9) for factor in (1, 2, 5)),
    *(factor * SECOND for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * MINUTE for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * HOUR for factor in (1, 2, 3, 6, 12)),
    *(factor * 10**power * DAY for power in range(6) for factor in (1, 2, 5)),
)
"""ns between two marks; the longest is beyond what 64 bits of ns hold."""
_LABEL: Final = 12
"""Columns that a mark and its label want."""


class Window(NamedTuple):
    """A stretch of time that is shown, and in how many columns."""

    start: int
    """ns since time 0 of the source."""
    end: int
    width: int

    @property
    def span(self) -> int:
        """ns that are shown: at least one for each column, lest columns be told apart by less."""
        return max(self.end - self.start, self.width, 1)

    def column(self, t: int) -> int:
        """The column of a moment; below 0 or from ``width`` on: it is not shown."""
        return (t - self.start) * self.width // self.span

    def clipped(self, t: int) -> int:
        """The column of a moment, or the nearest that is shown."""
        return max(0, min(self.column(t), self.width - 1))

    def moment(self, column: int) -> int:
        """Where a column begins."""
        return self.start + column * self.span // self.width


def whole(created: int, end: int, width: int) -> Window:
    """All of a life; a column is kept free at the end, for what happened last."""
    span = max(end - created, 1)
    return Window(created, created + span + max(span // max(width - 1, 1), 1), width)


def step_for(span: int, most: int) -> int:
    """The smallest round number of ns of which at most so many fit in a span."""
    return next((step for step in _STEPS if span <= step * max(most, 1)), _STEPS[-1])


def mark_text(offset: int, step: int) -> str:
    """Write a time on the axis, with as many digits as tell marks apart."""
    if offset == 0:
        return "0"
    if step >= SECOND:
        return duration(offset).replace(".00 ", " ").replace(".0 ", " ")
    for unit, name in ((SECOND, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if offset >= unit:
            whole_part, rest = divmod(offset, unit)
            digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
            return f"{whole_part}.{digits} {name}" if digits else f"{whole_part} {name}"
    return f"{offset} ns"


def axis(window: Window, origin: int) -> tuple[list[Span], list[Span]]:
    """Draw the ruler and, below it, how long after ``origin`` its marks are."""
    step = step_for(window.span, max(window.width // _LABEL, 1))
    ruler = ["─"] * window.width
    labels = [" "] * window.width
    free = 0
    offset = max(-((origin - window.start) // step), 0) * step
    while (column := window.column(origin + offset)) < window.width:
        if column >= 0:
            ruler[column] = "┬"
            text = mark_text(offset, step)
            if column >= free and column + width_of(text) <= window.width:
                labels[column : column + len(text)] = text
                free = column + len(text) + 1
        offset += step
    return [("".join(ruler), "faint")], [("".join(labels).rstrip(), "faint")]
