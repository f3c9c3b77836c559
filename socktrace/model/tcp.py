"""The TCP side of a socket: state changes, retransmits and resets, as the kernel tells of them.

Events are joined by the sock they are about. The process that ran at that moment is whoever was
interrupted, so a call is named as the cause only of what calls can cause (`states.TCP_CAUSES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

from socktrace.events import TcpSegment, TcpState
from socktrace.lines import Address, Cause, TcpEvent
from socktrace.model import numbers as n
from socktrace.model.core import Core
from socktrace.model.guess import adopt
from socktrace.model.holding import close
from socktrace.model.states import (
    BOUND,
    CLOSED,
    CONNECTED,
    CONNECTING,
    CREATED,
    LISTENING,
    MINISOCK_EDGES,
    TCP_CAUSES,
)
from socktrace.model.tracks import Track, has_port
from socktrace.names.constants import tcp_state_name

_SEGMENTS: Final[Mapping[str, Literal["retransmit", "reset-sent", "reset-received"]]] = {
    "retransmit": "retransmit",
    "reset-sent": "reset-sent",
    "reset-received": "reset-received",
}

_SYN_RECEIVED: Final = frozenset({n.TCP_SYN_RECV, n.TCP_NEW_SYN_RECV})
_FINDABLE: Final = frozenset({n.TCP_SYN_SENT, n.TCP_ESTABLISHED})
"""States in which both addresses are known first."""
_CLOSING: Final = frozenset({"close", "close_range", "dup2", "dup3"})

_API_BEFORE: Final = {
    n.TCP_CLOSE: None,
    n.TCP_LISTEN: LISTENING,
    n.TCP_SYN_SENT: CONNECTING,
}
"""A state that TCP leaves -> what the API state of an unannounced socket was before."""


class _Step(msgspec.Struct, frozen=True, gc=False):
    """A state change that is told later."""

    t: int
    old: int
    new: int
    cause: Cause | str


class _Edge(NamedTuple):
    """What is known of a change from one state to another."""

    old: str
    new: str
    causes: frozenset[str] | None
    """The calls that bring it about; None where none does."""
    takes_minisock: bool
    """See `states.MINISOCK_EDGES`."""


@lru_cache(maxsize=512)
def _edge(old: int, new: int) -> _Edge:
    key = (old, new)
    return _Edge(
        tcp_state_name(old), tcp_state_name(new), TCP_CAUSES.get(key), key in MINISOCK_EDGES
    )


class Embryo:
    """A connection that its listener's kernel side made and no accept has shown yet."""

    __slots__ = ("established", "local", "netns", "steps")

    def __init__(self, local: Address | None, netns: int) -> None:
        """Begin with the listener's address and network namespace, as the child shows them."""
        self.local: Final = local
        self.netns: Final = netns
        self.established: int | None = None
        self.steps: Final[list[_Step]] = []

    def flush(self, core: Core, track: Track) -> None:
        """Tell its history, now that it is a socket with a number."""
        for step in self.steps:
            _tell(core, track, step.t, step.old, step.new, step.cause)


class Embryos:
    """All connections that wait for accept, by the address of their sock."""

    def __init__(self, limit: int) -> None:
        """Keep at most ``limit``: accepts may be out of our sight."""
        self.forgotten = 0
        """Connections that there was no room for."""
        self._limit: Final = limit
        self._by_sk: Final[dict[int, Embryo]] = {}

        self.get: Final = self._by_sk.get
        """Find a connection that waits by its sock; None for none."""

    def take(self, sk: int) -> Embryo | None:
        """Give the connection that accept has shown, and keep it no longer."""
        return self._by_sk.pop(sk, None)

    def start(self, sk: int, local: Address | None, netns: int) -> Embryo:
        """Keep a new connection; the oldest goes where there are too many."""
        embryo = self._by_sk[sk] = Embryo(local, netns)
        if len(self._by_sk) > self._limit:
            del self._by_sk[next(iter(self._by_sk))]
            self.forgotten += 1
        return embryo


def state_changed(core: Core, embryos: Embryos, event: TcpState) -> None:
    """Take in one change of a connection's state."""
    info, old, new = event.sock, event.old, event.new
    sk, inode = info.sk, info.inode
    born = old == n.TCP_LISTEN and new in _SYN_RECEIVED
    embryo = None if born else embryos.get(sk)
    track = core.by_sk.get(sk) if sk else None
    if born and not inode:
        if track is not None:
            core.unlink_sk(track)
            track = None
    elif track is None or (inode and inode != track.inode):
        track = _find(core, event, embryo)
    if track is None:
        if (sk and not inode) or embryo is not None:
            _grow(core, embryos, embryo, event)
        return
    track.learn(info)
    cause = _cause(event)
    if not _tell(core, track, event.t, old, new, cause):
        return
    if new in _FINDABLE and track.api != CLOSED:
        core.link_endpoint(track, track.local, track.remote)
    _follow(core, track, event, cause)
    if new == n.TCP_CLOSE and track.api == CLOSED:
        core.unlink_sk(track)


def _find(core: Core, event: TcpState, embryo: Embryo | None) -> Track | None:
    """Find a socket that is not known by its sock."""
    info = event.sock
    if not info.inode:
        return None
    track = core.by_inode.get(info.inode)
    if track is not None:
        core.link(track, info)
        return track
    # Tracepoints tell of every process's connections: a stranger's is none of ours.
    ours = core.whole_machine or (event.in_call and not event.exiting)
    if embryo is not None or not ours:
        return None
    before = _API_BEFORE.get(event.old, CONNECTED)
    if event.old == n.TCP_CLOSE:
        before = BOUND if event.new == n.TCP_LISTEN and has_port(info.local) else CREATED
    track = adopt(core, info, event.t, state=before)
    core.set_tcp(track, None, tcp_state_name(event.old), event.t, "unknown", inferred=True)
    return track


def _grow(core: Core, embryos: Embryos, embryo: Embryo | None, event: TcpState) -> None:
    """Keep a step of a connection that waits for accept, or count one that ended waiting."""
    info = event.sock
    if event.new == n.TCP_CLOSE:
        if embryos.take(info.sk) is not None:
            listener = _listener_of(core, info.netns, info.local)
            if listener is not None:
                listener.never_accepted += 1
        return
    if embryo is None:
        if event.old not in {n.TCP_LISTEN, n.TCP_SYN_RECV, n.TCP_NEW_SYN_RECV}:
            return
        if not core.whole_machine and _listener_of(core, info.netns, info.local) is None:
            return
        embryo = embryos.start(info.sk, info.local, info.netns)
    if embryo.steps and event.t < embryo.steps[-1].t:
        core.late += 1
        return
    if embryo.steps and embryo.steps[-1].new == event.new:
        return
    embryo.steps.append(_Step(event.t, event.old, event.new, _cause(event)))
    if event.new == n.TCP_ESTABLISHED:
        embryo.established = event.t


def _listener_of(core: Core, netns: int, local: Address | None) -> Track | None:
    if local is None or local.port is None:
        return None
    for ip in (local.ip, "0.0.0.0", "::"):  # noqa: S104 - the wildcard addresses of ip(7), ipv6(7)
        listener = core.listeners.get((netns, ip, local.port))
        if listener is not None:
            return listener
    return None


def _cause(event: TcpState) -> Cause | str:
    calls = _edge(event.old, event.new).causes
    if calls is None:
        return "kernel"
    if event.exiting:
        return "exit"
    if event.in_call and (not event.call or event.call in calls):
        return Cause(event.call_t, event.tid)
    return "kernel"


def _tell(  # noqa: PLR0913, PLR0917 - a state change
    core: Core, track: Track, t: int, was: int, becomes: int, cause: Cause | str
) -> bool:
    """Tell of a state change, unless it is known already; tell of what must have come between."""
    if was == becomes:
        # close(2) after shutdown(2) sets FIN-WAIT-1 anew: tcp_close_state in net/ipv4/tcp.c.
        return False
    old, new, _, takes_minisock = _edge(was, becomes)
    current = track.life.tcp_state
    if t < track.tcp_t or (current == new and old != current):
        core.late += t < track.tcp_t
        return False
    inferred = False
    if takes_minisock and not _was_reset(track):
        new, inferred = "TIME-WAIT", True
        if current == new:
            return False
    if current == "TIME-WAIT" and old == "CLOSED":
        core.set_tcp(track, current, old, t, "kernel", inferred=True)
        current = old
    if current is None:
        current = old
    elif current != old:
        inferred = True
    core.set_tcp(track, current, new, t, cause, inferred=inferred)
    return True


def _was_reset(track: Track) -> bool:
    """Tell whether a reset came after the last change of state."""
    return track.reset_t >= max(track.tcp_t, 0)


def _follow(core: Core, track: Track, event: TcpState, cause: Cause | str) -> None:
    """Let the API state follow where the kernel ends what a call began."""
    if event.old == n.TCP_CLOSE:
        if isinstance(cause, Cause) and event.call.startswith("send"):
            # MSG_FASTOPEN: sendto(2) connects.
            core.set_api(track, CONNECTING, event.t, cause, remote=track.remote)
        return
    by_end = cause == "exit" or (cause != "kernel" and event.call in _CLOSING)
    if by_end and track.held is None:
        # The last to hold it was none that we know: this is how we learn of its end.
        close(core, track, event.t, cause, inferred=False)
    elif event.old in {n.TCP_SYN_SENT, n.TCP_SYN_RECV} and track.api == CONNECTING:
        if event.new == n.TCP_ESTABLISHED:
            connected_by_kernel(core, track, event.t)
        elif event.new == n.TCP_CLOSE and cause == "kernel":
            failed(core, track, event.t, "kernel")


def connected_by_kernel(core: Core, track: Track, t: int) -> None:
    """Take in that a connection attempt that no call waited for has succeeded."""
    local = track.local if has_port(track.local) else None
    peer = core.link_endpoint(track, track.local, track.remote)
    core.set_api(track, CONNECTED, t, "kernel", local=local, remote=track.life.remote, peer=peer)


def failed(core: Core, track: Track, t: int, cause: Cause | str) -> None:
    """Take in that a connection attempt has failed: the socket is as it was before."""
    core.unlink_endpoint(track)
    core.set_api(track, BOUND if track.bound else CREATED, t, cause)


def segment(core: Core, event: TcpSegment) -> None:
    """Take in a retransmit or a reset."""
    info = event.sock
    track = core.by_sk.get(info.sk) if info.sk else None
    if track is None and info.inode:
        track = core.by_inode.get(info.inode)
    if track is None:
        return
    kind = _SEGMENTS.get(event.event)
    if kind is None:
        return
    if kind != "retransmit":
        track.reset_t = max(track.reset_t, event.t)
    core.emit(TcpEvent(event.t, track.number, kind, state=tcp_state_name(info.tcp_state)))
