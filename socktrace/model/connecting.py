"""Calls that name, connect and shut sockets: bind, listen, connect, shutdown."""

from __future__ import annotations

import struct
from typing import Final

from socktrace.events import Call
from socktrace.lines import Address
from socktrace.model import numbers as n
from socktrace.model.core import Core, cause_of, end_of
from socktrace.model.seeing import see
from socktrace.model.states import (
    BOUND,
    CONNECTED,
    CONNECTING,
    CREATED,
    LISTENING,
    SHUTDOWN,
    SYNCHRONISED,
)
from socktrace.model.tcp import connected_by_kernel, failed
from socktrace.model.tracks import Track, has_port
from socktrace.model.world import CONNECT_FAILURES
from socktrace.names.constants import SOCK_DGRAM
from socktrace.names.errnos import errno_name
from socktrace.names.sockopts import SOL_SOCKET

_SO_ERROR: Final = 4
_INT: Final = struct.Struct("=i")

_DISSOLVED: Final = Address(family="AF_UNSPEC")
"""What a socket's remote address is after connect(2) to AF_UNSPEC."""


def _see(core: Core, call: Call) -> Track | None:
    """Find the socket; one met here first was, before the call, what socket(2) made."""
    state = CREATED if call.ret == 0 else None
    return see(core, call, state=state)


def _own_address(call: Call) -> Address | None:
    sock = call.sock
    return sock.local if sock is not None and has_port(sock.local) else None


def on_bind(core: Core, call: Call) -> None:
    """Take in bind(2); the kernel may have picked the port or, for AF_UNIX, the name."""
    track = _see(core, call)
    core.syscall(call, track)
    if track is None or call.ret != 0:
        return
    track.bound = True
    local = _own_address(call) or call.addr
    state = BOUND if track.api in {None, CREATED} else track.api
    core.set_api(track, state or BOUND, end_of(call), cause_of(call), local=local)


def on_listen(core: Core, call: Call) -> None:
    """Take in listen(2); on an unbound inet socket the kernel picks the port (ip(7))."""
    track = _see(core, call)
    core.syscall(call, track)
    if track is None or call.ret != 0:
        return
    local = _own_address(call)
    core.set_api(track, LISTENING, end_of(call), cause_of(call), local=local)
    core.link_listener(track, track.life.local)


def on_connect(core: Core, call: Call) -> None:
    """Take in connect(2): its own result, and what became of the attempt by then."""
    track = _see(core, call)
    core.syscall(call, track)
    if track is None:
        return
    error = -call.ret
    if call.addr is not None and call.addr.family == "AF_UNSPEC":
        if call.ret == 0:
            _dissolve(core, call, track)
    elif call.ret == 0 or (error == n.EISCONN and track.api == CONNECTING):
        _connected(core, call, track)
    elif error == n.EINPROGRESS or (error in n.INTERRUPTED and track.tcp):
        _begin(core, call, track)
    elif track.api == CONNECTING and errno_name(error) in CONNECT_FAILURES:
        failed(core, track, end_of(call), cause_of(call))


def _connected(core: Core, call: Call, track: Track) -> None:
    local, remote = _own_address(call), call.addr
    info = call.sock
    if track.api == CONNECTING and remote is None:
        remote = track.life.remote
    if info is not None and has_port(info.remote):
        remote = info.remote
    peer = core.link_endpoint(track, local or track.local, remote)
    if info is not None and info.peer_sk:
        peer = core.by_sk.get(info.peer_sk)
    core.set_api(
        track, CONNECTED, end_of(call), cause_of(call), local=local, remote=remote, peer=peer
    )


def _begin(core: Core, call: Call, track: Track) -> None:
    """Take in an attempt that goes on behind the call; it may have ended before it returned."""
    if track.api not in {CONNECTING, CREATED, BOUND}:
        return
    if track.api != CONNECTING:
        # The segment went out within the call, and the answer may have come in within it, too.
        remote = call.addr
        core.set_api(
            track, CONNECTING, call.t, cause_of(call), local=_own_address(call), remote=remote
        )
    if not track.tcp or track.tcp_t < call.t:
        return
    if track.life.tcp_state in SYNCHRONISED:
        connected_by_kernel(core, track, track.tcp_t)
    elif track.life.tcp_state == "CLOSED":
        failed(core, track, track.tcp_t, "kernel")
    else:
        core.link_endpoint(track, track.local, track.remote)


def _dissolve(core: Core, call: Call, track: Track) -> None:
    """Take in the end of an association: connect(2), AF_UNSPEC.

    An address that only the association gave goes with it: __udp_disconnect in net/ipv4/udp.c,
    tcp_disconnect in net/ipv4/tcp.c.
    """
    if track.api in {None, CREATED, BOUND, LISTENING} and track.type != SOCK_DGRAM:
        return
    core.unlink_endpoint(track)
    shown = call.sock.local if call.sock is not None else None
    bound = track.bound if shown is None else has_port(shown)
    state = BOUND if bound else CREATED
    core.set_api(track, state, end_of(call), cause_of(call), local=shown, remote=_DISSOLVED)


def on_getsockopt(core: Core, call: Call) -> None:
    """Take in getsockopt(2): SO_ERROR tells how a connection attempt has ended (connect(2)).

    Zero is no proof that it has ended, so it counts only where nothing else told of the handshake.
    """
    track = see(core, call)
    core.syscall(call, track)
    if track is None or track.api != CONNECTING or call.ret != 0:
        return
    if tuple(call.raw[1:3]) != (SOL_SOCKET, _SO_ERROR) or len(call.blob) < _INT.size:
        return
    t, cause = end_of(call), cause_of(call)
    if _INT.unpack_from(call.blob)[0]:
        failed(core, track, t, cause)
    elif not track.tcp or track.tcp_t < track.api_t:
        core.set_api(track, CONNECTED, t, cause, inferred=True)


def on_shutdown(core: Core, call: Call) -> None:
    """Take in shutdown(2): a half, or both, of a connection."""
    track = see(core, call)
    core.syscall(call, track)
    if track is None or call.ret != 0:
        return
    how = call.raw[1] & 0xFFFF_FFFF if len(call.raw) > 1 else -1
    t, cause = end_of(call), cause_of(call)
    if track.family in n.INET_FAMILIES and track.api in {LISTENING, CONNECTING}:
        # Ends listening or the attempt, no more: inet_shutdown in net/ipv4/af_inet.c.
        if how != n.SHUT_WR or track.api == CONNECTING:
            core.unlink_listener(track)
            failed(core, track, t, cause)
        return
    state = SHUTDOWN.get((track.api or "", how))
    if state is not None:
        core.set_api(track, state, t, cause)


def on_getsockname(core: Core, call: Call) -> None:
    """Take in getsockname(2): it shows the name that the kernel gave to an AF_UNIX socket.

    unix(7), "Autobind feature": the name is nowhere else to be seen.
    """
    track = see(core, call)
    core.syscall(call, track)
    if track is None or track.api is None or call.ret < 0:
        return
    if call.addr is None or not call.addr.path:
        return
    known = track.life.local
    if known is None or not known.path:
        core.set_api(track, track.api, end_of(call), cause_of(call), local=call.addr)
