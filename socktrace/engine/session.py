"""A capture from beginning to end: attach, list what was there, follow, drain, close the books.

One thread: the kernel's rings are wide enough to wait a tick, and a reader that does nothing else
is easy to end at once.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.capture.source import Capture
from socktrace.engine.pipeline import Pipeline
from socktrace.host.blocked import calls_in_progress, descriptors_waited_for
from socktrace.host.descriptors import list_pids
from socktrace.host.epolls import list_epolls
from socktrace.host.existing import list_existing
from socktrace.host.processes import process_of
from socktrace.lines import Blocked
from socktrace.model.tracker import Tracker
from socktrace.model.waiting import WAITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.capture.counters import Counters
    from socktrace.capture.options import CaptureOptions
    from socktrace.capture.source import CallInProgress
    from socktrace.lines import Line
    from socktrace.model.world import World

TICK_SECONDS: Final = 0.02
"""How long to wait between two readings of the rings."""
BUSY_FILL: Final = 0.1
"""A ring that is this full after a tick is read again at once."""
_DESCRIPTOR_NAMES: Final = frozenset({"fd", "sockfd", "epfd", "out_fd", "fd_in", "oldfd"})
"""First arguments that are descriptors."""
LOSS_CHECK_SECONDS: Final = 0.25


class Session:
    """One run of the live source through the tracker.

    A context manager.

    Args:
        options: what to capture.
        sink: gets every line as it is concluded.
        say: told what is going on when it takes longer than a moment.

    Raises:
        SocktraceError: this machine does not allow it.
    """

    def __init__(
        self,
        options: CaptureOptions,
        sink: Callable[[Line], None],
        *,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Load the probes; nothing is captured yet."""
        self._options = options
        whole = options.pids is None and options.uid is None and options.cgroup is None
        self._whole = whole
        self.capture = Capture(options, say=say)
        self._sink = sink
        self._tracker = Tracker(
            sink,
            whole_machine=whole and options.calls is None,
            births_seen=options.calls is None,
        )
        self._pipeline = Pipeline(self._tracker, sink, self.capture.decoder.comms)
        self._next_loss_check = 0.0
        self.notes: list[str] = []
        """What could not be seen, in words for people."""

    @property
    def world(self) -> World:
        """What is known now."""
        return self._tracker.world

    @property
    def calls(self) -> int:
        """System calls seen so far."""
        return self._pipeline.calls

    def start(self, command: int | None = None) -> None:
        """Attach the probes, then list the sockets that exist.

        In this order nothing falls between the two: what was made before is listed, what is made
        from now on is seen being made. Events up to the listing go first, the listing corrects
        them, later events correct the listing.

        Args:
            command: the process that waits to become the traced command, if there is one: nothing
                else is listed, and of it not the name, which is still ours.
        """
        self.capture.start()
        self.notes += [f"this kernel has no tracepoint {name}" for name in self.capture.missing]
        before = self.capture.read()
        # Whom we watch is whom we list, and nobody is listed who is not to be shown.
        wanted = self._options.pids if command is None else {command}
        pids = list_pids() if wanted is None else wanted
        self.capture.adopt(calls_in_progress(pid for pid in pids if pid != os.getpid()))
        seen, listed, notes = list_existing(
            self.capture.now, exclude_pids={os.getpid()}, only_pids=wanted
        )
        self.notes += notes
        self._pipeline.take(before)
        for process in seen:
            if process.pid == command:
                self._tracker.feed(msgspec.structs.replace(process, comm="", cmdline=()))
                continue
            self.capture.decoder.comms.setdefault(process.pid, process.comm)
            self._tracker.feed(process)
        for socket in listed:
            self._tracker.feed(socket)
        for epoll in list_epolls((process.pid for process in seen), self.capture.now()):
            self._tracker.feed(epoll)

    def step(self, *, everything: bool = False) -> bool:
        """Take in what has come. True if there is likely more at once."""
        batch = self.capture.read(everything=everything)
        self._pipeline.take(batch)
        now = time.monotonic()
        if everything or now >= self._next_loss_check:
            self._next_loss_check = now + LOSS_CHECK_SECONDS
            for loss in self.capture.losses():
                self._tracker.feed(loss)
        return self.capture.fill() > BUSY_FILL

    def finish(self) -> Counters:
        """Take the probes off and take in what was still on its way; the books at the end."""
        blocked = self.capture.in_progress()
        self.capture.stop()
        self.step(everything=True)
        for call in blocked:
            self._tell_blocked(call)
        return self.capture.counters()

    def _tell_blocked(self, call: CallInProgress) -> None:
        """A call that never returned while we watched has no other line."""
        pid, name = process_of(call.tid), call.call.name
        if pid is None:
            return
        socket, sockets = None, None
        if name in WAITS:
            if name.startswith("epoll"):
                sockets = self._tracker.sockets_watched(pid, call.fd)
            else:
                named = descriptors_waited_for(pid, name, call.args)
                sockets = self._tracker.sockets_at(pid, named)
        elif call.inode:
            socket = self._tracker.socket_id(call.inode)
        if socket is None and not sockets:
            return
        self._sink(
            Blocked(
                t=self.capture.now(),
                since=call.since,
                pid=pid,
                tid=call.tid,
                comm=self._pipeline.comms.of(call.tid, pid),
                call=name,
                fd=call.fd if call.call.args[0] in _DESCRIPTOR_NAMES else None,
                socket=socket,
                sockets=sockets,
                began_before=call.began_before,
            )
        )

    def close(self) -> None:
        """Free what the kernel holds for us."""
        self.capture.close()

    def __enter__(self) -> Session:  # noqa: PYI034 - not meant to be derived from
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything go."""
        self.close()
