"""Worlds of moments that have gone by: to come back to one without telling all from the beginning.

A checkpoint keeps copies of what changed since the one before only, so that many of them cost
little more than one. They are of a world that forgets nothing (`tracefile.replay.whole_world`).
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence
from copy import copy
from typing import Final, NamedTuple

from socktrace.lines import Line, Process, Socket, SocketLife, State, Syscall
from socktrace.model.limits import Limits
from socktrace.model.process_lives import ProcessLife
from socktrace.model.world import Books, World

_MOST: Final = 64
"""Checkpoints kept; if there are more, every other one goes."""
_COPIES_MOST: Final = 150_000
"""Copies of sockets kept in all of them together: some 150 MB."""
_PAIRS: Final = frozenset({"socketpair", "accept", "accept4"})
"""Calls that tell something of another socket than the one they name: the one they made."""


def copied(life: SocketLife) -> SocketLife:
    """Copy a life, so that what happens to it does not happen to the copy."""
    twin = copy(life)
    twin.states = life.states.copy()
    # What has ended, of descriptors, changes no more.
    twin.descriptors = [copy(each) if each.closed is None else each for each in life.descriptors]
    if life.calls:
        twin.calls = {name: copy(totals) for name, totals in life.calls.items()}
        for totals in twin.calls.values():
            if totals.errors:
                totals.errors = totals.errors.copy()
    if life.options:
        twin.options = life.options.copy()
    return twin


def copy_of(world: World) -> World:
    """Copy a world, at some 5 us a socket; the copy is to be asked, not to be changed for long.

    It forgets nothing, whatever the limits of the other one are.
    """
    twin = World(Limits(*[sys.maxsize] * len(Limits._fields)))
    twin.take_over(
        {number: copied(life) for number, life in world.sockets.items()},
        {pid: copy(process) for pid, process in world.processes.items()},
        world.books(),
    )
    return twin


def concerned(line: Line, world: World) -> tuple[int, ...]:
    """The sockets of which something may have changed by a line that the world has taken in."""
    number: int | None = getattr(line, "socket", None)
    if number is None:
        return ()
    if isinstance(line, Socket | State):
        return (number, line.peer) if line.peer is not None else (number,)
    if isinstance(line, Syscall) and line.call in _PAIRS:
        life = world.sockets.get(number)
        peer = life.peer if life is not None else None
        return (number, world.newest) if peer is None else (number, world.newest, peer)
    return (number,)


class _Checkpoint(NamedTuple):
    position: int
    sockets: dict[int, SocketLife]
    processes: dict[int, ProcessLife]
    books: Books


class Checkpoints:
    """Copies of a world as it was after so many lines.

    Args:
        spacing: lines between two of them; grows where there would be too many.
        most: how many are kept.
        copies: how many copies of sockets are kept in them all.
    """

    def __init__(self, spacing: int, *, most: int = _MOST, copies: int = _COPIES_MOST) -> None:
        self.spacing = spacing
        self._most: Final = most
        self._copies_most: Final = copies
        self._copies = 0
        self._kept: list[_Checkpoint] = []
        self._sockets: set[int] = set()
        self._pids: dict[int, None] = {}
        self._named: dict[int, None] = {}
        """Processes that made calls, which may have told another name of theirs."""
        self._last = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def note(self, line: Line, world: World) -> Sequence[int]:
        """Remember what a line has changed; give the sockets that it is about."""
        if type(line) is Syscall:
            self._named[line.pid] = None
        if type(line) is Syscall and line.call not in _PAIRS:  # most lines
            number = line.socket
            if number is None:
                return line.sockets or ()
            self._sockets.add(number)
            return (number,)
        if isinstance(line, Process):
            self._pids[line.pid] = None
            return ()
        numbers = concerned(line, world)
        self._sockets.update(numbers)
        return numbers

    def reached(self, position: int, world: World) -> None:
        """The world has taken in so many lines: keep a copy, if it is time for one."""
        if position - self._last < self.spacing:
            return
        self._last = position
        lives, processes = world.sockets, world.processes
        self._kept.append(
            _Checkpoint(
                position,
                {each: copied(lives[each]) for each in sorted(self._sockets) if each in lives},
                {pid: copy(processes[pid]) for pid in self._pids | self._named if pid in processes},
                world.books(),
            )
        )
        self._copies += len(self._kept[-1].sockets)
        self._sockets.clear()
        self._pids.clear()
        self._named.clear()
        if len(self._kept) > self._most or self._copies > self._copies_most:
            self._thin()

    def before(self, position: int) -> int:
        """Where the latest checkpoint is that comes not after a position; 0: there is none."""
        place = bisect_right(self._kept, position, key=lambda each: each.position)
        return self._kept[place - 1].position if place else 0

    def world_at(self, position: int, limits: Limits) -> World:
        """A world as it was at a position that `before` gave."""
        world = World(limits)
        sockets: dict[int, SocketLife] = {}
        processes: dict[int, ProcessLife] = {}
        books = None
        for each in self._kept:
            if each.position > position:
                break
            sockets.update(each.sockets)
            processes.update(each.processes)
            books = each.books
        if books is not None:
            world.take_over(
                {number: copied(life) for number, life in sockets.items()},
                {pid: copy(life) for pid, life in processes.items()},
                books,
            )
        return world

    def _thin(self) -> None:
        """Let every other one go into the one after it."""
        self.spacing *= 2
        kept = self._kept
        thinned = [
            later._replace(
                sockets=earlier.sockets | later.sockets,
                processes=earlier.processes | later.processes,
            )
            for earlier, later in zip(kept[::2], kept[1::2], strict=False)
        ]
        if len(kept) % 2:
            thinned.append(kept[-1])
        self._kept = thinned
        self._copies = sum(len(each.sockets) for each in thinned)
