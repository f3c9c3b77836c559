"""Processes enter the story when they do something with sockets, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.lines import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.lines import Line


class Introductions:
    """Holds the lines of a process back until a line that names it comes.

    A machine starts and ends many processes that never touch a socket: they are left out. The
    lines of the others come just before the first thing that they do, each with its own time.
    """

    def __init__(self) -> None:
        """Begin with nobody known."""
        self._known: set[int] = set()
        self._held: dict[int, list[Process]] = {}

    def take(self, line: Line) -> Iterator[Line]:
        """Give what is to be told now, after this line came."""
        if isinstance(line, Process):
            yield from self._process(line)
            return
        pid = getattr(line, "pid", None)
        if pid is not None and pid not in self._known:
            self._known.add(pid)
            yield from self._held.pop(pid, ())
        yield line

    def _process(self, line: Process) -> Iterator[Process]:
        if line.event == "fork":
            self._known.discard(line.pid)  # the number is used again
            self._held.pop(line.pid, None)
        if line.pid in self._known:
            yield line
        elif line.event != "seen":
            self._held.setdefault(line.pid, []).append(line)
        if line.event == "exit":
            self._known.discard(line.pid)
            self._held.pop(line.pid, None)
