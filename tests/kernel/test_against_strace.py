"""Every socket call of real programs, as socktrace recorded it and as strace saw it: no difference.

Both observe the very same run; see `tests.kernel.strace`.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.kernel.real_programs import PRELUDE, REAL_PROGRAMS, RealProgram
from tests.kernel.story import gaps
from tests.kernel.strace.compare import compare
from tests.kernel.strace.observe import observe

PROGRAMS: Final = Path(__file__).parents[2] / "samples" / "programs"
C_SAMPLES: Final = sorted(path.stem for path in PROGRAMS.glob("*.c"))
PYTHON_SAMPLES: Final = sorted(path.name for path in PROGRAMS.glob("*.py"))
BUILDS: Final = ("64", "32", "socketcall", "static")
SHOWN: Final = 10
"""How many differences a failure shows: the first ones tell most."""

AddRow = Callable[[str, int, int, int], None]
Build = Callable[[str], Path]
Need = Callable[..., None]


@pytest.fixture(autouse=True)
def _strace(need: Need) -> None:
    need("strace")


@pytest.fixture
def agree(tmp_path: Path, add_row: AddRow) -> Callable[..., None]:
    """Run a command under both observers and hold one against the other."""

    def run(name: str, command: Sequence[str], least: int = 2, **environment: str) -> None:
        seen = observe(command, tmp_path, {**os.environ, **environment})
        assert seen.status == 0, seen.errors
        assert seen.recording[-1]["kind"] == "end"
        assert seen.lost == 0
        report = compare(seen.recording, seen.strace)
        add_row(name, report.threads, report.compared, len(report.differences))
        assert not report.differences, "\n".join(
            [f"{len(report.differences)} differences", *report.differences[:SHOWN]]
        )
        assert report.compared >= least
        unexplained = gaps(seen.recording)
        assert not unexplained, "\n".join(
            [f"{len(unexplained)} gaps in the story", *unexplained[:SHOWN]]
        )

    return run


@pytest.mark.parametrize("kind", BUILDS)
@pytest.mark.parametrize("sample", C_SAMPLES)
def test_c_sample(agree: Callable[..., None], build: Build, sample: str, kind: str) -> None:
    """A C sample in each of its builds: 64 bit, 32 bit, by socketcall(2), statically linked."""
    agree(f"{sample} ({kind})", [str(build(kind) / sample)])


@pytest.mark.parametrize("sample", PYTHON_SAMPLES)
def test_python_sample(agree: Callable[..., None], sample: str) -> None:
    """A Python sample: threads, forks, asyncio."""
    agree(sample, [sys.executable, str(PROGRAMS / sample)])


def test_node(agree: Callable[..., None], need: Need) -> None:
    """HTTP server and clients in Node.js, whose threads share one table of descriptors."""
    need("node")
    agree("http_pair.js", ["node", str(PROGRAMS / "http_pair.js")], least=20)


@pytest.mark.parametrize("program", REAL_PROGRAMS, ids=lambda program: program.name)
def test_real_program(
    agree: Callable[..., None], need: Need, tmp_path: Path, program: RealProgram
) -> None:
    """Servers and clients that people run, with their children and threads."""
    need(*program.needs)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    agree(
        program.name,
        ["bash", "-c", PRELUDE + program.script],
        least=program.least,
        DIR=str(tmp_path),
        PORT=str(port),
    )
