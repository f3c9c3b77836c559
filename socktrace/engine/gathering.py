"""The side of a capture that must keep up: read the rings, and ask the machine what only it knows.

Nothing is interpreted here. What comes out is a sequence of items, each to be understood after all
before it; whoever has them needs neither this machine nor a clock any more.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.calls import WAITS
from socktrace.capture.source import Capture, RawBatch
from socktrace.engine.garbage import give_back_memory
from socktrace.engine.meanwhile import Meanwhile
from socktrace.engine.mending import Mending
from socktrace.engine.naming import Naming
from socktrace.events import Pending, Told
from socktrace.host.blocked import calls_in_progress, descriptors_waited_for
from socktrace.host.descriptors import list_pids
from socktrace.host.epolls import list_epolls
from socktrace.host.existing import list_existing
from socktrace.host.looking_again import look_again
from socktrace.host.processes import process_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from socktrace.capture.counters import Counters
    from socktrace.capture.options import CaptureOptions
    from socktrace.capture.source import CallInProgress
    from socktrace.events import Healing

TICK_SECONDS: Final = 0.02
"""How long to wait between two readings of the rings."""
BUSY_FILL: Final = 0.1
"""A ring that is this full after a tick is read again at once."""
LOSS_CHECK_SECONDS: Final = 0.25

_PIECE: Final = 500

Item = RawBatch | list[Told]
"""What was read from the rings, or what the machine was asked."""


class Gatherer:
    """One run of the live source.

    A context manager.

    Args:
        options: what to capture.
        sink: gets every item, in the order in which they are to be understood. A batch may be
            changed once it has returned.
        say: told what is going on when it takes longer than a moment.
        ours: processes that work for us, and are not to be listed.

    Raises:
        SocktraceError: this machine does not allow it.
    """

    def __init__(
        self,
        options: CaptureOptions,
        sink: Callable[[Item], object],
        *,
        say: Callable[[str], None] = lambda _: None,
        ours: Sequence[int] = (),
    ) -> None:
        """Load the probes; nothing is captured yet."""
        self._options = options
        self.capture = Capture(options, say=say)
        self._sink = sink
        self._ours = {os.getpid(), *ours}
        self._naming = Naming()
        self._next_loss_check = 0.0
        self._elsewhere = 0
        """ns that reading the rings, and what is done with it at once, took within looks."""
        self._mending = Mending(self._look_again, lambda: self._elsewhere)
        self._next_read = 0.0
        self.lost: dict[tuple[str, str], int] = {}
        """What was lost so far, by reason and ring."""
        self.notes: list[str] = []
        """What could not be seen, in words for people."""

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
        before = self.capture.read_raw()
        # Whom we watch is whom we list, and nobody is listed who is not to be shown.
        wanted = self._options.pids if command is None else {command}
        pids = list_pids() if wanted is None else wanted
        self.capture.adopt(calls_in_progress(pid for pid in pids if pid not in self._ours))
        # Where tens of thousands of sockets exist this takes a second or more.
        with Meanwhile(self.capture.read_raw, TICK_SECONDS) as meanwhile:
            seen, listed, notes = list_existing(
                self.capture.now, exclude_pids=self._ours, only_pids=wanted
            )
            epolls = list(list_epolls((process.pid for process in seen), self.capture.now()))
        self.notes += notes
        self.capture.know(
            (socket.info.inode for socket in listed),
            (socket.local.port or 0 for socket in listed if socket.listening and socket.local),
        )
        self._take(before)
        self._naming.tell(process.pid for process in seen if process.pid != command)
        self._emit(
            msgspec.structs.replace(process, comm="", cmdline=())
            if process.pid == command
            else process
            for process in seen
        )
        # In pieces: the memory of one is there for what the next becomes.
        while listed:
            self._emit(listed[:_PIECE])
            del listed[:_PIECE]
        self._emit(epolls)
        for raw in meanwhile.batches:
            self._take(raw)
        del seen, epolls, meanwhile
        give_back_memory()

    def step(self, *, everything: bool = False) -> bool:
        """Take in what has come. True if there is likely more at once."""
        began = self.capture.now()
        self._take(self.capture.read_raw(everything=everything))
        if healing := self._mending.ready(began):
            self._emit((healing,))
        now = time.monotonic()
        if everything or now >= self._next_loss_check:
            self._next_loss_check = now + LOSS_CHECK_SECONDS
            self._check_losses()
        if not everything:
            self._mending.look_if_due(self.capture.now())
        return self.capture.fill() > BUSY_FILL

    def finish(self) -> Counters:
        """Take the probes off and take in what was still on its way; the books at the end."""
        blocked = self.capture.in_progress()
        self._check_losses()
        self._mending.look_before_end()
        self.capture.stop()
        self.step(everything=True)
        if healing := self._mending.last():
            self._emit((healing,))
        self._emit(self.pending(blocked))
        return self.capture.counters()

    def _check_losses(self) -> None:
        losses = self.capture.losses()
        self._emit(losses)
        self._mending.note(losses)
        for loss in losses:
            kind = (loss.reason, loss.ring)
            self.lost[kind] = self.lost.get(kind, 0) + loss.count

    def _look_again(self, since: int, again: bool) -> Healing:  # noqa: FBT001 - as Mending calls it
        """See what exists; the rings are read meanwhile, or more would be lost by looking."""
        return look_again(
            self.capture.now,
            since,
            exclude_pids=self._ours,
            only_pids=self.capture.processes(),
            again=again,
            pause=self._read_meanwhile,
        )

    def _read_meanwhile(self) -> None:
        now = time.monotonic()
        if now >= self._next_read:
            began = self.capture.now()
            self._take(self.capture.read_raw())
            self._elsewhere += self.capture.now() - began
            self._next_read = time.monotonic() + TICK_SECONDS

    def _take(self, raw: RawBatch) -> None:
        self._emit(self._naming.unnamed(raw))
        if len(raw.full) or len(raw.data) or len(raw.folds):
            self._sink(raw)

    def _emit(self, events: Iterable[Told]) -> None:
        if told := list(events):
            self._sink(told)

    def pending(self, calls: Iterable[CallInProgress]) -> list[Told]:
        """What is to be told of calls that have not returned: they show in no record."""
        told: list[Told] = []
        for call in calls:
            pid, name = process_of(call.tid), call.call.name
            if pid is None:
                continue
            descriptors: Sequence[int] = ()
            if name in WAITS and not name.startswith("epoll"):
                descriptors = descriptors_waited_for(pid, name, call.args)
            told += self._naming.look_up(pid, call.tid)
            told.append(
                Pending(
                    t=self.capture.now(),
                    since=call.since,
                    pid=pid,
                    tid=call.tid,
                    call=name,
                    fd=call.fd,
                    inode=call.inode,
                    descriptors=tuple(descriptors),
                    began_before=call.began_before,
                )
            )
        return told

    def close(self) -> None:
        """Free what the kernel holds for us."""
        self.capture.close()

    def __enter__(self) -> Gatherer:  # noqa: PYI034 - not meant to be derived from
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything go."""
        self.close()
