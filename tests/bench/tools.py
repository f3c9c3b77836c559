"""A tracer under measurement: how it is started, known to be attached, and ended; and our own."""

from __future__ import annotations

import math
import re
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from tests.bench.measuring import Unusable, wait_until
from tests.bench.recordings import told

SOCKTRACE: Final = str(Path(sys.executable).with_name("socktrace"))

TRACEPOINTS: Final = {"sendfile": "sendfile64"}
"""The kernel's names where they are not those of the man pages."""


class Tool(ABC):
    """A tracer.

    Args:
        directory: for its files.
        calls: the system calls to trace, where it can choose.
    """

    name: str
    program: str
    """What must be on PATH."""
    pace: int = 1
    """How many times less work it is given, so that a round does not take minutes."""
    failure: type[Exception] = Unusable
    """What is raised when it does not work: a rival is left out then."""

    def __init__(self, directory: Path, calls: Sequence[str]) -> None:
        """Prepare; nothing is started."""
        self.calls = calls
        self.output = directory / f"{re.sub('[^a-z]+', '-', self.name)}.out"
        self.talk = self.output.with_suffix(".err")
        self.delivered: list[float] = []
        """For each run, the part of the calls that it told of."""
        self.problems: list[str] = []
        """What is wrong with its output."""

    @abstractmethod
    def command(self, traced: Sequence[str]) -> list[str]:
        """The command that runs a program under the tool."""

    @abstractmethod
    def attach_command(self, pids: Sequence[int]) -> list[str] | None:
        """The command that traces running processes; None: it cannot."""

    def attached(self) -> bool:
        """Whether it traces by now, if calls were made a moment ago."""
        return self.output.exists() and b"accept" in self.output.read_bytes()

    def count(self, calls: Sequence[str]) -> int | None:
        """How many of `calls` its output tells, one by one; None: it tells only sums."""
        names = b"|".join(TRACEPOINTS.get(name, name).encode() for name in calls)
        pattern = re.compile(rb"(?:\b|_)(?:" + names + rb")\(")
        with self.output.open("rb") as lines:
            return sum(1 for line in lines if pattern.search(line))

    def note(self) -> str:
        """What is to be said of its runs."""
        if self.problems:
            return f"INCOMPLETE: {self.problems[0]}"
        if self.delivered and min(self.delivered) < 1:
            told = math.floor(min(self.delivered) * 1e4) / 100
            return f"told only {told} % of the calls"
        return ""

    def why(self, said: str) -> str:
        """Why it failed, of what it said: the last line."""
        return said.strip().splitlines()[-1] if said.strip() else ""

    def run(self, traced: Sequence[str], *, seconds: float = 300) -> str:
        """Run a program under it to its end.

        Returns:
            What the program printed.

        Raises:
            Exception: of type `failure`, it did not work.
        """
        done = subprocess.run(
            self.command(traced), capture_output=True, text=True, check=False, timeout=seconds
        )
        if done.returncode:
            raise self.failure(self.why(done.stderr) or f"exit status {done.returncode}")
        return done.stdout

    @contextmanager
    def attached_to(self, pids: Sequence[int], poke: Callable[[], object]) -> Iterator[None]:
        """Trace running processes from entry to exit.

        Args:
            pids: the processes.
            poke: makes them accept a connection and answer: by that it is seen that the tool is
                attached.

        Raises:
            Exception: of type `failure`, it did not work.
        """
        command = self.attach_command(pids)
        assert command is not None
        self.output.unlink(missing_ok=True)
        with (
            self.talk.open("wb") as talk,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=talk
            ) as process,
        ):
            try:
                self._wait_until_attached(process, poke)
                yield
                process.send_signal(signal.SIGINT)
                process.wait(300)
            finally:
                process.kill()

    def _wait_until_attached(
        self, process: subprocess.Popen[bytes], poke: Callable[[], object]
    ) -> None:
        def over() -> bool:
            poke()
            return process.poll() is not None or self.attached()

        try:
            wait_until(f"{self.name} attached", over, pause=0.1)
        except TimeoutError as error:
            raise self.failure(str(error)) from error
        if process.poll() is not None:
            raise self.failure(self.why(self.talk.read_text(errors="replace")) or "it ended")


class Socktrace(Tool):
    """Ours: its recording must be complete."""

    program = SOCKTRACE
    failure = AssertionError

    def __init__(
        self, directory: Path, calls: Sequence[str], events: Literal["all", "lifecycle"]
    ) -> None:
        """Record every call, or data calls only added up."""
        self.name = {
            "all": "socktrace record",
            "lifecycle": "socktrace record --events lifecycle",
        }[events]
        super().__init__(directory, calls)
        self._adds_up = events == "lifecycle"
        self.output = self.output.with_suffix(".jsonl")
        self._options = ["--force", "--events", events, "-o", str(self.output)]

    def why(self, said: str) -> str:
        """All of it: this is to be mended."""
        return said

    def command(self, traced: Sequence[str]) -> list[str]:
        """``record -- CMD``."""
        return [SOCKTRACE, "record", *self._options, "--", *traced]

    def attach_command(self, pids: Sequence[int]) -> list[str]:
        """``record --pid PID``."""
        which = [word for pid in pids for word in ("--pid", str(pid))]
        return [SOCKTRACE, "record", *self._options, *which, "--follow"]

    def check(self, least: Mapping[str, int], *, exactly: bool) -> None:
        """See that the recording is complete; afterwards it is gone.

        Args:
            least: how often each call was made.
            exactly: and not once more.
        """
        found = told(self.output, list(least))
        self.output.unlink()
        counts = {call: found.single[call] + found.added_up[call] for call in least}
        if found.lost != 0:
            self.problems.append(f"{found.lost} lost")
        for call, made in least.items():
            if counts[call] < made or (exactly and counts[call] != made):
                self.problems.append(f"{call} {made} times, {counts[call]} told")
            # Which mode it was in shows, too.
            if found.single[call] and self._adds_up:
                self.problems.append(f"{call} told one by one")

    def count(self, calls: Sequence[str]) -> int | None:
        """Not by text: see `told`."""
        del calls
        return None


@contextmanager
def live_everywhere() -> Iterator[None]:
    """``socktrace live`` on the whole machine, attached when this gives way."""
    with subprocess.Popen(
        [SOCKTRACE, "live"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert any("watching" in line for line in process.stderr), "it ended too soon"
            yield
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def run_bare(command: Sequence[str]) -> str:
    """Run a program by itself; what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout


def ours(directory: Path, calls: Sequence[str]) -> list[Socktrace]:
    """socktrace in both modes."""
    return [Socktrace(directory, calls, "all"), Socktrace(directory, calls, "lifecycle")]
