"""Sets of flag bits as lists of names. Values: Linux uapi headers, as on x86."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MAX_CACHED: Final = 4096
"""Without a bound, a program that passes random bits would grow the cache for ever."""


class FlagTable:
    """The named bits of one kind of flags argument."""

    __slots__ = ("_cache", "bits")

    def __init__(self, bits: Mapping[str, int]) -> None:
        """Take the table: name -> bit (one or several; the first match wins its bits)."""
        self.bits: Final = dict(bits)
        self._cache: dict[int, tuple[str, ...]] = {}

    def names(self, value: int) -> list[str]:
        """Name every bit that is set; what has no name follows as one "0x..."; 0 is []."""
        cached = self._cache.get(value)
        if cached is None:
            cached = self._decode(value)
            if len(self._cache) < _MAX_CACHED:
                self._cache[value] = cached
        return [*cached]

    def _decode(self, value: int) -> tuple[str, ...]:
        found = []
        rest = value
        for name, bit in self.bits.items():
            if rest & bit == bit:
                found.append(name)
                rest &= ~bit
        if rest:
            found.append(hex(rest))
        return tuple(found)


MSG: Final = FlagTable(
    {
        "MSG_OOB": 0x1,
        "MSG_PEEK": 0x2,
        "MSG_DONTROUTE": 0x4,
        "MSG_CTRUNC": 0x8,
        "MSG_PROBE": 0x10,
        "MSG_TRUNC": 0x20,
        "MSG_DONTWAIT": 0x40,
        "MSG_EOR": 0x80,
        "MSG_WAITALL": 0x100,
        "MSG_FIN": 0x200,
        "MSG_SYN": 0x400,
        "MSG_CONFIRM": 0x800,
        "MSG_RST": 0x1000,
        "MSG_ERRQUEUE": 0x2000,
        "MSG_NOSIGNAL": 0x4000,
        "MSG_MORE": 0x8000,
        "MSG_WAITFORONE": 0x10000,
        "MSG_BATCH": 0x40000,
        "MSG_SOCK_DEVMEM": 0x2000000,
        "MSG_ZEROCOPY": 0x4000000,
        "MSG_FASTOPEN": 0x20000000,
        "MSG_CMSG_CLOEXEC": 0x40000000,
    }
)
"""send(2), recv(2); include/linux/socket.h. 0x10 is MSG_PROXY in glibc's header; the kernel
and send(2) of today know it as MSG_PROBE. Flags that the kernel only gives to itself are left out:
a program that passes such a bit passes nonsense."""

SOCK: Final = FlagTable({"SOCK_NONBLOCK": 0o4000, "SOCK_CLOEXEC": 0o2000000})
"""What socket(2)'s type and accept4(2)'s flags may carry; include/linux/net.h."""

OPEN: Final = FlagTable(
    {
        "O_WRONLY": 0o1,
        "O_RDWR": 0o2,
        "O_CREAT": 0o100,
        "O_EXCL": 0o200,
        "O_NOCTTY": 0o400,
        "O_TRUNC": 0o1000,
        "O_APPEND": 0o2000,
        "O_NONBLOCK": 0o4000,
        "O_SYNC": 0o4010000,
        "O_DSYNC": 0o10000,
        "O_ASYNC": 0o20000,
        "O_DIRECT": 0o40000,
        "O_LARGEFILE": 0o100000,
        "O_TMPFILE": 0o20200000,
        "O_DIRECTORY": 0o200000,
        "O_NOFOLLOW": 0o400000,
        "O_NOATIME": 0o1000000,
        "O_CLOEXEC": 0o2000000,
        "O_PATH": 0o10000000,
    }
)
"""File status flags of open(2), fcntl(2); include/uapi/asm-generic/fcntl.h."""

FD: Final = FlagTable({"FD_CLOEXEC": 1})
"""Descriptor flags, fcntl(2)."""

EPOLL: Final = FlagTable(
    {
        "EPOLLIN": 0x1,
        "EPOLLPRI": 0x2,
        "EPOLLOUT": 0x4,
        "EPOLLERR": 0x8,
        "EPOLLHUP": 0x10,
        "EPOLLNVAL": 0x20,
        "EPOLLRDNORM": 0x40,
        "EPOLLRDBAND": 0x80,
        "EPOLLWRNORM": 0x100,
        "EPOLLWRBAND": 0x200,
        "EPOLLMSG": 0x400,
        "EPOLLRDHUP": 0x2000,
        "EPOLL_URING_WAKE": 1 << 27,
        "EPOLLEXCLUSIVE": 1 << 28,
        "EPOLLWAKEUP": 1 << 29,
        "EPOLLONESHOT": 1 << 30,
        "EPOLLET": 1 << 31,
    }
)
"""epoll_ctl(2); include/uapi/linux/eventpoll.h."""

POLL: Final = FlagTable(
    {
        "POLLIN": 0x1,
        "POLLPRI": 0x2,
        "POLLOUT": 0x4,
        "POLLERR": 0x8,
        "POLLHUP": 0x10,
        "POLLNVAL": 0x20,
        "POLLRDNORM": 0x40,
        "POLLRDBAND": 0x80,
        "POLLWRNORM": 0x100,
        "POLLWRBAND": 0x200,
        "POLLMSG": 0x400,
        "POLLREMOVE": 0x1000,
        "POLLRDHUP": 0x2000,
        "POLL_BUSY_LOOP": 0x8000,
    }
)
"""poll(2); include/uapi/asm-generic/poll.h."""

CLOSE_RANGE: Final = FlagTable({"CLOSE_RANGE_UNSHARE": 2, "CLOSE_RANGE_CLOEXEC": 4})
"""close_range(2); include/uapi/linux/close_range.h."""

SPLICE: Final = FlagTable(
    {"SPLICE_F_MOVE": 1, "SPLICE_F_NONBLOCK": 2, "SPLICE_F_MORE": 4, "SPLICE_F_GIFT": 8}
)
"""splice(2); include/linux/splice.h."""

RWF: Final = FlagTable(
    {
        "RWF_HIPRI": 0x1,
        "RWF_DSYNC": 0x2,
        "RWF_SYNC": 0x4,
        "RWF_NOWAIT": 0x8,
        "RWF_APPEND": 0x10,
        "RWF_NOAPPEND": 0x20,
        "RWF_ATOMIC": 0x40,
        "RWF_DONTCACHE": 0x80,
    }
)
"""preadv2(2), pwritev2(2); include/uapi/linux/fs.h."""

NONE: Final = FlagTable({})
"""For calls whose flags argument has no flag yet: pidfd_getfd(2)."""
