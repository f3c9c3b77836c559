"""Short connections, as fast as they go: all are recorded, and each one's life to its end."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.bench.measuring import BRIEF, Series, beside
from tests.bench.report import Report
from tests.bench.tools import Socktrace, ours, run_bare

CONNECTIONS: Final = 300 if BRIEF else 20_000
TITLES: Final = {
    "one": "churn: TCP connections over loopback, both ends in one thread",
    "two": "churn: TCP connections over loopback between two processes",
}


def _rate(output: str) -> float:
    connections, seconds = output.split()
    return int(connections) / float(seconds)


class Lives:
    """What a recording says of its sockets, put together without the model."""

    def __init__(self, file: Path) -> None:
        """Read it."""
        self.born: dict[int, dict[str, Any]] = {}
        self.state: dict[tuple[int, str], str] = {}
        self.held: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()
        self.end: dict[str, Any] = {}
        with file.open("rb") as lines:
            for text in lines:
                self._take(msgspec.json.decode(text))

    def _take(self, line: dict[str, Any]) -> None:
        match line["kind"]:
            case "socket":
                self.born[line["socket"]] = line
            case "state":
                self.state[line["socket"], line["layer"]] = line["to"]
            case "descriptor":
                self.held[line["socket"]] += 1 if line["event"] == "opened" else -1
            case "syscall" if line["ret"] >= 0:
                self.calls[line["call"]] += 1
            case "folded":
                self.calls[line["call"]] += line["count"] - sum(line.get("errors", {}).values())
            case "end":
                self.end = line

    def problems(self, connections: int) -> list[str]:
        """What differs from so many connections made, used and closed."""
        origins = Counter(line["origin"] for line in self.born.values())
        peers = {line.get("peer") for line in self.born.values() if line["origin"] == "accept"}
        calls = {name: self.calls[name] for name in ("connect", "accept4", "sendto", "recvfrom")}
        api = Counter(self.state.get((socket, "api")) for socket in self.born)
        tcp = Counter(self.state.get((socket, "tcp")) for socket in self.born)
        everyone = 2 * connections + 1
        expected = {
            "lost": (self.end.get("lost_events"), 0),
            "origins": (origins, {"socket": connections + 1, "accept": connections}),
            "peers": (len(peers - {None}), connections),
            "calls": (
                calls,
                dict.fromkeys(("connect", "accept4"), connections)
                | dict.fromkeys(("sendto", "recvfrom"), 2 * connections),
            ),
            "closes": (self.calls["close"] >= 2 * connections, True),
            "last API states": (api, {"closed": everyone}),
            "last TCP states": (tcp["TIME-WAIT"] + tcp["CLOSED"], everyone),
            "descriptors left": (sum(map(abs, self.held.values())), 0),
        }
        return [f"{what}: {is_}, not {be}" for what, (is_, be) in expected.items() if is_ != be]


@pytest.mark.parametrize("pair", TITLES)
def test_connections_per_second(
    pair: str, build: Callable[[str], str], report: Report, tmp_path: Path
) -> None:
    """Every connection is in the recording, both ends closed at its end, and nothing else."""
    churn = [build("churn"), *(["-2"] if pair == "two" else []), str(CONNECTIONS)]
    tools = ours(tmp_path, ())
    # How long after the last connection the recording is whole.
    after: dict[str, Series] = {tool.name: Series() for tool in tools}

    def traced(tool: Socktrace) -> float:
        with subprocess.Popen(
            tool.command(churn), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            printed = process.stdout.readline()
            ended = time.monotonic()
            said = process.stderr.read()
            assert process.wait() == 0, said
            after[tool.name].values.append(time.monotonic() - ended)
        tool.problems += Lives(tool.output).problems(CONNECTIONS)
        return _rate(printed)

    compared = beside(
        lambda: _rate(run_bare(churn)),
        {tool.name: partial(traced, tool) for tool in tools},
        rounds=3,
        progress=f"churn, {pair}",
    )
    notes = {
        tool.name: tool.note()
        or f"recording whole {after[tool.name].median('value'):.2f} s after the last"
        for tool in tools
    }
    title = f"{TITLES[pair]}, {CONNECTIONS:,} in a row"
    report.add(f"churn-{pair}", title, "connections/s", compared, notes=notes)
    assert not [problem for tool in tools for problem in tool.problems]
