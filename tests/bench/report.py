"""What was measured, and how it is kept: as JSON."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.machine import describe_machine
from tests.bench.measuring import BARE, Compared, Figure, Goal, Series

RESULTS: Final = Path(os.environ.get("SOCKTRACE_BENCH_RESULTS") or "build/bench/results.json")
"""Where results are kept; their Markdown lies beside it."""

FORMAT: Final = 1


@dataclass(frozen=True)
class Row:
    """A case of a benchmark."""

    case: str
    values: list[float]
    ratio: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    goals: tuple[Goal, ...] = ()
    note: str = ""

    def rounds(self, figure: Figure) -> list[float]:
        """What the rounds gave for a figure."""
        return Series(self.values, self.ratio, self.added).rounds(figure)

    @property
    def is_bare(self) -> bool:
        """Whether it is what others are compared with, or compared with none."""
        return not any(self.added)

    def reached(self, goal: Goal) -> bool:
        """Whether a goal is reached in the median."""
        return goal.reached(statistics.median(self.rounds(goal.figure)))


@dataclass(frozen=True)
class Benchmark:
    """One table."""

    name: str
    title: str
    unit: str
    rows: list[Row]
    beside_bare: Figure = "ratio"
    """How cases are compared with the bare one."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Cases that could not be measured, and why."""
    measured_at: str = ""

    @property
    def compares_tools(self) -> bool:
        """Whether its cases are the same work under different tools."""
        return self.beside_bare == "ratio" and any(row.case == BARE for row in self.rows)


class Report:
    """Collects what the benchmarks of a run found."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.benchmarks: list[Benchmark] = []

    def add(  # noqa: PLR0913 - what a table is made of
        self,
        name: str,
        title: str,
        unit: str,
        compared: Compared,
        *,
        beside_bare: Figure = "ratio",
        goals: Mapping[str, tuple[Goal, ...]] | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        """Take in a benchmark.

        Args:
            name: short, the same for ever.
            title: for people.
            unit: of its values.
            compared: what was found.
            beside_bare: how cases are compared with the bare one.
            goals: by case.
            notes: by case, a few words.
        """
        unknown = ({*(goals or {})} | {*(notes or {})}) - {*compared.series, *compared.left_out}
        if unknown:
            message = f"{name} has no case {', '.join(sorted(unknown))}"
            raise ValueError(message)
        rows = [
            Row(
                case,
                series.values,
                series.ratio,
                series.added,
                (goals or {}).get(case, ()),
                (notes or {}).get(case, ""),
            )
            for case, series in compared.series.items()
            if series.values
        ]
        when = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.benchmarks.append(
            Benchmark(name, title, unit, rows, beside_bare, compared.left_out, when)
        )

    def save(self, path: Path) -> None:
        """Write the results.

        Benchmarks of an earlier run on this machine that were not run now stay as they were.
        """
        machine = describe_machine()
        now = {benchmark.name: asdict(benchmark) for benchmark in self.benchmarks}
        kept = {b["name"]: b for b in _earlier(path, machine)} | now
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"format": FORMAT, "machine": machine, "benchmarks": list(kept.values())}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _earlier(path: Path, machine: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    same = document.get("format") == FORMAT and document.get("machine") == machine
    return document["benchmarks"] if same else []


def load(path: Path) -> tuple[dict[str, Any], list[Benchmark]]:
    """Read saved results: (machine, benchmarks)."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return document["machine"], [
        Benchmark(**(saved | {"rows": [_row(row) for row in saved["rows"]]}))
        for saved in document["benchmarks"]
    ]


def _row(saved: dict[str, Any]) -> Row:
    return Row(**(saved | {"goals": tuple(Goal(*goal) for goal in saved["goals"])}))
