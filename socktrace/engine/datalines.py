"""Lines for data calls, from the fixed records of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from socktrace.calls import CALLS, NUMBER
from socktrace.lines import Syscall
from socktrace.names.addresses import inet_address
from socktrace.names.args import data_args
from socktrace.names.errnos import errno_name
from socktrace.wire import FLAG_ABI32, FLAG_BEGAN_BEFORE, FLAG_OUTGOING, FLAG_UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from socktrace.engine.comms import Comms

_NAMES: Final = ("", *(spec.name for spec in CALLS))
_SPLICE: Final = NUMBER["splice"]
_COLUMNS: Final = (
    "start duration pid tid inode fd ret call flags length msg_flags family port".split()
)


def splice_args(length: int, flags: int, fd: int, *, into: bool) -> dict[str, Any]:
    """The arguments of a splice(2): which of its two descriptors the socket was decides the way."""
    if into:
        return data_args("splice", length, flags, None, fd_out=fd)
    return data_args("splice", length, flags, None, fd_in=fd)


def data_lines(
    records: NDArray[np.void], socket_of: Callable[[int, int], int], comms: Comms
) -> Iterator[Syscall]:
    """One line for each record, in their order.

    Args:
        records: of layout `wire.DATA`, rebased.
        socket_of: the number of a socket by its inode and the time it was seen.
        comms: names of threads.
    """
    columns = [records[name].tolist() for name in _COLUMNS]
    addresses = records["ip"].tobytes()
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
        address = None
        if family:
            address = inet_address(family, addresses[at : at + 16], port)
        at += 16
        name = _NAMES[call]
        if call == _SPLICE:
            args = splice_args(length, msg_flags, fd, into=bool(flags & FLAG_OUTGOING))
        else:
            args = data_args(name, length, msg_flags, address)
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
            socket=socket_of(inode, start) if inode else None,
            errno=errno_name(-ret) if ret < 0 else None,
            abi="i386" if flags & FLAG_ABI32 else None,
            unreadable=bool(flags & FLAG_UNREADABLE),
            began_before=bool(flags & FLAG_BEGAN_BEFORE),
        )
