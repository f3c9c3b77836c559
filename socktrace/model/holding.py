"""Who holds a socket: descriptors opened and closed, and when the last one is gone.

The kernel's word goes before the model's: where an event shows that a number names another socket
than we believed, the table is corrected by lines marked as inferred (via "unknown").
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from socktrace.events import Call
from socktrace.lines import Cause, Descriptor
from socktrace.model.core import Core, cause_of, end_of
from socktrace.model.descriptors import Slot, Table
from socktrace.model.states import CLOSED, CONNECTED
from socktrace.model.tracks import Track

Change = Literal["opened", "closed"]

_UNKNOWN: Final = "unknown"

OURS: Final = frozenset({"socket", "socketpair", "accept"})
"""Origins that leave nobody unknown who could hold the socket."""


class Act(msgspec.Struct, frozen=True, gc=False):
    """What opens or closes descriptors."""

    t: int
    via: str
    """As `lines.Descriptor` names it; "unknown" where we only correct what we believed."""
    cause: Cause | str = _UNKNOWN
    """Of the state changes that follow."""

    @property
    def inferred(self) -> bool:
        """Tell whether it was concluded, not seen."""
        return self.via == _UNKNOWN


class Place(msgspec.Struct, frozen=True, gc=False):
    """A number in a descriptor table, and the process under which its holder is told."""

    table: Table
    fd: int
    pid: int


def act_of(call: Call, via: str | None = None) -> Act:
    """Make a call that has returned the act; ``via`` is its own name unless given."""
    return Act(end_of(call), via or call.call, cause_of(call))


def correction(t: int) -> Act:
    """Make the act that brings the model in line with what an event shows."""
    return Act(t, _UNKNOWN)


def install(
    core: Core,
    place: Place,
    track: Track,
    act: Act,
    *,
    cloexec: bool = False,
) -> None:
    """Let a number of a table name a socket, unless it has changed since then."""
    fd, since = place.fd, act.t
    if fd < 0:
        return
    slot = place.table.slots.get(fd)
    if slot is not None:
        if slot.track is track:
            if slot.since <= act.t and not act.inferred:
                slot.cloexec = cloexec
            return
        if slot.since > act.t:
            core.late += 1
            return
        since = max(act.t, slot.since)
        lose(core, slot, since)
    if track.api == CLOSED and not reopen(core, track, since):
        return
    put(place, track, since, cloexec=cloexec)
    tell(core, "opened", place, track, act if since == act.t else Act(since, act.via, act.cause))


def reopen(core: Core, track: Track, t: int) -> bool:
    """Take back a wrong conclusion: a socket that is named after its end has not ended."""
    if track.life.closed is None or t <= track.life.closed:
        core.late += 1
        return False
    endings = (s.from_ for s in reversed(track.life.states) if s.layer == "api" and s.to == CLOSED)
    core.set_api(track, next(endings, None) or CONNECTED, t, _UNKNOWN, inferred=True)
    return True


def put(place: Place, track: Track, since: int, *, cloexec: bool) -> None:
    """Enter a socket in a table, without telling."""
    table, fd = place.table, place.fd
    slot = table.slots[fd] = Slot(table, fd, track, place.pid, since, cloexec=cloexec)
    track.hold(slot)


def tell(core: Core, event: Change, place: Place, track: Track, act: Act) -> None:
    """Tell that a process gained or lost a descriptor."""
    inferred = act.via == _UNKNOWN
    core.emit(Descriptor(act.t, track.number, place.pid, place.fd, event, act.via, inferred))


def drop(core: Core, slot: Slot, act: Act) -> Track | None:
    """Let a number name no socket any more; what that means for the socket is `settle`'s."""
    track = slot.track
    if track is None:
        return None
    track.release(slot)
    slot.track = None
    slot.since = max(act.t, slot.since)
    tell(core, "closed", Place(slot.table, slot.fd, slot.pid), track, act)
    return track


def lose(core: Core, slot: Slot, t: int) -> None:
    """Correct a number that we wrongly believed to name a socket."""
    track = drop(core, slot, correction(t))
    if track is not None:
        settle(core, track, correction(t))


def settle(core: Core, track: Track, act: Act, refs: int = 0) -> None:
    """Close a socket if the descriptor that just went was the last.

    ``refs``: references to the open file just before, that descriptor among them, as the kernel
    counted them; 0 when not known. 1 ends every doubt.
    """
    if track.api == CLOSED:
        return
    if refs == 1:
        for slot in track.slots:
            drop(core, slot, correction(act.t))
        track.in_flight = 0
    elif track.held or track.in_flight or _may_be_held_elsewhere(core, track, refs):
        return
    close(core, track, act.t, act.cause, inferred=act.inferred)


def close(core: Core, track: Track, t: int, cause: Cause | str, *, inferred: bool) -> None:
    """End a socket's life for programs; its connection may go on for a while."""
    core.set_api(track, CLOSED, max(t, track.api_t), cause, inferred=inferred)
    core.unlink_endpoint(track)
    core.unlink_listener(track)
    if track.life.tcp_state in {None, "CLOSED", "TIME-WAIT"}:
        core.unlink_sk(track)
    waiting, track.queue = track.queue, None
    for passed in waiting or ():
        passed.in_flight = max(passed.in_flight - 1, 0)
        settle(core, passed, Act(t, _UNKNOWN, cause))


def _may_be_held_elsewhere(core: Core, track: Track, refs: int) -> bool:
    """Tell whether a process that we do not know of may hold the socket.

    If none can, further references (``refs`` above 1) are calls in progress in other threads.
    """
    if track.life.created <= core.gap_t and core.healed_t < core.gap_t:
        return True
    if track.life.origin in OURS:
        return False
    everyone_known = track.listed and core.whole_machine
    return not everyone_known or refs > 1
