"""Adding calls up on a socket's life: from the line of one call, or from a fold of many.

Both ways lead to the same sums, which is why they stand side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socktrace.calls import CALLS, Direction, Kind
from socktrace.lines import CallTotals, Lost, SocketLife, Syscall
from socktrace.names.constants import type_name

_IN, _OUT, _NONE = Direction.IN, Direction.OUT, Direction.NONE

DATA_CALLS: Final[Mapping[str, Direction]] = {
    spec.name: spec.direction
    for spec in CALLS
    if spec.kind is not Kind.LIFE and (spec.direction is not _NONE or spec.name == "splice")
}
"""The calls that move a socket's bytes. splice(2) has no direction of its own."""

_VECTORS: Final = frozenset({"sendmmsg", "recvmmsg", "recvmmsg_time64"})
"""Their result is a number of messages; each message comes as a line of its own."""

NO_CALLS: Final[dict[str, CallTotals]] = {}
NO_ERRORS: Final[dict[str, int]] = {}
"""Shared by all that have none, and never written to: most of a hundred thousand sockets have no
errors, and many no calls; an empty dict for each would be a tenth of what is known of it."""

_PERHAPS_STREAMS: Final = frozenset({"SOCK_STREAM", type_name(0)})
"""Types whose sockets read end of file; that of a socket whose birth was not seen is 0."""
_DATAGRAM_TYPES: Final = frozenset({"SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_PACKET"})


def totals_of(life: SocketLife, call: str) -> CallTotals:
    """Give the totals of a kind of call, made when first needed."""
    totals = life.calls.get(call)
    if totals is None:
        if not life.calls:
            life.calls = {}
        totals = life.calls[call] = CallTotals(errors=NO_ERRORS)
    return totals


def _count_errors(totals: CallTotals, name: str, number: int) -> None:
    """Add to a kind of call's errors, which most kinds have none of."""
    if not totals.errors:
        totals.errors = {}
    totals.errors[name] = totals.errors.get(name, 0) + number


def _moved(life: SocketLife, direction: Direction, amount: int) -> None:
    if direction is _IN:
        life.bytes_in += amount
    elif direction is _OUT:
        life.bytes_out += amount


def _used(life: SocketLife, t: int, pid: int) -> None:
    if life.last_used is None or t >= life.last_used:
        life.last_used = t
        life.last_used_by = pid


def _take_role(life: SocketLife, direction: Direction) -> None:
    """A datagram socket is what it does first: there is no listen or accept to tell by."""
    if life.role == "unknown" and life.type in _DATAGRAM_TYPES:
        life.role = "sender" if direction is _OUT else "receiver"


def count_line(life: SocketLife, line: Syscall) -> None:
    """Add one call; of a sendmmsg or recvmmsg one message: the first stands for the call."""
    totals = totals_of(life, line.call)
    direction = DATA_CALLS.get(line.call)
    message = _message(line.args) if direction is not None else {}
    if line.call not in _VECTORS or not message.get("index"):
        totals.count += 1
        totals.time += line.dur
        if line.errno is not None:
            _count_errors(totals, line.errno, 1)
    _used(life, line.t + line.dur, line.pid)
    if direction is None:
        return
    if line.call == "splice":
        direction = _OUT if line.args.get("fd_out") == line.fd else _IN
    _take_role(life, direction)
    if line.errno is not None:
        return
    result = _number(message.get("msg_len")) if line.call in _VECTORS else line.ret
    totals.bytes += max(result, 0)
    peeked = direction is _IN and "MSG_PEEK" in names_in(line.args.get("flags"))
    if not peeked:
        _moved(life, direction, max(result, 0))
    if direction is _IN:
        _note_reading(life, line, message, result, peeked=peeked)


def _message(args: Mapping[str, Any]) -> Mapping[str, Any]:
    message = args.get("msg") or args.get("msgvec")
    return message if isinstance(message, dict) else {}


def names_in(value: object) -> Collection[Any]:
    """Read a list of flags; a recording may have been altered, so it may be anything."""
    return value if isinstance(value, list | tuple) else ()


def _number(value: object, default: int = 0) -> int:
    return value if isinstance(value, int) else default


def _note_reading(
    life: SocketLife, line: Syscall, message: Mapping[str, Any], result: int, *, peeked: bool
) -> None:
    args = line.args
    asked = message.get("len", args.get("len", args.get("count", args.get("iovcnt", 1))))
    if result == 0 and asked and not peeked:
        if life.type != "SOCK_STREAM":
            life.empty_datagrams += 1
        elif life.eof is None:
            life.eof = line.t + line.dur
    cut = "MSG_TRUNC" in names_in(message.get("msg_flags"))
    longer = "MSG_TRUNC" in names_in(args.get("flags")) and result > _number(
        args.get("len"), result
    )
    if life.type in _DATAGRAM_TYPES and (cut or longer):
        life.truncated += 1


def add_fold(  # noqa: PLR0913 - the columns of a row
    life: SocketLife,
    call: str,
    *,
    count: int,
    bytes_: int,
    time_ns: int,
    errors: Mapping[str, int],
    last_t: int,
    last_pid: int,
    eof_t: int | None = None,
    empty_datagrams: int = 0,
    truncated: int = 0,
    peeked: int = 0,
    outgoing: bool = False,
) -> None:
    """Add many calls of one kind."""
    totals = totals_of(life, call)
    totals.count += count
    totals.bytes += bytes_
    totals.time += time_ns
    for name, number in errors.items():
        _count_errors(totals, name, number)
    _used(life, last_t, last_pid)
    direction = DATA_CALLS.get(call, _NONE)
    if call == "splice":
        direction = _OUT if outgoing else _IN
    if direction is not _NONE:
        _take_role(life, direction)
        _moved(life, direction, bytes_ - peeked)
    if life.type not in _PERHAPS_STREAMS:
        life.empty_datagrams += empty_datagrams
    elif eof_t is not None and (life.eof is None or eof_t < life.eof):
        life.eof = eof_t
    life.truncated += truncated


def add_lost(life: SocketLife, line: Lost) -> None:
    """Add calls that the kernel side counted and could not deliver."""
    if line.call is None:
        return
    totals = totals_of(life, line.call)
    totals.count += line.count
    totals.lost += line.count
    if line.errors:
        _count_errors(totals, "unknown", line.errors)
    moved = line.bytes or 0
    totals.bytes += moved
    _moved(life, DATA_CALLS.get(line.call, _NONE), moved)
