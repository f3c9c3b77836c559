"""What the core loads: import-linter reads the source, this looks at the running program."""

from __future__ import annotations

import subprocess
import sys

import pytest

KERNEL = {"bcc"}
SCREEN = {"rich", "textual"}
CONCURRENCY = {"asyncio", "concurrent", "multiprocessing", "subprocess", "threading"}

PURE = ["calls", "errors", "escape", "events", "lines", "model", "names", "wire"]
OFFLINE = ["export", "text", "tracefile"]


def loaded_by(module: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after importing one."""
    program = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.split())


@pytest.mark.parametrize("name", PURE)
def test_pure_module_loads_no_kernel_screen_or_concurrency(name: str) -> None:
    """The model and what it stands on can be used, and tested, without any of the machinery."""
    assert not loaded_by(f"socktrace.{name}") & (KERNEL | SCREEN | CONCURRENCY)


@pytest.mark.parametrize("name", OFFLINE)
def test_recordings_are_read_without_bcc_or_textual(name: str) -> None:
    """A recording can be read and converted where neither bcc nor a terminal is."""
    assert not loaded_by(f"socktrace.{name}") & (KERNEL | SCREEN)


def test_the_command_line_loads_no_command() -> None:
    """``--help`` and ``--version`` answer at once: they load no command, no library of ours."""
    assert not loaded_by("socktrace.cli") & (
        KERNEL | SCREEN | CONCURRENCY | {"msgspec", "numpy", "psutil", "shtab"}
    )


def test_the_check_sees_what_it_looks_for() -> None:
    """The tests above can fail: an import of textual is noticed, with the asyncio under it."""
    assert {"textual", "asyncio"} <= loaded_by("textual.app")
