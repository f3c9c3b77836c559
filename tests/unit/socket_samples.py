"""Sockets for tests of their table: made by lines, as everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from socktrace.lines import Address, Descriptor, Line, Process, Socket, State, Syscall
from socktrace.text.numbers import SECOND
from socktrace.view.sockets import SocketRows, SocketTable
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.spans import plain
from tests.screens.scripted import ScriptedFeed


def inet(ip: str, port: int) -> Address:
    """An internet address."""
    return Address("AF_INET", ip=ip, port=port)


def process(pid: int, comm: str = "server", **more: Any) -> Process:
    """A process was seen."""
    return Process(0, "seen", pid, comm=comm, **more)


def socket(number: int, pid: int = 10, t: int = 0, **more: Any) -> list[Line]:
    """A TCP socket was made: its birth and its descriptor."""
    told: dict[str, Any] = {"origin": "socket", "family": "AF_INET"}
    told |= {"type": "SOCK_STREAM", "protocol": "IPPROTO_TCP"} | more
    return [
        Socket(t, number, 1000 + number, pid=pid, **told),
        Descriptor(t, number, pid, 2 + number, "opened", "socket"),
    ]


def connected(number: int, remote: str = "10.0.0.9", pid: int = 10, t: int = 0) -> list[Line]:
    """A TCP socket that is connected."""
    here, there = inet("10.0.0.1", 1000 + number), inet(remote, 80)
    return [
        *socket(number, pid, t),
        State(t, number, "api", "created", "connected", "kernel", local=here, remote=there),
        State(t, number, "tcp", "SYN-SENT", "ESTABLISHED", "kernel"),
    ]


def closed(number: int, t: int) -> State:
    """It was closed."""
    return State(t, number, "api", "connected", "closed", "kernel")


def moved(number: int, call: str, size: int, t: int, pid: int = 10, **more: Any) -> Syscall:
    """A call that moved so many bytes."""
    args = {"fd": 2 + number}
    return Syscall(t, 1000, pid, pid, "", call, size, args, 2 + number, number, **more)


class Watched:
    """A table over a scripted source, and its rows."""

    def __init__(self, lines: Iterable[Line] = (), columns: Sequence[str] = ()) -> None:
        self.feed = ScriptedFeed(lines)
        self.table = SocketTable()
        self.rows = SocketRows(self.table, tuple(columns))
        self.look()

    def look(self) -> None:
        """Take a look, and put the rows in order."""
        with self.feed.look() as look:
            self.table.update(look)
            self.table.count(wanted=self.rows.counts)
            selection = self.rows.order.selection
            if selection is not None:
                selection.ask()
        self.rows.order.arrange()

    def tell(self, *lines: Line) -> None:
        """These happened, and were looked at."""
        self.feed.tell(*lines)
        self.look()

    def passes(self, seconds: float) -> None:
        """Time passed, in tenths of a second."""
        for _ in range(round(seconds * 10)):
            self.feed.pass_time(SECOND // 10)
            self.look()

    def numbers(self) -> list[object]:
        """What the rows are of."""
        return [self.rows.key(index) for index in range(len(self.rows))]

    def cells(self, name: str) -> list[str]:
        """The text in a column, by row."""
        return [self.cell(index, name) for index in range(len(self.rows))]

    def cell(self, index: int, name: str) -> str:
        """The text of a cell."""
        slot = self.rows.slot_at(index)
        assert slot is not None
        row = self.rows._row(slot, self.table.fact(slot))
        return COLUMNS[name].cell(row, 100)[0].strip()

    def lines(self, width: int = 120) -> list[str]:
        """The header and all rows as text."""
        self.rows.width(width)
        rows = (self.rows.line(index, width) for index in range(len(self.rows)))
        return [plain(spans) for spans in (self.rows.header(width), *rows)]


def several() -> Watched:
    """Two processes with some sockets each; a listener and what it accepted."""
    return Watched(
        [
            process(10, "zebra", uid=1),
            process(20, "ant", uid=0, cgroup="/docker/x"),
            *connected(1, "10.0.0.30", pid=10),
            *connected(2, "10.0.0.4", pid=20),
            *connected(3, "10.0.0.4", pid=10),
            *socket(4, 20),
            State(1, 4, "api", "bound", "listening", "kernel", local=inet("0.0.0.0", 80)),
            *socket(5, 20, origin="accept", listener=4),
        ]
    )
