"""Results as text: a table for the terminal, Markdown for a README.

usage: python -m tests.bench.texts [RESULTS.json]   prints the Markdown of saved results
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench.machine import in_words
from tests.bench.measuring import BARE, Goal
from tests.bench.report import RESULTS, Benchmark, Row, load

_FIGURES: Final = {"value": "", "ratio": "x", "added": " added"}


def number(value: float) -> str:
    """Three digits, or all of a larger number's integer part: 0.12, 12.3, 12,345."""
    for limit, digits in ((10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"


def _with_spread(values: Sequence[float]) -> str:
    """The median and, in brackets, the lowest and the highest."""
    if not values:
        return ""
    middle = number(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({number(min(values))} - {number(max(values))})"


def _goal(row: Row, goal: Goal) -> str:
    mark = "reached" if row.reached(goal) else "NOT reached"
    return f"at {goal.bound} {number(goal.limit)}{_FIGURES[goal.figure]}: {mark}"


def _goals(row: Row) -> str:
    return ", ".join(_goal(row, goal) for goal in row.goals)


def tables(benchmarks: Iterable[Benchmark]) -> str:
    """All of it, for a terminal: medians, and the lowest and highest of the rounds."""
    lines: list[str] = []
    for benchmark in benchmarks:
        figure = benchmark.beside_bare
        compares = any(row.rounds(figure) for row in benchmark.rows)
        cells = [(benchmark.title, benchmark.unit, figure if compares else "", "", "")] + [
            (
                row.case,
                _with_spread(row.values),
                "" if row.is_bare else _with_spread(row.rounds(figure)),
                _goals(row),
                row.note,
            )
            for row in benchmark.rows
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines.append("")
        for row in cells:
            padded = (text.ljust(width) for text, width in zip(row, widths, strict=True) if width)
            lines.append(" | ".join(padded).rstrip(" |"))
        lines += [f"left out: {case}: {why}" for case, why in benchmark.left_out.items()]
    return "\n".join(lines)


def markdown(machine: dict[str, Any], benchmarks: Sequence[Benchmark]) -> str:
    """A short version, for a README."""
    compared = [benchmark for benchmark in benchmarks if benchmark.compares_tools]
    others = [benchmark for benchmark in benchmarks if not benchmark.compares_tools]
    parts = [f"Measured on: {in_words(machine)}.\n"]
    if compared:
        parts.append(_tools_side_by_side(compared))
    if others:
        parts.append(_figures(others))
    return "\n".join(parts)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _tools_side_by_side(benchmarks: Sequence[Benchmark]) -> str:
    """A row for each tool; a column for each benchmark: untraced its figure, then ratios to it."""
    tools = dict.fromkeys(row.case for benchmark in benchmarks for row in benchmark.rows)
    text = _line("", *(f"{b.title.partition(':')[0]}, {b.unit}" for b in benchmarks))
    text += "|---|" + "---|" * len(benchmarks) + "\n"
    for tool in tools:
        cells = []
        for benchmark in benchmarks:
            row = next((row for row in benchmark.rows if row.case == tool), None)
            if row is None:
                cells.append("")
            elif tool == BARE:
                cells.append(number(statistics.median(row.values)))
            else:
                cells.append(f"x {number(statistics.median(row.ratio))}")
        text += _line(tool, *cells)
    return text


def _figures(benchmarks: Sequence[Benchmark]) -> str:
    """A row for each case that has a goal; all cases where none has."""
    text = _line("", "measured", "goal") + "|---|---|---|\n"
    for benchmark in benchmarks:
        asked = [row for row in benchmark.rows if row.goals] or benchmark.rows
        for row in asked:
            figure = benchmark.beside_bare if benchmark.beside_bare == "added" else "value"
            if not row.rounds(figure) or (figure == "added" and row.is_bare):
                continue
            middle = statistics.median(row.rounds(figure))
            sign = "+" if figure == "added" and middle > 0 else ""
            measured = f"{sign}{number(middle)} {benchmark.unit}"
            text += _line(f"{benchmark.title}: {row.case}", measured, _goals(row))
    return text


if __name__ == "__main__":
    print(markdown(*load(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)), end="")
