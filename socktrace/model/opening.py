"""Calls that make sockets: socket, socketpair, accept."""

from __future__ import annotations

import struct
from typing import Final

from socktrace.events import Call, SocketInfo
from socktrace.lines import Address
from socktrace.model import numbers as n
from socktrace.model.core import Core, cause_of, end_of
from socktrace.model.holding import Place, act_of, correction, install, settle
from socktrace.model.seeing import Named, see_socket
from socktrace.model.states import CONNECTED, CREATED
from socktrace.model.tables import table_of
from socktrace.model.tcp import Embryos
from socktrace.model.tracks import Track, endpoint, has_port
from socktrace.names.constants import AF_UNIX, tcp_state_name

_GUESSED: Final = frozenset({"existing", "unknown"})
"""Origins that only say that the birth has not been told (yet)."""

_PAIR: Final = struct.Struct("=ii")


def _argument(call: Call, index: int) -> int:
    return call.raw[index] if index < len(call.raw) else 0


def _known(core: Core, call: Call, info: SocketInfo, origin: str) -> Track | None:
    """Find a socket that a later event has already shown, when its birth comes late.

    One that is older than the call is another: the kernel has used the inode number again.
    """
    track = core.by_inode.get(info.inode)
    if track is None:
        return None
    if track.life.created >= call.t:
        if track.life.origin in _GUESSED:
            core.complete(track, info, origin, call.pid)
        return track
    settle(core, track, correction(call.t), refs=1)
    return None


def on_socket(core: Core, call: Call) -> None:
    """Take in socket(2)."""
    if call.ret < 0 or call.sock is None:
        core.syscall(call, None)
        return
    info, end = call.sock, end_of(call)
    track = _known(core, call, info, "socket")
    fresh = track is None
    if track is None:
        track = core.birth(info, end, "socket", pid=call.pid)
    core.syscall(call, track)
    cloexec = bool(_argument(call, 1) & n.SOCK_CLOEXEC)
    _open(core, call, track, call.ret, cloexec=cloexec)
    if fresh:
        core.set_api(track, CREATED, end, cause_of(call))


def on_socketpair(core: Core, call: Call) -> None:
    """Take in socketpair(2): two sockets that are each other's peer."""
    if call.ret < 0 or call.sock is None or call.other is None:
        core.syscall(call, None)
        return
    end = end_of(call)
    first = _known(core, call, call.sock, "socketpair") or core.birth(
        call.sock, end, "socketpair", pid=call.pid
    )
    second = _known(core, call, call.other, "socketpair") or core.birth(
        call.other, end, "socketpair", pid=call.pid, peer=first.number
    )
    core.syscall(call, first)
    fds = (call.fd, call.other_fd)
    if len(call.blob) >= _PAIR.size:
        fds = _PAIR.unpack_from(call.blob)
    cloexec = bool(_argument(call, 1) & n.SOCK_CLOEXEC)
    for track, fd in zip((first, second), fds, strict=True):
        _open(core, call, track, fd, cloexec=cloexec)
    for track in (first, second):
        if track.api is None:
            core.set_api(track, CONNECTED, end, cause_of(call))


def on_accept(core: Core, embryos: Embryos, call: Call) -> None:
    """Take in accept(2) and accept4(2): a connection that may have existed for a while."""
    listener_info = call.other or (call.sock if call.ret < 0 else None)
    fd = call.other_fd if call.other is not None and call.other_fd >= 0 else call.fd
    listener = see_socket(core, listener_info, Named(call.t, call.pid, call.files, fd))
    if call.ret < 0 or call.sock is None:
        core.syscall(call, listener)
        return
    info, end = call.sock, end_of(call)
    track = _known(core, call, info, "accept")
    if track is not None:
        core.syscall(call, listener)
        _open_accepted(core, call, track)
        return
    embryo = embryos.take(info.sk)
    established = embryo.established if embryo is not None else None
    local, remote = _addresses(call, info, listener)
    peer = _peer(core, info) or core.peer_at(endpoint(info.netns, local, remote))
    track = core.birth(
        info,
        end,
        "accept",
        listener=listener.number if listener is not None else None,
        pid=call.pid,
        local=local,
        remote=remote,
        peer=peer.number if peer is not None else None,
        established=established,
        accept_wait=max(end - established, 0) if established is not None else None,
    )
    core.link_endpoint(track, local, remote)
    core.syscall(call, listener)
    _open_accepted(core, call, track)
    core.set_api(track, CONNECTED, end, cause_of(call))
    if embryo is not None:
        embryo.flush(core, track)
    if track.tcp and info.tcp_state and (embryo is None or core.gap_t >= 0):
        state, known = tcp_state_name(info.tcp_state), track.life.tcp_state
        if state != known:
            core.set_tcp(track, known, state, end, "unknown", inferred=True)


def _open_accepted(core: Core, call: Call, track: Track) -> None:
    cloexec = call.call == "accept4" and bool(_argument(call, 3) & n.SOCK_CLOEXEC)
    _open(core, call, track, call.ret, cloexec=cloexec)


def _addresses(
    call: Call, info: SocketInfo, listener: Track | None
) -> tuple[Address | None, Address | None]:
    """Give both addresses of an accepted socket; AF_UNIX takes over its listener's name."""
    local = info.local if has_port(info.local) else None
    if info.family == AF_UNIX and listener is not None:
        local = listener.life.local
    remote = info.remote if has_port(info.remote) else call.addr
    return local, remote


def _peer(core: Core, info: SocketInfo) -> Track | None:
    return core.by_sk.get(info.peer_sk) if info.peer_sk else None


def _open(core: Core, call: Call, track: Track, fd: int, *, cloexec: bool) -> None:
    table = table_of(core, call.files, call.pid, end_of(call))
    if table is not None:
        install(core, Place(table, fd, call.pid), track, act_of(call), cloexec=cloexec)
