"""Finds the values inside a JSON document of any size without holding more than one of them.

It looks only for where values end (strings, brackets); whether they are right is for the decoder
that gets their bytes. The grammar is that of RFC 8259.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.tracefile.decoding import LARGEST, CutShort, Damage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.tracefile.recorded_file import RecordedFile

CHUNK: Final = 256 * 1024
SHORT: Final = 4096
"""Bytes within which a line is looked for that is one value."""
_WHITESPACE: Final = re.compile(rb"[ \t\n\r]*")
_STRUCTURE: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]', re.DOTALL)
"""A whole string, or a bracket, or the quote of a string that is not complete yet."""
_WHOLE: Final = msgspec.json.Decoder(msgspec.Raw)
_SCALAR: Final = re.compile(rb"[^\s,\]}]+")


class Scanner:
    """A position in a JSON text that is read as needed."""

    def __init__(self, file: RecordedFile) -> None:
        file.seek(0)
        self._file = file
        self._data = b""
        self._start = 0
        """Offset in the file of the first byte of ``_data``."""
        self._at = 0
        self._ended = False

    @property
    def offset(self) -> int:
        """Where in the (uncompressed) file the scanner stands."""
        return self._start + self._at

    @property
    def window(self) -> tuple[bytes, int]:
        """What has been read and is still held, and where in it the scanner stands."""
        return self._data, self._at

    def seek(self, offset: int) -> None:
        """Stand at this offset."""
        if self._start <= offset <= self._start + len(self._data):
            self._at = offset - self._start
            return
        self._file.seek(offset)
        self._data, self._start, self._at, self._ended = b"", offset, 0, False

    def peek(self) -> bytes:
        """The next byte that is not white space; empty at the end of the text."""
        while True:
            found = _WHITESPACE.match(self._data, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._more(CHUNK):
                return b""

    def take(self, expected: bytes) -> None:
        """Step over this byte.

        Raises:
            Damage: Another one is there.
        """
        found = self.peek()
        if not found:
            raise CutShort(f"the text ends where {expected.decode()!r} was expected")
        if found != expected:
            raise Damage(f"{expected.decode()!r} was expected")
        self._at += 1

    def value(self) -> bytes:
        """The bytes of the next value, which is stepped over."""
        first = self.peek()
        if not first:
            raise CutShort("the text ends where a value was expected")
        end = self._end_of_line_value(first) or self._end_of_value(first)
        data = self._data[self._at : end]
        self._at = end
        return data

    def elements(self) -> Iterator[bytes]:
        """The bytes of each element of the array that comes next."""
        self.take(b"[")
        if self.peek() == b"]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.peek() == b"]":
                self._at += 1
                return
            self.take(b",")

    def _end_of_line_value(self, first: bytes) -> int:
        """Where an object that fills its line ends, as in documents that socktrace wrote; else 0.

        A complete JSON object is never the beginning of a longer one, so a line that decodes is
        the whole value; asking the decoder is five times as fast as looking for brackets.
        """
        if first != b"{":
            return 0
        end_of_line = self._data.find(b"\n", self._at, self._at + SHORT)
        line = self._data[self._at : end_of_line].rstrip(b", \t\r") if end_of_line > 0 else b""
        try:
            _WHOLE.decode(line)
        except (ValueError, RecursionError):
            return 0
        return self._at + len(line)

    def _end_of_value(self, first: bytes) -> int:
        end_of = self._end_of_scalar if first not in b'"[{' else _Brackets(self).end
        size = CHUNK
        while not (end := end_of()):
            if len(self._data) - self._at > LARGEST:
                raise Damage(f"a value is larger than {LARGEST >> 20} MiB")
            if not self._more(size):
                if end_of == self._end_of_scalar:
                    return len(self._data)
                raise CutShort("the text ends in the middle of a value")
            size *= 2  # so that the copying adds up to a multiple of the length, not its square
        return end

    def _end_of_scalar(self) -> int:
        found = _SCALAR.match(self._data, self._at)
        if found is None:
            raise Damage("a value was expected")
        return found.end() if found.end() < len(self._data) else 0

    def _more(self, size: int) -> bool:
        """Read on, forgetting what lies behind; False at the end of the file."""
        if self._ended:
            return False
        new = self._file.read(size)
        if not new:
            self._ended = True
            return False
        self._data = self._data[self._at :] + new
        self._start += self._at
        self._at = 0
        return True


class _Brackets:
    """Counts brackets from the scanner's position on, going on where it stopped."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._depth = 0
        self._place = 0
        """Bytes from the scanner's position that have been looked at."""

    def end(self) -> int:
        """Where the value ends; 0 when that has not been read yet."""
        data, at = self._scanner.window
        for token in _STRUCTURE.finditer(data, at + self._place):
            text = token.group()
            if text == b'"':
                self._place = token.start() - at
                return 0
            self._place = token.end() - at
            if text in (b"[", b"{"):
                self._depth += 1
            elif text in (b"]", b"}"):
                self._depth -= 1
            if self._depth <= 0:
                return token.end()
        self._place = len(data) - at
        return 0
