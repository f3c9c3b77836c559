"""Whether the recorder keeps up with a storm that does not end: on one core, and on all."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.bench.measuring import BRIEF, Series, beside
from tests.bench.recordings import told
from tests.bench.report import Report
from tests.bench.tools import Socktrace, run_bare

SECONDS: Final = "0.2" if BRIEF else "5"
CALLS: Final = ("sendto", "recvfrom")
WORKERS: Final = {"one": 1, "all": len(os.sched_getaffinity(0))}


def _made(output: str) -> int:
    return int(output.split()[1])


@pytest.mark.parametrize("cores", WORKERS)
def test_calls_per_second(
    cores: str, build: Callable[[str], str], report: Report, tmp_path: Path
) -> None:
    """Every call is told, or told to be lost; with a core left to the recorder none is lost."""
    workers = WORKERS[cores]
    storm = [build("storm"), "-s", SECONDS, "-p", str(workers)]
    tool = Socktrace(tmp_path, CALLS, "all")
    after, lost = Series(), Series()

    def traced(command: Sequence[str]) -> float:
        with subprocess.Popen(
            tool.command(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            made = _made(process.stdout.readline())
            ended = time.monotonic()
            said = process.stderr.read()
            assert process.wait() == 0, said
            after.values.append(time.monotonic() - ended)
        found = told(tool.output, CALLS)
        tool.output.unlink()
        assert found.lost is not None, said
        lost.values.append(found.lost / made)
        if sum(found.single.values()) + found.lost != made:
            tool.problems.append(f"{made} calls, {found} told")
        if found.lost and workers == 1:
            tool.problems.append(f"{found.lost} of {made} lost")
        return made / float(SECONDS) / 1e6

    compared = beside(
        lambda: _made(run_bare(storm)) / float(SECONDS) / 1e6,
        {tool.name: partial(traced, storm)},
        rounds=3,
        progress=f"sustained, {cores}",
    )
    whole = f"recording whole {after.median('value'):.1f} s after"
    share = max(lost.values)
    note = tool.note() or f"{f'{share:.1%} lost and told' if share else 'none lost'}, {whole}"
    report.add(
        f"sustained-{cores}",
        f"sustained: the storm for {SECONDS} s, {workers} at a time",
        "M calls/s",
        compared,
        notes={tool.name: note},
    )
    assert not tool.problems
