"""Running things side by side and comparing them: a machine's speed drifts, ratios do not."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

BRIEF: Final = bool(os.environ.get("SOCKTRACE_BENCH_BRIEF"))
"""Only to see that the benchmarks work: one small round, figures that say nothing."""


def rounds_of(usual: int) -> int:
    """How many rounds there are: one if brief, or what SOCKTRACE_BENCH_ROUNDS says."""
    return 1 if BRIEF else int(os.environ.get("SOCKTRACE_BENCH_ROUNDS") or usual)


BARE: Final = "untraced"
Figure = Literal["value", "ratio", "added"]
Case = Callable[[], float]


class Unusable(Exception):  # noqa: N818 - not an error: a rival that cannot run here is left out
    """Why a case cannot be measured on this machine."""


class Goal(NamedTuple):
    """What a figure is to reach."""

    figure: Figure
    bound: Literal["most", "least"]
    limit: float

    def reached(self, value: float) -> bool:
        """Whether `value` is on the right side."""
        return value <= self.limit if self.bound == "most" else value >= self.limit


@dataclass(frozen=True)
class Series:
    """One case: a value for each round; where it was run beside a bare one, how they compare."""

    values: list[float] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)
    """Value over the mean of the bare runs just before and just after."""
    added: list[float] = field(default_factory=list)
    """Value less that mean."""

    def rounds(self, figure: Figure) -> list[float]:
        """What the rounds gave for a figure."""
        return self.values if figure == "value" else getattr(self, figure)

    def median(self, figure: Figure) -> float:
        """The figure's median over the rounds."""
        return statistics.median(self.rounds(figure))

    def take(self, value: float, before: float, after: float) -> None:
        """Take in a round, between two bare runs."""
        bare = (before + after) / 2
        self.values.append(value)
        self.ratio.append(value / bare)
        self.added.append(value - bare)


@dataclass(frozen=True)
class Compared:
    """What `beside` found."""

    series: dict[str, Series]
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a case could not be measured."""


def beside(
    bare: Case, cases: Mapping[str, Case], *, rounds: int, progress: str = "", bare_name: str = BARE
) -> Compared:
    """Run bare, A, bare, B, bare, ... and the whole of it again, `rounds` times.

    What drifts slower than a pair of runs takes hits a case and its neighbours alike. The first
    bare run of all does not count.

    Args:
        bare: what each case is compared with.
        cases: may raise `Unusable`: the case is left out.
        rounds: how many as a rule: see `rounds_of`.
        progress: printed with the number of the round, if not empty.
        bare_name: the first row's name.
    """
    found = Compared({bare_name: Series(), **{name: Series() for name in cases}})
    if not BRIEF:
        bare()
    for number in range(rounds_of(rounds)):
        if progress:
            print(f"{progress}: round {number + 1}", flush=True)
        before = bare()
        found.series[bare_name].take(before, before, before)
        for name, case in cases.items():
            if name in found.left_out:
                continue
            try:
                value = case()
            except Unusable as error:
                found.left_out[name] = str(error)
                del found.series[name]
                print(f"{progress}: left out: {name}: {error}", flush=True)
                continue
            after = before if BRIEF else bare()
            found.series[name].take(value, before, after)
            before = after
    return found


def repeat(case: Callable[[], Sequence[float]], names: Sequence[str], *, rounds: int) -> Compared:
    """Run one case that gives several values, `rounds` times after one that does not count."""
    found = Compared({name: Series() for name in names})
    for number in range(1 if BRIEF else rounds_of(rounds) + 1):
        for name, value in zip(names, case(), strict=True):
            if BRIEF or number:
                found.series[name].values.append(value)
    return found


def wait_until(
    what: str, happened: Callable[[], bool], *, seconds: float = 30, pause: float = 0.02
) -> None:
    """Wait for something.

    Raises:
        TimeoutError: it has not happened within `seconds`.
    """
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            message = f"{what} has not happened within {seconds:.0f} s"
            raise TimeoutError(message)
        time.sleep(pause)
