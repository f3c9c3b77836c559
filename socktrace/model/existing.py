"""Sockets that were there when we attached: listed by sock_diag(7) and /proc (proc(5)).

We attach first and list then, so what events told in the meantime is newer, and wins.
"""

from __future__ import annotations

from socktrace.events import Listed, Sampled
from socktrace.lines import Sample
from socktrace.model.core import Core
from socktrace.model.guess import api_state_of
from socktrace.model.holding import Act, Place, install
from socktrace.model.states import (
    BOUND,
    CLOSED,
    CONNECTED,
    CONNECTING,
    CREATED,
    LISTENING,
    SHUT_BITS,
)
from socktrace.model.tables import table_of
from socktrace.model.tracks import Track, has_port
from socktrace.names.constants import AF_UNIX, tcp_state_name


def listed(core: Core, event: Listed) -> None:
    """Take in one listed socket with its holders and queues."""
    if not event.info.inode:
        return
    track = core.by_inode.get(event.info.inode)
    if track is None:
        track = begin(core, event, event.t, "existing")
    elif track.api == CLOSED:
        core.late += 1
        return
    else:
        core.link(track, event.info)
    track.listed = True
    act = Act(event.t, "existing")
    for pid, fd, cloexec, _ in event.holders:
        table = table_of(core, 0, pid, event.t)
        if table is None:
            continue
        slot = table.slots.get(fd)
        if slot is None:
            install(core, Place(table, fd, pid), track, act, cloexec=cloexec)
        elif slot.track is track:
            slot.cloexec = cloexec
    if event.receive_queue is not None or event.send_queue is not None or event.tcp_info:
        core.emit(
            Sample(event.t, track.number, event.receive_queue, event.send_queue, event.tcp_info)
        )


def sampled(core: Core, event: Sampled) -> None:
    """Take in the queues of a socket that is known, where they are news."""
    track = core.by_inode.get(event.inode)
    if track is None or track.api == CLOSED:
        return
    queues, known = (event.receive_queue, event.send_queue), core.world.life(track.number).sample
    if event.tcp_info or known is None or (known.receive_queue, known.send_queue) != queues:
        core.emit(Sample(event.t, track.number, *queues, event.tcp_info))


def begin(core: Core, event: Listed, t: int, origin: str) -> Track:
    """Begin to follow a listed socket, from the moment ``t`` on."""
    info = event.info
    local, remote = event.local or info.local, event.remote or info.remote
    if info.family != AF_UNIX:
        remote = remote if has_port(remote) or (remote is not None and not remote.ip) else None
    peer = core.by_inode.get(event.peer_inode) if event.peer_inode else None
    if peer is None and info.peer_sk:
        peer = core.by_sk.get(info.peer_sk)
    track = core.birth(
        info,
        t,
        origin,
        local=local,
        remote=remote,
        peer=peer.number if peer is not None else None,
    )
    track.local, track.remote = local, remote
    state = _state(event, bound=local is not None and (has_port(local) or bool(local.path)))
    track.bound = state not in {CREATED, CONNECTING, CONNECTED}
    other = core.link_endpoint(track, local, remote)
    inferred = origin != "existing"
    core.set_api(track, state, t, "unknown", peer=other, inferred=inferred)
    if track.tcp and info.tcp_state:
        core.set_tcp(track, None, tcp_state_name(info.tcp_state), t, "unknown", inferred=inferred)
    if state == LISTENING:
        core.link_listener(track, local)
    return track


def _state(event: Listed, *, bound: bool) -> str:
    shut = SHUT_BITS.get(event.shutdown)
    if event.listening:
        return LISTENING
    state = api_state_of(event.info)
    if state != CONNECTING and (event.remote is not None or event.peer_inode):
        state = CONNECTED
    if state == CREATED and bound:
        state = BOUND
    return shut if shut is not None and state == CONNECTED else state
