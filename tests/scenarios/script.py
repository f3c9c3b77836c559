"""A short way to write down events by hand and to look at what the tracker concludes."""

from __future__ import annotations

from typing import Any

from socktrace.events import Call, Event, SocketInfo, TcpState
from socktrace.lines import Address, Descriptor, Line, Socket, SocketLife, State
from socktrace.model.limits import Limits
from socktrace.model.tracker import Tracker

TABLE = 0x1000
PID = 10


def inet(port: int, ip: str = "127.0.0.1") -> Address:
    """Make an IPv4 address."""
    return Address("AF_INET", ip=ip, port=port)


def sock(inode: int, **fields: Any) -> SocketInfo:
    """Make a TCP socket as the kernel shows it; its sock's address follows from the inode."""
    shown: dict[str, Any] = {
        "sk": inode << 4,
        "family": 2,
        "type": 1,
        "protocol": 6,
        "tcp_state": 7,
    } | fields
    return SocketInfo(inode=inode, **shown)


def udp(inode: int, **fields: Any) -> SocketInfo:
    """Make a UDP socket as the kernel shows it."""
    return sock(inode, **({"type": 2, "protocol": 17} | fields))


def call(t: int, name: str, fd: int, ret: int, raw: tuple[int, ...] = (), **fields: Any) -> Call:
    """Make a call of 10 ns by process 10, unless ``fields`` say otherwise."""
    given: dict[str, Any] = {"dur": 10, "pid": PID, "comm": "prog", "files": TABLE} | fields
    given.setdefault("tid", given["pid"])
    return Call(t=t, call=name, fd=fd, ret=ret, raw=raw or (max(fd, 0),), **given)


def tcp(  # noqa: PLR0913, PLR0917 - the fields of a TcpState
    t: int, info: SocketInfo, old: int, new: int, by: str = "", call_t: int = 0
) -> TcpState:
    """Make a change of a TCP state, in a call of process 10 if ``by`` names one."""
    return TcpState(t, info, old, new, PID, PID, in_call=bool(by), call=by, call_t=call_t)


class Told:
    """A tracker and the lines it has sent."""

    def __init__(
        self, *events: Event, whole_machine: bool = True, limits: Limits | None = None
    ) -> None:
        """Feed some events at once."""
        self.lines: list[Line] = []
        self.tracker = Tracker(self.lines.append, whole_machine=whole_machine, limits=limits)
        self.feed(*events)

    def feed(self, *events: Event) -> None:
        """Feed more events."""
        for event in events:
            self.tracker.feed(event)

    def life(self, inode: int) -> SocketLife:
        """Give the life of the socket with this inode."""
        number = self.tracker.socket_id(inode)
        assert number is not None
        return self.tracker.world.life(number)

    def holders(self, inode: int) -> list[tuple[int, int]]:
        """Give who holds the socket with this inode."""
        return self.tracker.world.holders(self.life(inode).socket)

    def api(self, inode: int) -> list[str]:
        """Give the API states that a socket went through."""
        return [state.to for state in self.life(inode).states if state.layer == "api"]

    def tcp(self, inode: int) -> list[str]:
        """Give the TCP states that a socket went through."""
        return [state.to for state in self.life(inode).states if state.layer == "tcp"]

    def states(self) -> list[State]:
        """Give all lines of state changes."""
        return [line for line in self.lines if isinstance(line, State)]

    def descriptors(self) -> list[Descriptor]:
        """Give all lines of descriptors."""
        return [line for line in self.lines if isinstance(line, Descriptor)]

    def sockets(self) -> list[Socket]:
        """Give all lines of new sockets."""
        return [line for line in self.lines if isinstance(line, Socket)]
