"""Appends to a spool, in whole frames."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.spool import layout
from socktrace.spool.holes import punch_hole
from socktrace.tracefile import files
from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from socktrace.events import Told
    from socktrace.lines import End
    from socktrace.spool.layout import Head, Records

SUFFIX: Final = ".spool"
HOLE_LEAST: Final = 64 << 20
"""Bytes that are worth a system call to be rid of."""


class SpoolWriter:
    """A new spool.

    It is locked (flock(2)) while this process, or one that was forked from it, has it open.

    Args:
        path: where; None: in a file without a name, which is gone when nobody has it open.

    Raises:
        RecordingError: it exists, or cannot be created.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        if path is None:
            with tempfile.TemporaryFile() as nameless:
                self.descriptor = fcntl.fcntl(nameless, fcntl.F_DUPFD_CLOEXEC, 0)
        else:
            self.descriptor = _create(path)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.size = 0
        """Bytes so far, whole frames only."""
        self._kept = 0

    def begin(self, head: Head) -> None:
        """Write the head: the first thing."""
        raw = layout.ENCODER.encode(head)
        start = layout.PREAMBLE.size + len(raw)
        self._kept = start
        preamble = layout.PREAMBLE.pack(
            layout.MAGIC, layout.VERSION, len(raw), zlib.crc32(raw), 0, start
        )
        self._append((preamble, raw))

    def records(self, records: Records) -> None:
        """Append records as they are, in memory as in the file."""
        counts = layout.COUNTS.pack(*map(len, records))
        raw = [np.ascontiguousarray(array).view(np.uint8).data for array in records if len(array)]
        self._frame(layout.RECORDS, (counts, *raw))

    def events(self, events: Sequence[Told]) -> None:
        """Append events."""
        self._frame(layout.EVENTS, (layout.ENCODER.encode(events),))

    def end(self, end: End) -> None:
        """Append the end: the last thing."""
        self._frame(layout.END, (layout.ENCODER.encode(end),))

    def let_go(self, upto: int) -> None:
        """Give back the space of all frames before this offset, where the file system can.

        What was let go cannot be read again. Where it cannot be given back, the file stays whole.
        """
        if upto - self._kept < HOLE_LEAST:
            return
        start, self._kept = self._kept, upto
        # First, so that nobody looks for frames where there are none.
        with contextlib.suppress(OSError):
            os.pwrite(self.descriptor, upto.to_bytes(8, "little"), layout.KEPT_AT)
            punch_hole(self.descriptor, start, upto)

    def remove(self) -> None:
        """Delete the file: it is not needed any more."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                Path(self.path).unlink()

    def close(self) -> None:
        """Let go of the file; a nameless one is gone with that."""
        os.close(self.descriptor)

    def _frame(self, kind: int, pieces: Sequence[bytes | memoryview]) -> None:
        crc = 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
        self._append((layout.FRAME.pack(kind, sum(map(len, pieces)), crc), *pieces))

    def _append(self, pieces: Sequence[bytes | memoryview]) -> None:
        length = sum(map(len, pieces))
        try:
            done = os.pwritev(self.descriptor, pieces, self.size)
            while done < length:
                rest = b"".join(pieces)[done:]
                done += os.pwrite(self.descriptor, rest, self.size + done)
        except OSError as error:
            # The space of what is no whole frame may be what others need to end well.
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
            raise RecordingError(
                f"cannot write {self.path!r}" if self.path else "cannot keep what is captured",
                files.reason(error),
                "free some space or choose another disk",
            ) from error
        self.size += length


def refuse_existing_spool(output: str) -> None:
    """Complain when there is a spool of this recording: it may be all that is left of one.

    Raises:
        RecordingError: there is.
    """
    path = output + SUFFIX
    if os.path.lexists(path):
        raise RecordingError(
            f"cannot record to {output!r}",
            f"{path} exists: what an earlier recording captured, or one that is being made",
            f"socktrace recover {path}",
        )


def _create(path: str) -> int:
    descriptor = files.create(path)
    # To be read by who makes the recording, too: reopened, since it was created to be written.
    try:
        return os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)
    finally:
        os.close(descriptor)
