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
from socktrace.model.world import World
from socktrace.view.look import Look

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


class Source:
    """A world, and looks at it."""

    def __init__(self, *lines: Line) -> None:
        self.world = World()
        self.now = 0
        self._changed: set[int] = set()
        self._fresh: list[Line] = []
        self.tell(*lines)

    def tell(self, *lines: Line) -> None:
        """These happened."""
        for line in lines:
            self.world.apply(line)
            self.now = max(self.now, self.world.t)
            self._fresh.append(line)
            number = getattr(line, "socket", None)
            if number is not None:
                self._changed.add(number)

    def look(
        self,
        *,
        blocked: Mapping[int, Sequence[Blocked]] | None = None,
        hidden: Collection[int] = (),
        reset: bool = False,
    ) -> Look:
        """What was told since the look before."""
        look = Look(
            self.world,
            self.now,
            self._changed,
            self._fresh,
            blocked=blocked or {},
            hidden=frozenset(hidden),
            reset=reset,
        )
        self._changed, self._fresh = set(), []
        return look
