"""The lines of a recording in a nameless file, to be read again from any place on.

The recording itself would not do: it may be compressed, a document, a pipe, or change while it is
looked at. What is kept here is what was read and checked once, in a form that is read twice as
fast as JSON and takes two thirds of its room.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from typing import Final

import msgspec

from socktrace.lines import Line
from socktrace.tracefile import RecordingError
from socktrace.tracefile.files import reason

BLOCK: Final = 128
"""Lines that are read together."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Line])


class LineStore:
    """Lines by their places, which count from 0."""

    def __init__(self) -> None:
        self._file: Final = tempfile.TemporaryFile(prefix="socktrace-", buffering=0)  # noqa: SIM115 - it lives as long as this does
        self._offsets: Final = array("q", [0])
        """Where each block begins, and where the last one ends."""
        self._last: list[Line] = []
        """Lines that do not fill a block yet."""

    def __len__(self) -> int:
        """How many there are."""
        return (len(self._offsets) - 1) * BLOCK + len(self._last)

    def add(self, lines: list[Line]) -> None:
        """Add lines at the end.

        Raises:
            RecordingError: there is no room for them.
        """
        self._last += lines
        pieces = []
        while len(self._last) >= BLOCK:
            pieces.append(_ENCODER.encode(self._last[:BLOCK]))
            del self._last[:BLOCK]
        if not pieces:
            return
        self._write(b"".join(pieces))
        for piece in pieces:
            self._offsets.append(self._offsets[-1] + len(piece))

    def _write(self, data: bytes) -> None:
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._file.fileno(), data[done:], self._offsets[-1] + done)
        except OSError as error:
            raise RecordingError(
                f"cannot keep what was read in {tempfile.gettempdir()!r}",
                reason(error),
                "free some space, or name a directory with more of it in TMPDIR",
            ) from error

    def read(self, first: int, stop: int) -> list[Line]:
        """The lines from a place up to another."""
        first, stop = max(0, first), min(stop, len(self))
        if stop <= first:
            return []
        blocks = len(self._offsets) - 1
        lines: list[Line] = []
        for block in range(first // BLOCK, min(blocks, (stop + BLOCK - 1) // BLOCK)):
            begin, end = self._offsets[block], self._offsets[block + 1]
            lines += _DECODER.decode(os.pread(self._file.fileno(), end - begin, begin))
        begins = first // BLOCK * BLOCK
        if stop > blocks * BLOCK:
            lines += self._last
        return lines[first - begins : stop - begins]

    def line(self, place: int) -> Line:
        """The line at a place."""
        return self.read(place, place + 1)[0]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
