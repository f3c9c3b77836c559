"""What a filter looks at: a socket, who holds it, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from socktrace.lines import Address, SocketLife


class ProcessFacts(msgspec.Struct, frozen=True):
    """What filters ask of a process; None where it is not known."""

    comm: str | None = None
    uid: int | None = None
    cgroup: str | None = None
    container: str | None = None
    """Identifier of the container it runs in, where the control group tells one."""


_UNKNOWN: Final = ProcessFacts()


class Processes(Protocol):
    """Who can be asked about processes: a dictionary, or whoever looks them up."""

    def get(self, pid: int, default: ProcessFacts, /) -> ProcessFacts:
        """Give what is known of a process, or ``default`` of one that is not known."""


class Subject(msgspec.Struct, frozen=True):
    """One socket with its surroundings, live or from a recording."""

    life: SocketLife
    holders: tuple[tuple[int, int], ...]
    """(pid, fd) of the descriptors that name it."""
    processes: Processes

    @classmethod
    def of(cls, life: SocketLife, processes: Processes) -> Subject:
        """Take the holders from the socket's own history.

        Of a socket that nobody holds any more, those count who ever did: whoever looks for
        "comm:nginx" among the closed ones means these.
        """
        held = [h for h in life.descriptors if h.closed is None] or life.descriptors
        return cls(life, tuple((h.pid, h.fd) for h in held), processes)

    def pids(self) -> Iterator[int]:
        """Give who holds it; where nobody is known to, who made it and who used it last."""
        if self.holders:
            yield from (pid for pid, _ in self.holders)
            return
        yield from (p for p in (self.life.pid, self.life.last_used_by) if p is not None)

    def facts(self) -> Iterator[ProcessFacts]:
        """Give what is known of these processes."""
        return (self.processes.get(pid, _UNKNOWN) for pid in self.pids())

    def ends(self) -> Iterator[Address]:
        """Give its addresses: here and at the other end, as far as they are known."""
        return _known(self.life.local, self.life.remote)


def _known(*values: Address | None) -> Iterator[Address]:
    return (value for value in values if value is not None)


def path_text(address: Address) -> str | None:
    """Write a UNIX path, an abstract one with "@" before it; None for what has no path."""
    if address.path is None:
        return None
    return f"@{address.path}" if address.abstract else address.path


def _numbers(*values: int | None) -> tuple[int, ...]:
    return tuple(value for value in values if value is not None)


def _ports(addresses: Iterable[Address]) -> Iterator[int]:
    return (a.port for a in addresses if a.port is not None)


def _age(subject: Subject, now: int) -> int:
    closed = subject.life.closed
    return (now if closed is None else closed) - subject.life.created


def _idle(subject: Subject, now: int) -> int:
    life = subject.life
    since = life.created if life.last_used is None else life.last_used
    return (now if life.closed is None else life.closed) - since


NUMBERS: Final[dict[str, Callable[[Subject, int], Iterable[int]]]] = {
    "pid": lambda s, _: s.pids(),
    "user": lambda s, _: (f.uid for f in s.facts() if f.uid is not None),
    "fd": lambda s, _: (fd for _, fd in s.holders),
    "port": lambda s, _: _ports(s.ends()),
    "lport": lambda s, _: _ports(_known(s.life.local)),
    "rport": lambda s, _: _ports(_known(s.life.remote)),
    "inode": lambda s, _: (s.life.inode,),
    "socket": lambda s, _: (s.life.socket,),
    "listener": lambda s, _: _numbers(s.life.listener),
    "peer": lambda s, _: _numbers(s.life.peer),
    "netns": lambda s, _: _numbers(s.life.netns),
    "age": lambda s, now: (_age(s, now),),
    "idle": lambda s, now: (_idle(s, now),),
    "bytes": lambda s, _: (s.life.bytes_in + s.life.bytes_out,),
    "bytes_in": lambda s, _: (s.life.bytes_in,),
    "bytes_out": lambda s, _: (s.life.bytes_out,),
    "calls": lambda s, _: (sum(total.count for total in s.life.calls.values()),),
    "errors": lambda s, _: (sum(sum(t.errors.values()) for t in s.life.calls.values()),),
    "retransmits": lambda s, _: (s.life.retransmits,),
}
"""Field -> its numbers; ns for times. A socket that was there before us is at least as old."""


def _errnos(subject: Subject) -> Iterator[str]:
    life = subject.life
    for total in life.calls.values():
        yield from total.errors
    yield from (e for e in (life.connect_error, life.pending_error) if e is not None)


TEXTS: Final[dict[str, Callable[[Subject], Iterable[str]]]] = {
    "comm": lambda s: (f.comm for f in s.facts() if f.comm is not None),
    "cgroup": lambda s: (f.cgroup for f in s.facts() if f.cgroup is not None),
    "container": lambda s: (f.container for f in s.facts() if f.container is not None),
    "path": lambda s: (p for a in s.ends() if (p := path_text(a)) is not None),
    "family": lambda s: (s.life.family,),
    "type": lambda s: (s.life.type,),
    "protocol": lambda s: (s.life.protocol,),
    "state": lambda s: (s.life.api_state, s.life.tcp_state or s.life.api_state),
    "role": lambda s: (s.life.role,),
    "origin": lambda s: (s.life.origin,),
    "call": lambda s: s.life.calls,
    "errno": _errnos,
}
"""Field -> its texts, as the recording writes them."""

ADDRESSES: Final[dict[str, Callable[[Subject], Iterable[Address]]]] = {
    "addr": Subject.ends,
    "laddr": lambda s: _known(s.life.local),
    "raddr": lambda s: _known(s.life.remote),
}
