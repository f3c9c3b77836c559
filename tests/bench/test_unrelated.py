"""What calls cost that are no socket calls, while every socket call of the machine is traced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.bench.measuring import BRIEF, Goal, beside
from tests.bench.report import Report
from tests.bench.rivals import Bpftrace, rivals
from tests.bench.tools import live_everywhere, run_bare

CALLS: Final = 1_000 if BRIEF else 100_000
TITLES: Final = {
    "getppid": "unrelated: getppid",
    "read": "unrelated: read of a byte from /dev/zero",
    "write": "unrelated: write of a byte to /dev/null",
}
LIVE: Final = "socktrace live, whole machine"
GOALS: Final = {"getppid": {LIVE: (Goal("added", "most", 25),)}}


@pytest.mark.parametrize("call", TITLES)
def test_cost_of_other_calls(
    call: str, build: Callable[[str], str], report: Report, tmp_path: Path
) -> None:
    """What is no socket call is left alone; how much slower it gets is printed."""
    program = build("unrelated")

    def ns() -> float:
        return float(run_bare([program, call, str(CALLS)]))

    def traced() -> float:
        with live_everywhere():
            return ns()

    cases = {LIVE: traced}
    for tool in rivals(tmp_path, ("sendto", "recvfrom"))[0]:
        if isinstance(tool, Bpftrace) and not tool.printing:

            def under(bpftrace: Bpftrace = tool) -> float:
                with bpftrace.attached_to((), lambda: None):
                    return ns()

            cases["bpftrace, histogram of sendto and recvfrom"] = under
    compared = beside(ns, cases, rounds=7, progress=call)
    report.add(
        f"unrelated-{call}",
        TITLES[call],
        "ns a call",
        compared,
        beside_bare="added",
        goals=GOALS.get(call),
    )
    assert all(min(series.values) > 0 for series in compared.series.values())
