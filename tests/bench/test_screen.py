"""What the terminal UI costs, and how soon it answers, with many sockets on the screen."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.bench.measuring import BRIEF, Compared, Goal, Series, rounds_of
from tests.bench.programs.many_sockets import CASES
from tests.bench.report import Report
from tests.bench.terminal import Terminal

PROGRAM: Final = Path(__file__).parent / "programs" / "many_sockets.py"
ROOT: Final = Path(__file__).parents[2]
SOCKETS: Final = 300 if BRIEF else 50_000
CHANGING: Final = 30 if BRIEF else 5_000
SETTLE: Final = 0.5 if BRIEF else 5.0
"""Seconds for taking everything in, which are not measured."""
SECONDS: Final = 1.0 if BRIEF else 15.0
KEYS: Final = 4 if BRIEF else 50
ROUNDS: Final = rounds_of(3)
_SELECTED: Final = "›".encode()  # noqa: RUF001 - the sign of the selected column
_SORTED: Final = "▲▼"
_PAUSE: Final = 0.037
"""Seconds between keys: no divisor of the time between two frames."""


class Found(NamedTuple):
    """What one run gave."""

    cpu: float
    """Per cent of a core, without simulating the sockets."""
    simulating: float
    """Per cent of a core."""
    frame: float
    """ms, 95th percentile."""
    key: float
    """ms from a key to its effect on the screen, 95th percentile."""
    sort: float
    """The same of the key that sorts."""


def percentile(values: list[float], share: float) -> float:
    """The least of the values that so great a share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _press(terminal: Terminal, keys: list[tuple[bytes, bytes]]) -> float:
    """Press keys in turn, each till its sign comes: ms, 95th percentile."""
    times = []
    for number in range(KEYS):
        key, sign = keys[number % len(keys)]
        terminal.drain(_PAUSE * (1 + number % 5))
        terminal.write(key)
        times.append(terminal.until(sign) * 1e3)
    return percentile(times, 0.95)


def _run(case: str, result: Path) -> Found:
    result.unlink(missing_ok=True)
    command = [sys.executable, str(PROGRAM), str(SOCKETS), str(CHANGING), case, str(result)]
    with Terminal(["env", f"PYTHONPATH={ROOT}", *command]) as terminal:
        terminal.until(b"sorted by", 120)
        terminal.drain(SETTLE)
        began, used = time.monotonic(), terminal.cpu()
        terminal.drain(SECONDS)
        ended, used = time.monotonic(), terminal.cpu() - used
        key = _press(terminal, [(b"h", _SELECTED), (b"l", _SELECTED)])
        signs = [sign.encode() for sign in _SORTED]
        if case == "by remote address":  # that rises at first, the others fall
            signs.reverse()
        sort = _press(terminal, [(b"s", sign) for sign in signs])
        terminal.write(b"q")
        assert terminal.wait() == 0
    frames = [frame for frame in json.loads(result.read_text()) if began <= frame[0] <= ended]
    assert len(frames) > 1
    simulating = frames[-1][2] - frames[0][2]
    share = 100 / (ended - began)
    return Found(
        share * (used - simulating),
        share * simulating,
        percentile([milliseconds for _, milliseconds, _ in frames], 0.95),
        key,
        sort,
    )


@pytest.mark.parametrize("case", CASES)
def test_many_sockets(case: str, report: Report, tmp_path: Path) -> None:
    """With every case the screen shows sockets, answers keys, and ends in good order."""
    runs = [_run(case, tmp_path / "result.json") for _ in range(ROUNDS)]
    for name, title, unit, goal in (
        ("cpu", "CPU time", "% of a core", 30),
        ("simulating", "CPU time of the simulated source, not in the others", "% of a core", None),
        ("frame", "from a look to the drawn screen, 95th percentile", "ms", 20),
        ("key", "from a key to the screen, 95th percentile", "ms", 50),
        ("sort", "from the key that sorts to the screen, 95th percentile", "ms", 50),
    ):
        series = {case: Series([getattr(run, name) for run in runs])}
        goals = {case: (Goal("value", "most", goal),)} if goal is not None else {}
        report.add(
            f"screen-{name}-{case.replace(' ', '-')}",
            f"screen, {SOCKETS:,} sockets of which {CHANGING:,} change, 10 times a second: {title}",
            unit,
            Compared(series),
            goals=goals,
        )
