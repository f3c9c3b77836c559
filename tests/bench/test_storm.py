"""The cost of a traced call: a storm of datagrams, bare and under each tracer, in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.measuring import BARE, BRIEF, Goal, beside
from tests.bench.report import Report
from tests.bench.rivals import rivals
from tests.bench.tools import Socktrace, Tool, ours, run_bare

CALLS: Final = ("sendto", "recvfrom")
ROUNDS: Final = 1_000 if BRIEF else 100_000
"""Of both calls, in a bout; slower tools take fewer."""
GOALS: Final = {
    "socktrace record": (Goal("ratio", "most", 1.4),),
    "socktrace record --events lifecycle": (Goal("ratio", "most", 1.25),),
}
BOUTS: Final = 2 if BRIEF else 5
"""Far more calls than a ring holds: who reads it must keep up."""


class Bouts(NamedTuple):
    """What the storm printed."""

    ns: float
    """A call, in the median bout."""
    calls: int


def _bouts(output: str) -> Bouts:
    # Between them lies an empty line of bpftrace's.
    bouts = [line.split() for line in output.splitlines() if line]
    return Bouts(statistics.median(float(ns) for ns, _ in bouts), sum(int(n) for _, n in bouts))


def _under(tool: Tool, storm: str) -> float:
    """Storm under a tool, and see what it delivered."""
    ns, made = _bouts(tool.run([storm, "-b", str(BOUTS), str(ROUNDS // tool.pace)]))
    if isinstance(tool, Socktrace):
        tool.check(dict.fromkeys(CALLS, made // 2), exactly=True)
    elif (count := tool.count(CALLS)) is not None:
        tool.delivered.append(count / made)
    return ns


def test_cost_of_a_traced_call(build: Callable[[str], str], report: Report, tmp_path: Path) -> None:
    """Every call of the storm is in the recording, one by one or added up."""
    storm = build("storm")
    bare = [storm, "-b", str(BOUTS), str(ROUNDS)]
    others, absent = rivals(tmp_path, CALLS)
    tools = [*ours(tmp_path, CALLS), *others]
    compared = beside(
        lambda: _bouts(run_bare(bare)).ns,
        {tool.name: partial(_under, tool, storm) for tool in tools},
        rounds=5,
        progress="storm",
    )
    compared.left_out.update(absent)
    report.add(
        "storm",
        "storm: sendto and recvfrom of 16 bytes over UDP loopback",
        "ns a call",
        compared,
        goals=GOALS,
        notes={tool.name: note for tool in tools if (note := tool.note())},
    )
    assert not [problem for tool in tools for problem in tool.problems]
    assert compared.series[BARE].values
