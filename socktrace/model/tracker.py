"""The tracker: from what the kernel reported to the lines of a recording.

`Tracker.feed` takes one event and sends what it concludes to a sink, as lines; its `World` is
always what those lines (and the folds) make of it. It never raises, whatever comes in whatever
order: late, twice, or not at all.

A data call comes either by `feed` or, summed up with others, by `feed_data`; never by both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from socktrace.calls import WAITS
from socktrace.events import (
    Call,
    Event,
    Exec,
    Exit,
    Fork,
    Healing,
    Listed,
    Loss,
    Passed,
    Renamed,
    Sampled,
    Seen,
    SocketInfo,
    TcpSegment,
    TcpState,
    Watched,
)
from socktrace.lines import Lost
from socktrace.model import (
    connecting,
    duplicating,
    existing,
    healing,
    opening,
    processes,
    tcp,
    transfer,
    waiting,
)
from socktrace.model.core import Core, Sink
from socktrace.model.folds import DataFold
from socktrace.model.limits import Limits
from socktrace.model.totals import DATA_CALLS
from socktrace.model.world import World

_CALLS: Final[Mapping[str, Callable[[Core, Call], None]]] = {
    "socket": opening.on_socket,
    "socketpair": opening.on_socketpair,
    "bind": connecting.on_bind,
    "listen": connecting.on_listen,
    "connect": connecting.on_connect,
    "getsockopt": connecting.on_getsockopt,
    "shutdown": connecting.on_shutdown,
    "getsockname": connecting.on_getsockname,
    "close": duplicating.on_close,
    "close_range": duplicating.on_close_range,
    "dup": duplicating.on_dup,
    "dup2": duplicating.on_dup2,
    "dup3": duplicating.on_dup2,
    "fcntl": duplicating.on_fcntl,
    "fcntl64": duplicating.on_fcntl,
    "ioctl": duplicating.on_ioctl,
    "pidfd_getfd": duplicating.on_pidfd_getfd,
}
"""What each call does; those that are not here change nothing but totals and options."""


class Tracker:
    """Rebuilds every socket's life from the kernel's events."""

    def __init__(
        self,
        sink: Sink,
        *,
        whole_machine: bool = False,
        births_seen: bool = True,
        limits: Limits | None = None,
    ) -> None:
        """Send lines to ``sink``.

        ``whole_machine``: no process is left out of sight, so that whoever could hold a listed
        socket is known. ``births_seen``: the calls that make sockets are among those that are
        captured; otherwise nothing can be said of where a socket came from.
        """
        self._core: Final = Core(sink, whole_machine=whole_machine, limits=limits or Limits())
        if not births_seen:
            self._core.gap_t = sys.maxsize
        self._embryos: Final = tcp.Embryos(self._core.limits.embryos)
        self._passing: Final = transfer.Passing(self._core.limits.passing)
        self._epolls: Final = waiting.Epolls(self._core.limits.epolls)
        accept = partial(_accept, self._embryos)
        data = partial(_data, self._passing)
        self._calls: Final[dict[str, Callable[[Core, Call], None]]] = {
            **dict.fromkeys(DATA_CALLS, data),
            **_CALLS,
            "accept": accept,
            "accept4": accept,
            "epoll_ctl": partial(_controlled, self._epolls),
            **dict.fromkeys(WAITS, partial(_waited, self._epolls)),
        }
        core = self._core
        self._events: Final[dict[type, Callable[[Any], None]]] = {
            Call: self._call,
            Passed: partial(transfer.passed, core, self._passing),
            Fork: self._fork,
            Exec: partial(processes.execute, core),
            Renamed: partial(processes.renamed, core),
            Exit: self._exit,
            TcpState: partial(tcp.state_changed, core, self._embryos),
            TcpSegment: partial(tcp.segment, core),
            Loss: self._loss,
            Listed: partial(existing.listed, core),
            Sampled: partial(existing.sampled, core),
            Watched: partial(waiting.watched, core, self._epolls),
            Seen: self._seen,
            Healing: self._heal,
        }

    @property
    def world(self) -> World:
        """What is known now. To be read only."""
        return self._core.world

    @property
    def late(self) -> int:
        """How many changes were left out because a later one was already known."""
        return self._core.late

    @property
    def evictions(self) -> Mapping[str, int]:
        """What was forgotten because `Limits` left no room: how much, by the limit's name."""
        return {
            **self._core.world.evictions,
            "embryos": self._embryos.forgotten,
            "passing": self._passing.forgotten,
            "in_messages": self._core.unqueued,
            "epolls": self._epolls.forgotten,
        }

    def feed(self, event: Event) -> None:
        """Take in one event."""
        self._events[type(event)](event)

    def feed_data(self, rows: Iterable[DataFold]) -> None:
        """Take in sums of data calls: for these no lines are made, but of what they show."""
        transfer.data_folds(self._core, rows)

    def feed_folded(self, rows: Iterable[DataFold], comm_of: Callable[[int, int], str]) -> None:
        """Take in sums of calls of which nothing else is known, and tell them.

        ``comm_of``: gives the name of a thread by its own and its process's number.
        """
        transfer.told_folds(self._core, rows, comm_of)

    def socket_id(self, inode: int) -> int | None:
        """Give the number of a socket by its inode."""
        track = self._core.by_inode.get(inode)
        return track.number if track is not None else None

    def ensure_socket(
        self, inode: int, t: int, info: SocketInfo | None = None, *, origin: str | None = None
    ) -> int:
        """Give the number of a socket by its inode; one that nobody announced begins here.

        ``origin``: by default "existing", or "unknown" after a loss that may have hidden its birth.
        """
        number = self._core.number_of(inode, t) if info is None else None
        if number is not None:
            return number
        return transfer.socket_of(self._core, inode, t, info, origin).number

    def sockets_at(self, pid: int, descriptors: Iterable[int]) -> list[int]:
        """Give the numbers of the sockets that these descriptors of a process name."""
        table = self._core.tables.latest(pid)
        slots = [table.slots.get(fd) for fd in descriptors] if table is not None else []
        return [slot.track.number for slot in slots if slot is not None and slot.track is not None]

    def sockets_watched(self, pid: int, epfd: int) -> list[int]:
        """Give the numbers of the sockets in the interest list of an epoll instance."""
        return [number for number, _ in (self._epolls.look(pid, epfd) or {}).values()]

    def never_accepted(self, socket_id: int) -> int:
        """Count a listener's connections that ended before accept took them."""
        track = self._core.by_number.get(socket_id)
        return track.never_accepted if track is not None else 0

    def _call(self, event: Call) -> None:
        self._calls.get(event.call, duplicating.on_other)(self._core, event)

    def _fork(self, event: Fork) -> None:
        processes.fork(self._core, event)
        self._epolls.fork(event.pid, event.child)

    def _exit(self, event: Exit) -> None:
        processes.leave(self._core, event)
        if event.last_thread:
            self._epolls.leave(event.pid)

    def _seen(self, event: Seen) -> None:
        processes.seen(self._core, event, event.t)

    def _heal(self, event: Healing) -> None:
        for pid in healing.heal(self._core, event):
            self._epolls.leave(pid)

    def _loss(self, event: Loss) -> None:
        core = self._core
        if event.hides_lives:
            core.gap_t = max(core.gap_t, event.t)
        core.emit(
            Lost(
                t=event.t,
                count=event.count,
                reason=event.reason,
                ring=event.ring or None,
                socket=self.socket_id(event.inode) if event.inode else None,
                call=event.call or None,
                errors=event.errors or None,
                bytes=event.bytes or None,
                since=event.since,
                until=event.until,
            )
        )


def _accept(embryos: tcp.Embryos, core: Core, call: Call) -> None:
    opening.on_accept(core, embryos, call)


def _data(passing: transfer.Passing, core: Core, call: Call) -> None:
    transfer.data(core, passing, call)


def _controlled(epolls: waiting.Epolls, core: Core, call: Call) -> None:
    waiting.controlled(core, epolls, call)


def _waited(epolls: waiting.Epolls, core: Core, call: Call) -> None:
    waiting.waited(core, epolls, call)
