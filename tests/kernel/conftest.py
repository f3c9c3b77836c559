"""What the tests with real eBPF share: built samples, programs that must be there, the table."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

REQUIRED: Final = os.environ.get("SOCKTRACE_REQUIRE_EBPF") == "1"
REPORT_DIR: Final = os.environ.get("SOCKTRACE_REPORT_DIR")
"""Where the table of what was compared is written, beside the end of pytest's own report."""

PROGRAMS: Final = Path(__file__).parents[2] / "samples" / "programs"

_ROWS: Final = pytest.StashKey[list[tuple[str, int, int, int]]]()

AddRow = Callable[[str, int, int, int], None]
Build = Callable[[str], Path]


def _absent(reason: str) -> None:
    if REQUIRED:
        pytest.fail(f"SOCKTRACE_REQUIRE_EBPF=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def need() -> Callable[..., None]:
    """Skip a test whose programs are not installed; fail it where eBPF is required."""

    def check(*programs: str) -> None:
        missing = [program for program in programs if shutil.which(program) is None]
        if missing:
            _absent(f"not installed: {', '.join(missing)} (tests/kernel/packages.txt)")

    return check


@pytest.fixture(scope="session")
def build() -> Build:
    """Build the C samples, each kind once; gives the directory they are in."""
    built: dict[str, subprocess.CompletedProcess[str]] = {}

    def make(kind: str) -> Path:
        if kind not in built:
            command = ["make", "-s", "-j2", "-C", str(PROGRAMS), kind]
            built[kind] = subprocess.run(command, capture_output=True, text=True, check=False)
        if built[kind].returncode:
            _absent(f"the {kind} build of the samples failed: {built[kind].stderr[-500:]}")
        return PROGRAMS / "build" / ("" if kind == "64" else kind)

    return make


@pytest.fixture(scope="session")
def add_row(pytestconfig: pytest.Config) -> AddRow:
    """Take a row of the table: program, threads, calls compared, differences."""
    rows = pytestconfig.stash.setdefault(_ROWS, [])

    def add(program: str, threads: int, compared: int, differences: int) -> None:
        rows.append((program, threads, compared, differences))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it where SOCKTRACE_REPORT_DIR says."""
    rows = terminalreporter.config.stash.get(_ROWS, [])
    if not rows:
        return
    _, threads, compared, differences = zip(*rows, strict=True)
    total = ("total", sum(threads), sum(compared), sum(differences))
    heads = ("program", "threads", "calls compared", "differences")
    lines = [
        f"{row[0]:<44} | {row[1]:>7} | {row[2]:>14} | {row[3]:>11}" for row in (heads, *rows, total)
    ]
    terminalreporter.section("the same runs as strace saw them")
    terminalreporter.write_line("\n".join(lines))
    if REPORT_DIR:
        report = Path(REPORT_DIR)
        report.mkdir(parents=True, exist_ok=True)
        (report / "strace-comparison.txt").write_text("\n".join(lines) + "\n")
