"""What an event shows in passing: which socket a descriptor named at that moment."""

from __future__ import annotations

import msgspec

from socktrace.events import Call, SocketInfo
from socktrace.model.core import Core
from socktrace.model.guess import adopt
from socktrace.model.holding import Place, correction, install
from socktrace.model.tables import table_of
from socktrace.model.tracks import Track


class Named(msgspec.Struct, frozen=True, gc=False):
    """A descriptor at a moment, as an event speaks of it."""

    t: int
    pid: int
    files: int
    fd: int


def see(core: Core, call: Call, *, state: str | None = None) -> Track | None:
    """Find the socket that a call was made on, and take in what the call shows of it.

    ``state``: the API state it had before the call, if this is the first that we see of it.
    """
    info, fd = call.sock, call.fd
    if info is None:
        return None
    track = core.by_inode.get(info.inode) if info.inode else None
    if track is not None:
        # The way that nearly all calls go: a known socket, named by a number that is known for it.
        table = core.tables.known(call.files, call.pid)
        slot = table.slots.get(fd) if table is not None else None
        if slot is not None and slot.track is track:
            core.link(track, info)
            return track
    return see_socket(core, info, Named(call.t, call.pid, call.files, fd), state=state)


def see_socket(
    core: Core, info: SocketInfo | None, named: Named, *, state: str | None = None
) -> Track | None:
    """Find a socket that a descriptor named; correct the table if it says otherwise."""
    if info is None:
        return None
    track = resolve(core, info, named.t, state=state)
    if track is not None:
        heal(core, track, named)
    return track


def resolve(
    core: Core, info: SocketInfo, t: int, *, origin: str | None = None, state: str | None = None
) -> Track | None:
    """Find a socket by its inode; one that nobody announced begins here."""
    if not info.inode:
        return core.by_sk.get(info.sk) if info.sk else None
    track = core.by_inode.get(info.inode)
    if track is None:
        return adopt(core, info, t, origin=origin, state=state)
    core.link(track, info)
    return track


def heal(core: Core, track: Track, named: Named) -> None:
    """Take it that a descriptor named a socket at that moment, whatever we believed."""
    t, fd = named.t, named.fd
    if fd < 0:
        return
    table = table_of(core, named.files, named.pid, t)
    if table is None:
        return
    slot = table.slots.get(fd)
    if slot is None or (slot.track is not track and slot.since <= t):
        install(core, Place(table, fd, named.pid), track, correction(t))
