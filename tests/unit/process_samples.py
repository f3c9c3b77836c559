"""Lines of processes and their sockets, for the tests of what shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from socktrace.lines import (
    Address,
    Blocked,
    Descriptor,
    Folded,
    Line,
    Process,
    Socket,
    State,
)
from socktrace.view.look import Look
from tests.screens.scripted import ScriptedFeed

SECOND = 10**9


def process(pid: int, ppid: int, comm: str = "prog", t: int = 0, **more: object) -> Process:
    """A process that was there."""
    return Process(t, "seen", pid, ppid, comm, [f"/bin/{comm}"], 0, **more)  # type: ignore[arg-type]


def ended(pid: int, t: int, exit_code: int | None = 0, killed: str | None = None) -> Process:
    """The end of a process."""
    return Process(t, "exit", pid, exit_code=exit_code, signal=killed)


def opened(
    number: int, pid: int, fd: int, t: int = 0, *, state: str = "connected"
) -> Iterator[Line]:
    """A TCP socket, and the descriptor that names it."""
    local = Address("AF_INET", ip="127.0.0.1", port=80)
    yield Socket(
        t, number, 1000 + number, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", pid=pid
    )
    yield Descriptor(t, number, pid, fd, "opened", "socket")
    yield State(t, number, "api", "created", state, "kernel", local=local)


def closed(number: int, pid: int, fd: int, t: int) -> Iterator[Line]:
    """The descriptor is closed, and with it the socket."""
    yield Descriptor(t, number, pid, fd, "closed", "close")
    yield State(t, number, "api", "connected", "closed", "kernel")


def moved(number: int, pid: int, t: int, count: int, received: int) -> Folded:
    """Data calls, added up."""
    return Folded(t, t, pid, pid, "prog", "recvfrom", count, socket=number, bytes=received)


def waits(number: int, pid: int, tid: int, since: int) -> Blocked:
    """A thread that is blocked."""
    return Blocked(since, since, pid, tid, "prog", "accept4", socket=number)


class Source(ScriptedFeed):
    """A world, and looks at it that are kept."""

    def __init__(self, *lines: Line) -> None:
        super().__init__(lines)

    def taken(
        self,
        *,
        blocked: Mapping[int, Sequence[Blocked]] | None = None,
        hidden: Collection[int] = (),
        reset: bool = False,
    ) -> Look:
        """What was told since the look before."""
        with self.look() as look:
            return look._replace(blocked=blocked or {}, hidden=frozenset(hidden), reset=reset)
