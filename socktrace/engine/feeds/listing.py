"""A source without eBPF: sockets as sock_diag(7) and /proc list them, again and again.

What happens between two listings is not seen: calls, bytes, causes. What is concluded from two of
them is marked so.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from socktrace.engine.feeds.base import MachineFeed
from socktrace.events import Sampled
from socktrace.host.existing import list_existing
from socktrace.host.looking_again import look_again
from socktrace.lines import Healed
from socktrace.model.tracker import Tracker
from socktrace.view.look import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from socktrace.events import Event
    from socktrace.lines import Line
    from socktrace.model.limits import Limits

SECONDS: Final = 1.0
"""Between two listings."""
_SHARE: Final = 0.2
"""Of the time at most: a listing of 50,000 sockets takes some seconds."""
_PIECE: Final = 500
"""Sockets taken in before somebody may look."""
_NOTE: Final = (
    "calls, bytes and short-lived sockets are not seen: this is what sock_diag and /proc list, "
    "about once a second"
)


class ListingFeed(MachineFeed):
    """The sockets that exist, listed about once a second.

    Args:
        why: why there is nothing better, in words for people.
        pids: processes to list; None: all.
        limits: on what is remembered.
        hidden: processes that are not to be shown, since they show us.
    """

    source = "sock_diag only"

    def __init__(
        self,
        why: Iterable[str] = (),
        *,
        pids: Collection[int] | None = None,
        limits: Limits | None = None,
        hidden: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__(hidden)
        self._base = time.monotonic_ns()
        self._pids = pids
        self._why = (*why, _NOTE)
        self._notes: list[str] = []
        self._tracker = Tracker(
            self._take_line, whole_machine=pids is None, births_seen=False, limits=limits
        )
        self._world = self._tracker.world

    def status(self) -> Status:
        """How it is doing."""
        return Status(phase=self._phase, notes=(*self._why, *self._notes), doing=self._doing)

    def focus(self, socket: int | None) -> None:
        """Every listing has the queues of all: nothing more can be asked."""

    def _now(self) -> int:
        return time.monotonic_ns() - self._base

    def _work(self) -> None:
        self._phase, self._doing = "listing", "listing the sockets that exist"
        ours = {os.getpid()}
        seen, listed, self._notes = list_existing(
            self._now, exclude_pids=ours, only_pids=self._pids
        )
        self._feed(seen)
        self._feed(listed)
        self._phase, self._doing = "running", ""
        before = self._now()
        while True:
            took = self._now() - before
            if self._over.wait(max(SECONDS, took / 1e9 / _SHARE)):
                return
            before = self._now()
            healing = look_again(
                self._now, before, exclude_pids=ours, only_pids=self._pids, again=True
            )
            self._feed([healing])
            self._feed(
                Sampled(each.t, each.info.inode, each.receive_queue, each.send_queue)
                for each in healing.listed
                if each.receive_queue is not None or each.send_queue is not None
            )

    def _take_line(self, line: Line) -> None:
        # Here a comparison with what the kernel has is no mending: it is all there is.
        if not isinstance(line, Healed):
            self._fresh.take(line)

    def _feed(self, events: Iterable[Event]) -> None:
        with self._turnstile.working():
            for place, event in enumerate(events):
                self._tracker.feed(event)
                if not place % _PIECE:
                    self._turnstile.breathe()
