"""The time of the processors that nobody else wants."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from socktrace.host.idle_time import IdleTime

SECOND = os.sysconf("SC_CLK_TCK")


def write(file: Path, *seconds: float) -> None:
    """Write the first lines of a /proc/stat in which so many seconds have passed, by kind."""
    ticks = " ".join(str(int(value * SECOND)) for value in seconds)
    file.write_text(f"cpu  {ticks}\ncpu0 {ticks}\nintr 1 2 3\n")


@pytest.fixture
def stat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a file to be written to; this process uses no time of its own."""
    monkeypatch.setattr(time, "process_time", lambda: 0.0)
    return tmp_path / "stat"


def test_idle_is_what_nobody_used(stat: Path) -> None:
    """Idle and waiting for disks is free, all else is not; guests are in user already."""
    write(stat, 10, 10, 10, 100, 10, 0, 0, 0, 5, 0)
    idle = IdleTime(stat)
    write(stat, 12, 11, 11, 102, 11, 0.5, 0.5, 1, 7, 0)
    assert idle.share() == pytest.approx(3 / 9)
    write(stat, 12, 11, 11, 112, 11, 0.5, 0.5, 1, 7, 0)
    assert idle.share() == 1


def test_what_we_used_is_free(stat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own time counts as idle: it is what we have taken of it."""
    write(stat, 0, 0, 0, 0, 0, 0, 0, 0)
    idle = IdleTime(stat)
    monkeypatch.setattr(time, "process_time", lambda: 3.0)
    write(stat, 3, 0, 1, 0, 0, 0, 0, 0)
    assert idle.share() == pytest.approx(0.75)


def test_nothing_to_tell_from(stat: Path) -> None:
    """Too soon, or no file: then nothing keeps us from work."""
    write(stat, 1, 1, 1, 1, 1, 1, 1, 1)
    idle = IdleTime(stat)
    assert idle.share() == 1
    stat.unlink()
    assert idle.share() == 1


def test_this_machine() -> None:
    """The real file can be read."""
    idle = IdleTime()
    time.sleep(0.05)
    assert 0 <= idle.share() <= 1
