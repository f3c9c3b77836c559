"""How long one waits, and how much memory it takes, with few sockets on the machine and many."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from tests.bench.measuring import BRIEF, Compared, Goal, Series, rounds_of, wait_until
from tests.bench.report import Report
from tests.bench.tools import SOCKTRACE

HOLD: Final = Path(__file__).parent / "programs" / "hold.py"
COUNTS: Final = (0, 60) if BRIEF else (0, 10_000, 50_000)
HOLDER_MOST: Final = 12_500
"""Sockets of one process: open files are limited, often to 20,000."""
ROUNDS: Final = rounds_of(5)
LOOK_SECONDS: Final = 0.2 if BRIEF else 0.5
IDLE_SHARE: Final = 0.25
"""Of a core; who is busy taking in the sockets that exist takes all of one."""
MEGABYTE: Final = 1e6


class Run(NamedTuple):
    """One run of a command."""

    start: float
    """Milliseconds from the command to the first event that is seen."""
    quit: float
    """Milliseconds from SIGINT to its end."""
    memory_rss: float
    """MB resident in the largest of its processes."""
    memory_pss: float
    """MB in all of them, what they share counted once."""


@contextmanager
def _holding(count: int) -> Iterator[list[int]]:
    """So many sockets more on this machine; gives the processes that hold them."""
    holders: list[int] = []
    with ExitStack() as stack:
        for begin in range(0, count, HOLDER_MOST):
            here = min(HOLDER_MOST, count - begin)
            holder = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-I", "-S", str(HOLD), str(here)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            assert holder.stdout is not None
            assert int(holder.stdout.readline()) == here
            holders.append(holder.pid)
        yield holders


@contextmanager
def _calls() -> Iterator[None]:
    """Something to be seen: a socket pair every few milliseconds."""
    stop = threading.Event()

    def call() -> None:
        while not stop.wait(0.002):
            for end in socket.socketpair():
                end.close()

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _appears(word: bytes, file: Path) -> Callable[[], bool]:
    """Whether a word is in a file that grows; each byte is read but once."""
    read, last = 0, b""

    def look() -> bool:
        nonlocal read, last
        if not file.exists():
            return False
        with file.open("rb") as stream:
            stream.seek(read)
            new = stream.read()
        read += len(new)
        found = word in last + new
        last = (last + new)[-len(word) :]
        return found

    return look


def _idle(family: list[psutil.Process]) -> bool:
    """Whether they do nothing much for a moment."""

    def used() -> float:
        times = [member.cpu_times() for member in family]
        return float(sum(each.user + each.system for each in times))

    before = used()
    time.sleep(LOOK_SECONDS)
    return used() - before < IDLE_SHARE * LOOK_SECONDS


def _run(command: str, directory: Path) -> Run:
    """Start it on the whole machine, let it idle, look, and end it."""
    shown, said = directory / "shown.jsonl", directory / "said"
    shown.unlink(missing_ok=True)
    words = [SOCKTRACE, command]
    if command == "record":
        words += ["-o", str(shown)]
    with ExitStack() as stack:
        output = stack.enter_context((shown if command == "live" else Path(os.devnull)).open("wb"))
        talk = stack.enter_context(said.open("wb"))
        calls = stack.enter_context(ExitStack())
        calls.enter_context(_calls())
        begin = time.monotonic()
        process = stack.enter_context(subprocess.Popen(words, stdout=output, stderr=talk))
        stack.callback(process.kill)
        seen = _appears(b"socketpair", shown)
        wait_until(
            f"{command} showed an event",
            lambda: process.poll() is not None or seen(),
            seconds=120,
            pause=0.002,
        )
        assert process.poll() is None, said.read_text(errors="replace")
        started = time.monotonic()
        calls.close()
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
        wait_until(f"{command} was idle", lambda: _idle(family), seconds=120)
        memory = [member.memory_full_info() for member in family]
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(60)
        ended = time.monotonic()
        assert process.returncode == 0, said.read_text(errors="replace")
    return Run(
        (started - begin) * 1000,
        (ended - asked) * 1000,
        max(each.rss for each in memory) / MEGABYTE,
        sum(each.pss for each in memory) / MEGABYTE,
    )


def test_start_quit_and_memory(report: Report, tmp_path: Path) -> None:
    """Both commands start, show an event and end at once when told to, however many sockets."""
    tables = {name: Compared({}) for name in Run._fields}
    middle: dict[tuple[str, int], float] = {}
    for count in COUNTS:
        with _holding(count):
            for command in ("record", "live"):
                print(f"start: {command}, {count} sockets", flush=True)
                runs = [_run(command, tmp_path) for _ in range(ROUNDS)]
                for name, found in tables.items():
                    values = [getattr(run, name) for run in runs]
                    found.series[f"{command}, {count:,} sockets"] = Series(values)
                middle[command, count] = sorted(run.memory_pss for run in runs)[ROUNDS // 2]
    few, many = COUNTS[0], COUNTS[-1]
    slope = Compared({
        command: Series([(middle[command, many] - middle[command, few]) * MEGABYTE / (many - few)])
        for command in ("record", "live")
    })  # fmt: skip
    for name, title, unit, most in (
        ("start", "start: from the command to the first event seen, whole machine", "ms", 400),
        ("quit", "quit: from Ctrl-C to the end", "ms", 100),
        ("memory-rss", "memory: resident in the largest process (RSS), idle", "MB", 80),
        ("memory-pss", "memory: resident in all processes (PSS), idle", "MB", 80),
    ):
        found = tables[name.replace("-", "_")]
        goals = {case: (Goal("value", "most", most),) for case in found.series if ", 0 " in case}
        report.add(name, title, unit, found, goals=goals)
    report.add(
        "memory-socket",
        "memory: of a live socket (PSS)",
        "bytes",
        slope,
        goals=dict.fromkeys(slope.series, (Goal("value", "most", 2000),)),
    )


def test_holders_hold_what_they_say() -> None:
    """The kernel's own list has as many sockets more as are said to be held."""
    with _holding(40) as holders:
        held = [
            connection.status
            for holder in holders
            for connection in psutil.Process(holder).net_connections("all")
        ]
    assert held.count(psutil.CONN_ESTABLISHED) == 20
    assert held.count(psutil.CONN_LISTEN) == 1
    assert held.count(psutil.CONN_NONE) == 20
