"""What the benchmarks share: compiled programs, and the report at the end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.bench.machine import describe_machine, in_words
from tests.bench.measuring import BRIEF
from tests.bench.report import RESULTS, Report, load
from tests.bench.texts import markdown, tables

HERE: Final = Path(__file__).parent
LONG_SECONDS: Final = 3600
"""A benchmark may take longer than a test."""

_REPORT: Final = pytest.StashKey[Report]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give benchmarks their time."""
    for item in items:
        if HERE in item.path.parents and not BRIEF:
            item.add_marker(pytest.mark.timeout(LONG_SECONDS))


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Take what is measured, for the tables at the end."""
    return pytestconfig.stash.setdefault(_REPORT, Report())


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Compile a program of tests/bench/programs once; gives its path."""
    directory = tmp_path_factory.mktemp("programs")

    def make(name: str) -> str:
        program = directory / name
        if not program.exists():
            source = str(HERE / "programs" / f"{name}.c")
            command = ["gcc", "-O2", "-Wall", "-Werror", "-o", str(program), source, "-lpthread"]
            subprocess.run(command, check=True)
        return str(program)

    return make


@pytest.fixture(scope="session")
def need() -> Callable[..., None]:
    """Skip a benchmark whose programs are not installed."""

    def check(*programs: str) -> None:
        missing = [program for program in programs if shutil.which(program) is None]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)} (tests/bench/packages.txt)")

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print all tables, and save them."""
    found = terminalreporter.config.stash.get(_REPORT, Report())
    if not found.benchmarks or BRIEF:
        return
    terminalreporter.section("benchmarks")
    terminalreporter.write_line(in_words(describe_machine()))
    terminalreporter.write_line(tables(found.benchmarks))
    found.save(RESULTS)
    short = RESULTS.with_suffix(".md")
    short.write_text(markdown(*load(RESULTS)), encoding="utf-8")
    terminalreporter.write_line(f"\nsaved: {RESULTS}, a short version in {short}")
