"""What a call did on a socket, in the terms that diagrams are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from socktrace.calls import Direction
from socktrace.lines import Blocked, Folded, SocketLife, Syscall, TcpEvent
from socktrace.model.totals import DATA_CALLS, names_in
from socktrace.text.addresses import address_from
from socktrace.text.calls import BLOCKED, has_blocked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

Way = Literal["in", "out", ""]
"""Which way a call moves bytes of its socket."""

_VECTORS: Final = frozenset({"sendmmsg", "recvmmsg", "recvmmsg_time64"})
"""Their result is a number of messages: the bytes are those of the message."""
AGAIN: Final = frozenset({"EAGAIN", "EWOULDBLOCK", "EINPROGRESS", "EINTR", "EALREADY"})
"""Errors that say "not now": a program that works has them too."""
_WAYS: Final[Mapping[Direction, Way]] = {Direction.IN: "in", Direction.OUT: "out"}


class Use(NamedTuple):
    """A call on a socket, several of them added up, or what TCP did by itself."""

    begin: int
    end: int
    call: str
    pid: int
    tid: int
    comm: str
    way: Way = ""
    amount: int = 0
    """Bytes that it gave or got."""
    times: int = 1
    """How many calls it stands for."""
    errno: str | None = None
    eof: bool = False
    """It read end of file."""
    peeked: bool = False
    """What it read stays in the queue."""
    blocked: bool = False
    """It waited, which is an inference: `text.calls.has_blocked`."""
    done: bool = True
    """It has returned."""
    kernel: bool = False
    """No call: the kernel did it by itself."""
    detail: str = ""
    """What else is to be known: how shutdown(2) was called. Not escaped."""
    other: str = ""
    """The address that a message was sent to or came from, where the call tells. Printable."""

    @property
    def moved(self) -> int:
        """Bytes that it took out of a queue, or put into one."""
        return 0 if self.peeked else self.amount


def way_of(line: Syscall) -> Way:
    """Which way a call moves bytes."""
    if line.call == "splice":
        return "out" if line.args.get("fd_out") == line.fd else "in"
    return _WAYS.get(DATA_CALLS.get(line.call, Direction.NONE), "")


def _message(args: Mapping[str, Any]) -> Mapping[str, Any]:
    message = args.get("msg") or args.get("msgvec")
    return message if isinstance(message, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _amount(line: Syscall) -> int:
    if line.call in _VECTORS:
        return max(_number(_message(line.args).get("msg_len")), 0)
    return max(line.ret, 0)


def _asked(line: Syscall) -> bool:
    args = line.args
    message = _message(args)
    return bool(message.get("len", args.get("len", args.get("count", args.get("iovcnt", 1)))))


def _other(line: Syscall) -> str:
    where = line.args.get("addr")
    return (address_from(where) or "") if isinstance(where, dict) else ""


def of_call(line: Syscall, life: SocketLife | None) -> Use:
    """Read a call's line."""
    way = way_of(line)
    amount = _amount(line) if way and line.errno is None else 0
    peeked = way == "in" and "MSG_PEEK" in names_in(line.args.get("flags"))
    stream = life is not None and life.type == "SOCK_STREAM"
    ended = way == "in" and stream and line.errno is None and amount == 0 and not peeked
    how = line.args.get("how", line.args.get("optname", "")) if not way else ""
    return Use(
        line.t,
        line.t + line.dur,
        line.call,
        line.pid,
        line.tid,
        line.comm,
        way,
        amount,
        errno=line.errno,
        eof=ended and _asked(line),
        peeked=peeked,
        blocked=line.dur >= BLOCKED and has_blocked(line, life),
        detail=how if isinstance(how, str) else "",
        other=_other(line) if way else "",
    )


def of_fold(line: Folded) -> Use:
    """Read a line that adds calls up."""
    way = _WAYS.get(DATA_CALLS.get(line.call, Direction.NONE), "")
    if line.call == "splice":
        way = "out" if line.outgoing else "in"
    return Use(
        line.t,
        line.until,
        line.call,
        line.pid,
        line.tid,
        line.comm,
        way,
        max(line.bytes - line.peeked, 0),
        times=line.count,
        errno=next(iter(line.errors), None) if sum(line.errors.values()) == line.count else None,
        eof=line.eof is not None,
    )


def of_blocked(line: Blocked, now: int) -> Use:
    """Read a call that has not returned; it lasts until now."""
    return Use(
        line.since,
        max(now, line.since),
        line.call,
        line.pid,
        line.tid,
        line.comm,
        _WAYS.get(DATA_CALLS.get(line.call, Direction.NONE), ""),
        blocked=True,
        done=False,
    )


def of_tcp(line: TcpEvent) -> Use:
    """Read what TCP did by itself."""
    way: Way = "in" if line.event == "reset-received" else "out"
    return Use(line.t, line.t, line.event, 0, 0, "", way, kernel=True)


def of_line(line: Syscall | Folded | TcpEvent, life: SocketLife | None) -> Use:
    """Read any line that tells of a use."""
    if isinstance(line, Syscall):
        return of_call(line, life)
    return of_fold(line) if isinstance(line, Folded) else of_tcp(line)
