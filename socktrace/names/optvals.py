"""Values of socket options: from the bytes a call carried to what they mean."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Any, Final

from socktrace.names.addresses import parse_sockaddr
from socktrace.names.constants import family_name, protocol_name, type_name
from socktrace.names.errnos import errno_name
from socktrace.names.sockopts import SOL_IP, SOL_IPV6, SOL_SOCKET, option_name

_INT: Final = struct.Struct("=i")
_LONG: Final = struct.Struct("=Q")
_LINGER: Final = struct.Struct("=ii")
_UCRED: Final = struct.Struct("=iII")
_TIMEVAL: Final = struct.Struct("=qq")
_TIMEVAL32: Final = struct.Struct("=ii")
"""i386's struct timeval, where time_t is 32 bits wide."""


def _linger(value: bytes) -> dict[str, int]:
    onoff, linger = _LINGER.unpack_from(value)
    return {"onoff": onoff, "linger": linger}


def _timeval(value: bytes) -> dict[str, int]:
    layout = _TIMEVAL if len(value) >= _TIMEVAL.size else _TIMEVAL32
    seconds, microseconds = layout.unpack_from(value)
    return {"tv_sec": seconds, "tv_usec": microseconds}


def _ucred(value: bytes) -> dict[str, int]:
    pid, uid, gid = _UCRED.unpack_from(value)
    return {"pid": pid, "uid": uid, "gid": gid}


def _text(value: bytes) -> str:
    return value.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _error(value: bytes) -> str | int:
    (number,) = _INT.unpack_from(value)
    return errno_name(number) if number > 0 else int(number)


def _family(value: bytes) -> str:
    return family_name(_INT.unpack_from(value)[0])


def _type(value: bytes) -> str:
    return type_name(_INT.unpack_from(value)[0])


def _unsigned(value: bytes) -> int:
    wide = len(value) >= _LONG.size
    return int.from_bytes(value[: _LONG.size if wide else _INT.size], sys.byteorder)


_DECODERS: Final[dict[str, tuple[int, Callable[[bytes], Any]]]] = {
    "SO_LINGER": (_LINGER.size, _linger),
    "SO_RCVTIMEO": (_TIMEVAL32.size, _timeval),
    "SO_SNDTIMEO": (_TIMEVAL32.size, _timeval),
    "SO_RCVTIMEO_NEW": (_TIMEVAL.size, _timeval),
    "SO_SNDTIMEO_NEW": (_TIMEVAL.size, _timeval),
    "SO_PEERCRED": (_UCRED.size, _ucred),
    "SO_ERROR": (_INT.size, _error),
    "SO_DOMAIN": (_INT.size, _family),
    "SO_TYPE": (_INT.size, _type),
    "SO_MARK": (_INT.size, _unsigned),
    "SO_MAX_PACING_RATE": (_INT.size, _unsigned),
    "SO_COOKIE": (_LONG.size, _unsigned),
    "SO_NETNS_COOKIE": (_LONG.size, _unsigned),
    "SO_BINDTODEVICE": (0, _text),
    "SO_PEERSEC": (0, _text),
    "SO_PEERNAME": (2, parse_sockaddr),
    "SO_ORIGINAL_DST": (2, parse_sockaddr),
    "IP6T_SO_ORIGINAL_DST": (2, parse_sockaddr),
    "TCP_CONGESTION": (0, _text),
    "TCP_ULP": (0, _text),
    "IPV6_FLOWINFO": (_INT.size, _unsigned),
}
"""Option -> (bytes it needs, its decoder): those whose value is no plain int."""

_NOT_INTEGERS: Final = frozenset({"IP_OPTIONS", "IP_ADD_MEMBERSHIP", "IP_MULTICAST_IF"})
"""Options whose value may be 1 or 4 bytes long without being an integer: IP_MULTICAST_IF may be
given a bare in_addr."""


def _protocol(value: bytes, family: int, type_: int) -> str:
    return protocol_name(family, type_, _INT.unpack_from(value)[0])


def option_value(
    level: int, option: int, value: bytes, *, family: int | None = None, type_: int = 0
) -> Any:
    """Decode an option's value; a hexadecimal string where its layout is not known.

    SO_PROTOCOL gets a name when the socket's ``family`` and ``type_`` are given.
    """
    name = option_name(level, option)
    if name == "SO_PROTOCOL" and family is not None and len(value) >= _INT.size:
        return _protocol(value, family, type_)
    needed, decode = _DECODERS.get(name, (0, None))
    if decode is not None and len(value) >= needed:
        return decode(value)
    if name in _NOT_INTEGERS:
        return value.hex()
    if len(value) == _INT.size:
        return int(_INT.unpack(value)[0])
    if len(value) == 1 and level in {SOL_IP, SOL_IPV6, SOL_SOCKET}:
        return value[0]
    return value.hex()
