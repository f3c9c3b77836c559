"""Data calls added up before they reach the model: one row a socket, call and batch."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class DataFold(msgspec.Struct, frozen=True, gc=False):
    """What one kind of data call did on one socket within one batch of events."""

    inode: int
    call: str
    count: int
    bytes: int
    """Sum of the positive results (sendmmsg, recvmmsg: of the messages' lengths)."""
    time: int
    """Sum of durations, ns."""
    errors: Mapping[int, int]
    """errno (positive) -> how often."""
    first_t: int
    """When the first of them began."""
    last_t: int
    """When the last of them returned."""
    last_pid: int
    last_tid: int
    fd: int = -1
    """The descriptor of the last of them, a number of ``last_pid``; -1 when not known."""
    files: int = 0
    """Address of the struct files_struct that ``fd`` is a number in; 0 when not known."""
    eof_t: int | None = None
    """When the first of them returned that read end of file: 0 on a stream for a length above 0,
    MSG_PEEK aside."""
    empty_datagrams: int = 0
    truncated: int = 0
    local_port: int = 0
    """The socket's own port after the last of them, where the kernel showed it; 0 when unknown.
    The first send on an unbound datagram socket binds it: ip(7)."""
    peeked: int = 0
    """Bytes within ``bytes`` that MSG_PEEK left in the queue: they will come again."""
    outgoing: bool = False
    """splice(2) only: the socket was ``fd_out``."""
