"""Lines in reading order: what a call caused comes below the call.

A recording tells a call when it returns, and what happened meanwhile when it happened: the changes
of TCP's state, and, just before the call itself, the socket that it made and the descriptors that
its message carried. Read from the top, these look like results of whatever was told before them.
So they wait here for their call, though never for long: it may not return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.lines import Blocked, Cause, Descriptor, Process, Socket, State, Syscall, TcpEvent
from socktrace.text.numbers import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from socktrace.lines import Line

PATIENCE: Final = SECOND
"""ns that a line waits: a call that blocks longer is told below what happened during it."""
MOST_LINES: Final = 5_000
"""Other lines that a line waits for; with it, the most lines that wait at all."""
MOST_THREADS: Final = 10_000
"""Threads of which the latest call is remembered."""
_WITH_ITS_CALL: Final = frozenset({"SCM_RIGHTS", "exit"})
"""How a descriptor changes that is told just before the call or the exit that did it."""


class Placed(NamedTuple):
    """A line in its place."""

    line: Line
    apart: bool = False
    """A state or a socket that does not stand below the call, or the exit, that it came of."""


class _Group:
    """Changes of state that wait for the same call, in order."""

    def __init__(self, cause: Cause, since: int, number: int) -> None:
        self.cause = cause
        self.since = since
        self.number = number
        """How many lines had come when the first of these did."""
        self.lines: list[State | TcpEvent] = []


class _Carried(NamedTuple):
    """Descriptors from a message, and sockets first seen in it, that wait for their call."""

    lines: list[Placed]
    since: int
    number: int


class ReadingOrder:
    """Takes lines in the order of a recording and gives them in reading order."""

    def __init__(self, patience: int = PATIENCE, most_lines: int = MOST_LINES) -> None:
        """Begin with nothing waiting; `patience` is in ns of the recording's time."""
        self._patience = patience
        self._most_lines = most_lines
        self._count = 0
        self._now = 0
        self._next: list[Socket | Descriptor | State] = []
        """Lines that are told just before the call that did it: it ends at their moment."""
        self._groups: dict[int, _Group] = {}
        """By thread, which is in one call at a time; the longest waiting first."""
        self._sockets: dict[int, _Group] = {}
        """The group in which a socket's latest change of state waits."""
        self._carried: dict[tuple[int, int], _Carried] = {}
        """By process and moment."""
        self._told: dict[int, int] = {}
        """Thread -> beginning of the latest call of it that was told."""

    def take(self, line: Line) -> list[Placed]:
        """Give what is to be read now, after this line came."""
        self._count += 1
        moment: int = getattr(line, "t", 0) + getattr(line, "dur", 0)
        self._now = max(self._now, moment)
        out = self._overdue() if self._groups or self._carried else []
        if self._next and not self._belongs(line, moment):
            out += self._set_aside()
        if isinstance(line, Syscall):
            out += self._call(line)
        elif isinstance(line, Socket) or (
            isinstance(line, Descriptor) and line.via in _WITH_ITS_CALL
        ):
            self._next.append(line)
        elif isinstance(line, State | TcpEvent):
            out += self._change(line)
        elif isinstance(line, Process) and line.event == "exit":
            self._told.pop(line.pid, None)
            out += [*self._release(line.pid), Placed(line), *self._release_next()]
        elif isinstance(line, Blocked):
            out += [Placed(line), *self._release(line.tid, Cause(line.since, line.tid))]
        else:
            out.append(Placed(line))
        return out

    def late(self, now: int) -> list[Placed]:
        """Give what has waited long enough at the moment `now`."""
        self._now = max(self._now, now)
        return [*self._set_aside(), *self._overdue()]

    def rest(self) -> list[Placed]:
        """Give all that still waits: no more lines come."""
        out = self._release_next(apart=True)
        for carried in self._carried.values():
            out += carried.lines
        self._carried.clear()
        for tid in list(self._groups):
            out += self._release(tid)
        return out

    def _belongs(self, line: Line, moment: int) -> bool:
        """Whether a line goes together with those of `_next`, or is what they wait for.

        Descriptors in a message are told with the moment at which its call began.
        """
        first = self._next[0].t
        if isinstance(line, Syscall):
            return first in {line.t, moment}
        if isinstance(line, State):
            return line.cause == "exit" and line.t == first
        if isinstance(line, Process):
            return line.event == "exit" and line.t == first
        return isinstance(line, Socket | Descriptor) and line.t == first

    def _call(self, line: Syscall) -> Iterator[Placed]:
        told = self._told
        if line.tid not in told and len(told) >= MOST_THREADS:
            del told[next(iter(told))]
        told[line.tid] = line.t
        if not (self._next or self._groups or self._carried):
            yield Placed(line)
            return
        waiting = self._groups.get(line.tid)
        caused: Iterable[Placed] = ()
        if waiting is not None:
            caused = self._release(line.tid, Cause(line.t, line.tid))
            if waiting.cause.t != line.t:  # that call's own line is missing
                yield from caused
                caused = ()
        yield Placed(line)
        yield from self._release_next()
        if self._carried:
            for moment in {line.t, line.t + line.dur}:
                carried = self._carried.pop((line.pid, moment), None)
                yield from carried.lines if carried else ()
        yield from caused

    def _change(self, line: State | TcpEvent) -> list[Placed]:
        """A change of state: told below its call, and never before an earlier one of its socket."""
        if self._next and isinstance(line, State):  # of an exit: see _belongs
            self._next.append(line)
            return []
        cause = line.cause if isinstance(line, State) else "kernel"
        earlier = self._sockets.get(line.socket)
        if not isinstance(cause, Cause):
            if earlier is None:
                return [Placed(line, apart=cause == "exit")]
            earlier.lines.append(line)
            return []
        out: list[Placed] = []
        layer = line.layer if isinstance(line, State) else ""
        if earlier is not None and earlier.cause != cause and layer == "tcp":
            out += self._release(earlier.cause.tid)
        if self._told.get(cause.tid, -1) >= cause.t:
            return [*out, Placed(line)]
        group = self._groups.get(cause.tid)
        if group is not None and group.cause != cause:
            out += self._release(cause.tid)
            group = None
        if group is None:
            group = self._groups[cause.tid] = _Group(cause, self._now, self._count)
        group.lines.append(line)
        self._sockets[line.socket] = group
        return out

    def _overdue(self) -> list[Placed]:
        out: list[Placed] = []
        while self._groups:
            tid, group = next(iter(self._groups.items()))
            if not self._is_over(group):
                break
            out += self._release(tid)
        while self._carried:
            key, carried = next(iter(self._carried.items()))
            if not self._is_over(carried):
                break
            out += self._carried.pop(key).lines
        return out

    def _is_over(self, waiting: _Group | _Carried) -> bool:
        return (
            self._now - waiting.since > self._patience
            or self._count - waiting.number > self._most_lines
        )

    def _set_aside(self) -> list[Placed]:
        """Let go of the lines whose call did not follow at once, as it must.

        Only what a message carried is reported apart from its call, so others' lines may come in
        between.
        """
        carrier = next(
            (line for line in self._next if isinstance(line, Descriptor) and line.via != "exit"),
            None,
        )
        released = self._release_next(apart=carrier is None)
        if carrier is None:
            return released
        waiting = _Carried(released, self._now, self._count)
        before = self._carried.setdefault((carrier.pid, carrier.t), waiting)
        if before is not waiting:
            before.lines.extend(released)
        return []

    def _release_next(self, *, apart: bool = False) -> list[Placed]:
        released, self._next = self._next, []
        return [Placed(line, apart and not isinstance(line, Descriptor)) for line in released]

    def _release(self, tid: int, called: Cause | None = None) -> list[Placed]:
        """Let a thread's waiting lines go: below the call `called`, or apart from their own."""
        group = self._groups.pop(tid, None)
        if group is None:
            return []
        for line in group.lines:
            if self._sockets.get(line.socket) is group:
                del self._sockets[line.socket]
        apart = group.cause != called
        return [
            Placed(line, apart and isinstance(line, State) and line.cause != "kernel")
            for line in group.lines
        ]


def reading_order(lines: Iterable[Line]) -> Iterator[Placed]:
    """All lines of a finished recording, in reading order."""
    order = ReadingOrder()
    for line in lines:
        yield from order.take(line)
    yield from order.rest()
