"""One socket as sock_diag(7) describes it, whatever its family."""

from __future__ import annotations

from typing import Final

import msgspec

from socktrace.lines import Address

TCP_LISTEN: Final = 10
TCP_CLOSE: Final = 7
TCP_BOUND_INACTIVE: Final = 13
"""A state only sock_diag knows, for TCP sockets that are bound and nothing more; their
skc_state is TCP_CLOSE (include/net/tcp_states.h, since 6.8)."""


class DiagSocket(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One answer of sock_diag(7). What a family does not report keeps its default."""

    family: int
    type: int
    """0 where the kernel does not say: SCTP."""
    protocol: int
    state: int
    """As in include/net/tcp_states.h; AF_NETLINK has states of its own."""
    inode: int
    """0: no file names it (TIME_WAIT, a request not yet accepted, an orphan)."""
    cookie: int
    """Unique among all sockets since boot (SO_COOKIE, socket(7))."""
    netns: int = 0
    local: Address | None = None
    remote: Address | None = None
    uid: int = 0
    receive_queue: int | None = None
    """As ss(8) shows it. TCP, AF_UNIX: bytes unread, on a listener connections waiting for
    accept. Others: the memory that unread messages take, which is more than their bytes."""
    send_queue: int | None = None
    """TCP: bytes not acknowledged; AF_UNIX: memory of what the peer has not read; a listener:
    its backlog."""
    timer: int = 0
    """idiag_timer: 0 none, 1 retransmission, 2 keepalive (or connection set-up), 3 TIME_WAIT,
    4 zero window probe (net/ipv4/inet_diag.c)."""
    expires: int = 0
    """ms until the timer fires."""
    retransmits: int = 0
    shutdown: int = 0
    """Bit 0: receiving is shut, bit 1: sending is shut (sk_shutdown)."""
    v6only: bool | None = None
    peer_inode: int = 0
    """AF_UNIX: the socket at the other end."""
    pending: tuple[int, ...] = ()
    """AF_UNIX listener: inodes of the sockets whose connections wait for accept."""
    memory: tuple[int, ...] = ()
    """INET_DIAG_SKMEMINFO and its like: by enum sk_meminfo of include/uapi/linux/sock_diag.h:
    rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, optmem, backlog, drops."""
    info: bytes = b""
    """struct tcp_info as it came; `socktrace.host.tcp_info.decode` names its fields."""

    @property
    def listening(self) -> bool:
        """Whether listen(2) was called on it: of TCP, SCTP, AF_UNIX and AF_VSOCK sockets."""
        return self.state == TCP_LISTEN

    @property
    def sk_state(self) -> int:
        """The state in the socket itself: sock_diag's own pseudo-state taken back."""
        return TCP_CLOSE if self.state == TCP_BOUND_INACTIVE else self.state
