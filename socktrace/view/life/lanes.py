"""Arrows between two lifelines, as lines in a grid of characters.

An arrow that lands later than it starts goes down in a lane of its own; lines that cross are joined
to a cross, as box drawing has it (U+2500 to U+257F).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_BOX: Final = {
    _LEFT: "─",
    _RIGHT: "─",
    _LEFT | _RIGHT: "─",
    _UP: "│",
    _DOWN: "│",
    _UP | _DOWN: "│",
    _DOWN | _RIGHT: "╭",
    _DOWN | _LEFT: "╮",
    _UP | _RIGHT: "╰",
    _UP | _LEFT: "╯",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT: "┤",
    _DOWN | _LEFT | _RIGHT: "┬",
    _UP | _LEFT | _RIGHT: "┴",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}


class Line(NamedTuple):
    """An arrow to draw."""

    start: int
    """The row it leaves."""
    stop: int
    """The row it lands on; not above."""
    rightward: bool
    label: str = ""


class Gap(NamedTuple):
    """What lies between the lifelines."""

    rows: tuple[str, ...]
    left_out: int
    """Arrows for which there was no lane."""


def gap(lines: Iterable[Line], height: int, width: int) -> Gap:
    """Draw arrows.

    Args:
        lines: the arrows.
        height: rows.
        width: columns between the lifelines.
    """
    cells: list[dict[int, int]] = [{} for _ in range(height)]
    heads: dict[tuple[int, int], str] = {}
    labels: list[tuple[int, bool, str]] = []
    lanes = _Lanes(width)
    left_out = 0
    for line in sorted(lines):
        head = width - 1 if line.rightward else 0
        if line.start == line.stop:
            _across(cells[line.stop], 0, width - 1)
            heads[line.stop, head] = "▶" if line.rightward else "◀"
            labels.append((line.stop, line.rightward, line.label))
            continue
        lane = lanes.take(line)
        if lane is None:
            left_out += 1
            continue
        tail = 0 if line.rightward else width - 1
        _to_edge(cells[line.start], lane, tail, _DOWN)
        for row in range(line.start + 1, line.stop):
            cells[row][lane] = cells[row].get(lane, 0) | _UP | _DOWN
        _to_edge(cells[line.stop], lane, head, _UP)
        heads[line.stop, head] = "▶" if line.rightward else "◀"
        labels.append((line.stop, line.rightward, line.label))
    drawn = [
        [_BOX[bits] if (bits := row.get(column, 0)) else " " for column in range(width)]
        for row in cells
    ]
    for (row, column), sign in heads.items():
        drawn[row][column] = sign
    for row, rightward, label in labels:
        _write(drawn[row], label, rightward=rightward)
    return Gap(tuple("".join(row) for row in drawn), left_out)


class _Lanes:
    """Which columns are taken, and down to which row."""

    def __init__(self, width: int) -> None:
        middle = width // 2
        places = [middle + (i // 2 + 1) * 2 * (-1 if i % 2 else 1) for i in range(width)]
        self._order: Final = [each for each in [middle, *places] if 1 < each < width - 2]
        self._busy: Final[dict[int, tuple[int, int, bool]]] = {}

    def take(self, line: Line) -> int | None:
        """A column for an arrow; arrows that leave one row in one direction share theirs."""
        for column, (start, stop, rightward) in self._busy.items():
            if start == line.start and rightward == line.rightward:
                self._busy[column] = (start, max(stop, line.stop), rightward)
                return column
        for column in self._order:
            if column not in self._busy or self._busy[column][1] < line.start:
                self._busy[column] = (line.start, line.stop, line.rightward)
                return column
        return None


def _across(row: dict[int, int], first: int, last: int) -> None:
    for column in range(first, last + 1):
        row[column] = row.get(column, 0) | _LEFT | _RIGHT


def _to_edge(row: dict[int, int], lane: int, edge: int, turn: int) -> None:
    """Draw from a lane, where the line turns up or down, to one of the lifelines."""
    leftward = edge < lane
    _across(row, *((edge, lane - 1) if leftward else (lane + 1, edge)))
    row[lane] = row.get(lane, 0) | turn | (_LEFT if leftward else _RIGHT)


def _write(cells: list[str], label: str, *, rightward: bool) -> None:
    """Put a label into the longest straight part of an arrow, where it fits with a dash around."""
    text = f" {label} " if label else ""
    line = "".join(cells)
    run = "─" * (len(text) + 2)
    at = (line.rfind(run) if rightward else line.find(run)) if text else -1
    if at < 0:
        return
    stop = at + len(run)
    while rightward and at > 0 and cells[at - 1] == "─":
        at -= 1
    while not rightward and stop < len(cells) and cells[stop] == "─":
        stop += 1
    place = at + (stop - at - len(text)) // 2
    cells[place : place + len(text)] = text
