"""Requests per second of servers under load, bare and with each tracer attached, in turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.bench.measuring import BRIEF, Goal, beside
from tests.bench.report import Report
from tests.bench.rivals import rivals
from tests.bench.servers import Nginx, Redis, Server, rate_under
from tests.bench.tools import ours

TITLES: Final = {
    "redis": "redis: PING from 20 clients of redis-benchmark",
    "nginx": "nginx: a page of 1,000 bytes to 20 connections of wrk",
}
GOALS: Final = {"redis": {"socktrace record": (Goal("ratio", "least", 0.90),)}}


@pytest.mark.parametrize("kind", [Redis, Nginx], ids=lambda kind: kind.name)
def test_requests_per_second(
    kind: type[Server], need: Callable[..., None], report: Report, tmp_path: Path
) -> None:
    """Every request's calls are in the recording."""
    need(*kind.programs)
    server = kind(tmp_path)

    def bare() -> float:
        with server.running():
            return server.load(1).per_second

    others, absent = rivals(tmp_path, kind.calls)
    # A brief run leaves it at one mode: the storm runs in both.
    tools = [*ours(tmp_path, kind.calls)[: 1 if BRIEF else None], *others]
    compared = beside(
        bare,
        {tool.name: partial(rate_under, server, tool) for tool in tools},
        rounds=5,
        progress=kind.name,
    )
    compared.left_out.update(absent)
    report.add(
        kind.name,
        TITLES[kind.name],
        "requests/s",
        compared,
        goals=GOALS.get(kind.name),
        notes={tool.name: note for tool in tools if (note := tool.note())},
    )
    assert not [problem for tool in tools for problem in tool.problems]
