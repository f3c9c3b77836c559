"""What a converter tells the process that captures: messages through a pipe."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.lines import End
from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH: Final = struct.Struct("=I")


class Begun(msgspec.Struct, frozen=True, tag=True):
    """The recording has been created."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Nothing more will be written."""

    what: str
    why: str
    next_step: str
    no_reader: bool
    """Whatever read the output has gone: no fault, and nobody to be told."""

    def error(self) -> RecordingError:
        """As an exception."""
        error = RecordingError(self.what, self.why, self.next_step)
        if self.no_reader:
            error.__cause__ = BrokenPipeError()
        return error


class Done(msgspec.Struct, frozen=True, tag=True):
    """All is written; the spool is gone."""

    end: End | None
    """The last line of the recording, where it has one."""


Report = Begun | Failed | Done

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Report)


def failure(error: RecordingError) -> Failed:
    """As a message."""
    no_reader = isinstance(error.__cause__, BrokenPipeError)
    return Failed(error.what, error.why, error.next_step, no_reader)


def send(descriptor: int, report: Report) -> None:
    """Send a message; to nobody, if nobody is there any more."""
    raw = _ENCODER.encode(report)
    try:
        os.write(descriptor, _LENGTH.pack(len(raw)) + raw)
    except BrokenPipeError:
        return


class Mailbox:
    """Messages as they come.

    Args:
        descriptor: end of a pipe, not blocking.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.closed = False
        """Nobody is there to send any more."""
        self._buffer = b""

    def take(self) -> Iterator[Report]:
        """The messages that have come."""
        while not self.closed:
            try:
                piece = os.read(self.descriptor, 65_536)
            except BlockingIOError:
                break
            self.closed = not piece
            self._buffer += piece
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            report: Report = _DECODER.decode(self._buffer[_LENGTH.size : end])
            self._buffer = self._buffer[end:]
            yield report
