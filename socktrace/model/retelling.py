"""What is known at a moment as lines: for a recording that begins in the middle of things.

A world that takes in these lines tells of each socket what this one does: who made it, its ends,
its peer, its role, the states of both layers with their times and causes, every descriptor that
ever named it, what each kind of call did on it, how much was moved, lost and cut off, end of file,
its queues as they were sampled last.

What no line can tell without making up a call that nobody saw is left out:

- options, O_NONBLOCK, and an error of connect(2) or SO_ERROR that is not kept in a state;
- how often TCP sent something again, or was reset: those events have times, which are gone;
- of calls added up, which process made which, and when the first was made: they are told of who
  used the socket last, from the socket's birth on;
- when a process appeared: it is "seen" at the moment of the telling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from socktrace.calls import Direction
from socktrace.lines import (
    CallTotals,
    Descriptor,
    Folded,
    Holding,
    Line,
    Lost,
    Process,
    Socket,
    SocketLife,
)
from socktrace.model.process_lives import ProcessLife
from socktrace.model.totals import DATA_CALLS

if TYPE_CHECKING:
    from socktrace.model.world import World

LOST_BEFORE: Final = "lost before"
"""The reason of lines that tell of losses again: by then it is known how much, and no more."""


def retell(world: World, numbers: Iterable[int] | None, t: int) -> Iterator[Line]:
    """Tell what is known of sockets, and of the processes that have to do with them.

    Args:
        world: the world; it must not change before the last line is taken.
        numbers: the sockets; None: all of them, and all processes.
        t: the moment, ns: no line is told earlier than it, wherever its own time lies.
    """
    if numbers is None:
        lives = list(world.sockets.values())
        people = list(world.processes.values())
    else:
        chosen = sorted(set(numbers))
        lives = [world.sockets[number] for number in chosen if number in world.sockets]
        pids = {pid for life in lives for pid in pids_of(life)}
        people = [world.processes[pid] for pid in sorted(pids) if pid in world.processes]
    for process in people:
        yield from process_lines(process, t)
    for life in lives:
        yield from life_lines(life)
        yield from total_lines(life, world)
    if numbers is None:
        missing = world.lost - sum(life.lost for life in lives)
        if missing > 0:
            yield Lost(t=t, count=missing, reason=LOST_BEFORE)


def pids_of(life: SocketLife) -> set[int]:
    """The processes that have to do with a socket: who made it, held it, used it."""
    pids = {each.pid for each in life.descriptors}
    pids |= {pid for pid in (life.pid, life.last_used_by) if pid is not None}
    return pids


def process_lines(life: ProcessLife, t: int) -> Iterator[Process]:
    """Tell of a process, which may have ended."""
    yield Process(
        t=t,
        event="seen",
        pid=life.pid,
        ppid=life.ppid,
        comm=life.comm,
        cmdline=life.cmdline,
        uid=life.uid,
        cgroup=life.cgroup,
        netns=life.netns,
    )
    if life.ended is not None:
        yield Process(
            t=life.ended,
            event="exit",
            pid=life.pid,
            exit_code=life.exit_code,
            signal=life.signal,
        )


def life_lines(life: SocketLife) -> Iterator[Line]:
    """Tell of a socket all but its calls."""
    # An address that a state tells was not there before it.
    local = None if any(each.local for each in life.states) else life.local
    remote = None if any(each.remote for each in life.states) else life.remote
    yield Socket(
        t=life.created,
        socket=life.socket,
        inode=life.inode,
        family=life.family,
        type=life.type,
        protocol=life.protocol,
        origin=life.origin,
        listener=life.listener,
        pid=life.pid,
        netns=life.netns,
        local=local,
        remote=remote,
        peer=life.peer,
        established=life.established,
        accept_wait=life.accept_wait,
    )
    for holding in life.descriptors:
        yield from _holding_lines(life, holding)
    yield from life.states
    if life.sample is not None:
        yield life.sample


def _holding_lines(life: SocketLife, holding: Holding) -> Iterator[Descriptor]:
    yield Descriptor(
        t=life.created if holding.opened is None else holding.opened,
        socket=life.socket,
        pid=holding.pid,
        fd=holding.fd,
        event="opened",
        via="existing" if holding.opened is None else holding.via,
        inferred=holding.inferred,
    )
    if holding.closed is not None:
        yield Descriptor(
            t=holding.closed,
            socket=life.socket,
            pid=holding.pid,
            fd=holding.fd,
            event="closed",
            via=holding.closed_via or "unknown",
            inferred=holding.inferred,
        )


def total_lines(
    life: SocketLife, world: World, told: SocketLife | None = None
) -> Iterator[Folded | Lost]:
    """Tell what calls did on a socket, added up.

    Args:
        life: the socket.
        world: who knows the names of processes.
        told: the same socket as far as it has been told already: only the rest is.
    """
    told = told or SocketLife(life.socket, 0, life.family, life.type, "", "", life.created)
    lost = life.lost - told.lost
    rest = _Rest(life, told)
    for call in _ordered(life):
        was = told.calls.get(call) or CallTotals()
        totals = life.calls[call]
        missing = totals.lost - was.lost
        if missing > 0:
            lost -= missing
            yield Lost(life.created, missing, LOST_BEFORE, socket=life.socket, call=call)
        yield from rest.of_call(call, totals, was, world)
    if lost > 0:
        yield Lost(life.created, lost, LOST_BEFORE, socket=life.socket)


class _Rest:
    """What a socket's calls did that has not been told: some of it is known of all calls only."""

    def __init__(self, life: SocketLife, told: SocketLife) -> None:
        self._life = life
        read = sum(
            totals.bytes - (told.calls[name].bytes if name in told.calls else 0)
            for name, totals in life.calls.items()
            if DATA_CALLS.get(name) is Direction.IN
        )
        written = sum(
            totals.bytes - (told.calls[name].bytes if name in told.calls else 0)
            for name, totals in life.calls.items()
            if DATA_CALLS.get(name) is Direction.OUT
        )
        self._into = life.bytes_out - told.bytes_out - written
        """By splice(2)."""
        spliced = life.calls.get("splice") or CallTotals()
        spliced_before = told.calls.get("splice") or CallTotals()
        self._out_of = spliced.bytes - spliced_before.bytes - self._into
        self._peeked = max(0, read + self._out_of - (life.bytes_in - told.bytes_in))
        self._empty = life.empty_datagrams - told.empty_datagrams
        self._truncated = life.truncated - told.truncated
        self._eof = life.eof if told.eof is None else None

    def of_call(
        self, call: str, totals: CallTotals, was: CallTotals, world: World
    ) -> Iterator[Folded]:
        """The calls of one kind."""
        count = totals.count - totals.lost - (was.count - was.lost)
        if count <= 0:
            return
        moved = totals.bytes - was.bytes
        if call == "splice" and self._into > 0:
            # Both ways: a line for each, of which the one that tells more calls tells the rest.
            out = count if self._out_of <= 0 else 1
            yield self._folded(call, out, self._into, CallTotals(), CallTotals(), world, out=True)
            count -= out
            moved -= self._into
            if not count:
                return
        yield self._folded(call, count, moved, totals, was, world)

    def _folded(  # noqa: PLR0913, PLR0917 - what a line is made of
        self,
        call: str,
        count: int,
        moved: int,
        totals: CallTotals,
        was: CallTotals,
        world: World,
        *,
        out: bool = False,
    ) -> Folded:
        life = self._life
        pid = life.last_used_by if life.last_used_by is not None else life.pid or 0
        process = world.processes.get(pid)
        used = life.last_used if life.last_used is not None else life.created
        reads = DATA_CALLS.get(call) is Direction.IN
        peeked, empty, truncated, eof = 0, 0, 0, None
        if reads:
            peeked = min(self._peeked, max(0, moved))
            self._peeked -= peeked
            empty, truncated, eof = self._empty, self._truncated, self._eof
            self._empty, self._truncated, self._eof = 0, 0, None
        return Folded(
            t=min(life.created, used),
            until=used,
            pid=pid,
            tid=pid,
            comm=(process.comm if process is not None else None) or "",
            call=call,
            count=count,
            socket=life.socket,
            bytes=max(0, moved),
            time=max(0, totals.time - was.time),
            errors={
                name: number - was.errors.get(name, 0)
                for name, number in totals.errors.items()
                if number > was.errors.get(name, 0)
            },
            eof=eof,
            empty=max(0, empty),
            peeked=peeked,
            truncated=max(0, truncated),
            outgoing=out,
        )


def _ordered(life: SocketLife) -> list[str]:
    """The kinds of call in an order in which the first tells the role of a datagram socket."""
    first = {"sender": Direction.OUT, "receiver": Direction.IN}.get(life.role)
    return sorted(life.calls, key=lambda call: DATA_CALLS.get(call) is not first)
