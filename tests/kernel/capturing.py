"""Runs a command under the live source and keeps all that the kernel side told of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from socktrace.calls import CALLS
from socktrace.capture.counters import Counters
from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture
from socktrace.events import Call, Event, Loss
from socktrace.host.launch import Child
from socktrace.model.folds import DataFold

HERE: Final = Path(__file__).parent
SOCKTRACE: Final = Path(sys.executable).with_name("socktrace")

_NAMES: Final = ("", *(spec.name for spec in CALLS))
_Kind = TypeVar("_Kind", bound=Event)


class Row(NamedTuple):
    """A fixed record, by the names of its fields."""

    start: int
    end: int
    pid: int
    tid: int
    inode: int
    fd: int
    ret: int
    call: str
    flags: int
    length: int
    msg_flags: int
    family: int
    port: int
    local_port: int
    ip: bytes


@dataclass
class Captured:
    """What was told, in the order in which it was told."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    folds: list[DataFold] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    output: str = ""
    status: int = 0
    pid: int = 0

    def take(self, capture: Capture, *, everything: bool = False) -> None:
        """Read what has come."""
        batch = capture.read(everything=everything)
        self.events += batch.events
        self.folds += batch.folds
        for record in batch.data:
            start = int(record["start"])
            self.rows.append(
                Row(
                    start=start,
                    end=start + int(record["duration"]),
                    call=_NAMES[int(record["call"])],
                    ip=record["ip"].tobytes(),
                    **{
                        name: int(record[name])
                        for name in "pid tid inode fd ret flags length msg_flags family port "
                        "local_port".split()
                    },
                )
            )
        self.losses += capture.losses()

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        """Return the events of one type."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def calls(self, *names: str) -> list[Call]:
        """Return full records of calls, of these names or of all."""
        return [call for call in self.of(Call) if not names or call.call in names]

    def told(self) -> list[Call | Row]:
        """Return every call by its time of return, those of several messages once."""
        merged: list[tuple[int, Call | Row]] = [(row.end, row) for row in self.rows]
        seen: set[tuple[int, int]] = set()
        for end, event in self.events:
            if isinstance(event, Call) and (event.tid, event.t) not in seen:
                seen.add((event.tid, event.t))
                merged.append((end, event))
        return [call for _, call in sorted(merged, key=lambda entry: entry[0])]


def run(
    command: Sequence[str | Path],
    *,
    timeout: float = 10,
    while_running: Callable[[Capture], object] = lambda _: None,
    at_end: Callable[[Capture], object] = lambda _: None,
    **options: Any,
) -> Captured:
    """Capture a command and its descendants from its first instruction to its end.

    Args:
        command: the program and its arguments.
        timeout: seconds; it is killed when it takes longer.
        while_running: called after each reading.
        at_end: called when the probes are off and their maps still there.
        **options: of `CaptureOptions`.
    """
    found = Captured()
    reader, writer = os.pipe()
    kept = os.dup(1)
    sys.stdout.flush()
    os.dup2(writer, 1)
    try:
        child = Child([str(word) for word in command])
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(writer)
    found.pid = child.pid
    try:
        chosen: dict[str, Any] = {"pids": frozenset({child.pid}), "follow": True}
        with Capture(CaptureOptions(**(chosen | options))) as capture:
            capture.start()
            capture.know((), ())
            child.release()
            until = time.monotonic() + timeout
            while not child.ended():
                if time.monotonic() > until:
                    child.send(9)
                    child.wait()
                    raise TimeoutError(command)
                time.sleep(0.005)
                found.take(capture)
                while_running(capture)
            capture.stop()
            at_end(capture)
            found.take(capture, everything=True)
            found.counters = capture.counters()
        with os.fdopen(reader, errors="backslashreplace") as stream:
            found.output = stream.read()
        found.status = child.exit_status
    finally:
        child.abandon()
    return found


def python(script: str, *arguments: str) -> list[str]:
    """Return the command that runs a script, without what site packages would do."""
    return [sys.executable, "-I", "-S", "-c", script, *arguments]


@contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command that talks by lines on its standard streams; it is killed at the end."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def compiled(source: str, target: Path, *flags: str) -> Path:
    """Compile a C program of tests/kernel/programs."""
    path = str(HERE / "programs" / source)
    command = ["gcc", "-O1", "-Wall", *flags, "-o", str(target), path, "-lpthread"]
    subprocess.run(command, check=True, capture_output=True)
    return target
