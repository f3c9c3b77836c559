"""Lines for data calls, from the fixed records of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from socktrace.calls import CALLS, NUMBER
from socktrace.lines import Syscall
from socktrace.names.addresses import inet_address
from socktrace.names.args import data_args
from socktrace.names.errnos import errno_name
from socktrace.wire import FLAG_ABI32, FLAG_BEGAN_BEFORE, FLAG_OUTGOING, FLAG_UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

_NAMES: Final = ("", *(spec.name for spec in CALLS))
_SPLICE: Final = NUMBER["splice"]
TWO_ENDS: Final = frozenset(NUMBER[name] for name in ("splice", "sendfile", "sendfile64"))
"""Calls with a second descriptor: it lies where others have an address."""
_COLUMNS: Final = (
    "start duration pid tid inode fd ret call flags length msg_flags family port".split()
)


class Sockets(Protocol):
    """Who knows the numbers of sockets: `socktrace.model.tracker.Tracker`."""

    def socket_id(self, inode: int, /) -> int | None:
        """Give the number of a socket by its inode; None: nobody announced it."""

    def ensure_socket(self, inode: int, t: int, /) -> int:
        """Give the number of a socket by its inode; one that nobody announced begins here."""


class Names(Protocol):
    """Who knows the names of threads: `socktrace.engine.comms.Comms`."""

    def of(self, tid: int, pid: int, /) -> str:
        """Give the name of a thread."""


def data_lines(records: NDArray[np.void], sockets: Sockets, comms: Names) -> Iterator[Syscall]:
    """One line for each record, in their order.

    Args:
        records: of layout `wire.DATA`, rebased.
        sockets: numbers of sockets.
        comms: names of threads.
    """
    columns = [records[name].tolist() for name in _COLUMNS]
    addresses = records["ip"].tobytes()
    ensure_socket = sockets.ensure_socket
    at = 0
    for (
        start,
        duration,
        pid,
        tid,
        inode,
        fd,
        ret,
        call,
        flags,
        length,
        msg_flags,
        family,
        port,
    ) in zip(*columns, strict=True):
        name = _NAMES[call]
        if call in TWO_ENDS:
            other = int.from_bytes(addresses[at : at + 4], "little", signed=True)
            into = flags & FLAG_OUTGOING or call != _SPLICE
            fd_in, fd_out = (other, fd) if into else (fd, other)
            args = data_args(name, length, msg_flags, None, fd_in=fd_in, fd_out=fd_out)
        else:
            address = inet_address(family, addresses[at : at + 16], port) if family else None
            args = data_args(name, length, msg_flags, address)
        at += 16
        yield Syscall(
            t=start,
            dur=duration,
            pid=pid,
            tid=tid,
            comm=comms.of(tid, pid),
            call=name,
            ret=ret if ret >= 0 else -1,
            args=args,
            fd=fd,
            socket=ensure_socket(inode, start) if inode else None,
            errno=errno_name(-ret) if ret < 0 else None,
            abi="i386" if flags & FLAG_ABI32 else None,
            unreadable=bool(flags & FLAG_UNREADABLE),
            began_before=bool(flags & FLAG_BEGAN_BEFORE),
        )
