"""What all parts of the tracker share: finding sockets, and telling what was concluded.

Every conclusion goes through `Core.emit`: it changes our own world first, then goes out. Lines
that one event causes come in a fixed order: socket, syscall, descriptor, state.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from socktrace.events import Call, SocketInfo
from socktrace.lines import Address, Cause, Line, Socket, State, Syscall
from socktrace.model.descriptors import Tables
from socktrace.model.limits import Limits
from socktrace.model.states import CLOSED, TCP_EDGES, is_allowed
from socktrace.model.tracks import Endpoint, Track, endpoint, is_tcp, reversed_endpoint
from socktrace.model.world import World
from socktrace.names.args import named_args
from socktrace.names.constants import family_name, protocol_name, type_name
from socktrace.names.errnos import errno_name

Sink = Callable[[Line], None]

_FORMER_MOST: Final = 65_536
"""Forgotten sockets whose numbers are kept: more than can close between a call and the moment when
the sum that it is part of arrives."""


def cause_of(call: Call) -> Cause:
    """Name a call as the cause of something."""
    return Cause(call.t, call.tid)


def end_of(call: Call) -> int:
    """Tell when a call returned: from then on others can see what it did."""
    return call.t + call.dur


@lru_cache(maxsize=256)
def _kind_of(family: int, type_: int, protocol: int) -> tuple[str, str, str]:
    """Name what sort of socket it is."""
    return family_name(family), type_name(type_), protocol_name(family, type_, protocol)


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
        self.former: Final[dict[int, tuple[int, int]]] = {}
        """Sockets that closed and were forgotten: inode -> number, and when they closed."""
        self.forgot_open = False
        """A socket was forgotten that had not closed: if it comes back, it is told as another."""
        self.unqueued = 0
        """Sockets in messages that there was no room for."""
        self.gone: Final[dict[int, int]] = {}
        """pid -> when it ended: what comes later of it was late."""
        self.gap_t = -1
        """When events of the life ring were last lost: before that, births, forks and passed
        descriptors may be missing."""
        self.healed_t = -1
        """When everything was last looked at anew: what a loss before that hid is known again."""
        self.late = 0
        """Changes left out because a later one was already known."""
        self._apply: Final = self.world.apply
        self._sink: Final = sink
        self._next_number = 1

    def emit(self, line: Line) -> None:
        """Conclude something."""
        self._apply(line)
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
        family, type_, protocol = _kind_of(info.family, info.type, info.protocol)
        self.emit(
            Socket(
                t,
                number,
                info.inode,
                family,
                type_,
                protocol,
                origin,
                listener,
                pid,
                info.netns or None,
                local,
                remote,
                peer,
                established,
                accept_wait,
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
        sk = info.sk
        if sk and track.api != CLOSED:
            if track.sk != sk:
                self.unlink_sk(track)
                track.sk = sk
            self.by_sk[sk] = track
        track.learn(info)
        if not track.family and info.family:
            self.complete(track, info, track.life.origin)

    def complete(self, track: Track, info: SocketInfo, origin: str, pid: int | None = None) -> None:
        """Tell what sort of socket it is, or where it came from, where its first event could not.

        This is a second line for the socket: what it says goes before what the first one said.
        """
        track.family, track.type, track.protocol = info.family, info.type, info.protocol
        track.tcp = is_tcp(info)
        family, type_, protocol = _kind_of(info.family, info.type, info.protocol)
        self.emit(
            Socket(
                t=track.life.created,
                socket=track.number,
                inode=track.inode,
                family=family,
                type=type_,
                protocol=protocol,
                origin=origin,
                pid=pid,
                netns=info.netns or None,
                local=info.local,
                remote=info.remote,
            )
        )

    def number_of(self, inode: int, t: int) -> int | None:
        """Give the number of the socket that an inode was at ``t``.

        Sums and records of data calls may come after their socket was closed and forgotten.
        """
        track = self.by_inode.get(inode)
        if track is not None:
            return track.number
        number, closed = self.former.get(inode, (None, -1))
        return number if t <= closed else None

    def unlink_sk(self, track: Track) -> None:
        """Forget a sock's address: the kernel may give it to another."""
        if self.by_sk.get(track.sk) is track:
            del self.by_sk[track.sk]

    def _forget(self, number: int) -> None:
        track = self.by_number.pop(number, None)
        if track is None:
            return
        closed = track.life.closed
        if closed is None:
            self.forgot_open = True
        elif track.inode:
            self.former[track.inode] = (number, closed)
            if len(self.former) > _FORMER_MOST:
                del self.former[next(iter(self.former))]
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
            track.endpoint = key
        if track.endpoint is None or key is None:
            return None
        self.by_endpoint[track.endpoint] = track
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
        ret, fd = call.ret, call.fd
        self.emit(
            Syscall(
                call.t,
                call.dur,
                call.pid,
                call.tid,
                call.comm,
                call.call,
                -1 if ret < 0 else ret,
                named_args(call),
                fd if fd >= 0 else None,
                track.number if track is not None else None,
                sockets,
                errno_name(-ret) if ret < 0 else None,
                "i386" if call.abi32 else None,
                base64.b64encode(call.payload).decode() if call.payload else None,
                call.unreadable,
                call.began_before,
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
        life, old = track.life, track.api
        if local is not None and (local is life.local or local == life.local):
            local = None
        if remote is not None and (remote is life.remote or remote == life.remote):
            remote = None
        new_peer = peer.number if peer is not None and peer.number != life.peer else None
        if to == old and local is None and remote is None and new_peer is None:
            return
        doubtful = inferred or not is_allowed("api", old, to)
        self.emit(State(t, track.number, "api", old, to, cause, doubtful, local, remote, new_peer))
        track.api = to
        track.api_t = t

    def set_tcp(  # noqa: PLR0913 - what a state line says
        self, track: Track, old: str | None, to: str, t: int, cause: Cause | str, *, inferred: bool
    ) -> None:
        """Take a connection to another state of TCP."""
        doubtful = inferred or (old is not None and (old, to) not in TCP_EDGES)
        self.emit(State(t, track.number, "tcp", old, to, cause, doubtful))
        if t > track.tcp_t:  # noqa: PLR1730 - max() is slow
            track.tcp_t = t
