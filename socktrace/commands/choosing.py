"""Of a recording, what a filter chooses: the sockets that fit at some moment, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.host.process_facts import KnownProcesses
from socktrace.lines import Blocked, End, Folded, Healed, Lost, Process, Syscall
from socktrace.model.filters import Subject
from socktrace.model.filters import predicate as compile_filter
from socktrace.tracefile.replay import replay, whole_world
from socktrace.tracefile.writer import COUNTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from socktrace.lines import Line
    from socktrace.model.filters import Filter

_OF_NO_SOCKET: Final = (Blocked, Folded, Syscall)


class Choice:
    """Which sockets of a recording a filter chooses; iterating gives their lines.

    As with a filter that is given to ``record``, a socket that fits at any moment is chosen with
    all of its life, and with it the processes that had to do with it.

    Args:
        lines: The recording, to be iterated over more than once.
        selected: The filter.
    """

    def __init__(self, lines: Iterable[Line], selected: Filter) -> None:
        self._lines = lines
        self.selected = selected
        self.sockets: set[int] = set()
        self._pids: set[int] = set()
        self._choose(selected)

    def _choose(self, selected: Filter) -> None:
        fits = compile_filter(selected)
        world = whole_world()
        processes = KnownProcesses(lambda: world)
        pids: dict[int, set[int]] = {}
        for line in replay(self._lines, world):
            number = getattr(line, "socket", None)
            if number is None:
                continue
            pid = getattr(line, "pid", None)
            if pid is not None:
                pids.setdefault(number, set()).add(pid)
            if number not in self.sockets and number in world.sockets:
                subject = Subject.of(world.sockets[number], processes)
                if fits(subject, getattr(line, "t", 0)):
                    self.sockets.add(number)
        for number, life in world.sockets.items():  # a filter by age may fit at the end only
            if number not in self.sockets and fits(Subject.of(life, processes), world.t):
                self.sockets.add(number)
        self._pids = {pid for number in self.sockets for pid in pids.get(number, ())}

    def __iter__(self) -> Iterator[Line]:
        """The lines of what is chosen, with an end that counts them."""
        events = folded = 0
        for line in self._lines:
            if isinstance(line, End):
                yield msgspec.structs.replace(line, events=events, folded=folded)
            elif self.takes(line):
                events += type(line) in COUNTED
                folded += line.count if isinstance(line, Folded) else 0
                yield line

    def takes(self, line: Line) -> bool:
        """Whether a line is about what is chosen."""
        if isinstance(line, Process):
            return line.pid in self._pids
        number = getattr(line, "socket", None)
        if number is not None:
            return number in self.sockets
        if isinstance(line, _OF_NO_SOCKET):
            return line.pid in self._pids
        return isinstance(line, Lost | Healed)
