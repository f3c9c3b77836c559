"""Data calls, one by one or folded, and the descriptors that messages carry (SCM_RIGHTS)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from socktrace.calls import Direction
from socktrace.events import Call, Passed, SocketInfo
from socktrace.lines import Address, Cause, Folded
from socktrace.model import numbers as n
from socktrace.model.core import Core, cause_of, end_of
from socktrace.model.folds import DataFold
from socktrace.model.guess import adopt
from socktrace.model.holding import Act, Place, correction, install, settle
from socktrace.model.seeing import Named, heal, resolve, see
from socktrace.model.states import BOUND, CONNECTED, CONNECTING, CREATED
from socktrace.model.tables import table_of
from socktrace.model.totals import DATA_CALLS
from socktrace.model.tracks import Track
from socktrace.names.constants import AF_INET6, SOCK_DGRAM, SOCK_STREAM
from socktrace.names.errnos import errno_name

_FLAGS_ARGUMENT: Final = {"recvmsg": 2, "recvmmsg": 3, "recvmmsg_time64": 3}


class Passing:
    """Descriptors that messages carried whose call has not been told yet, by thread.

    The call may say that nothing was passed after all: it failed, or it only peeked.
    """

    def __init__(self, limit: int) -> None:
        """Remember at most ``limit`` threads."""
        self.forgotten = 0
        """Threads that there was no room for."""
        self._limit: Final = limit
        self._by_tid: Final[dict[int, tuple[int, list[Track]]]] = {}

    def note(self, tid: int, t: int, track: Track) -> None:
        """Remember that the call of a thread that began at ``t`` passed a socket."""
        known = self._by_tid.get(tid)
        if known is not None and known[0] == t:
            known[1].append(track)
            return
        self._by_tid[tid] = (t, [track])
        if len(self._by_tid) > self._limit:
            del self._by_tid[next(iter(self._by_tid))]
            self.forgotten += 1

    def take(self, tid: int, t: int) -> list[Track]:
        """Give what that call passed, and remember it no longer."""
        known = self._by_tid.get(tid)
        if known is None or known[0] != t:
            return []
        del self._by_tid[tid]
        return known[1]


def passed(core: Core, passing: Passing, event: Passed) -> None:
    """Take in one descriptor in a message: sent, it is a reference of its own until received."""
    if not event.received:
        track = resolve(core, event.sock, event.t)
        if track is None:
            return
        heal(core, track, Named(event.t, event.pid, event.files, event.fd))
        track.in_flight += 1
        passing.note(event.tid, event.t, track)
        return
    end = event.t + event.dur
    track = resolve(core, event.sock, end, origin="received")
    if track is None:
        return
    track.in_flight = max(track.in_flight - 1, 0)
    passing.note(event.tid, event.t, track)
    table = table_of(core, event.files, event.pid, end)
    if table is not None:
        place, act = Place(table, event.fd, event.pid), Act(end, "SCM_RIGHTS")
        install(core, place, track, act, cloexec=event.cloexec)


def data(core: Core, passing: Passing, call: Call) -> None:
    """Take in one data call."""
    track = see(core, call)
    core.syscall(call, track)
    carried = passing.take(call.tid, call.t)
    if carried:
        _settle_passed(core, call, track, carried)
    if track is not None and track.api == CONNECTING and call.ret > 0:
        core.set_api(track, CONNECTED, end_of(call), cause_of(call), inferred=True)
    info = call.sock
    if track is None or info is None or DATA_CALLS.get(call.call) is not Direction.OUT:
        return
    if info.local is not None and info.local.port:
        _autobind(core, track, info.local, end_of(call), cause_of(call))


def _settle_passed(core: Core, call: Call, carrier: Track | None, carried: list[Track]) -> None:
    """Take in what the call says of the descriptors in its message.

    A message waits in the queue of the carrier's peer, and goes with it if nobody receives it.
    """
    position = _FLAGS_ARGUMENT.get(call.call)
    if position is None and call.ret < 0:
        for track in carried:
            track.in_flight = max(track.in_flight - 1, 0)
            settle(core, track, correction(end_of(call)))
    elif position is None:
        peer = carrier.life.peer if carrier is not None else None
        receiver = core.by_number.get(peer) if peer is not None else None
        if receiver is not None:
            _enqueue(core, receiver, carried)
    elif len(call.raw) > position and call.raw[position] & n.MSG_PEEK:
        # unix(7): a peeked message keeps its descriptors, and gives copies.
        for track in carried:
            track.in_flight += 1
    elif carrier is not None:
        for track in carried:
            if carrier.queue and track in carrier.queue:
                carrier.queue.remove(track)


def _enqueue(core: Core, receiver: Track, carried: list[Track]) -> None:
    queue = receiver.queue = receiver.queue or []
    queue += carried
    surplus = len(queue) - core.limits.in_messages
    if surplus > 0:
        del queue[:surplus]
        core.unqueued += surplus


def _autobind(core: Core, track: Track, local: Address, t: int, cause: Cause) -> None:
    if track.type == SOCK_DGRAM and track.family in n.INET_FAMILIES and track.api == CREATED:
        track.bound = True
        core.set_api(track, BOUND, t, cause, local=local)


def data_folds(core: Core, rows: Iterable[DataFold]) -> None:
    """Take in sums of data calls, in the order in which each began; their lines are told apart."""
    for row in sorted(rows, key=_first):
        track = _track_of(core, row)
        if track is None:
            continue
        core.world.fold(
            track.number,
            row.call,
            row.count,
            row.bytes,
            row.time,
            {errno_name(error): times for error, times in row.errors.items()},
            row.last_t,
            row.last_pid,
            eof_t=row.eof_t,
            empty_datagrams=row.empty_datagrams,
            truncated=row.truncated,
            peeked=row.peeked,
            outgoing=row.outgoing,
        )
        _bound_by(core, track, row)


def told_folds(core: Core, rows: Iterable[DataFold], comm_of: Callable[[int, int], str]) -> None:
    """Take in sums of calls that have no lines of their own: the sums are told.

    They come late: what they are about may have ended meanwhile.
    """
    for row in sorted(rows, key=_first):
        former = core.number_of(row.inode, row.first_t) if row.inode else None
        track = _track_of(core, row)
        # Of a socket that was forgotten nobody knows the type here; whoever has its line does.
        stream = track is None or track.type in {0, SOCK_STREAM}
        message = track is None or not stream
        core.emit(
            Folded(
                t=row.first_t,
                until=row.last_t,
                pid=row.last_pid,
                tid=row.last_tid,
                comm=comm_of(row.last_tid, row.last_pid),
                call=row.call,
                count=row.count,
                fd=row.fd if row.fd >= 0 else None,
                socket=track.number if track is not None else former,
                bytes=row.bytes,
                time=row.time,
                errors={errno_name(error): times for error, times in row.errors.items()},
                eof=row.eof_t if stream else None,
                empty=row.empty_datagrams if message else 0,
                peeked=row.peeked,
                truncated=row.truncated,
                outgoing=row.outgoing,
            )
        )
        if track is not None:
            _bound_by(core, track, row)


def _first(row: DataFold) -> int:
    return row.first_t


def _track_of(core: Core, row: DataFold) -> Track | None:
    """Find the socket of a sum; None for no socket, and for one that was forgotten meanwhile."""
    if not row.inode:
        return None
    if row.inode not in core.by_inode and core.number_of(row.inode, row.first_t) is not None:
        return None
    track = socket_of(core, row.inode, row.first_t)
    if track.held is None:
        # A sum spans many events, so it says who holds a socket only if nobody else did.
        heal(core, track, Named(row.first_t, row.last_pid, row.files, row.fd))
    return track


def _bound_by(core: Core, track: Track, row: DataFold) -> None:
    if row.local_port and track.api == CREATED:
        wildcard = "::" if track.family == AF_INET6 else "0.0.0.0"  # noqa: S104 - ip(7)
        local = Address(track.life.family, ip=wildcard, port=row.local_port)
        _autobind(core, track, local, row.first_t, Cause(row.first_t, row.last_tid))


def socket_of(
    core: Core, inode: int, t: int, info: SocketInfo | None = None, origin: str | None = None
) -> Track:
    """Find a socket by its inode; one that nobody announced begins here."""
    track = core.by_inode.get(inode)
    if track is None:
        shown = info or SocketInfo(inode, 0, 0, 0, 0, 0)
        track = adopt(core, shown, t, origin=origin)
    elif info is not None:
        core.link(track, info)
    return track
