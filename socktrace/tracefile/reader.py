"""Opens a recording of either form and reads it as typed lines.

A recording may come from anybody: whatever is in the file, reading it yields lines or raises
`RecordingError`, and holds no more of it in memory than some hundred lines, or one that is long (a
document: its processes too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from socktrace.lines import End, Folded, Header, Line, Socket
from socktrace.tracefile.decoding import (
    CutShort,
    Damage,
    NewerVersion,
    decode_header,
)
from socktrace.tracefile.document_reader import MEMBERS, DocumentReader
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.lines_reader import Place, raw_lines, typed_lines
from socktrace.tracefile.notes import Notes
from socktrace.tracefile.recorded_file import RecordedFile
from socktrace.tracefile.scanner import Scanner
from socktrace.tracefile.writer import COUNTED

if TYPE_CHECKING:
    from collections.abc import Iterator


def open_recording(path: str) -> Recording:
    """Open a `.jsonl` or `.json` recording, gzip-compressed or not; the content tells which.

    Raises:
        RecordingError: It is no recording, or one that this version cannot read.
    """
    file = RecordedFile(path)
    try:
        return Recording(path, file)
    except BaseException:
        file.close()
        raise


class Recording:
    """A recording that is read as it is iterated over; iterating again begins anew.

    Iteration yields every line but the header. `truncated` and `notes` are complete when it has
    come to its end.
    """

    header: Header
    truncated: str | None
    """What is missing at the end of the file, if something is."""

    def __init__(self, path: str, file: RecordedFile) -> None:
        self.path = path
        self.truncated = None
        self._file = file
        self._notes = Notes()
        self._place = Place()
        self._document: DocumentReader | None = None
        try:
            self.header = self._read_header()
        except Damage as damage:
            raise self._error(damage, "it") from None

    @property
    def notes(self) -> list[str]:
        """What was ignored or did not add up, in sentences."""
        return self._notes.sentences()

    def __iter__(self) -> Iterator[Line]:
        self.truncated = None
        self._notes = Notes()
        ended = False
        try:
            for line in self._checked():
                ended = isinstance(line, End)
                yield line
        except CutShort as cut:
            self.truncated = f"{self._where()} is incomplete and was dropped: {cut}"
        except Damage as damage:
            raise self._error(damage, f"{self._where()} is damaged") from None
        if self._file.cut_short:
            self.truncated = f"cut short at {self._where()}: the gzip data stop there"
        elif not ended and self.truncated is None:
            self.truncated = f"cut short at {self._where()}: no end line"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read_header(self) -> Header:
        if self._is_document():
            self._document = DocumentReader(self._file, self._notes)
            return decode_header(self._document.header())
        for data, _ in raw_lines(self._file, self._place):
            return decode_header(data)
        raise Damage("it is empty")

    def _is_document(self) -> bool:
        """Whether the file begins like a document: ``{"header"`` or another of its members."""
        scanner = Scanner(self._file)
        first = scanner.peek()
        if not first:
            raise Damage("it is empty")
        if first != b"{":
            raise Damage("it is not JSON objects")
        scanner.take(b"{")
        return scanner.value().strip(b'"').decode("utf-8", "replace") in MEMBERS

    def _lines(self) -> Iterator[Line]:
        if self._document is None:
            yield from typed_lines(self._file, self._place, self._notes)
        else:
            self._document = DocumentReader(self._file, self._notes)
            yield self.header
            yield from self._document.lines()

    def _checked(self) -> Iterator[Line]:
        """The lines after the header, as long as they make sense together."""
        known: set[int] = set()
        events = folded = 0
        end: End | None = None
        lines = self._lines()
        if not isinstance(next(lines, None), Header):
            raise Damage("the first line is not a header")
        for line in lines:
            if end is not None:
                raise Damage("a line follows the end line")
            events += type(line) in COUNTED
            if isinstance(line, Socket):
                known.add(line.socket)
            elif isinstance(line, End):
                end = line
            elif isinstance(line, Header):
                raise Damage("there is a second header")
            else:
                socket = getattr(line, "socket", None)
                if socket is not None and socket not in known:
                    raise Damage(f"socket {socket} has no line of kind 'socket' before this one")
                folded += line.count if isinstance(line, Folded) else 0
            yield line
        if end is not None:
            self._compare(end, events, folded)

    def _compare(self, end: End, events: int, folded: int) -> None:
        """Note where the end line counts otherwise."""
        if end.events != events:
            self._notes.said.append(
                f"the end line counts {end.events} events, the file holds {events}"
            )
        if end.folded != folded:
            self._notes.said.append(
                f"the end line counts {end.folded} calls that were added up, the file {folded}"
            )

    def _where(self) -> str:
        document = self._document
        if document is None:
            return f"{self._place}"
        offset = f"byte {document.scanner.offset}"
        if document.index:
            return f"{document.member}[{document.index - 1}] (up to {offset})"
        return f"{document.member} ({offset})"

    def _error(self, damage: Damage, where: str) -> RecordingError:
        what = f"cannot read {self.path!r}"
        if isinstance(damage, NewerVersion):
            return RecordingError(what, str(damage), "upgrade socktrace")
        if where == "it":
            return RecordingError(
                what,
                f"not a socktrace recording: {damage}",
                "name a file that socktrace record or socktrace export wrote",
            )
        next_step = "get the file again from where it was recorded"
        if self._document is None and self._place.line > 1:
            next_step = f"what comes before it can still be read: head -n {self._place.line - 1}"
        return RecordingError(what, f"{where}: {damage}", next_step)
