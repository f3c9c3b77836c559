"""The system calls that socktrace captures: what they are called and of which kind they are.

One table. Its order gives each call its number on the wire (`probes/events.h` gets them as
``-DCALL_<NAME>``), so that kernel side and Python side cannot disagree.

The kinds:

- ``life``: makes, moves, names or ends a socket or a descriptor. Few; each one steps the tracker.
- ``data``: moves bytes. Many; delivered as fixed records and folded in batches.
- ``wide``: a data call that carried more than a fixed record holds (a message header, an AF_UNIX
  address, a list of polled descriptors).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Kind(Enum):
    """How often a call comes and what it does to a socket's life; see the module's text."""

    LIFE = "life"
    DATA = "data"
    WIDE = "wide"


class Direction(Enum):
    """Which way a call moves bytes of a socket."""

    NONE = 0
    IN = 1
    OUT = 2


class CallSpec(NamedTuple):
    """One captured call."""

    name: str
    kind: Kind
    args: tuple[str, ...]
    """The names its man page gives its arguments, in register order."""
    direction: Direction = Direction.NONE
    nr64: int = -1
    """Number on x86-64: arch/x86/entry/syscalls/syscall_64.tbl."""
    nr32: int = -1
    """Number on i386: arch/x86/entry/syscalls/syscall_32.tbl."""
    socketcall: int = -1
    """Number within socketcall(2): include/uapi/linux/net.h."""


_L, _D, _W = Kind.LIFE, Kind.DATA, Kind.WIDE
_IN, _OUT, _NO = Direction.IN, Direction.OUT, Direction.NONE

CALLS: Final[tuple[CallSpec, ...]] = (
    CallSpec("socket", _L, ("domain", "type", "protocol"), _NO, 41, 359, 1),
    CallSpec("socketpair", _L, ("domain", "type", "protocol", "sv"), _NO, 53, 360, 8),
    CallSpec("bind", _L, ("sockfd", "addr", "addrlen"), _NO, 49, 361, 2),
    CallSpec("listen", _L, ("sockfd", "backlog"), _NO, 50, 363, 4),
    CallSpec("accept", _L, ("sockfd", "addr", "addrlen"), _NO, 43, -1, 5),
    CallSpec("accept4", _L, ("sockfd", "addr", "addrlen", "flags"), _NO, 288, 364, 18),
    CallSpec("connect", _L, ("sockfd", "addr", "addrlen"), _NO, 42, 362, 3),
    CallSpec("getsockname", _L, ("sockfd", "addr", "addrlen"), _NO, 51, 367, 6),
    CallSpec("getpeername", _L, ("sockfd", "addr", "addrlen"), _NO, 52, 368, 7),
    CallSpec("shutdown", _L, ("sockfd", "how"), _NO, 48, 373, 13),
    CallSpec(
        "getsockopt", _L, ("sockfd", "level", "optname", "optval", "optlen"), _NO, 55, 365, 15
    ),
    CallSpec(
        "setsockopt", _L, ("sockfd", "level", "optname", "optval", "optlen"), _NO, 54, 366, 14
    ),
    CallSpec("close", _L, ("fd",), _NO, 3, 6),
    CallSpec("close_range", _L, ("first", "last", "flags"), _NO, 436, 436),
    CallSpec("dup", _L, ("oldfd",), _NO, 32, 41),
    CallSpec("dup2", _L, ("oldfd", "newfd"), _NO, 33, 63),
    CallSpec("dup3", _L, ("oldfd", "newfd", "flags"), _NO, 292, 330),
    CallSpec("fcntl", _L, ("fd", "cmd", "arg"), _NO, 72, 55),
    CallSpec("fcntl64", _L, ("fd", "cmd", "arg"), _NO, -1, 221),
    CallSpec("ioctl", _L, ("fd", "request", "arg"), _NO, 16, 54),
    CallSpec("pidfd_getfd", _L, ("pidfd", "targetfd", "flags"), _NO, 438, 438),
    CallSpec("epoll_ctl", _L, ("epfd", "op", "fd", "event"), _NO, 233, 255),
    CallSpec("read", _D, ("fd", "buf", "count"), _IN, 0, 3),
    CallSpec("write", _D, ("fd", "buf", "count"), _OUT, 1, 4),
    CallSpec("readv", _D, ("fd", "iov", "iovcnt"), _IN, 19, 145),
    CallSpec("writev", _D, ("fd", "iov", "iovcnt"), _OUT, 20, 146),
    CallSpec("preadv2", _D, ("fd", "iov", "iovcnt", "pos_l", "pos_h", "flags"), _IN, 327, 378),
    CallSpec("pwritev2", _D, ("fd", "iov", "iovcnt", "pos_l", "pos_h", "flags"), _OUT, 328, 379),
    CallSpec("send", _D, ("sockfd", "buf", "len", "flags"), _OUT, -1, -1, 9),
    CallSpec("recv", _D, ("sockfd", "buf", "len", "flags"), _IN, -1, -1, 10),
    CallSpec("sendto", _D, ("sockfd", "buf", "len", "flags", "addr", "addrlen"), _OUT, 44, 369, 11),
    CallSpec(
        "recvfrom", _D, ("sockfd", "buf", "len", "flags", "addr", "addrlen"), _IN, 45, 371, 12
    ),
    CallSpec("sendfile", _D, ("out_fd", "in_fd", "offset", "count"), _OUT, 40, 187),
    CallSpec("sendfile64", _D, ("out_fd", "in_fd", "offset", "count"), _OUT, -1, 239),
    CallSpec("splice", _D, ("fd_in", "off_in", "fd_out", "off_out", "len", "flags"), _NO, 275, 313),
    CallSpec("sendmsg", _W, ("sockfd", "msg", "flags"), _OUT, 46, 370, 16),
    CallSpec("recvmsg", _W, ("sockfd", "msg", "flags"), _IN, 47, 372, 17),
    CallSpec("sendmmsg", _W, ("sockfd", "msgvec", "vlen", "flags"), _OUT, 307, 345, 20),
    CallSpec("recvmmsg", _W, ("sockfd", "msgvec", "vlen", "flags", "timeout"), _IN, 299, 337, 19),
    CallSpec("poll", _W, ("fds", "nfds", "timeout"), _NO, 7, 168),
    CallSpec("ppoll", _W, ("fds", "nfds", "tmo_p", "sigmask"), _NO, 271, 309),
    CallSpec("select", _W, ("nfds", "readfds", "writefds", "exceptfds", "timeout"), _NO, 23),
    CallSpec(
        "_newselect", _W, ("nfds", "readfds", "writefds", "exceptfds", "timeout"), _NO, -1, 142
    ),
    CallSpec(
        "pselect6",
        _W,
        ("nfds", "readfds", "writefds", "exceptfds", "timeout", "sigmask"),
        _NO,
        270,
        308,
    ),
    CallSpec(
        "pselect6_time64",
        _W,
        ("nfds", "readfds", "writefds", "exceptfds", "timeout", "sigmask"),
        _NO,
        -1,
        413,
    ),
    CallSpec("ppoll_time64", _W, ("fds", "nfds", "tmo_p", "sigmask"), _NO, -1, 414),
    CallSpec("recvmmsg_time64", _W, ("sockfd", "msgvec", "vlen", "flags", "timeout"), _IN, -1, 417),
    CallSpec("epoll_wait", _W, ("epfd", "events", "maxevents", "timeout"), _NO, 232, 256),
    CallSpec(
        "epoll_pwait", _W, ("epfd", "events", "maxevents", "timeout", "sigmask"), _NO, 281, 319
    ),
    CallSpec(
        "epoll_pwait2", _W, ("epfd", "events", "maxevents", "timeout", "sigmask"), _NO, 441, 441
    ),
)
"""Every captured call; the index in this tuple, plus one, is its number on the wire."""

NUMBER: Final[dict[str, int]] = {spec.name: i for i, spec in enumerate(CALLS, start=1)}
"""Call name -> its number on the wire. 0 means no call."""

WAITS: Final = frozenset(
    "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 "
    "epoll_wait epoll_pwait epoll_pwait2".split()
)
"""Calls that wait for several descriptors."""
