"""What the list of events holds: lines, and sums of calls that came by the thousand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from socktrace.lines import (
    Blocked,
    Descriptor,
    Finding,
    Folded,
    Healed,
    Lost,
    Process,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.text.ordering import Placed

Told = (
    Process
    | Socket
    | Syscall
    | Folded
    | Blocked
    | State
    | Descriptor
    | TcpEvent
    | Finding
    | Lost
    | Healed
)
"""Lines that have a place in the list; samples, headers and ends have none."""
TOLD: Final = Told.__args__
CALLS: Final = (Syscall, Folded, Blocked)

Singles = Callable[[int], Sequence[Syscall]]
"""Gives the lines that a sum adds up, at most so many."""


class Sum:
    """Calls of one kind by one process, on one socket or on many, added up for the list.

    Unlike a `Folded` line, the calls may still be had one by one, as long as there is room for
    them.
    """

    __slots__ = (
        "bytes",
        "call",
        "comm",
        "count",
        "errors",
        "fd",
        "parts",
        "pid",
        "sockets",
        "t",
        "tid",
        "time",
        "until",
    )

    def __init__(  # noqa: PLR0913 - the columns of a row
        self,
        *,
        t: int,
        until: int,
        pid: int,
        tid: int,
        comm: str,
        call: str,
        fd: int | None,
        sockets: Sequence[int],
        count: int,
        bytes_: int,
        errors: dict[str, int],
        time: int,
        singles: Singles | None,
    ) -> None:
        self.t, self.until = t, until
        self.pid, self.tid, self.comm = pid, tid, comm
        self.call, self.fd, self.sockets = call, fd, sockets
        self.count, self.bytes, self.errors, self.time = count, bytes_, errors, time
        self.parts: list[tuple[int, Singles]] = [(count, singles)] if singles is not None else []
        """How many calls, and how to have them; empty when there is no room for them any more."""

    @property
    def key(self) -> tuple[int, str, tuple[int, ...]]:
        """What calls have in common that are added up together."""
        return self.pid, self.call, tuple(self.sockets)

    @property
    def socket(self) -> int | None:
        """The socket, if it is one only."""
        return self.sockets[0] if len(self.sockets) == 1 else None

    @property
    def kept(self) -> int:
        """How many of the calls can be had one by one."""
        return sum(count for count, _ in self.parts)

    def add(self, other: Sum) -> None:
        """Add later calls of the same kind."""
        self.until, self.tid, self.comm, self.fd = other.until, other.tid, other.comm, other.fd
        self.count += other.count
        self.bytes += other.bytes
        self.time += other.time
        self.errors = dict(self.errors)
        for name, count in other.errors.items():
            self.errors[name] = self.errors.get(name, 0) + count
        self.parts += other.parts

    def singles(self, most: int) -> list[Syscall]:
        """The calls one by one, from the first on, at most so many."""
        lines: list[Syscall] = []
        for _, give in self.parts:
            if len(lines) >= most:
                break
            lines += give(most - len(lines))
        return lines


class Listed(msgspec.Struct, frozen=True):
    """Sockets that were there before we looked, where they are too many for a line each."""

    t: int
    """When the first of them was listed."""
    count: int


class Skipped(msgspec.Struct, frozen=True):
    """Lines that were told and did not come here, since there was no room for them."""

    t: int
    """When the next line was told."""
    count: int


Entry = Told | Sum | Placed | Listed | Skipped
"""One row of the list; `Placed` only around a line that stands apart from what caused it."""


def bare(entry: Entry) -> Told | Sum | Listed | Skipped:
    """The line itself, without what is said of its place."""
    # Only lines that have a place in the list are put in one.
    return entry.line if isinstance(entry, Placed) else entry  # type: ignore[return-value]


def moment_of(entry: Entry) -> int:
    """When it was, or began."""
    return bare(entry).t


def call_of(entry: Entry) -> str | None:
    """The name of the call that it is about."""
    return getattr(bare(entry), "call", None)


def pid_of(entry: Entry) -> int | None:
    """The process that it is about."""
    return getattr(bare(entry), "pid", None)


def comm_of(entry: Entry) -> str | None:
    """The name of that process."""
    return getattr(bare(entry), "comm", None)


def sockets_of(entry: Entry) -> Sequence[int]:
    """The sockets that it is about, the one it was made on first."""
    told = bare(entry)
    one: int | None = getattr(told, "socket", None)
    several: Sequence[int] | None = getattr(told, "sockets", None)
    if several:
        return (one, *several) if one is not None and one not in several else several
    return () if one is None else (one,)


def socket_of(entry: Entry) -> int | None:
    """The socket that it is about, or the first of them."""
    sockets = sockets_of(entry)
    return sockets[0] if sockets else None


def is_use(entry: Entry) -> bool:
    """Whether it is a call, or a sum of calls."""
    return isinstance(bare(entry), Syscall | Folded | Sum)
