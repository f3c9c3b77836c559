"""Running things in turn and comparing them: the machine's own speed drifts, ratios do not."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping

BRIEF = bool(os.environ.get("SOCKTRACE_BENCH_BRIEF"))
"""Only to see that the benchmarks work: one small round, figures that say nothing."""


def in_turn(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run every case `rounds` times, A B C A B C ..., after one round that does not count."""
    results: dict[str, list[float]] = {name: [] for name in cases}
    for round_number in range(1 if BRIEF else rounds + 1):
        for name, case in cases.items():
            value = case()
            if BRIEF or round_number:
                results[name].append(value)
    return results


def table(title: str, results: Mapping[str, list[float]], unit: str) -> str:
    """The medians, each beside its ratio to the first case's: the median of the rounds' ratios."""
    base = next(iter(results.values()))
    lines = [f"\n{title}", f"{'case':34} | {unit:>10} | ratio"]
    for name, values in results.items():
        ratio = statistics.median(v / b for v, b in zip(values, base, strict=True))
        lines.append(f"{name:34} | {statistics.median(values):10.1f} | {ratio:7.2f}")
    return "\n".join(lines)
