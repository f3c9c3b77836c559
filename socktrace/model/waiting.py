"""Calls that wait for several descriptors: which sockets they are about.

poll(2) and select(2) name descriptors of the caller's; epoll_wait(2) names an epoll instance, whose
interest list was made by epoll_ctl(2) before (epoll(7)). A wait about no socket is none of our
business: programs wait for pipes, timers and terminals too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from socktrace.events import Call, Watched
from socktrace.model.core import Core, end_of
from socktrace.model.seeing import see
from socktrace.model.tables import table_of
from socktrace.names.readiness import epoll_events, poll_fds, select_sets

_ADD: Final = 1
_DELETE: Final = 2
_MODIFY: Final = 3
"""include/uapi/linux/eventpoll.h."""
_SET_SIZE: Final = 256
"""Descriptors of select that an event has room for."""

Interest = dict[int, tuple[int, int]]
"""fd -> (socket, data) of an epoll instance."""


class Epolls:
    """The interest lists of epoll instances, as far as they hold sockets, by process and number."""

    def __init__(self, limit: int) -> None:
        """Keep at most ``limit`` lists: a program may open instances without end."""
        self.forgotten = 0
        """Lists that there was no room for."""
        self._limit: Final = limit
        self._by_pid: Final[dict[int, dict[int, Interest]]] = {}
        self._count = 0

    def interest(self, pid: int, epfd: int) -> Interest:
        """Give the list of an instance, to be read or changed."""
        mine = self._by_pid.setdefault(pid, {})
        interest = mine.get(epfd)
        if interest is None:
            interest = mine[epfd] = {}
            self._add(1)
        return interest

    def look(self, pid: int, epfd: int) -> Interest | None:
        """Give the list of an instance that ever held a socket."""
        return self._by_pid.get(pid, {}).get(epfd)

    def fork(self, parent: int, child: int) -> None:
        """Let a child name the same instances by the same numbers (fork(2))."""
        mine = self._by_pid.get(parent)
        if mine:
            self.leave(child)
            self._by_pid[child] = dict(mine)
            self._add(len(mine))

    def leave(self, pid: int) -> None:
        """Forget what a process that ended had."""
        self._count -= len(self._by_pid.pop(pid, ()))

    def _add(self, count: int) -> None:
        """Count lists that have come; those of the process known longest go first."""
        self._count += count
        while self._count > self._limit:
            pid, oldest = next(iter(self._by_pid.items()))
            del oldest[next(iter(oldest))]
            if not oldest:
                del self._by_pid[pid]
            self._count -= 1
            self.forgotten += 1


def watched(core: Core, epolls: Epolls, event: Watched) -> None:
    """Take in an epoll instance that existed when we attached."""
    for fd, inode, data in event.targets:
        track = core.by_inode.get(inode)
        if track is not None:
            epolls.interest(event.pid, event.epfd)[fd] = (track.number, data)


def controlled(core: Core, epolls: Epolls, call: Call) -> None:
    """Take in epoll_ctl(2) on a socket."""
    track = see(core, call)
    core.syscall(call, track)
    if call.ret < 0 or track is None or len(call.raw) < _MODIFY:
        return
    epfd, operation = call.raw[0] & 0xFFFFFFFF, call.raw[1]
    if operation == _DELETE:
        epolls.interest(call.pid, epfd).pop(call.fd, None)
    elif operation in {_ADD, _MODIFY}:
        given = epoll_events(call.blob)
        data = given[0]["data"] if given else 0
        epolls.interest(call.pid, epfd)[call.fd] = (track.number, data)


def waited(core: Core, epolls: Epolls, call: Call) -> None:
    """Take in a call that waited, if it was about a socket."""
    if call.call.startswith("epoll"):
        _epoll_waited(core, epolls, call)
        return
    named, whole = _NAMED[call.call](call)
    table = table_of(core, call.files, call.pid, end_of(call))
    slots = table.slots if table is not None else {}
    known = [slots[fd].track for fd in named if fd in slots]
    sockets = [track.number for track in known if track is not None]
    # Of a list too long for the event, any socket that the process holds may be in the rest.
    if sockets or (not whole and any(slot.track is not None for slot in slots.values())):
        core.syscall(call, None, sockets=sockets)


def _epoll_waited(core: Core, epolls: Epolls, call: Call) -> None:
    interest = epolls.look(call.pid, call.fd)
    if interest is None and core.gap_t < 0:
        return
    by_data = {data: number for number, data in (interest or {}).values()}
    ready = [by_data.get(event["data"]) for event in epoll_events(call.blob)]
    core.syscall(call, None, sockets=[number for number in ready if number is not None])


def _polled(call: Call) -> tuple[list[int], bool]:
    asked = call.raw[1] if len(call.raw) > 1 else 0
    named = [entry["fd"] for entry in poll_fds(call.blob)]
    return named, asked <= len(named)


def _selected(call: Call) -> tuple[list[int], bool]:
    sets = select_sets(call.blob)
    highest = call.raw[0] & 0xFFFFFFFF if call.raw else 0
    if sets is None:
        return [], highest == 0
    asked = {fd for members in sets[0].values() for fd in members}
    return sorted(asked), highest <= _SET_SIZE


_NAMED: Final[Mapping[str, Callable[[Call], tuple[list[int], bool]]]] = {
    **dict.fromkeys("poll ppoll ppoll_time64".split(), _polled),
    **dict.fromkeys("select _newselect pselect6 pselect6_time64".split(), _selected),
}
"""Call -> the descriptors it names, and whether these are all of them."""
