"""The side of a capture that may take its time: from what was gathered to lines.

Pure: it asks neither the clock nor the machine, so it can run anywhere, at any time after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.calls import CALLS, WAITS
from socktrace.capture.source import RawBatch, decode_batch
from socktrace.decoder import Decoder
from socktrace.engine.pipeline import Pipeline
from socktrace.events import Named, Pending, Seen
from socktrace.lines import Blocked
from socktrace.model.limits import Limits
from socktrace.model.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from socktrace.engine.datacalls import DataSink
    from socktrace.engine.gathering import Item
    from socktrace.engine.setting import Setting
    from socktrace.events import Told
    from socktrace.lines import Line
    from socktrace.model.world import World

_DESCRIPTOR_NAMES: Final = frozenset({"fd", "sockfd", "epfd", "out_fd", "fd_in", "oldfd"})
"""First arguments that are descriptors."""
_FIRST_ARGUMENTS: Final = {spec.name: spec.args[0] for spec in CALLS}


class Interpreter:
    """Feeds what was gathered through the tracker.

    Args:
        setting: of the capture.
        sink: gets every line as it is concluded.
        limits: on what the model remembers; None: as usual.
        data_sink: gets data calls, many at once; None: their lines go to ``sink``.
    """

    def __init__(
        self,
        setting: Setting,
        sink: Callable[[Line], None],
        limits: Limits | None = None,
        data_sink: DataSink | None = None,
    ) -> None:
        limits = limits or Limits()
        self._decoder = Decoder(setting.base, limits.thread_names)
        self._sink = sink
        self._tracker = Tracker(
            sink,
            whole_machine=setting.whole_machine,
            births_seen=setting.births_seen,
            limits=limits,
        )
        self._pipeline = Pipeline(self._tracker, sink, self._decoder.comms, data_sink)

    @property
    def world(self) -> World:
        """What is known now."""
        return self._tracker.world

    @property
    def evictions(self) -> Mapping[str, int]:
        """What was forgotten because limits left no room: how much, by the limit's name."""
        return {**self._tracker.evictions, "thread_names": self._decoder.forgotten}

    @property
    def calls(self) -> int:
        """System calls seen so far."""
        return self._pipeline.calls

    def take(self, item: Item) -> None:
        """Take in one item; they come in the order in which they were gathered."""
        if isinstance(item, RawBatch):
            self._pipeline.take(decode_batch(self._decoder, item))
            return
        for event in item:
            self._feed(event)

    def _feed(self, event: Told) -> None:
        if isinstance(event, Named):
            self._name(event)
        elif isinstance(event, Pending):
            if blocked := self.blocked(event):
                self._sink(blocked)
        else:
            if isinstance(event, Seen) and event.comm:
                self._decoder.comms.setdefault(event.pid, event.comm)
            self._tracker.feed(event)

    def _name(self, event: Named) -> None:
        """A thread has a name: a new one, where an older thread of that number has ended."""
        self._decoder.comms[event.tid] = event.comm
        if event.tid in self._decoder.gone:
            self._decoder.gone.remove(event.tid)

    def blocked(self, call: Pending) -> Blocked | None:
        """What is to be told of a call that has not returned; None if it is about no socket."""
        socket, sockets = None, None
        if call.call in WAITS:
            if call.call.startswith("epoll"):
                sockets = self._tracker.sockets_watched(call.pid, call.fd)
            else:
                sockets = self._tracker.sockets_at(call.pid, call.descriptors)
        elif call.inode:
            socket = self._tracker.socket_id(call.inode)
        if socket is None and not sockets:
            return None
        return Blocked(
            t=call.t,
            since=call.since,
            pid=call.pid,
            tid=call.tid,
            comm=self._pipeline.comms.of(call.tid, call.pid),
            call=call.call,
            fd=call.fd if _FIRST_ARGUMENTS[call.call] in _DESCRIPTOR_NAMES else None,
            socket=socket,
            sockets=sockets,
            began_before=call.began_before,
        )
