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

from socktrace.host.process_facts import KnownProcesses
from socktrace.lines import Folded, Header, Healed, Lost, Process, Socket, State, Syscall
from socktrace.model.filters import Processes, Subject
from socktrace.model.filters import predicate as compile_filter
from socktrace.model.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from socktrace.engine.datacalls import DataRun
    from socktrace.lines import Line
    from socktrace.model.filters import Filter
    from socktrace.model.world import World

_MANY: Final = 32
"""Data calls from which on it is cheaper to sort them by socket than to look at each."""
_PRUNE_EVERY: Final = 4_096
"""After so many new sockets, those that the world has forgotten are let go."""


class _Held:
    """The lines of one socket, in order: those that tell its life, and its calls.

    Of each of the two the latest, and its first line, without which the others tell nothing.
    """

    def __init__(self, most: int) -> None:
        self._count = itertools.count()
        self._first: list[tuple[int, Line]] = []
        self._life: deque[tuple[int, Line]] = deque(maxlen=most)
        self._calls: deque[tuple[int, Line]] = deque(maxlen=most)
        self._forgotten = 0

    def append(self, line: Line) -> int:
        """Keep a line. How many went for it."""
        numbered = (next(self._count), line)
        if not self._first:
            self._first.append(numbered)
            return 0
        lines = self._calls if isinstance(line, Syscall | Folded) else self._life
        lines.append(numbered)
        gone = numbered[0] - len(self._life) - len(self._calls) - self._forgotten
        self._forgotten += gone
        return gone

    def __iter__(self) -> Iterator[Line]:
        merged = heapq.merge(self._first, self._life, self._calls, key=itemgetter(0))
        return (line for _, line in merged)


class Selecting:
    """A sink of lines that passes on what a filter selects; all of them where there is none.

    Args:
        selected: the filter.
        limits: on what is held back; None: as usual.
    """

    def __init__(self, selected: Filter | None, limits: Limits | None = None) -> None:
        """Select by `selected`."""
        self._limits = limits or Limits()
        self._calls_forgotten = self._sockets_forgotten = 0
        self._prune_at = _PRUNE_EVERY
        self._fits = compile_filter(selected) if selected is not None else None
        self.sink: Callable[[Line], object] = lambda _: None
        """Where lines go."""
        self.bulk: Callable[[bytes, int], object] | None = None
        """Where many lines of data calls go as bytes, with their number; None: to `sink`."""
        self.world: World | None = None
        """What the lines describe; to be set before the first line."""
        self._chosen: set[int] = set()
        self._held: dict[int, _Held] = {}
        self._closed: deque[int] = deque()
        """Those of `_held` that have closed, the oldest first."""
        self._pids: set[int] = set()
        self._held_processes: dict[int, list[Process]] = {}
        self._processes: Processes = KnownProcesses(lambda: self.world)

    @property
    def evictions(self) -> Mapping[str, int]:
        """What was held back and then forgotten for want of room: how much, by the limit's name."""
        return {"held_calls": self._calls_forgotten, "held_sockets": self._sockets_forgotten}

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
            elif isinstance(line, Lost | Healed) or (
                isinstance(line, Syscall | Folded) and line.pid in self._pids
            ):
                self.sink(line)

    def take_data(self, run: DataRun) -> None:
        """Take in data calls, many at once where they need not be looked at one by one."""
        if self.bulk is None or (self._fits is not None and run.size < _MANY):
            for line in run.lines():
                self.take(line)
            return
        if self._fits is not None:
            run = self._chosen_of(run)
        for lines, count in run.encoded():
            self.bulk(lines, count)

    def _chosen_of(self, run: DataRun) -> DataRun:
        """Keep what may be chosen later; give what is chosen."""
        numbers = {inode: run.number(inode) for inode in run.inodes() if inode}
        chosen = run.of(inode for inode, number in numbers.items() if number in self._chosen)
        for pid in chosen.pids():
            self._introduce(pid)
        waiting = {inode for inode, number in numbers.items() if number in self._held}
        latest: dict[int, Syscall] = {}
        for line in run.of({0, *waiting}).lines():
            held = self._held.get(line.socket) if line.socket is not None else None
            if line.socket is None:
                self.take(line)
            elif held is not None:
                self._calls_forgotten += held.append(line)
                latest[line.socket] = line
        # Once for all calls of a run: what is known of a socket does not change within one.
        for number, line in latest.items():
            self._try(number, line)
        return chosen

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
            self._held.setdefault(number, _Held(self._limits.held_calls))
            if len(self._chosen) + len(self._held) >= self._prune_at:
                self._prune()
        held = self._held.get(number)
        if held is None:  # let go of
            return
        self._calls_forgotten += held.append(line)
        self._try(number, line)
        if isinstance(line, State) and line.layer == "api" and line.to == "closed":
            self._closed.append(number)
            if len(self._closed) > self._limits.held_sockets:
                gone = self._held.pop(self._closed.popleft(), None)
                self._sockets_forgotten += gone is not None

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

    def _prune(self) -> None:
        """Let those go that the world has forgotten: nothing will be told of them any more."""
        known = self.world.sockets.keys() if self.world is not None else set()
        self._chosen &= known
        for number in self._held.keys() - known:
            del self._held[number]
        self._prune_at = 2 * (len(self._chosen) + len(self._held)) + _PRUNE_EVERY

    def _announce(self, line: Line) -> None:
        """Processes come before the first line that names them."""
        for pid in _pids(line):
            self._introduce(pid)

    def _introduce(self, pid: int) -> None:
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
