"""Opening a recording by the name that was given; "-" is standard input."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Final

from socktrace.tracefile import Recording, RecordingError, open_recording
from socktrace.tracefile.files import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN: Final = "-"
STDIN_NAME: Final = "standard input"
FILE_HELP: Final = 'a .jsonl or .json recording, or one of .gz; "-": stdin'


@contextlib.contextmanager
def opened(name: str) -> Iterator[Recording]:
    """Open a recording. What comes through a pipe is kept in a nameless file until it is read.

    Raises:
        RecordingError: It is none.
    """
    if name != STDIN:
        with open_recording(name) as recording:
            yield recording
        return
    with kept_stdin() as path:
        try:
            recording = open_recording(path)
        except RecordingError as error:
            raise RecordingError("cannot read standard input", error.why, error.next_step) from None
        with recording:
            recording.path = STDIN_NAME
            yield recording


@contextlib.contextmanager
def kept_stdin() -> Iterator[str]:
    """Keep what comes through standard input in a nameless file: the path to open it by.

    Raises:
        RecordingError: Nothing is piped into it, or it cannot be read or kept.
    """
    with tempfile.TemporaryFile(prefix="socktrace-") as spool:
        if sys.stdin.isatty():
            raise RecordingError(
                "cannot read a recording from the terminal",
                '"-" means standard input, and nothing is piped into it',
                "socktrace record -o - -- CMD | socktrace show -",
            )
        try:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.flush()
        except OSError as error:
            raise RecordingError(
                "cannot read standard input", reason(error), "record to a file, and name that"
            ) from error
        yield f"/proc/self/fd/{spool.fileno()}"
