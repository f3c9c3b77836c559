"""The states of a socket as data: which follow which, and who may cause it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from socktrace.model import numbers as n

CREATED: Final = "created"
BOUND: Final = "bound"
LISTENING: Final = "listening"
CONNECTING: Final = "connecting"
CONNECTED: Final = "connected"
SHUT_READ: Final = "shut-read"
SHUT_WRITE: Final = "shut-write"
SHUT_BOTH: Final = "shut-both"
CLOSED: Final = "closed"

_FRESH: Final = (CREATED, BOUND)
_SHUT: Final = (SHUT_READ, SHUT_WRITE, SHUT_BOTH)

API_EDGES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    edge: frozenset(actors.split())
    for edge, actors in {
        # ip(7): the first send on an unbound datagram socket binds it.
        (CREATED, BOUND): "bind send sendto sendmsg sendmmsg write writev pwritev2 sendfile splice",
        # listen(2) without bind: the kernel picks the port.
        **{(old, LISTENING): "listen" for old in _FRESH},
        # sendto and the like: MSG_FASTOPEN, tcp(7).
        **{(old, CONNECTING): "connect sendto sendmsg sendmmsg" for old in _FRESH},
        **{(old, CONNECTED): "connect" for old in _FRESH},
        # getsockopt(2) for SO_ERROR, or data that moves, shows that an attempt has ended.
        (CONNECTING, CONNECTED): "kernel connect getsockopt",
        # The attempt failed, or shutdown(2) or connect(2) to AF_UNSPEC gave it up.
        **{(CONNECTING, new): "kernel connect getsockopt shutdown" for new in _FRESH},
        # A datagram socket may be connected again, to another peer: connect(2).
        (CONNECTED, CONNECTED): "connect bind",
        # connect(2) to AF_UNSPEC dissolves the association.
        **{(old, new): "connect" for old in (CONNECTED, *_SHUT) for new in _FRESH},
        # shutdown(2) for reading ends listening: inet_shutdown in net/ipv4/af_inet.c.
        **{(LISTENING, new): "shutdown" for new in _FRESH},
        # AF_UNIX allows shutdown(2) in any state: unix_shutdown in net/unix/af_unix.c.
        **{
            (old, new): "shutdown"
            for old in (CREATED, BOUND, LISTENING, CONNECTED)
            for new in _SHUT
        },
        **{(old, SHUT_BOTH): "shutdown" for old in (SHUT_READ, SHUT_WRITE)},
        **{
            (old, CLOSED): "close close_range dup2 dup3 execve exit kernel"
            for old in (CREATED, BOUND, LISTENING, CONNECTING, CONNECTED, *_SHUT)
        },
    }.items()
}
"""API state -> API state: the calls that take it there; "kernel" where none is needed."""

SHUTDOWN: Final[Mapping[tuple[str, int], str]] = {
    (old, how): new
    for old, row in {
        CREATED: (SHUT_READ, SHUT_WRITE, SHUT_BOTH),
        BOUND: (SHUT_READ, SHUT_WRITE, SHUT_BOTH),
        LISTENING: (SHUT_READ, SHUT_WRITE, SHUT_BOTH),
        CONNECTED: (SHUT_READ, SHUT_WRITE, SHUT_BOTH),
        SHUT_READ: (SHUT_READ, SHUT_BOTH, SHUT_BOTH),
        SHUT_WRITE: (SHUT_BOTH, SHUT_WRITE, SHUT_BOTH),
    }.items()
    for how, new in zip((n.SHUT_RD, n.SHUT_WR, n.SHUT_RDWR), row, strict=True)
}
"""(API state, shutdown(2)'s ``how``) -> API state."""

SHUT_BITS: Final[Mapping[int, str]] = {1: SHUT_READ, 2: SHUT_WRITE, 3: SHUT_BOTH}
"""sk_shutdown (RCV_SHUTDOWN 1, SEND_SHUTDOWN 2: include/net/sock.h) -> API state."""

TCP_EDGES: Final[frozenset[tuple[str, str]]] = frozenset(
    (old, new)
    for old, followers in {
        "CLOSED": "SYN-SENT LISTEN",
        "LISTEN": "SYN-RECEIVED CLOSED",
        "SYN-SENT": "SYN-RECEIVED ESTABLISHED CLOSED",
        "SYN-RECEIVED": "ESTABLISHED FIN-WAIT-1 CLOSE-WAIT CLOSED",
        "ESTABLISHED": "FIN-WAIT-1 CLOSE-WAIT CLOSED",
        "FIN-WAIT-1": "FIN-WAIT-2 CLOSING TIME-WAIT CLOSED",
        "FIN-WAIT-2": "TIME-WAIT CLOSED",
        "CLOSE-WAIT": "LAST-ACK CLOSED",
        "CLOSING": "TIME-WAIT CLOSED",
        "LAST-ACK": "CLOSED",
        "TIME-WAIT": "CLOSED",
    }.items()
    for new in followers.split()
)
"""RFC 9293, figure 5, with the resets and aborts that its text allows from every state."""

_ENDING: Final = frozenset({"close", "close_range", "dup2", "dup3", "shutdown"})
_ABORTING: Final = _ENDING | {"connect"}

TCP_CAUSES: Final[Mapping[tuple[int, int], frozenset[str]]] = {
    (n.TCP_CLOSE, n.TCP_SYN_SENT): frozenset({"connect", "sendto", "sendmsg", "sendmmsg"}),
    (n.TCP_CLOSE, n.TCP_LISTEN): frozenset({"listen"}),
    (n.TCP_LISTEN, n.TCP_CLOSE): _ENDING,
    (n.TCP_SYN_SENT, n.TCP_CLOSE): _ENDING,
    (n.TCP_SYN_RECV, n.TCP_CLOSE): _ENDING,
    (n.TCP_SYN_RECV, n.TCP_FIN_WAIT1): _ENDING,
    (n.TCP_ESTABLISHED, n.TCP_FIN_WAIT1): _ENDING,
    (n.TCP_CLOSE_WAIT, n.TCP_LAST_ACK): _ENDING,
    # Closed with unread data or SO_LINGER 0, or connected to AF_UNSPEC: __tcp_close and
    # tcp_disconnect in net/ipv4/tcp.c.
    (n.TCP_ESTABLISHED, n.TCP_CLOSE): _ABORTING,
    (n.TCP_CLOSE_WAIT, n.TCP_CLOSE): _ABORTING,
}
"""(old, new) that a call brings about itself: by which. Every other change is the kernel's, also
where a call runs at that moment: on loopback the peer's segments arrive within our own send."""

MINISOCK_EDGES: Final = frozenset({(n.TCP_FIN_WAIT2, n.TCP_CLOSE), (n.TCP_CLOSING, n.TCP_CLOSE)})
"""What sock:inet_sock_set_state shows when a small timewait sock takes the place of the full one:
tcp_time_wait in net/ipv4/tcp_minisocks.c. The connection is in TIME-WAIT from then on."""

SYNCHRONISED: Final = frozenset(
    "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT".split()
)
"""The states behind the handshake: RFC 9293, section 3.5.2."""


def is_allowed(layer: str, old: str | None, new: str) -> bool:
    """Tell whether a state may follow another; None as the old one is the first that is known.

    An API state may follow itself: its addresses changed.
    """
    if old is None:
        return True
    if layer == "tcp":
        return (old, new) in TCP_EDGES
    return (old == new != CLOSED) or (old, new) in API_EDGES
