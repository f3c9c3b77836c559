"""What all parts of the tracker share: finding sockets, and telling what was concluded.

Every conclusion goes through `Core.emit`: it changes our own world first, then goes out. Lines
that one event causes come in a fixed order: socket, syscall, descriptor, state.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from socktrace.events import Call, SocketInfo
from socktrace.lines import Address, Cause, Line, Socket, State, Syscall
from socktrace.model.descriptors import Tables
from socktrace.model.limits import Limits
from socktrace.model.states import CLOSED, is_allowed
from socktrace.model.tracks import Endpoint, Track, endpoint, is_tcp, reversed_endpoint
from socktrace.model.world import World
from socktrace.names.args import named_args
from socktrace.names.constants import family_name, protocol_name, type_name
from socktrace.names.errnos import errno_name

Sink = Callable[[Line], None]


def cause_of(call: Call) -> Cause:
    """Name a call as the cause of something."""
    return Cause(call.t, call.tid)


def end_of(call: Call) -> int:
    """Tell when a call returned: from then on others can see what it did."""
    return call.t + call.dur


class Core:
    """The sockets that are followed, and the way out for lines."""

    def __init__(self, sink: Sink, *, whole_machine: bool, limits: Limits) -> None:
        """Begin with an empty world; lines go to ``sink``."""
        self.limits: Final = limits
        self.whole_machine: Final = whole_machine
        self.world: Final = World(limits, on_evict=self._forget)
        self.tables: Final = Tables()
        self.by_number: Final[dict[int, Track]] = {}
        self.by_inode: Final[dict[int, Track]] = {}
        self.by_sk: Final[dict[int, Track]] = {}
        self.by_endpoint: Final[dict[Endpoint, Track]] = {}
        self.listeners: Final[dict[tuple[int, str | None, int], Track]] = {}
        """Listening inet sockets by network namespace, own address and port."""
        self.gone: Final[dict[int, int]] = {}
        """pid -> when it ended: what comes later of it was late."""
        self.gap_t = -1
        """When events of the life ring were last lost: before that, births, forks and passed
        descriptors may be missing."""
        self.late = 0
        """Changes left out because a later one was already known."""
        self._sink: Final = sink
        self._next_number = 1

    def emit(self, line: Line) -> None:
        """Conclude something."""
        self.world.apply(line)
        self._sink(line)

    # --- sockets ----------------------------------------------------------------------------

    def birth(  # noqa: PLR0913 - what a socket line says
        self,
        info: SocketInfo,
        t: int,
        origin: str,
        *,
        listener: int | None = None,
        pid: int | None = None,
        local: Address | None = None,
        remote: Address | None = None,
        peer: int | None = None,
        established: int | None = None,
        accept_wait: int | None = None,
    ) -> Track:
        """Tell of a socket for the first time."""
        number = self._next_number
        self._next_number += 1
        family, type_ = info.family, info.type
        self.emit(
            Socket(
                t=t,
                socket=number,
                inode=info.inode,
                family=family_name(family),
                type=type_name(type_),
                protocol=protocol_name(family, type_, info.protocol),
                origin=origin,
                listener=listener,
                pid=pid,
                netns=info.netns or None,
                local=local,
                remote=remote,
                peer=peer,
                established=established,
                accept_wait=accept_wait,
            )
        )
        track = Track(number, info, self.world.sockets[number])
        self.by_number[number] = track
        if info.inode:
            self.by_inode[info.inode] = track
        if info.sk:
            self.by_sk[info.sk] = track
        return track

    def link(self, track: Track, info: SocketInfo) -> None:
        """Keep what an event shows of a known socket."""
        if info.sk and track.sk != info.sk and track.api != CLOSED:
            if self.by_sk.get(track.sk) is track:
                del self.by_sk[track.sk]
            track.sk = info.sk
        if info.sk and track.api != CLOSED:
            self.by_sk[info.sk] = track
        track.learn(info)
        if not track.family and info.family:
            self.complete(track, info, track.life.origin)

    def complete(self, track: Track, info: SocketInfo, origin: str, pid: int | None = None) -> None:
        """Tell what sort of socket it is, or where it came from, where its first event could not.

        This is a second line for the socket: what it says goes before what the first one said.
        """
        track.family, track.type, track.protocol = info.family, info.type, info.protocol
        track.tcp = is_tcp(info)
        self.emit(
            Socket(
                t=track.life.created,
                socket=track.number,
                inode=track.inode,
                family=family_name(info.family),
                type=type_name(info.type),
                protocol=protocol_name(info.family, info.type, info.protocol),
                origin=origin,
                pid=pid,
                netns=info.netns or None,
                local=info.local,
                remote=info.remote,
            )
        )

    def unlink_sk(self, track: Track) -> None:
        """Forget a sock's address: the kernel may give it to another."""
        if self.by_sk.get(track.sk) is track:
            del self.by_sk[track.sk]

    def _forget(self, number: int) -> None:
        track = self.by_number.pop(number, None)
        if track is None:
            return
        if self.by_inode.get(track.inode) is track:
            del self.by_inode[track.inode]
        self.unlink_sk(track)
        self.unlink_endpoint(track)
        self.unlink_listener(track)

    # --- peers ------------------------------------------------------------------------------

    def link_endpoint(
        self, track: Track, local: Address | None, remote: Address | None
    ) -> Track | None:
        """Make a connected socket findable by its addresses; give the other end if it is here."""
        key = endpoint(track.netns, local, remote)
        if key != track.endpoint:
            self.unlink_endpoint(track)
        if key is None:
            return None
        track.endpoint = key
        self.by_endpoint[key] = track
        return self.peer_at(key, track)

    def peer_at(self, key: Endpoint | None, track: Track | None = None) -> Track | None:
        """Find the socket at the other end of a connection, if it is on this machine."""
        other = self.by_endpoint.get(reversed_endpoint(key)) if key is not None else None
        if other is None or other is track or (track is not None and other.tcp != track.tcp):
            return None
        return other

    def link_listener(self, track: Track, local: Address | None) -> None:
        """Make a listening socket findable by its address."""
        if local is not None and local.port:
            self.listeners[track.netns, local.ip, local.port] = track

    def unlink_listener(self, track: Track) -> None:
        """Forget the address of a socket that listens no longer."""
        local = track.life.local
        key = (track.netns, local.ip, local.port) if local is not None and local.port else None
        if key is not None and self.listeners.get(key) is track:
            del self.listeners[key]

    def unlink_endpoint(self, track: Track) -> None:
        """Forget the addresses of a socket that is no longer connected."""
        if track.endpoint is not None and self.by_endpoint.get(track.endpoint) is track:
            del self.by_endpoint[track.endpoint]
        track.endpoint = None

    # --- lines ------------------------------------------------------------------------------

    def syscall(self, call: Call, track: Track | None, *, sockets: list[int] | None = None) -> None:
        """Tell of a call that returned; ``sockets``: those it waited for, if it does."""
        failed = call.ret < 0
        self.emit(
            Syscall(
                t=call.t,
                dur=call.dur,
                pid=call.pid,
                tid=call.tid,
                comm=call.comm,
                call=call.call,
                ret=-1 if failed else call.ret,
                args=named_args(call),
                fd=call.fd if call.fd >= 0 else None,
                socket=track.number if track is not None else None,
                errno=errno_name(-call.ret) if failed else None,
                abi="i386" if call.abi32 else None,
                payload=base64.b64encode(call.payload).decode() if call.payload else None,
                unreadable=call.unreadable,
                began_before=call.began_before,
                sockets=sockets,
            )
        )

    def set_api(  # noqa: PLR0913 - what a state line says
        self,
        track: Track,
        to: str,
        t: int,
        cause: Cause | str,
        *,
        local: Address | None = None,
        remote: Address | None = None,
        peer: Track | None = None,
        inferred: bool = False,
    ) -> None:
        """Take a socket to another API state, or tell new addresses of it in the same one."""
        if t < track.api_t:
            self.late += 1
            return
        life = track.life
        local = local if local != life.local else None
        remote = remote if remote != life.remote else None
        new_peer = peer.number if peer is not None and peer.number != life.peer else None
        if to == track.api and local is None and remote is None and new_peer is None:
            return
        old = track.api
        self.emit(
            State(
                t=t,
                socket=track.number,
                layer="api",
                from_=old,
                to=to,
                cause=cause,
                inferred=inferred or not is_allowed("api", old, to),
                local=local,
                remote=remote,
                peer=new_peer,
            )
        )
        track.api = to
        track.api_t = t

    def set_tcp(  # noqa: PLR0913 - what a state line says
        self, track: Track, old: str | None, to: str, t: int, cause: Cause | str, *, inferred: bool
    ) -> None:
        """Take a connection to another state of TCP."""
        self.emit(
            State(
                t=t,
                socket=track.number,
                layer="tcp",
                from_=old,
                to=to,
                cause=cause,
                inferred=inferred or not is_allowed("tcp", old, to),
            )
        )
        track.tcp_t = max(t, track.tcp_t)
