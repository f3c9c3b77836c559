"""What is believed brought in line with what the kernel has, after records of lives were lost.

The look takes a while, and the machine goes on meanwhile. So whatever an event told of a later
moment than the beginning of the look stays as it is; all else is corrected, by lines marked as
inferred (descriptors: via "unknown") that bear that moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.lines import Healed, Process
from socktrace.model import existing, processes
from socktrace.model.guess import api_state_of
from socktrace.model.healing_descriptors import Descriptors, Names
from socktrace.model.holding import OURS, close, reopen
from socktrace.model.numbers import INET_FAMILIES
from socktrace.model.states import (
    BOUND,
    CLOSED,
    CONNECTED,
    CONNECTING,
    CREATED,
    LISTENING,
    SHUT_BOTH,
    SHUT_READ,
    SHUT_WRITE,
)
from socktrace.model.tracks import endpoint, has_port
from socktrace.names.constants import AF_UNIX, SOCK_STREAM, tcp_state_name

if TYPE_CHECKING:
    from socktrace.events import Healing, Listed, Seen
    from socktrace.lines import Address
    from socktrace.model.core import Core
    from socktrace.model.tracks import Track

_FIN_SENT: Final = frozenset({"FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "LAST-ACK"})
"""While a descriptor still names the socket: shutdown(2) has ended its sending half."""
_AFTER_SHUTDOWN: Final = {CONNECTED: SHUT_WRITE, SHUT_READ: SHUT_BOTH}
_OVER: Final = frozenset({"CLOSED", "TIME-WAIT"})
_TIME_WAIT: Final = "TIME-WAIT"


def heal(core: Core, event: Healing) -> list[int]:
    """Take in what was found; give the processes that were found to be gone."""
    return _Healer(core, event).run()


class _Healer:
    """One healing."""

    def __init__(self, core: Core, event: Healing) -> None:
        self._core: Final = core
        self._event: Final = event
        self._moment: Final = event.began
        self._closed = self._found = self._states = self._processes = 0
        self._descriptors: Final = Descriptors(core, event)
        self._alive: Final = {*event.alive, *(listed.info.inode for listed in event.listed)}
        self._orphans: Final = {
            endpoint(info.netns, info.local, info.remote): tcp_state_name(info.tcp_state)
            for info in event.orphans
        }

    def run(self) -> list[int]:
        core, event = self._core, self._event
        gone = self._end_processes()
        for seen in event.seen:
            self._meet(seen)
        named: dict[int, Names] = {pid: {} for pid in event.looked}
        for listed in event.listed:
            self._take(listed, named)
        self._descriptors.correct(named)
        for life in core.world.open_sockets():
            track = core.by_number.get(life.socket)
            if track is None or life.created > self._moment:
                continue
            if self._is_gone(track):
                self._close(track)
            else:
                track.listed = True
                if track.slots:
                    # A message that carried it is likelier to have been received unseen than to be
                    # on its way at this very moment.
                    track.in_flight = 0
        core.healed_t = max(core.healed_t, self._moment)
        healed = Healed(
            t=self._moment,
            since=event.since,
            closed=self._closed,
            found=self._found,
            descriptors=self._descriptors.count,
            states=self._states,
            processes=self._processes,
            complete=event.complete,
        )
        changed = healed.closed or healed.found or healed.descriptors or healed.states
        if changed or healed.processes or not event.again:
            core.emit(healed)
        return gone

    # --- processes --------------------------------------------------------------------------

    def _end_processes(self) -> list[int]:
        core = self._core
        known = {pid for pid, life in core.world.processes.items() if life.ended is None}
        gone = [
            pid
            for pid in (known | set(core.tables.by_pid)).difference(self._event.pids)
            if not self._is_newer(pid)
        ]
        for pid in gone:
            self._descriptors.leave_all(pid)
            processes.note_end(core, pid, self._moment)
            if pid in known:
                self._processes += 1
                comm = core.world.processes[pid].comm
                core.emit(Process(t=self._moment, event="exit", pid=pid, comm=comm, inferred=True))
        return gone

    def _is_newer(self, pid: int) -> bool:
        """Tell whether events have shown the process to exist since the look began."""
        life = self._core.world.processes.get(pid)
        if life is not None and life.told > self._moment:
            return True
        return self._descriptors.used_since(pid)

    def _meet(self, seen: Seen) -> None:
        """Tell of a process whose birth, or whose new program, was lost."""
        life = self._core.world.processes.get(seen.pid)
        if life is not None and life.told > self._moment:
            return
        # Programs rename themselves, and rewrite their arguments: both at once is another.
        if (
            life is not None
            and life.ended is None
            and (life.comm == seen.comm or life.cmdline == list(seen.cmdline))
        ):
            return
        if processes.seen(self._core, seen, self._moment, inferred=True):
            self._processes += 1

    # --- sockets ----------------------------------------------------------------------------

    def _take(self, listed: Listed, named: dict[int, Names]) -> None:
        """Find or begin the socket, bring its state in line, and note who holds it."""
        core, info = self._core, listed.info
        if not info.inode:
            return
        track = core.by_inode.get(info.inode)
        if track is not None and not _is_same(track, listed) and not self._is_used(track):
            # The kernel has given the inode number to another socket.
            if track.api != CLOSED:
                self._descriptors.drop_all(track)
                self._close(track)
            track = None
        if track is None:
            self._found += 1
            track = existing.begin(core, listed, self._moment, "unknown")
        elif track.api == CLOSED and not reopen(core, track, self._moment):
            return
        else:
            core.link(track, info)
            self._states += self._set_states(track, listed)
        track.listed = True
        for pid, fd, cloexec, _ in listed.holders:
            if pid in named:
                named[pid][fd] = (track, cloexec)

    def _set_states(self, track: Track, listed: Listed) -> bool:
        """Correct what the kernel shows to be otherwise; tell whether anything was."""
        core, t = self._core, self._moment
        changed = self._set_tcp(track, tcp_state_name(listed.info.tcp_state))
        state = _api_now(track, listed)
        if state == track.api or track.api_t > t:
            return changed
        local, remote = _ends(listed)
        if track.api == LISTENING:
            core.unlink_listener(track)
        peer = core.link_endpoint(track, local, remote) if state == CONNECTED else None
        core.set_api(
            track,
            state,
            t,
            "unknown",
            local=local,
            remote=remote if state == CONNECTED else None,
            peer=peer,
            inferred=True,
        )
        track.bound = track.bound or state == BOUND
        if state == LISTENING:
            core.link_listener(track, local)
        return True

    def _set_tcp(self, track: Track, new: str) -> bool:
        if not track.tcp or track.tcp_t > self._moment:
            return False
        old = track.life.tcp_state
        # A full sock that is closed may have left a small one in TIME-WAIT behind.
        if old == new or (old in {None, _TIME_WAIT} and new == "CLOSED"):
            return False
        self._core.set_tcp(track, old, new, self._moment, "unknown", inferred=True)
        return True

    def _is_used(self, track: Track) -> bool:
        """Tell whether something has happened on a socket since the look began."""
        return max(track.api_t, track.tcp_t, track.life.last_used or 0) > self._moment

    def _is_gone(self, track: Track) -> bool:
        """Tell whether a socket that we believe to be open can be nowhere in the kernel."""
        if track.slots or track.inode in self._alive or self._is_used(track):
            return False
        if self._event.tables and _would_be_listed(track):
            return True
        # One that sock_diag(7) does not tell of may still be in a message, or with a stranger.
        holders_known = (self._core.whole_machine) or track.life.origin in OURS
        return holders_known and not track.in_flight

    def _close(self, track: Track) -> None:
        key = track.endpoint
        track.in_flight = 0
        close(self._core, track, self._moment, "unknown", inferred=True)
        self._closed += 1
        if track.life.tcp_state in {None, *_OVER}:
            return
        left = self._orphans.get(key, "CLOSED") if key is not None else "CLOSED"
        if self._set_tcp(track, left) and left in _OVER:
            self._core.unlink_sk(track)


def _is_same(track: Track, listed: Listed) -> bool:
    info = listed.info
    if not track.family or not info.family:
        return True
    return (track.family, track.type) == (info.family, info.type)


def _ends(listed: Listed) -> tuple[Address | None, Address | None]:
    """Give both addresses as far as they say anything."""
    local, remote = listed.local or listed.info.local, listed.remote or listed.info.remote
    return (local if _says(local) else None), (remote if _says(remote) else None)


def _says(address: Address | None) -> bool:
    return address is not None and (has_port(address) or bool(address.path) or address.unnamed)


def _would_be_listed(track: Track) -> bool:
    """Tell whether sock_diag(7) would show it: of inet sockets only what has a port is listed."""
    if track.family in INET_FAMILIES:
        return has_port(track.life.local) and track.life.tcp_state not in _OVER
    return track.family == AF_UNIX


def _api_now(track: Track, listed: Listed) -> str:
    """Give the API state: what we believe, unless what the kernel shows cannot be with it."""
    now = track.api or CREATED
    info = listed.info
    if listed.listening:
        return LISTENING
    shown = api_state_of(info)
    if shown != CONNECTING and (_ends(listed)[1] is not None or listed.peer_inode):
        shown = CONNECTED
    if shown == CREATED and _ends(listed)[0] is not None and _says_bound(listed):
        shown = BOUND
    if now in {CREATED, BOUND, CONNECTING, LISTENING}:
        # A connection that was reset has no address left, and is still one for its program.
        return BOUND if shown == CREATED and track.bound else shown
    if shown in {CREATED, BOUND} and info.type != SOCK_STREAM and info.family in INET_FAMILIES:
        return shown  # connect(2) to AF_UNSPEC
    if track.tcp and tcp_state_name(info.tcp_state) in _FIN_SENT:
        return _AFTER_SHUTDOWN.get(now, now)
    return now


def _says_bound(listed: Listed) -> bool:
    local = listed.local or listed.info.local
    return local is not None and (has_port(local) or bool(local.path))
