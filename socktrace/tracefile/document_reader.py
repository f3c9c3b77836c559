"""Reads a `.json` document back as lines, in the order in which they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.lines import Folded, Syscall
from socktrace.tracefile.decoding import Damage, check_life, decode_line
from socktrace.tracefile.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.lines import Line
    from socktrace.tracefile.notes import Notes
    from socktrace.tracefile.recorded_file import RecordedFile

MEMBERS = frozenset(("header", "processes", "sockets", "events", "findings", "end"))


class DocumentReader:
    """The members of a document, found as they are asked for, in whatever order they stand."""

    def __init__(self, file: RecordedFile, notes: Notes) -> None:
        self.scanner = Scanner(file)
        self.member = "header"
        """The member that is being read, for complaints."""
        self.index = 0
        """Which of its elements, from 1."""
        self._notes = notes
        self._places: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        """Where the values end that have been read to their end."""
        self._last: str | None = ""
        """The member found last; None when all have been found."""

    def header(self) -> bytes:
        """The bytes of the header."""
        if not self._go_to("header"):
            raise Damage('it has no "header"')
        return self.scanner.value()

    def lines(self) -> Iterator[Line]:
        """Every line but the header.

        Processes are kept in memory while the events stream by, since a document keeps them
        apart and a replay needs each in its place. ``sockets`` repeat what the events tell.
        """
        processes = iter(list(self._elements("processes")))
        for data in self._values("sockets"):
            check_life(data)
        waiting = next(processes, None)
        for event in self._elements("events"):
            told = told_at(event)
            while waiting is not None and told_at(waiting) <= told:
                yield waiting
                waiting = next(processes, None)
            yield event
        if waiting is not None:
            yield waiting
        yield from processes
        yield from self._elements("findings")
        end: Line | None = None
        if self._go_to("end"):
            data = self.scanner.value()
            self._ends["end"] = self.scanner.offset
            end = decode_line(data, self._notes) if data != b"null" else None
        while self._last is not None:
            self._find_next()
        if end is not None:
            yield end

    def _elements(self, member: str) -> Iterator[Line]:
        for data in self._values(member):
            line = decode_line(data, self._notes)
            if line is not None:
                yield line

    def _values(self, member: str) -> Iterator[bytes]:
        if not self._go_to(member):
            raise Damage(f'it has no "{member}"')
        for data in self.scanner.elements():
            self.index += 1
            yield data
        self._ends[member] = self.scanner.offset

    def _go_to(self, wanted: str) -> bool:
        """Stand before the value of a member, reading on if it has not been met yet."""
        self.member, self.index = wanted, 0
        while wanted not in self._places:
            if self._last is None:
                return False
            self._find_next()
        self.scanner.seek(self._places[wanted])
        return True

    def _find_next(self) -> None:
        """Step over the member met last and note where the value of the next one begins."""
        scanner = self.scanner
        if self._last:
            self._step_over(self._last)
            if scanner.peek() != b"}":
                scanner.take(b",")
        else:
            scanner.seek(0)
            scanner.take(b"{")
        if scanner.peek() == b"}":
            scanner.take(b"}")
            if scanner.peek():
                raise Damage("something follows the document")
            self._last = None
            return
        name = scanner.value().strip(b'"').decode("utf-8", "replace")
        scanner.take(b":")
        scanner.peek()
        if name not in MEMBERS:
            self._notes.count(self._notes.unknown_fields, name)
        self._last = name
        self._places[name] = scanner.offset

    def _step_over(self, member: str) -> None:
        if member in self._ends:
            self.scanner.seek(self._ends[member])
            return
        self.scanner.seek(self._places[member])
        if self.scanner.peek() == b"[":
            for _ in self.scanner.elements():
                pass
        else:
            self.scanner.value()


def told_at(line: Line) -> int:
    """When a recording tells a line: a call when it returned, all else when it happened."""
    if isinstance(line, Syscall):
        return line.t + line.dur
    if isinstance(line, Folded):
        return line.until
    return getattr(line, "t", 0)
