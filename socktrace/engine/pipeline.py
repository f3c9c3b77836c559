"""One batch after another through the tracker, in the kernel's order.

Full records step the tracker one by one. Data records are folded by socket, process and call
first; a socket's folds are taken in just before the first event of that socket that comes after
them, so that what the data calls did (bind a datagram socket, read end of file) is known by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.capture.folding import fold
from socktrace.engine.comms import Comms
from socktrace.engine.datalines import data_lines
from socktrace.events import Call, Exec, Exit, Fork
from socktrace.names.constants import SOCK_STREAM
from socktrace.wire import ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from socktrace.capture.source import Batch
    from socktrace.events import Event
    from socktrace.lines import Line
    from socktrace.model.folds import DataFold
    from socktrace.model.tracker import Tracker

_BIRTHS: Final = frozenset({"socket", "socketpair", "accept", "accept4", "pidfd_getfd"})


class Pipeline:
    """Feeds batches to a tracker and gives each data call a line.

    Args:
        tracker: its sink gets the lines of full records.
        sink: gets the lines of data calls, between those.
        comms: thread names by id, as the source shows them.
    """

    def __init__(
        self, tracker: Tracker, sink: Callable[[Line], None], comms: dict[int, str]
    ) -> None:
        """Feed `tracker`."""
        self._tracker = tracker
        self._sink = sink
        self.comms = Comms(comms)
        """Names of threads."""
        self.calls = 0
        """System calls taken in so far."""

    def take(self, batch: Batch) -> None:
        """Take in one batch."""
        data = batch.data
        self.calls += len(data)
        waiting = self._fold(data, batch.events)
        data_ends = ends(data)
        told = 0
        for end, event in batch.events:
            upto = int(np.searchsorted(data_ends, end, side="left")) if len(data) else 0
            if upto > told:
                self._tell(data[told:upto])
                told = upto
            if waiting:
                self._settle(waiting, end, event)
            self._tracker.feed(event)
            self.calls += type(event) is Call
        if told < len(data):
            self._tell(data[told:])
        for folds in waiting.values():
            self._tracker.feed_data(folds)

    def _fold(
        self, data: NDArray[np.void], events: list[tuple[int, Event]]
    ) -> dict[int, list[DataFold]]:
        waiting: dict[int, list[DataFold]] = {}
        for row in fold(data, lambda inode: self._is_stream(inode, events)):
            waiting.setdefault(row.inode, []).append(row)
        return waiting

    def _is_stream(self, inode: int, events: list[tuple[int, Event]]) -> bool | None:
        number = self._tracker.socket_id(inode)
        if number is not None:
            return self._tracker.world.life(number).type == "SOCK_STREAM"
        # Made in this very batch: the tracker has not been told yet.
        for _, event in events:
            if isinstance(event, Call) and event.call in _BIRTHS:
                for info in (event.sock, event.other):
                    if info is not None and info.inode == inode and info.type:
                        return info.type == SOCK_STREAM
        return None

    def _settle(self, waiting: dict[int, list[DataFold]], end: int, event: Event) -> None:
        """Take in the folds that `event` must find done: those that began before it."""
        if isinstance(event, Fork | Exec | Exit):
            inodes = [
                inode
                for inode, folds in waiting.items()
                if any(row.last_pid == event.pid for row in folds)
            ]
        elif isinstance(event, Call) and event.call not in _BIRTHS:
            inodes = [info.inode for info in (event.sock, event.other) if info is not None]
        else:
            return
        for inode in inodes:
            if folds := waiting.get(inode):
                if done := [row for row in folds if row.first_t < end]:
                    self._tracker.feed_data(done)
                if len(done) == len(folds):
                    del waiting[inode]
                else:
                    waiting[inode] = [row for row in folds if row.first_t >= end]

    def _tell(self, records: NDArray[np.void]) -> None:
        sink = self._sink
        for line in data_lines(records, self._socket_of, self.comms):
            sink(line)

    def _socket_of(self, inode: int, t: int) -> int:
        return self._tracker.ensure_socket(inode, t)
