"""How each captured call is looked at when it begins: the table behind `probes/enter.h`.

`socktrace.calls` says what a call is; this says what the kernel side must note of it before it
runs.
"""

from __future__ import annotations

import struct
from typing import Final

from socktrace.calls import CALLS, NUMBER, Kind

(
    NONE,
    SOCKET,
    FD,
    CLOSE,
    DUP2,
    FD3,
    TARGET,
    SELECT,
    SOCKETCALL,
) = range(9)
"""enum entry_class of probes/events.h."""

SOCKETCALL_NUMBER: Final = 102
"""socketcall(2) on i386."""
SOCKETCALL_NUMBERS: Final = 480
"""Where the calls within it start in the map `numbers`."""

_CLASSES: Final[dict[str, int]] = {
    **dict.fromkeys(
        "socket socketpair close_range pidfd_getfd poll ppoll ppoll_time64 "
        "epoll_wait epoll_pwait epoll_pwait2".split(),
        NONE,
    ),
    **dict.fromkeys(
        "bind listen accept accept4 connect getsockname getpeername shutdown getsockopt setsockopt "
        "send recv sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg recvmmsg_time64".split(),
        SOCKET,
    ),
    **dict.fromkeys(
        "read write readv writev preadv2 pwritev2 sendfile sendfile64 dup fcntl fcntl64 "
        "ioctl".split(),
        FD,
    ),
    **dict.fromkeys("dup2 dup3".split(), DUP2),
    **dict.fromkeys("select _newselect pselect6 pselect6_time64".split(), SELECT),
    "close": CLOSE,
    "splice": FD3,
    "epoll_ctl": TARGET,
}

_NARROW: Final = 0x10
"""struct timespec or timeval with members of 32 bits."""
_TIMEVAL: Final = 0x20
_LENGTH: Final = 0x40
"""No timeout, but the room that there is for an address, read in the same way."""

_ROOMS: Final[dict[str, tuple[int, int]]] = {
    **dict.fromkeys("accept accept4 getsockname getpeername".split(), (2, _LENGTH)),
    "recvfrom": (5, _LENGTH),
}

_TIMEOUTS: Final[dict[str, tuple[int, int]]] = {
    # call: (index of the argument, flags); what i386 adds is in _TIMEOUTS_32.
    "select": (4, _TIMEVAL),
    "pselect6": (4, 0),
    "ppoll": (2, 0),
    "recvmmsg": (4, 0),
    "epoll_pwait2": (3, 0),
    **_ROOMS,
}
_TIMEOUTS_32: Final[dict[str, tuple[int, int]]] = {
    "_newselect": (4, _TIMEVAL | _NARROW),
    "pselect6": (4, _NARROW),
    "pselect6_time64": (4, 0),
    "ppoll": (2, _NARROW),
    "ppoll_time64": (2, 0),
    "recvmmsg": (4, _NARROW),
    "recvmmsg_time64": (4, 0),
    "epoll_pwait2": (3, 0),
    **_ROOMS,
}

_ENTRY: Final = struct.Struct("=8B")


def _timeout(table: dict[str, tuple[int, int]], name: str) -> int:
    if name not in table:
        return 0
    index, flags = table[name]
    return index + 1 | flags


def number_table(enabled: frozenset[str] | None = None) -> dict[int, bytes]:
    """Entries of the map `numbers`: system-call number -> struct number_entry.

    Args:
        enabled: names of the calls to capture; None: all of them. A call that is left out costs
            what a call costs that is none of ours.
    """
    entries: dict[int, list[int]] = {}
    for spec in CALLS:
        if enabled is not None and spec.name not in enabled:
            continue
        call, entry_class = NUMBER[spec.name], _CLASSES[spec.name]
        if spec.nr64 >= 0:
            entry = entries.setdefault(spec.nr64, [0] * 8)
            entry[0:3] = call, entry_class, _timeout(_TIMEOUTS, spec.name)
        for number in (
            spec.nr32,
            SOCKETCALL_NUMBERS + spec.socketcall if spec.socketcall >= 0 else -1,
        ):
            if number >= 0:
                entry = entries.setdefault(number, [0] * 8)
                entry[3:7] = call, entry_class, _timeout(_TIMEOUTS_32, spec.name), len(spec.args)
    entry = entries.setdefault(SOCKETCALL_NUMBER, [0] * 8)
    # The call is found out within; any number but 0 says that there is one.
    entry[3:5] = NUMBER["socket"], SOCKETCALL
    return {number: _ENTRY.pack(*entry) for number, entry in entries.items()}


NEEDS_SOCKET: Final = frozenset({FD, CLOSE, DUP2, FD3, TARGET})
"""Classes of calls that are followed only when a descriptor of theirs is a socket."""


def entry_of(entry: bytes, *, abi32: bool) -> tuple[int, int]:
    """The call's number on the wire (0: not captured) and its class, from a struct number_entry."""
    fields = _ENTRY.unpack(entry)
    return (fields[3], fields[4]) if abi32 else (fields[0], fields[1])


def call_flags() -> list[str]:
    """The compiler's ``-D`` flags that give the calls their numbers on the wire."""
    data = [NUMBER[spec.name] for spec in CALLS if spec.kind is Kind.DATA]
    return [
        *(f"-DCALL_{name.upper()}={number}" for name, number in NUMBER.items()),
        f"-DCALL_FIRST_DATA={min(data)}",
        f"-DCALL_LAST_DATA={max(data)}",
        *(f"-DPROGRAM_{name.upper()}={slot}" for name, slot in EXTRA_PROGRAMS.items()),
    ]


EXTRA_PROGRAMS: Final = {"passed": 62, "messages": 63}
"""Programs in the map `call_exits` that belong to no one call, by name and place."""
