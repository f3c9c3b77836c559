"""Writes a `.jsonl` recording as it happens, in whole lines.

Lines gather in a buffer that only ever holds whole ones and goes to the file in one write(2), so
whatever ends the program (kill -9 too), at most the last line in the file is incomplete.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.lines import End, Folded, Header, Line, Lost, Process, Syscall, TcpEvent
from socktrace.tracefile import files
from socktrace.tracefile.encoding import encode
from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable

BUFFER_SIZE: Final = 256 * 1024
"""Bytes gathered before they are written unasked: some 1,500 calls, one write(2)."""

GATHERED_MOST: Final = 256
"""Lines that wait to be made bytes together."""

COUNTED: Final = frozenset((Syscall, Process, TcpEvent))
"""The kinds that `lines.End.events` counts."""


class JsonlWriter:
    """Appends lines to a recording; creates it, and never over something else."""

    def __init__(self, path_or_fd: str | int, header: Header, *, force: bool = False) -> None:
        """Create the file and write the header at once, so that even an empty one is readable.

        Args:
            path_or_fd: A path, "-" for stdout, or an open descriptor (which stays open).
            header: The first line.
            force: Replace an existing regular file, by a new one renamed over it.
        """
        self.name = path_or_fd if isinstance(path_or_fd, str) else f"descriptor {path_or_fd}"
        self._events = self._folded = self._lost = 0
        self._gathered: list[Line] = []
        """Lines that come one by one: they are made bytes, and counted, many at once."""
        self.bytes_written = 0
        self._encoder = msgspec.json.Encoder()
        self._buffer = bytearray()
        self._owns_fd = False
        self._closed = False
        temporary = ""
        if isinstance(path_or_fd, int):
            self._fd = path_or_fd
        elif path_or_fd == files.STDOUT:
            self._fd = 1
        else:
            self._owns_fd = True
            if force:
                self._fd, temporary = files.create_beside(path_or_fd)
            else:
                self._fd = files.create(path_or_fd)
        self.write(header)
        self.flush()
        if temporary:
            try:
                files.put_in_place(temporary, self.name, force=True)
            except RecordingError:
                Path(temporary).unlink()
                self._release()
                raise

    def write(self, line: Line) -> None:
        """Add one line; it reaches the file with the next flush or when the buffer is full."""
        gathered = self._gathered
        gathered.append(line)
        if len(gathered) >= GATHERED_MOST:
            self._encode_gathered()

    def write_many(self, lines: Iterable[Line]) -> None:
        """Add lines in order."""
        self._encode_gathered()
        self._encode(lines)

    @property
    def events(self) -> int:
        """Lines so far of the kinds that `lines.End.events` counts."""
        self._encode_gathered()
        return self._events

    @property
    def folded(self) -> int:
        """Calls so far that "folded" lines add up: none of them is an event."""
        self._encode_gathered()
        return self._folded

    @property
    def lost(self) -> int:
        """Sum of the counts of the "lost" lines so far: for `lines.End.lost_events`."""
        self._encode_gathered()
        return self._lost

    def _encode_gathered(self) -> None:
        if self._gathered:
            lines, self._gathered = self._gathered, []
            self._encode(lines)

    def _encode(self, lines: Iterable[Line]) -> None:
        buffer = self._buffer
        encode_into = self._encoder.encode_into
        counted = COUNTED
        for line in lines:
            start = len(buffer)
            try:
                encode_into(line, buffer, start)
            except UnicodeEncodeError:
                del buffer[start:]
                buffer += encode(line)
            buffer += b"\n"
            kind = type(line)
            if kind in counted:
                self._events += 1
            elif isinstance(line, Lost):
                self._lost += line.count
            elif isinstance(line, Folded):
                self._folded += line.count
            if len(buffer) >= BUFFER_SIZE:
                self._flush_buffer()

    def write_bulk(self, lines: bytes, events: int) -> None:
        """Add whole lines that are bytes already, each with its newline.

        Args:
            lines: of kinds that `lines.End.events` counts.
            events: how many they are.
        """
        self._encode_gathered()
        self._events += events
        if len(lines) < BUFFER_SIZE:
            self._buffer += lines
            if len(self._buffer) >= BUFFER_SIZE:
                self.flush()
            return
        self.flush()
        self._hand_over(lines)

    def flush(self) -> None:
        """Hand what has gathered to the kernel."""
        self._encode_gathered()
        self._flush_buffer()

    def _flush_buffer(self) -> None:
        if self._buffer:
            self._hand_over(self._buffer)
            self._buffer.clear()

    def close(self, end: End | None = None) -> None:
        """Write the end line, if there is one to write, and let go of the file."""
        if self._closed:
            return
        if end is not None:
            self.write(end)
        self.flush()
        self._release()

    def _hand_over(self, lines: bytes | bytearray) -> None:
        if self._closed:
            return
        try:
            with memoryview(lines) as view:
                done = 0
                while done < len(view):
                    done += os.write(self._fd, view[done:])
        except OSError as error:
            self._buffer.clear()
            self._release()
            raise RecordingError(
                f"cannot write {self.name!r}", files.reason(error), _next_step(error)
            ) from error
        self.bytes_written += done

    def _release(self) -> None:
        self._closed = True
        if self._owns_fd:
            os.close(self._fd)


def _next_step(error: OSError) -> str:
    if isinstance(error, BrokenPipeError):
        return "whatever read the output has gone"
    return "what was recorded up to here can be read; free some space or choose another disk"
