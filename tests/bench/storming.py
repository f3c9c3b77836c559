"""A storm whose calls are captured in this process, a bout at a time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture


@dataclass(frozen=True)
class Storming:
    """A storm that waits to be told to go on."""

    capture: Capture
    """Attached to it."""
    process: subprocess.Popen[str]

    def bout(self) -> int:
        """One bout, from begin to end; the calls that it made."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[1])


@contextmanager
def storming(program: str, *, calls: int, bouts: int) -> Iterator[Storming]:
    """Start a storm that waits, and capture its calls one by one.

    Args:
        program: the compiled storm.
        calls: in a bout; the data ring must have room for them.
        bouts: how many there will be at most.
    """
    command = [program, "-w", "-b", str(bouts), str(calls // 2)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            with Capture(CaptureOptions(pids=frozenset({process.pid}))) as capture:
                capture.start()
                yield Storming(capture, process)
        finally:
            process.kill()
