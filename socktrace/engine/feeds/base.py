"""What sources that ask this machine have in common: a thread of work, and looks at the model."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from socktrace.engine.feeds.fresh import Fresh
from socktrace.engine.feeds.turnstile import Turnstile
from socktrace.model.world import World
from socktrace.view.look import Look, Status

if TYPE_CHECKING:
    from socktrace.lines import Blocked
    from socktrace.view.look import Player, Recordings

Phase = Literal["starting", "listing", "running", "ended", "failed"]


class MachineFeed(ABC):
    """A source over this machine. Derived classes give `_work`, which runs in a thread.

    Args:
        hidden: processes that are not to be shown, since they show us.
    """

    source: str
    of_this_machine = True
    player: Player | None = None
    recordings: Recordings | None = None

    def __init__(self, hidden: frozenset[int] = frozenset()) -> None:
        self._hidden = hidden
        self._turnstile = Turnstile()
        self._fresh = Fresh()
        self._world = World()
        self._blocked: dict[int, Sequence[Blocked]] = {}
        self._phase: Phase = "starting"
        self._doing = ""
        self._failure: Exception | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)

    @abstractmethod
    def _work(self) -> None:
        """Do it all, until `_over` is set."""

    @abstractmethod
    def _now(self) -> int:
        """The moment, ns since time 0."""

    @abstractmethod
    def status(self) -> Status:
        """How it is doing."""

    @abstractmethod
    def focus(self, socket: int | None) -> None:
        """Sample this socket often."""

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    @contextlib.contextmanager
    def look(self) -> Iterator[Look]:
        """Hold it for a moment."""
        with self._turnstile.looking():
            told = self._fresh.handed_over()
            yield Look(
                self._world,
                max(self._now(), self._world.t),
                told.changed,
                told.lines,
                skipped=told.skipped,
                blocked=self._blocked,
                hidden=self._hidden,
            )

    def failure(self) -> Exception | None:
        """Why it ended before its time."""
        return self._failure

    def close(self) -> None:
        """End; what the thread still does, it does after the screen is gone."""
        self._over.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the thread has ended. False if it has not within that time."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - shown to the user as a page, whatever it is
            self._failure = error
            self._phase = "failed"
        else:
            self._phase = "ended"

    def _set_blocked(self, calls: Sequence[Blocked]) -> None:
        """These calls are blocked now, and no others."""
        waiting: defaultdict[int, list[Blocked]] = defaultdict(list)
        for call in calls:
            about = [call.socket] if call.socket is not None else call.sockets or ()
            for number in about:
                waiting[number].append(call)
        self._fresh.touch(self._blocked.keys() ^ waiting.keys())
        self._fresh.touch(
            number
            for number, now in waiting.items()
            if [(c.tid, c.since) for c in now]
            != [(c.tid, c.since) for c in self._blocked.get(number, ())]
        )
        self._blocked = dict(waiting)
