"""Only the sockets that a filter selects, each with its whole story.

Whether a socket fits may show late: its port is known when it is bound, its state when it gets
there. So the lines of a socket that does not fit yet are held back, and come all at once when it
does. Lines of processes come with the first of their sockets that fits.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from socktrace.host.containers import container_of
from socktrace.lines import Header, Lost, Process, Socket, State, Syscall
from socktrace.model.filters import ProcessFacts, Subject
from socktrace.model.filters import predicate as compile_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from socktrace.lines import Line
    from socktrace.model.filters import Filter
    from socktrace.model.world import World

_HELD_MOST: Final = 10_000
"""Calls kept of one socket that does not fit yet; the oldest go first."""
_CLOSED_MOST: Final = 1_000
"""Closed sockets of which lines are still kept: few filters fit only then."""


class _Held:
    """The lines of one socket, in order: all that tell its life, and its latest calls."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._life: list[tuple[int, Line]] = []
        self._calls: deque[tuple[int, Line]] = deque(maxlen=_HELD_MOST)

    def append(self, line: Line) -> None:
        (self._calls if isinstance(line, Syscall) else self._life).append((next(self._count), line))

    def __iter__(self) -> Iterator[Line]:
        merged = heapq.merge(self._life, self._calls, key=itemgetter(0))
        return (line for _, line in merged)


class _Facts:
    """What filters ask of processes, looked up in the world when asked."""

    def __init__(self, selecting: Selecting) -> None:
        self._selecting = selecting

    def get(self, pid: int, default: ProcessFacts) -> ProcessFacts:
        world = self._selecting.world
        life = world.processes.get(pid) if world is not None else None
        if life is None:
            return default
        return ProcessFacts(
            comm=life.comm,
            uid=life.uid,
            cgroup=life.cgroup,
            container=container_of(life.cgroup) if life.cgroup else None,
        )


class Selecting:
    """A sink of lines that passes on what a filter selects; all of them where there is none."""

    def __init__(self, selected: Filter | None) -> None:
        """Select by `selected`."""
        self._fits = compile_filter(selected) if selected is not None else None
        self.sink: Callable[[Line], object] = lambda _: None
        """Where lines go."""
        self.world: World | None = None
        """What the lines describe; to be set before the first line."""
        self._chosen: set[int] = set()
        self._held: dict[int, _Held] = {}
        self._closed: deque[int] = deque()
        """Those of `_held` that have closed, the oldest first."""
        self._pids: set[int] = set()
        self._held_processes: dict[int, list[Process]] = {}
        self._processes: Mapping[int, ProcessFacts] = _Facts(self)  # type: ignore[assignment]

    def take(self, line: Line) -> None:
        """Take in one line."""
        if self._fits is None or isinstance(line, Header):
            self.sink(line)
        elif isinstance(line, Process):
            self._process(line)
        else:
            number = getattr(line, "socket", None)
            if number is not None:
                self._socket_line(number, line)
            elif isinstance(line, Lost) or (isinstance(line, Syscall) and line.pid in self._pids):
                self.sink(line)

    def finish(self) -> None:
        """Ask once more of those held back: a filter by age may fit now."""
        for number in list(self._held):
            self._try(number, None)

    def _process(self, line: Process) -> None:
        if line.pid in self._pids:
            self.sink(line)
            return
        self._held_processes.setdefault(line.pid, []).append(line)
        if line.event == "exit":
            del self._held_processes[line.pid]

    def _socket_line(self, number: int, line: Line) -> None:
        if number in self._chosen:
            self._announce(line)
            self.sink(line)
            return
        if isinstance(line, Socket):
            self._held.setdefault(number, _Held())
        held = self._held.get(number)
        if held is None:  # let go of
            return
        held.append(line)
        self._try(number, line)
        if isinstance(line, State) and line.layer == "api" and line.to == "closed":
            self._closed.append(number)
            if len(self._closed) > _CLOSED_MOST:
                self._held.pop(self._closed.popleft(), None)

    def _try(self, number: int, line: Line | None) -> None:
        world = self.world
        if world is None or self._fits is None:
            return
        try:
            life = world.life(number)
        except KeyError:
            self._held.pop(number, None)
            return
        now = getattr(line, "t", life.last_used or life.created)
        if not self._fits(Subject.of(life, self._processes), now):
            if life.api_state == "closed" and line is None:
                self._held.pop(number, None)
            return
        self._chosen.add(number)
        for kept in self._held.pop(number, ()):
            self._announce(kept)
            self.sink(kept)

    def _announce(self, line: Line) -> None:
        """Processes come before the first line that names them."""
        for pid in _pids(line):
            if pid not in self._pids:
                self._pids.add(pid)
                for held in self._held_processes.pop(pid, ()):
                    self.sink(held)


def _pids(line: Line) -> Iterator[int]:
    pid = getattr(line, "pid", None)
    if isinstance(line, Socket) and line.pid is None:
        return
    if pid is not None:
        yield pid
