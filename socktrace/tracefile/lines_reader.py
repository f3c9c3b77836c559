"""Reads the lines of a `.jsonl` recording, some hundred at a time."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from socktrace.tracefile.decoding import (
    LARGEST,
    CutShort,
    Damage,
    NotJson,
    decode_block,
    decode_line,
)

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
    for lines, complete in _blocks(file, place):
        for line in lines:
            place.line += 1
            yield line, complete
            place.offset += len(line) + 1


def typed_lines(file: RecordedFile, place: Place, notes: Notes) -> Iterator[Line]:
    """Every line of a known kind.

    Raises:
        CutShort: The file ends within a line.
        Damage: A line is not what it should be; ``place`` says which.
    """
    file.seek(0)
    place.line = place.offset = 0
    blocks = _blocks(file, place)
    blank = 0
    for lines, complete in blocks:
        decoded = decode_block(lines) if complete else None
        for number, data in enumerate(lines):
            place.line += 1
            if decoded is not None:
                yield decoded[number]
            elif not data.strip():
                blank += 1
            else:
                line = _decoded(data, notes, lines[number + 1 :], blocks, complete=complete)
                if line is not None:
                    yield line
            place.offset += len(data) + 1
    if blank:
        notes.said.append(f"{blank} empty lines ignored")


def _decoded(
    data: bytes,
    notes: Notes,
    following: list[bytes],
    blocks: Iterator[tuple[list[bytes], bool]],
    *,
    complete: bool,
) -> Line | None:
    """One line of some kind, known or not; ``following`` and ``blocks`` are what comes after it."""
    try:
        return decode_line(data, notes)
    except NotJson as error:
        if not complete:
            raise CutShort("it ends in the middle of a value") from None
        later = chain(following, chain.from_iterable(lines for lines, _ in blocks))
        if b"\0" in data and not any(each.strip(b"\0") for each in later):
            # What a power cut leaves of blocks that were allocated and never written.
            raise CutShort("the rest of the file is zero bytes") from None
        raise Damage(str(error)) from None


def _blocks(file: RecordedFile, place: Place) -> Iterator[tuple[list[bytes], bool]]:
    """The lines of a file, as many at once as were read, and whether they are complete."""
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
        yield [b"".join(pieces), *whole], True
        pieces, length = [rest], len(rest)
    if length:
        yield [b"".join(pieces)], False
