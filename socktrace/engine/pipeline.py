"""One batch after another through the tracker, in the kernel's order.

Full records step the tracker one by one. Data records are folded by socket, process and call
first; a socket's folds are taken in just before the first event of that socket that comes after
them, so that what the data calls did (bind a datagram socket, read end of file) is known by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from socktrace.capture.folding import fold
from socktrace.engine.comms import UNKNOWN, Comms
from socktrace.engine.datacalls import DataCalls, DataRun
from socktrace.engine.sums import Sums, types_of_born
from socktrace.engine.templates import Templates
from socktrace.events import Call
from socktrace.wire import ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.capture.source import Batch
    from socktrace.engine.datacalls import DataSink
    from socktrace.lines import Line
    from socktrace.model.tracker import Tracker


class Pipeline:
    """Feeds batches to a tracker and gives each data call a line.

    Args:
        tracker: its sink gets the lines of full records.
        sink: gets the lines of data calls, between those.
        comms: thread names by id, as the source shows them.
        data_sink: gets the data calls themselves, many at once; None: their lines go to ``sink``.
    """

    def __init__(
        self,
        tracker: Tracker,
        sink: Callable[[Line], None],
        comms: dict[int, str],
        data_sink: DataSink | None = None,
    ) -> None:
        """Feed `tracker`."""
        self._tracker = tracker
        self._sink = sink
        self._data_sink = data_sink or self._tell_one_by_one
        self._templates = Templates()
        self.comms = Comms(comms)
        """Names of threads."""
        self.calls = 0
        """System calls taken in so far."""

    def take(self, batch: Batch) -> None:
        """Take in one batch."""
        data = batch.data
        feed = self._tracker.feed
        self.calls += len(data) + [type(event) for _, event in batch.events].count(Call)
        if len(data):
            self._take_both(batch)
        else:
            for _, event in batch.events:
                feed(event)
        if batch.folds:
            self.calls += sum(row.count for row in batch.folds)
            self._tracker.feed_folded(batch.folds, self._comm_of)

    def _take_both(self, batch: Batch) -> None:
        """Take in events, and data calls between them by when they returned."""
        data, feed, feed_data = batch.data, self._tracker.feed, self._tracker.feed_data
        sums = self._sums(batch)
        calls = DataCalls(data, self._tracker, self.comms, self._templates)
        times = np.array([end for end, _ in batch.events], np.int64)
        places = np.searchsorted(ends(data).astype(np.int64), times, side="left").tolist()
        told = 0
        for (end, event), upto in zip(batch.events, places, strict=True):
            if upto > told:
                self._data_sink(DataRun(calls, told, upto))
                told = upto
            if sums:
                for rows in sums.before(event, end):
                    feed_data(rows)
            feed(event)
        if told < len(data):
            self._data_sink(DataRun(calls, told, len(data)))
        for rows in sums.rest():
            feed_data(rows)

    def _comm_of(self, tid: int, pid: int) -> str:
        """The name of a thread, or of its process; sums come when either may be gone."""
        life = self._tracker.world.processes.get(pid)
        name = self.comms.of(tid, pid)
        return life.comm if name == UNKNOWN and life is not None and life.comm else name

    def _sums(self, batch: Batch) -> Sums:
        births: dict[int, bool] | None = None

        def is_stream(inode: int) -> bool | None:
            nonlocal births
            number = self._tracker.socket_id(inode)
            if number is not None:
                return self._tracker.world.life(number).type == "SOCK_STREAM"
            # Made in this very batch: the tracker has not been told yet.
            if births is None:
                births = types_of_born(batch.events)
            return births.get(inode)

        return Sums(fold(batch.data, is_stream))

    def _tell_one_by_one(self, run: DataRun) -> None:
        sink = self._sink
        for line in run.lines():
            sink(line)
