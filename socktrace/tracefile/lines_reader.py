"""Reads the lines of a `.jsonl` recording, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.tracefile.decoding import LARGEST, CutShort, Damage, NotJson, decode_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.lines import Line
    from socktrace.tracefile.notes import Notes
    from socktrace.tracefile.recorded_file import RecordedFile

CHUNK: Final = 256 * 1024


class Place:
    """Where a reader is, for its complaints."""

    def __init__(self) -> None:
        self.line = 0
        """Number of the line last taken, from 1."""
        self.offset = 0
        """Where it begins in the (uncompressed) file, in bytes."""

    def __str__(self) -> str:
        return f"line {self.line} (byte {self.offset})"


def raw_lines(file: RecordedFile, place: Place) -> Iterator[tuple[bytes, bool]]:
    """The lines of a file and whether each is complete (ended by a newline)."""
    file.seek(0)
    place.line = place.offset = 0
    pieces: list[bytes] = []
    length = 0
    while chunk := file.read(CHUNK):
        head, newline, tail = chunk.partition(b"\n")
        pieces.append(head)
        length += len(head)
        if length > LARGEST:
            place.line += 1
            raise Damage(f"it is longer than {LARGEST >> 20} MiB")
        if not newline:
            continue
        *whole, rest = tail.split(b"\n")
        for line in (b"".join(pieces), *whole):
            place.line += 1
            yield line, True
            place.offset += len(line) + 1
        pieces, length = [rest], len(rest)
    if length:
        place.line += 1
        yield b"".join(pieces), False


def typed_lines(file: RecordedFile, place: Place, notes: Notes) -> Iterator[Line]:
    """Every line of a known kind.

    Raises:
        CutShort: The file ends within a line.
        Damage: A line is not what it should be; ``place`` says which.
    """
    remaining = raw_lines(file, place)
    blank = 0
    for data, complete in remaining:
        if not data.strip():
            blank += 1
            continue
        try:
            line = decode_line(data, notes)
        except NotJson as error:
            if not complete:
                raise CutShort("it ends in the middle of a value") from None
            if b"\0" in data and not any(later.strip(b"\0") for later, _ in remaining):
                # What a power cut leaves of blocks that were allocated and never written.
                raise CutShort("the rest of the file is zero bytes") from None
            raise Damage(str(error)) from None
        if line is not None:
            yield line
    if blank:
        notes.said.append(f"{blank} empty lines ignored")
