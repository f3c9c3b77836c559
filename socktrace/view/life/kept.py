"""Calls that were told lately, by socket: what a page shows of the time before it was opened.

Bounded in three ways: lines of one socket, sockets, and lines in all; without the last, twenty
thousand busy sockets would keep a gigabyte.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, runtime_checkable

from socktrace.lines import Folded, Line, Sample, Socket, Syscall, TcpEvent
from socktrace.view.life.entry import LINES_EACH, Entry, Told
from socktrace.view.life.gauges import reading_of
from socktrace.view.life.series import Series

if TYPE_CHECKING:
    from socktrace.model.world import World
    from socktrace.view.look import Look, Run, RunSum

_SOCKETS: Final = 20_000
_LINES: Final = 120_000
"""Some 60 MB."""
_SPARE: Final = 1_000
"""Calls of runs that are taken apart in one look for sockets whose page is not open: 2 ms."""
_MOST_SINGLE: Final = 2_000
"""Calls of one run that stay single for watched sockets: 4 ms."""
_WIDE: Final = 8
"""A wait for more sockets than this is kept for open pages alone."""
_ACCEPTS: Final = frozenset({"accept", "accept4"})
_MAKING: Final = _ACCEPTS | {"socket", "socketpair"}

_Any = TypeVar("_Any")
_TOLD: Final = frozenset({Syscall, Folded, TcpEvent, Socket, Sample})


@runtime_checkable
class Sorted(Protocol):
    """A run that can tell which sockets its calls were made on: `engine.datacalls.DataRun`."""

    def inodes(self) -> Iterable[int]:
        """The inodes of the sockets."""

    def of(self, inodes: Iterable[int], /) -> Run:
        """The calls on some of them."""


class Kept:
    """The latest lines of each socket; more of those that are watched."""

    def __init__(self, sockets: int = _SOCKETS, lines: int = _LINES) -> None:
        """Keep lines of at most so many sockets, and at most so many lines."""
        self._sockets: Final = sockets
        self._most: Final = lines
        self._entries: Final[OrderedDict[int, Entry]] = OrderedDict()
        self._count = 0
        self._watched: frozenset[int] = frozenset()
        self._born: Socket | None = None
        self.series = Series()
        """Calls of the socket whose page is open: the first of those that are watched."""
        self._open: int | None = None
        self.accepted: Final[dict[int, None]] = {}
        """Sockets that were accepted from the one whose page is open."""

    def __len__(self) -> int:
        """How many lines are kept."""
        return self._count

    def entry(self, number: int) -> Entry | None:
        """What is kept of a socket."""
        return self._entries.get(number)

    def forget(self) -> None:
        """Nothing holds any more: another moment was chosen."""
        self._entries.clear()
        self._count = 0
        self._born = None
        self.series = Series()
        self.accepted.clear()

    def open(self, number: int | None, world: World) -> None:
        """A page was opened: keep more of that socket from now on."""
        self._open = number
        self.series = Series()
        self.accepted.clear()
        if number is None:
            self.watch(())
            return
        life = world.sockets.get(number)
        self.watch((number,))
        entry = self._entries.get(number)
        for line in entry.lines if entry is not None else ():
            self.series.add(line, life)
        if life is not None and life.role == "listener":
            for each in world.sockets.values():
                if each.listener == number:
                    self._accept(each.socket)

    def _accept(self, number: int) -> None:
        """Remember a socket of the listener; its line may be told after the world knows it."""
        self.accepted[number] = None
        if len(self.accepted) > LINES_EACH:
            del self.accepted[next(iter(self.accepted))]

    def watch(self, numbers: Collection[int]) -> None:
        """Keep more of these sockets, and no more than of others of those watched before."""
        watched = frozenset(numbers)
        for number in self._watched ^ watched:
            entry = self._entry(number)
            self._count -= entry.size
            entry.resize(watched=number in watched)
            self._count += entry.size
        self._watched = watched

    def take(self, look: Look) -> None:
        """Take in what was told; calls of watched sockets all, of others as there is room."""
        if look.reset:
            watched, opened = self._watched, self._open
            self.forget()
            self._watched = frozenset()
            self.open(opened, look.world)
            self.watch(watched)
        spare = _SPARE
        touched: set[int] = set()
        for item in look.fresh:
            if type(item) in _TOLD:
                self._line(item, look, touched)  # type: ignore[arg-type]
                continue
            if isinstance(item, Line):
                continue
            spare -= self._run(item, look, touched, spare)
        for number in touched:
            if number in self._entries:
                self._entries.move_to_end(number)
        self._make_room()

    def _run(self, run: Run, look: Look, touched: set[int], spare: int) -> int:
        """Take in data calls that come many at once; how many were taken apart for any socket.

        Of many, those of watched sockets stay single, and of others their sums are kept: what is
        counted must not have holes, since diagrams are made by counting.
        """
        if run.size <= spare:
            for call in run.lines():
                self._line(call, look, touched)
            return run.size
        single: frozenset[int] = frozenset()
        chosen = self._watched_of(run, look.world)
        if chosen is not None and chosen.size <= _MOST_SINGLE:
            single = self._watched
            for call in chosen.lines():
                self._line(call, look, touched)
        for row in run.sums():
            if len(row.sockets) == 1 and row.sockets[0] not in single:
                self._line(_folded(row), look, touched)
        return 0

    def _watched_of(self, run: Run, world: World) -> Run | None:
        """The calls of a run on sockets that are watched; None: they cannot be told apart."""
        if not self._watched or not isinstance(run, Sorted):
            return None
        inodes = {world.sockets[each].inode for each in self._watched if each in world.sockets}
        inodes.discard(0)
        found = inodes.intersection(run.inodes())
        return run.of(found) if found else None

    def _line(self, line: Line, look: Look, touched: set[int]) -> None:
        if isinstance(line, Syscall):
            self._syscall(line, look, touched)
        elif isinstance(line, Socket):
            self._born = line
            if line.listener is not None and line.listener == self._open:
                self._accept(line.socket)
        elif isinstance(line, Sample):
            touched.add(line.socket)
            self._append(self._entry(line.socket).readings, reading_of(line))
        elif isinstance(line, Folded | TcpEvent):
            number = line.socket
            if number is not None and getattr(line, "pid", None) not in look.hidden:
                self._add(number, line, look.world, touched)

    def _syscall(self, line: Syscall, look: Look, touched: set[int]) -> None:
        if line.pid in look.hidden:
            return
        if line.socket is not None:
            self._add(line.socket, line, look.world, touched)
        if line.call in _MAKING:
            for made in self._made(line):
                self._entry(made).origin = line
                touched.add(made)
        if line.sockets:
            self._waited(line, line.sockets, touched)

    def _waited(self, line: Syscall, about: Sequence[int], touched: set[int]) -> None:
        """Keep a call that waited for several sockets, for each of them."""
        for number in about if len(about) <= _WIDE else self._watched.intersection(about):
            if number != line.socket:
                touched.add(number)
                self._append(self._entry(number).waits, line)

    def _made(self, line: Syscall) -> Iterator[int]:
        """The sockets that a call made: their own lines have come just before."""
        born = self._born
        if line.call == "socket" and line.socket is not None:
            yield line.socket
        elif born is None or line.errno is not None:
            return
        elif line.call in _ACCEPTS and born.listener == line.socket:
            yield born.socket
        elif line.call == "socketpair" and line.socket is not None:
            yield line.socket
            if born.peer == line.socket:
                yield born.socket

    def _add(self, number: int, line: Told, world: World, touched: set[int]) -> None:
        entry = self._entry(number)
        self._append(entry.lines, line)
        touched.add(number)
        if number == self._open:
            self.series.add(line, world.sockets.get(number))

    def _append(self, kept: deque[_Any], item: _Any) -> None:
        if len(kept) != kept.maxlen:
            self._count += 1
        kept.append(item)

    def _entry(self, number: int) -> Entry:
        entry = self._entries.get(number)
        if entry is None:
            entry = self._entries[number] = Entry()
        return entry

    def _make_room(self) -> None:
        """Forget the sockets that were not used for the longest time."""
        entries = self._entries
        while len(entries) > self._sockets or self._count > self._most:
            number = next((each for each in entries if each not in self._watched), None)
            if number is None:
                return
            self._count -= entries.pop(number).size


def _folded(row: RunSum) -> Folded:
    return Folded(
        row.first_t,
        row.last_t,
        row.pid,
        row.tid,
        row.comm,
        row.call,
        row.calls,
        row.fd,
        row.sockets[0],
        row.bytes,
        row.time,
        dict(row.errors),
    )
