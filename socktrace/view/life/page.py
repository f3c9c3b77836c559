"""What a page shows of one socket, copied from a look while that is held."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.lines import Blocked, SocketLife, Syscall
from socktrace.view.life.entry import Told
from socktrace.view.life.uses import Use, of_blocked, of_call, of_line

if TYPE_CHECKING:
    from socktrace.model.world import World
    from socktrace.view.life.gauges import Reading
    from socktrace.view.life.kept import Kept
    from socktrace.view.look import Look

MOST_USES: Final = 600
"""Calls of each end that a diagram is drawn from: the latest."""

_LATEST: Final = 200
"""Calls among which is looked for the return of one that is said to wait."""


class End(NamedTuple):
    """A socket, and its calls that are kept."""

    life: SocketLife
    lines: tuple[Told, ...] = ()
    origin: Syscall | None = None
    """The call that made it, where that was not one on the socket itself."""
    blocked: tuple[Blocked, ...] = ()

    def uses(self, now: int) -> list[Use]:
        """The latest calls, those that have not returned among them."""
        lines = self.lines[-MOST_USES:]
        found = [of_line(line, self.life) for line in lines]
        origin = self.origin
        if origin is not None and len(lines) == len(self.lines) and origin not in lines:
            found.insert(0, of_call(origin, self.life))
        return [*found, *(of_blocked(line, now) for line in self.blocked)]

    def unseen(self) -> int:
        """How many calls before those that are drawn are not known one by one."""
        count = sum(totals.count for totals in self.life.calls.values())
        drawn = sum(_count(line, self.life) for line in self.lines[-MOST_USES:])
        return max(count - drawn, 0)


class Page(NamedTuple):
    """One socket at one moment, and what it has to do with."""

    end: End
    now: int
    peer: End | None
    listener: SocketLife | None
    accepted: tuple[SocketLife, ...]
    readings: tuple[Reading, ...]
    names: dict[int, str]
    """pid -> program, of those that the page names. Not escaped."""
    parents: dict[int, int]
    """pid -> who forked it, of those that hold the socket."""

    @property
    def life(self) -> SocketLife:
        """The socket's life."""
        return self.end.life

    @property
    def name_of(self) -> Callable[[int], str | None]:
        """Names programs by their process numbers."""
        return self.names.get

    def use_beside(self, t: int, step: int) -> int | None:
        """When the call before (-1) or after (1) the one of a moment began; None: no such."""
        begun = [line.t for line in self.end.lines if (line.t - t) * step > 0]
        if not begun:
            return None
        return min(begun) if step > 0 else max(begun)

    def causes(self) -> dict[tuple[int, int], str]:
        """Start and thread of calls -> their names, for what they led to."""
        lines: list[Told] = [*self.end.lines, *([self.end.origin] if self.end.origin else [])]
        return {(line.t, line.tid): line.call for line in lines if isinstance(line, Syscall)}


def _count(line: Told, life: SocketLife) -> int:
    if isinstance(line, Syscall):
        return 1 if line.socket == life.socket else 0
    return getattr(line, "count", 0)


def page_of(look: Look, number: int, kept: Kept, before: Page | None = None) -> Page | None:
    """Copy what the page of a socket shows; None: there is no such socket (any more).

    Args:
        look: what is known now.
        number: the socket's.
        kept: the calls that were told.
        before: an earlier page of it, if nothing was told since of the socket and its other end.
    """
    world = look.world
    found = world.sockets.get(number)
    if found is None:
        return None
    if before is not None:
        peer = before.peer
        return before._replace(
            end=before.end._replace(blocked=_blocked(before.end.lines, number, look)),
            peer=peer and peer._replace(blocked=_blocked(peer.lines, peer.life.socket, look)),
            now=look.now,
            accepted=_accepted(world, kept),
        )
    life = copied(found)
    other = world.sockets.get(life.peer) if life.peer is not None else None
    listener = world.sockets.get(life.listener) if life.listener is not None else None
    accepted = _accepted(world, kept)
    entry = kept.entry(number)
    pids = {held.pid for held in life.descriptors}
    about = pids | {pid for pid in (life.pid, life.last_used_by) if pid is not None}
    about |= {each.pid for each in accepted if each.pid is not None}
    about |= {each.last_used_by for each in (life, other) if each and each.last_used_by is not None}
    return Page(
        _end(life, look, kept),
        look.now,
        None if other is None else _end(copied(other), look, kept),
        None if listener is None else copy.copy(listener),
        accepted,
        tuple(entry.readings) if entry is not None else (),
        _names(world, about),
        _parents(world, pids),
    )


def _accepted(world: World, kept: Kept) -> tuple[SocketLife, ...]:
    return tuple(
        copy.copy(world.sockets[each]) for each in reversed(kept.accepted) if each in world.sockets
    )


def copied(life: SocketLife) -> SocketLife:
    """A life that stays as it is."""
    still = copy.copy(life)
    still.states = list(life.states)
    still.descriptors = [copy.copy(held) for held in life.descriptors]
    still.calls = {name: copy.copy(totals) for name, totals in life.calls.items()}
    for totals in still.calls.values():
        totals.errors = dict(totals.errors)
    still.options = dict(life.options)
    return still


def _end(life: SocketLife, look: Look, kept: Kept) -> End:
    entry = kept.entry(life.socket)
    lines = _merged(entry.lines, entry.waits) if entry is not None else ()
    origin = entry.origin if entry is not None else None
    return End(life, lines, origin, _blocked(lines, life.socket, look))


def _blocked(lines: Sequence[Told], number: int, look: Look) -> tuple[Blocked, ...]:
    """Who waits now; it was asked a while ago, and some have returned meanwhile."""
    told = look.blocked.get(number, ())
    if not told:
        return ()
    returned = {
        line.tid: line.t + line.dur for line in lines[-_LATEST:] if isinstance(line, Syscall)
    }
    return tuple(
        line
        for line in told
        if line.pid not in look.hidden and returned.get(line.tid, -1) <= line.since
    )


def _merged(lines: Iterable[Told], waits: Iterable[Syscall]) -> tuple[Told, ...]:
    """Calls on a socket and calls that waited for it among others, in order of their ends."""
    told, others = list(lines), list(waits)
    if not others:
        return tuple(told)
    return tuple(sorted([*told, *others], key=_end_of))


def _end_of(line: Told) -> int:
    if isinstance(line, Syscall):
        return line.t + line.dur
    until: int = getattr(line, "until", line.t)
    return until


def _names(world: World, pids: Iterable[int]) -> dict[int, str]:
    known = ((pid, world.processes.get(pid)) for pid in pids)
    return {pid: life.comm for pid, life in known if life is not None and life.comm}


def _parents(world: World, pids: Iterable[int]) -> dict[int, int]:
    known = ((pid, world.processes.get(pid)) for pid in pids)
    return {pid: life.ppid for pid, life in known if life is not None and life.ppid is not None}
