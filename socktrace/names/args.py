"""The arguments of a call, by the names its man page gives them.

What is left out: the descriptor the call was made on (the line has it as ``fd``; splice(2) tells
both of its own, to show which way the bytes went), pointers and what only says how long a buffer
of the caller's is. A pointer whose target was captured is there
as what it points at.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from socktrace.calls import CALLS, Direction
from socktrace.events import Call
from socktrace.lines import Address
from socktrace.names import flags as f
from socktrace.names import requests
from socktrace.names.constants import family_name, protocol_name, type_names
from socktrace.names.optvals import option_value
from socktrace.names.readiness import epoll_events, poll_fds, select_sets
from socktrace.names.sockopts import level_name, option_name

_U32: Final = 0xFFFF_FFFF
_U64: Final = 0xFFFF_FFFF_FFFF_FFFF
_SIGN32: Final = 1 << 31

Args = dict[str, Any]


def _int(value: int) -> int:
    """Read a register as the C int that the kernel takes from its lower half."""
    return ((value & _U32) ^ _SIGN32) - _SIGN32


class _Reader:
    """A call's registers by argument name; a register that was not captured is None."""

    __slots__ = ("call", "positions")

    def __init__(self, call: Call, positions: dict[str, int]) -> None:
        self.call = call
        self.positions = positions

    def raw(self, name: str) -> int | None:
        position = self.positions.get(name, len(self.call.raw))
        return self.call.raw[position] if position < len(self.call.raw) else None

    def int(self, name: str) -> int:
        return _int(self.raw(name) or 0)


_Decoder = Callable[[_Reader, str], Args]
"""Turns one argument into the entries it makes: none, one, or more where names belong together."""


def _signed(r: _Reader, name: str) -> Args:
    value = r.raw(name)
    return {} if value is None else {name: _int(value)}


def _unsigned(r: _Reader, name: str) -> Args:
    value = r.raw(name)
    return {} if value is None else {name: value & _U32}


def _size(r: _Reader, name: str) -> Args:
    value = r.raw(name)
    return {} if value is None else {name: value & (_U32 if r.call.abi32 else _U64)}


def _flags(table: f.FlagTable) -> _Decoder:
    def decode(r: _Reader, name: str) -> Args:
        value = r.raw(name)
        return {} if value is None else {name: table.names(value & _U32)}

    return decode


def _named(name_of: Callable[[int], Any]) -> _Decoder:
    def decode(r: _Reader, name: str) -> Args:
        value = r.raw(name)
        return {} if value is None else {name: name_of(_int(value))}

    return decode


def _request(r: _Reader, name: str) -> Args:
    value = r.raw(name)
    return {} if value is None else {name: requests.ioctl_name(value & _U32)}


def _protocol(r: _Reader, name: str) -> Args:
    if r.raw(name) is None:
        return {}
    return {name: protocol_name(r.int("domain"), r.int("type"), r.int(name))}


def _address(r: _Reader, name: str) -> Args:
    return {} if r.call.addr is None else {name: r.call.addr}


def _optname(r: _Reader, name: str) -> Args:
    return {} if r.raw(name) is None else {name: option_name(r.int("level"), r.int(name))}


def _optval(r: _Reader, name: str) -> Args:
    call = r.call
    unanswered = call.call == "getsockopt" and call.ret < 0
    if unanswered or not call.blob or r.raw("optname") is None:
        return {}
    sock = call.sock
    family, type_ = (sock.family, sock.type) if sock is not None else (None, 0)
    return {
        name: option_value(r.int("level"), r.int("optname"), call.blob, family=family, type_=type_)
    }


def _optlen(r: _Reader, name: str) -> Args:
    """setsockopt is given a length, getsockopt a pointer to one."""
    return _signed(r, name) if r.call.call == "setsockopt" else {}


_FCNTL_ARGS: Final[dict[str, Callable[[int], Any]]] = {
    "F_DUPFD": _int,
    "F_DUPFD_CLOEXEC": _int,
    "F_DUPFD_QUERY": _int,
    "F_SETFD": lambda value: f.FD.names(value & _U32),
    "F_SETFL": lambda value: f.OPEN.names(value & _U32),
    "F_SETOWN": _int,
    "F_SETSIG": _int,
    "F_SETPIPE_SZ": _int,
}
"""Commands of fcntl(2) whose argument is a value, not a pointer and not ignored."""


def _fcntl_arg(r: _Reader, name: str) -> Args:
    value = r.raw(name)
    read = _FCNTL_ARGS.get(requests.fcntl_name(r.int("cmd")))
    return {} if value is None or read is None else {name: read(value)}


def _ioctl_arg(r: _Reader, name: str) -> Args:
    request = requests.ioctl_name((r.raw("request") or 0) & _U32)
    told = request in requests.INT_ARGUMENTS or (
        request in requests.INT_RESULTS and r.call.ret >= 0
    )
    if not told or len(r.call.blob) < _S32.size:
        return {}
    return {name: _S32.unpack_from(r.call.blob)[0]}


_S32: Final = struct.Struct("=i")
_PAIR: Final = struct.Struct("=ii")
_MESSAGE: Final = struct.Struct("=QIIII")


def _pair(r: _Reader, name: str) -> Args:
    if r.call.ret < 0 or len(r.call.blob) < _PAIR.size:
        return {}
    return {name: list(_PAIR.unpack_from(r.call.blob))}


def _message(r: _Reader, name: str) -> Args:
    """Tell of a struct msghdr or of one mmsghdr; its address is ``addr``, as in any call.

    msg_flags is an answer: sendmsg(2) ignores it, and a failed recvmsg leaves it alone.
    """
    call = r.call
    entries: Args = {} if call.addr is None else {"addr": call.addr}
    if len(call.blob) < _MESSAGE.size:
        return entries
    length, msg_flags, controllen, index, msg_len = _MESSAGE.unpack_from(call.blob)
    message: Args = {"len": length, "controllen": controllen}
    if call.ret >= 0:
        if _DIRECTION[call.call] is Direction.IN:
            message["msg_flags"] = f.MSG.names(msg_flags)
        if name == "msgvec":
            message |= {"index": index, "msg_len": msg_len}
    return {name: message} | entries


def _pollfds(r: _Reader, name: str) -> Args:
    return {name: poll_fds(r.call.blob)} if r.call.blob else {}


def _select(r: _Reader, name: str) -> Args:
    """Tell all three sets at once, at the first of them; a set that was NULL is left out."""
    sets = select_sets(r.call.blob) if name == "readfds" else None
    if sets is None:
        return {}
    asked, ready = sets
    given = [each for each in asked if r.raw(each)]
    entries: Args = {each: asked[each] for each in given}
    if r.call.ret >= 0:
        entries["ready"] = {each: ready[each] for each in given}
    return entries


def _timespec(r: _Reader, name: str) -> Args:
    """A timeout by pointer, in ns whatever its unit was: None waits for ever."""
    if r.call.timeout is None and r.raw(name) != 0:
        return {}
    return {"timeout_ns": r.call.timeout}


def _epoll_event(r: _Reader, name: str) -> Args:
    """EPOLL_CTL_DEL ignores its event: epoll_ctl(2)."""
    events = epoll_events(r.call.blob)
    deleting = requests.epoll_op_name(r.int("op")) == "EPOLL_CTL_DEL"
    return {name: events[0]} if events and not deleting else {}


def _epoll_ready(r: _Reader, name: str) -> Args:
    return {name: epoll_events(r.call.blob)} if r.call.ret >= 0 else {}


_MSG: Final = _flags(f.MSG)

_BY_NAME: Final[dict[str, _Decoder]] = {
    "addr": _address,
    "arg": _fcntl_arg,
    "backlog": _signed,
    "cmd": _named(requests.fcntl_name),
    "count": _size,
    "domain": _named(family_name),
    "epfd": _signed,
    "fd_in": _signed,
    "fd_out": _signed,
    "fds": _pollfds,
    "first": _unsigned,
    "flags": _MSG,
    "how": _named(requests.shutdown_name),
    "in_fd": _signed,
    "iovcnt": _size,
    "last": _unsigned,
    "len": _size,
    "level": _named(level_name),
    "maxevents": _signed,
    "msg": _message,
    "msgvec": _message,
    "newfd": _signed,
    "nfds": _unsigned,
    "op": _named(requests.epoll_op_name),
    "optlen": _optlen,
    "optname": _optname,
    "optval": _optval,
    "pidfd": _signed,
    "protocol": _protocol,
    "readfds": _select,
    "request": _request,
    "sv": _pair,
    "targetfd": _signed,
    "timeout": _timespec,
    "tmo_p": _timespec,
    "type": _named(type_names),
    "vlen": _unsigned,
}
"""How an argument of a name is told; names that are not here are left out."""

_EXCEPTIONS: Final[dict[tuple[str, str], _Decoder]] = {
    ("accept4", "flags"): _flags(f.SOCK),
    ("bind", "addrlen"): _signed,
    ("close_range", "flags"): _flags(f.CLOSE_RANGE),
    ("connect", "addrlen"): _signed,
    ("dup3", "flags"): _flags(f.OPEN),
    ("epoll_ctl", "event"): _epoll_event,
    ("epoll_pwait", "events"): _epoll_ready,
    ("epoll_pwait", "timeout"): _signed,
    ("epoll_pwait2", "events"): _epoll_ready,
    ("epoll_wait", "events"): _epoll_ready,
    ("epoll_wait", "timeout"): _signed,
    ("ioctl", "arg"): _ioctl_arg,
    ("pidfd_getfd", "flags"): _flags(f.NONE),
    ("poll", "timeout"): _signed,
    ("preadv2", "flags"): _flags(f.RWF),
    ("pwritev2", "flags"): _flags(f.RWF),
    ("splice", "flags"): _flags(f.SPLICE),
    **{(call, "nfds"): _signed for call in ("select", "_newselect", "pselect6", "pselect6_time64")},
}
"""Where one name means different things in different calls."""

_DIRECTION: Final = {spec.name: spec.direction for spec in CALLS}
_POSITIONS: Final = {spec.name: {arg: i for i, arg in enumerate(spec.args)} for spec in CALLS}
_PLANS: Final[dict[str, tuple[tuple[str, _Decoder], ...]]] = {
    spec.name: tuple(
        (arg, decoder)
        for arg in spec.args
        if (decoder := _EXCEPTIONS.get((spec.name, arg)) or _BY_NAME.get(arg)) is not None
    )
    for spec in CALLS
}
"""Call -> its arguments that are told, in the order of its man page."""


def named_args(call: Call) -> Args:
    """Tell a call's arguments; {} for a call that is not in the table.

    Takes whatever a source delivers: too few registers, a blob of any length, any numbers.
    """
    reader = _Reader(call, _POSITIONS.get(call.call, {}))
    told: Args = {}
    for name, decode in _PLANS.get(call.call, ()):
        told.update(decode(reader, name))
    return told


_DATA: Final[dict[str, tuple[str, f.FlagTable | None]]] = {
    "read": ("count", None),
    "write": ("count", None),
    "readv": ("iovcnt", None),
    "writev": ("iovcnt", None),
    "preadv2": ("iovcnt", f.RWF),
    "pwritev2": ("iovcnt", f.RWF),
    "send": ("len", f.MSG),
    "recv": ("len", f.MSG),
    "sendto": ("len", f.MSG),
    "recvfrom": ("len", f.MSG),
    "sendfile": ("count", None),
    "sendfile64": ("count", None),
    "splice": ("len", f.SPLICE),
}
"""Data call -> the name of its length, and what its flags mean if it has any."""


def data_args(  # noqa: PLR0913 (the fixed fields of a data record)
    call: str,
    length: int,
    flags: int,
    addr: Address | None,
    *,
    fd_in: int | None = None,
    fd_out: int | None = None,
) -> Args:
    """Tell the arguments of a data call, equal to what `named_args` says of it.

    The way for the many: from the fixed fields of a data record, without a `Call`. ``fd_in`` and
    ``fd_out`` are those of splice(2); ``fd_in`` alone is in_fd of sendfile(2).
    """
    name, table = _DATA[call]
    if call == "splice":
        ends = {"fd_in": fd_in, "fd_out": fd_out}
        known = {key: fd for key, fd in ends.items() if fd is not None}
        return {**known, name: length, "flags": f.SPLICE.names(flags & _U32)}
    if fd_in is not None and call.startswith("sendfile"):
        return {"in_fd": fd_in, name: length}
    if table is None:
        return {name: length}
    if addr is None:
        return {name: length, "flags": table.names(flags & _U32)}
    return {name: length, "flags": table.names(flags & _U32), "addr": addr}
