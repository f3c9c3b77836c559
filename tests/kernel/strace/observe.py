"""One run of a program, observed by socktrace and by strace at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from socktrace.calls import CALLS
from tests.kernel.strace.parser import StraceCall, parse

SOCKTRACE: Final = Path(sys.executable).with_name("socktrace")

STRACE: Final = (
    # -yy says what each descriptor names; -v leaves no array out; -s shortens data only.
    *("strace", "-f", "-yy", "-v", "-s", "16", "-e", "signal=none"),
    # "?": not every call exists in both architectures' tables.
    *("-e", "trace=" + ",".join(f"?{spec.name}" for spec in CALLS)),
)


@dataclass(frozen=True, slots=True)
class Observation:
    """What both observers wrote."""

    status: int
    """The program's exit status, passed on by strace and by socktrace."""
    recording: list[dict[str, Any]]
    strace: list[StraceCall]
    output: str
    errors: str

    @property
    def lost(self) -> int:
        """Return how many events the recording admits to have lost."""
        told: int = self.recording[-1]["lost_events"]
        return told + len([line for line in self.recording if line["kind"] == "lost"])


def observe(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Observation:
    """Run a command under strace, and that under `socktrace record`.

    strace is itself in the recorded tree; its own thread is told apart in that no line of its
    output is about it.
    """
    recording, text = directory / "recording.jsonl", directory / "strace.txt"
    record = (SOCKTRACE, "record", "-o", recording, "--")
    with subprocess.Popen(
        [*map(str, record), *STRACE, "-o", str(text), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="backslashreplace",
        start_new_session=True,
    ) as run:
        try:
            output, errors = run.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            # strace and the program would go on for ever.
            os.killpg(run.pid, signal.SIGKILL)
            raise
    if not recording.exists() or not text.exists():
        raise RuntimeError(f"socktrace record failed with {run.returncode}: {errors}")
    return Observation(
        status=run.returncode,
        recording=[json.loads(line) for line in recording.read_bytes().splitlines()],
        strace=list(parse(text.read_text(encoding="latin-1").splitlines())),
        output=output,
        errors=errors,
    )
