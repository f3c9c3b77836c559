"""The arguments of a call, by the names its man page gives them.

What is left out: the descriptor the call was made on (the line has it as ``fd``; splice(2) tells
both of its own, to show which way the bytes went), pointers and what only says how long a buffer
of the caller's is. A pointer whose target was captured is there
as what it points at.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
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


def _raw(call: Call, name: str) -> int | None:
    """Find a call's register by the name of its argument; None where it was not captured."""
    position = _POSITIONS[call.call].get(name)
    return call.raw[position] if position is not None and position < len(call.raw) else None


def _integer(call: Call, name: str) -> int:
    return _int(_raw(call, name) or 0)


_Decoder = Callable[[Call, str], Args]
"""Turns one argument into the entries it makes: none, one, or more where names belong together."""


_Plain = Callable[[int], Any]
"""Turns one argument into what is told of it, where its register says it all."""


def _signed(value: int) -> int:
    return _int(value)


def _unsigned(value: int) -> int:
    return value & _U32


def _size(call: Call, name: str) -> Args:
    value = _raw(call, name)
    return {} if value is None else {name: value & (_U32 if call.abi32 else _U64)}


def _flags(table: f.FlagTable) -> _Plain:
    return lambda value: table.names(value & _U32)


def _named(name_of: Callable[[int], Any]) -> _Plain:
    return lambda value: name_of(_int(value))


def _request(value: int) -> str:
    return requests.ioctl_name(value & _U32)


_KIND: Final = ("domain", "type", "protocol")


@lru_cache(maxsize=256)
def _kind_of(registers: tuple[int, ...]) -> Args:
    domain, type_, protocol = (*map(_int, registers), 0, 0, 0)[:3]
    kind = (family_name(domain), type_names(type_), protocol_name(domain, type_, protocol))
    return dict(zip(_KIND[: len(registers)], kind, strict=False))


def _kind(call: Call, _name: str) -> Args:
    """Tell what sort of socket is asked for, which is three arguments, at the first of them.

    Few programs ask for more than a handful of sorts.
    """
    told = {**_kind_of(call.raw[:3])}
    if "type" in told:
        told["type"] = [*told["type"]]
    return told


def _address(call: Call, name: str) -> Args:
    return {} if call.addr is None else {name: call.addr}


def _optname(call: Call, name: str) -> Args:
    return (
        {}
        if _raw(call, name) is None
        else {name: option_name(_integer(call, "level"), _integer(call, name))}
    )


def _optval(call: Call, name: str) -> Args:
    unanswered = call.call == "getsockopt" and call.ret < 0
    if unanswered or not call.blob or _raw(call, "optname") is None:
        return {}
    sock = call.sock
    family, type_ = (sock.family, sock.type) if sock is not None else (None, 0)
    return {
        name: option_value(
            _integer(call, "level"),
            _integer(call, "optname"),
            call.blob,
            family=family,
            type_=type_,
        )
    }


def _optlen(call: Call, name: str) -> Args:
    """setsockopt is given a length, getsockopt a pointer to one."""
    value = _raw(call, name)
    return {name: _int(value)} if value is not None and call.call == "setsockopt" else {}


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


def _fcntl_arg(call: Call, name: str) -> Args:
    value = _raw(call, name)
    read = _FCNTL_ARGS.get(requests.fcntl_name(_integer(call, "cmd")))
    return {} if value is None or read is None else {name: read(value)}


def _ioctl_arg(call: Call, name: str) -> Args:
    request = requests.ioctl_name((_raw(call, "request") or 0) & _U32)
    told = request in requests.INT_ARGUMENTS or (request in requests.INT_RESULTS and call.ret >= 0)
    if not told or len(call.blob) < _S32.size:
        return {}
    return {name: _S32.unpack_from(call.blob)[0]}


_S32: Final = struct.Struct("=i")
_PAIR: Final = struct.Struct("=ii")
_MESSAGE: Final = struct.Struct("=QIIII")


def _pair(call: Call, name: str) -> Args:
    if call.ret < 0 or len(call.blob) < _PAIR.size:
        return {}
    return {name: list(_PAIR.unpack_from(call.blob))}


def _message(call: Call, name: str) -> Args:
    """Tell of a struct msghdr or of one mmsghdr; its address is ``addr``, as in any call.

    msg_flags is an answer: sendmsg(2) ignores it, and a failed recvmsg leaves it alone.
    """
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


def _pollfds(call: Call, name: str) -> Args:
    return {name: poll_fds(call.blob)} if call.blob else {}


def _select(call: Call, name: str) -> Args:
    """Tell all three sets at once, at the first of them; a set that was NULL is left out."""
    sets = select_sets(call.blob) if name == "readfds" else None
    if sets is None:
        return {}
    asked, ready = sets
    given = [each for each in asked if _raw(call, each)]
    entries: Args = {each: asked[each] for each in given}
    if call.ret >= 0:
        entries["ready"] = {each: ready[each] for each in given}
    return entries


def _timespec(call: Call, name: str) -> Args:
    """A timeout by pointer, in ns whatever its unit was: None waits for ever."""
    if call.timeout is None and _raw(call, name) != 0:
        return {}
    return {"timeout_ns": call.timeout}


def _epoll_event(call: Call, name: str) -> Args:
    """EPOLL_CTL_DEL ignores its event: epoll_ctl(2)."""
    events = epoll_events(call.blob)
    deleting = requests.epoll_op_name(_integer(call, "op")) == "EPOLL_CTL_DEL"
    return {name: events[0]} if events and not deleting else {}


def _epoll_ready(call: Call, name: str) -> Args:
    return {name: epoll_events(call.blob)} if call.ret >= 0 else {}


_MSG: Final = _flags(f.MSG)

_BY_NAME: Final[dict[str, _Decoder]] = {
    "addr": _address,
    "arg": _fcntl_arg,
    "count": _size,
    "domain": _kind,
    "fds": _pollfds,
    "iovcnt": _size,
    "len": _size,
    "msg": _message,
    "msgvec": _message,
    "optlen": _optlen,
    "optname": _optname,
    "optval": _optval,
    "readfds": _select,
    "sv": _pair,
    "timeout": _timespec,
    "tmo_p": _timespec,
}
"""How an argument of a name is told; names that are in no table are left out."""

_PLAIN: Final[dict[str, _Plain]] = {
    "backlog": _signed,
    "cmd": _named(requests.fcntl_name),
    "epfd": _signed,
    "fd_in": _signed,
    "fd_out": _signed,
    "first": _unsigned,
    "flags": _MSG,
    "how": _named(requests.shutdown_name),
    "in_fd": _signed,
    "last": _unsigned,
    "level": _named(level_name),
    "maxevents": _signed,
    "newfd": _signed,
    "nfds": _unsigned,
    "op": _named(requests.epoll_op_name),
    "pidfd": _signed,
    "request": _request,
    "targetfd": _signed,
    "vlen": _unsigned,
}
"""The same, where the register says it all."""

_EXCEPTIONS: Final[dict[tuple[str, str], _Decoder]] = {
    ("epoll_ctl", "event"): _epoll_event,
    ("epoll_pwait", "events"): _epoll_ready,
    ("epoll_pwait2", "events"): _epoll_ready,
    ("epoll_wait", "events"): _epoll_ready,
    ("ioctl", "arg"): _ioctl_arg,
}
"""Where one name means different things in different calls."""

_PLAIN_EXCEPTIONS: Final[dict[tuple[str, str], _Plain]] = {
    ("accept4", "flags"): _flags(f.SOCK),
    ("bind", "addrlen"): _signed,
    ("close_range", "flags"): _flags(f.CLOSE_RANGE),
    ("connect", "addrlen"): _signed,
    ("dup3", "flags"): _flags(f.OPEN),
    ("epoll_pwait", "timeout"): _signed,
    ("epoll_wait", "timeout"): _signed,
    ("pidfd_getfd", "flags"): _flags(f.NONE),
    ("poll", "timeout"): _signed,
    ("preadv2", "flags"): _flags(f.RWF),
    ("pwritev2", "flags"): _flags(f.RWF),
    ("splice", "flags"): _flags(f.SPLICE),
    **{(call, "nfds"): _signed for call in ("select", "_newselect", "pselect6", "pselect6_time64")},
}

_DIRECTION: Final = {spec.name: spec.direction for spec in CALLS}
_POSITIONS: Final = {spec.name: {arg: i for i, arg in enumerate(spec.args)} for spec in CALLS}


def _step(call: str, arg: str) -> tuple[_Plain | None, _Decoder | None]:
    """How one argument of a call is told: one way, the other, or not at all."""
    special = (call, arg)
    if special in _PLAIN_EXCEPTIONS or special in _EXCEPTIONS:
        return _PLAIN_EXCEPTIONS.get(special), _EXCEPTIONS.get(special)
    return _PLAIN.get(arg), _BY_NAME.get(arg)


_PLANS: Final[dict[str, tuple[tuple[str, int, _Plain | None, _Decoder | None], ...]]] = {
    spec.name: tuple(
        (arg, position, *step)
        for position, arg in enumerate(spec.args)
        if any(step := _step(spec.name, arg))
    )
    for spec in CALLS
}
"""Call -> its arguments that are told, in the order of its man page: name, register, how."""


def named_args(call: Call) -> Args:
    """Tell a call's arguments; {} for a call that is not in the table.

    Takes whatever a source delivers: too few registers, a blob of any length, any numbers.
    """
    registers = call.raw
    told: Args = {}
    for name, position, plain, decode in _PLANS.get(call.call, ()):
        if plain is not None:
            if position < len(registers):
                told[name] = plain(registers[position])
        elif decode is not None:
            told.update(decode(call, name))
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
