"""The sums of a batch's data calls, until the event that must find them taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.events import Call, Exec, Exit, Fork
from socktrace.names.constants import SOCK_STREAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from socktrace.events import Event
    from socktrace.model.folds import DataFold

BIRTHS: Final = frozenset({"socket", "socketpair", "accept", "accept4", "pidfd_getfd"})


class Sums:
    """Sums by socket and by process.

    Args:
        rows: of one batch.
    """

    def __init__(self, rows: Iterable[DataFold]) -> None:
        """Sort `rows` by whom they are about."""
        self._by_inode: dict[int, list[DataFold]] = {}
        self._by_pid: dict[int, dict[int, None]] = {}
        for row in rows:
            self._by_inode.setdefault(row.inode, []).append(row)
            self._by_pid.setdefault(row.last_pid, {})[row.inode] = None

    def __bool__(self) -> bool:
        """Whether any are left."""
        return bool(self._by_inode)

    def before(self, event: Event, end: int) -> Iterator[list[DataFold]]:
        """Take out what `event` must find done: the sums of calls that began before its `end`.

        One list for each socket. A call needs those of its sockets; a birth needs none, since the
        sums of an inode that it makes are of the new socket. What happens to a process needs those
        of all sockets that it was the last to use.
        """
        kind = type(event)
        if kind is Call:
            if event.call in BIRTHS:  # type: ignore[union-attr]
                return
            infos = (event.sock, event.other)  # type: ignore[union-attr]
            inodes: Iterable[int] = [info.inode for info in infos if info is not None]
        elif kind is Fork or kind is Exec or kind is Exit:
            inodes = self._by_pid.get(event.pid, ())  # type: ignore[union-attr]
        else:
            return
        for inode in inodes:
            rows = self._by_inode.get(inode)
            if rows is None:
                continue
            done = [row for row in rows if row.first_t < end]
            if len(done) == len(rows):
                del self._by_inode[inode]
            elif done:
                self._by_inode[inode] = [row for row in rows if row.first_t >= end]
            if done:
                yield done

    def rest(self) -> Iterable[list[DataFold]]:
        """What no event needed: one list for each socket."""
        return self._by_inode.values()


def types_of_born(events: Iterable[tuple[int, Event]]) -> dict[int, bool]:
    """Which sockets these events make, by inode: whether each is a stream."""
    streams: dict[int, bool] = {}
    for _, event in events:
        if type(event) is Call and event.call in BIRTHS:
            for info in (event.sock, event.other):
                if info is not None and info.type:
                    streams.setdefault(info.inode, info.type == SOCK_STREAM)
    return streams
