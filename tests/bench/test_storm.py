"""The cost of a traced call: a storm of datagrams, bare and under each tracer, in turn."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench.measuring import BRIEF, in_turn, table

HERE = Path(__file__).parent
SOCKTRACE = str(Path(sys.executable).parent / "socktrace")
ROUNDS = 2_000 if BRIEF else 100_000
SLOW_ROUNDS = 200 if BRIEF else 2_000
"""For tracers that stop the program at every call."""


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiled storm."""
    program = str(tmp_path_factory.mktemp("storm") / "storm")
    subprocess.run(["gcc", "-O2", "-Wall", "-o", program, str(HERE / "storm.c")], check=True)
    return program


def _ns(command: Sequence[str]) -> float:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return float(done.stdout.split()[0])


def test_cost_of_a_traced_call(storm: str, tmp_path: Path) -> None:
    """Every call of the storm is in the recording, and what that costs is printed."""
    file = tmp_path / "storm.jsonl"
    record = [SOCKTRACE, "record", "--force", "-o", str(file), "--"]
    cases = {
        "untraced": lambda: _ns([storm, str(ROUNDS)]),
        "socktrace record, every call": lambda: _ns([*record, storm, str(ROUNDS)]),
    }
    strace = shutil.which("strace")
    if strace:
        output = ["-o", str(tmp_path / "strace")]
        few = [storm, str(SLOW_ROUNDS)]
        cases["strace"] = lambda: _ns([strace, "-f", *output, *few])
        cases["strace --seccomp-bpf, network"] = lambda: _ns(
            [strace, "-f", "--seccomp-bpf", "-e", "trace=%network", *output, *few]
        )
    results = in_turn(cases, rounds=5)
    print(table("UDP storm, 16 bytes over loopback", results, "ns a call"))
    calls = {"sendto": 0, "recvfrom": 0}
    with file.open(encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            if line["kind"] == "syscall" and line["call"] in calls:
                calls[line["call"]] += 1
    assert calls == {"sendto": ROUNDS, "recvfrom": ROUNDS}
    assert line["kind"] == "end"
    assert line["lost_events"] == 0
