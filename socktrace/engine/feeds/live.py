"""The live source of a screen: a capture that is interpreted while somebody looks on."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from socktrace.capture.source import RawBatch
from socktrace.engine.feeds.base import MachineFeed
from socktrace.engine.feeds.sampling import Sampler
from socktrace.engine.gathering import TICK_SECONDS, Gatherer
from socktrace.engine.hiding import Hiding
from socktrace.engine.interpreting import Interpreter
from socktrace.engine.setting import setting_of
from socktrace.engine.taking_down import TakingDown
from socktrace.events import Pending
from socktrace.spool.layout import Records
from socktrace.spool.splitting import split
from socktrace.tracefile.errors import RecordingError
from socktrace.view.look import Look, Status
from socktrace.wire import ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from socktrace.capture.options import CaptureOptions
    from socktrace.capture.source import Capture
    from socktrace.engine.datacalls import DataRun
    from socktrace.engine.gathering import Item
    from socktrace.events import Sampled, Told
    from socktrace.host.launch import Child
    from socktrace.lines import Header, Line
    from socktrace.model.limits import Limits

_BLOCKED_SECONDS: Final = 0.5
"""Between two questions which calls are blocked now."""
_BLOCKED_SHARE: Final = 0.03
"""Of the time at most for that: with thousands of threads it takes a while."""
_FULL_MOST: Final = 128
_DATA_MOST: Final = 8_192
"""Records that are interpreted before somebody may look: some 10 ms of work."""
_BREATH: Final = 64
"""Lines between two breaths."""
_CLOSING_SECONDS: Final = 2.0


class _EndedError(Exception):
    """In the middle of a batch: nobody wants the rest."""


class LiveFeed(MachineFeed):
    """One capture.

    Args:
        options: what to capture.
        header: the first line of a recording that is made while somebody looks on.
        child: the command to let run once the probes are there.
        limits: on what is remembered.
        hidden: processes that are not to be shown, since they show us.
    """

    source = "eBPF"

    def __init__(
        self,
        options: CaptureOptions,
        header: Callable[[Capture], Header],
        *,
        child: Child | None = None,
        limits: Limits | None = None,
        hidden: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__(hidden)
        self._options = options
        self._header = header
        self._child = child
        self._limits = limits
        self._gatherer: Gatherer | None = None
        self._interpreter: Interpreter | None = None
        self._sampler: Sampler | None = None
        self._inbox: deque[list[Sampled]] = deque()
        self._next_blocked = 0.0
        self._told = 0
        self._behind = 0.0
        self._hiding: Hiding | None = None
        self._taking_down = TakingDown(self._held, self._new_header)
        self.recordings = self._taking_down

    def status(self) -> Status:
        """How it is doing."""
        gatherer, interpreter = self._gatherer, self._interpreter
        return Status(
            phase=self._phase,
            calls=interpreter.calls if interpreter is not None else 0,
            lost=sum(list(gatherer.lost.values())) if gatherer is not None else 0,
            notes=tuple(gatherer.notes) if gatherer is not None else (),
            behind=self._behind,
            doing=self._doing,
            recording=self._taking_down.path,
            recorded=self._taking_down.events,
        )

    def focus(self, socket: int | None) -> None:
        """Sample this socket often."""
        life = self._world.sockets.get(socket) if socket is not None else None
        if self._sampler is not None:
            self._sampler.look_at(life.inode if life is not None else 0)

    def close(self) -> None:
        """End. A recording that is going on gets its last line."""
        super().close()
        self.wait(_CLOSING_SECONDS)

    def _now(self) -> int:
        return self._gatherer.capture.now() if self._gatherer is not None else 0

    def _work(self) -> None:
        self._doing = "loading the probes"
        with Gatherer(self._options, self._take, say=self._say) as gatherer:
            capture = gatherer.capture
            interpreter = Interpreter(
                setting_of(self._options, capture.base),
                self._take_line,
                self._limits,
                self._take_data,
            )
            with self._turnstile.looking():
                self._world = interpreter.world
                if self._hidden:
                    self._hiding = Hiding(self._hidden, self._fresh.take, self._world)
                self._interpreter, self._gatherer = interpreter, gatherer
            self._phase, self._doing = "listing", "listing the sockets that exist"
            with contextlib.suppress(_EndedError):
                self._capture(gatherer, interpreter)

    def _capture(self, gatherer: Gatherer, interpreter: Interpreter) -> None:
        child = self._child
        gatherer.start(None if child is None else child.pid)
        if child is not None:
            child.release()
        self._phase, self._doing = "running", ""
        self._sampler = Sampler(gatherer.capture.now, self._inbox.append)
        self._sampler.start()
        try:
            self._go_round(gatherer, interpreter)
        finally:
            self._sampler.stop()
            # Why it could not be ended well is kept there, for whoever asks.
            with contextlib.suppress(RecordingError):
                self._taking_down.end()

    def _go_round(self, gatherer: Gatherer, interpreter: Interpreter) -> None:
        while not self._over.is_set():
            busy = gatherer.step()
            self._take_inbox()
            self._look_for_blocked(gatherer, interpreter)
            self._taking_down.tick()
            if not busy:
                self._behind = 0.0
                self._over.wait(TICK_SECONDS)

    @contextlib.contextmanager
    def _held(self) -> Iterator[Look]:
        """A look that takes nothing from whoever looks next."""
        with self._turnstile.looking():
            yield Look(self._world, self._now(), (), (), blocked=self._blocked)

    def _new_header(self) -> Header:
        if self._gatherer is None or self._phase in {"starting", "listing"}:
            raise RecordingError(
                "cannot record yet",
                self._doing or "capture has not begun",
                "try again in a moment",
            )
        return self._header(self._gatherer.capture)

    def _say(self, text: str) -> None:
        self._doing = text

    def _breathe(self) -> None:
        """Between two steps: others may look, and who ends need not wait for a batch."""
        if self._over.is_set() and self._taking_down.path is None:
            raise _EndedError
        self._turnstile.breathe()

    def _take(self, item: Item) -> None:
        interpreter = self._interpreter
        assert interpreter is not None  # noqa: S101 - it is made before anything is gathered
        with self._turnstile.working():
            if isinstance(item, list):
                interpreter.take(item)
                return
            for piece in split(Records(*item), _FULL_MOST, _DATA_MOST):
                self._breathe()
                self._behind = _age(piece)  # before: what is taken in is changed by that
                interpreter.take(RawBatch(*piece))

    def _take_inbox(self) -> None:
        while self._inbox:
            self._take([*self._inbox.popleft()])

    def _look_for_blocked(self, gatherer: Gatherer, interpreter: Interpreter) -> None:
        began = time.monotonic()
        if began < self._next_blocked:
            return
        told = gatherer.pending(gatherer.capture.in_progress())
        names: list[Told] = [event for event in told if not isinstance(event, Pending)]
        with self._turnstile.working():
            interpreter.take(names)
            calls = [
                blocked
                for event in told
                if isinstance(event, Pending)
                and event.pid not in self._hidden
                and (blocked := interpreter.blocked(event)) is not None
            ]
            self._set_blocked(calls)
        now = time.monotonic()
        self._next_blocked = now + max(_BLOCKED_SECONDS, (now - began) / _BLOCKED_SHARE)

    # --- lines, within `_take` ---

    def _take_line(self, line: Line) -> None:
        # One event may have thousands of lines: what is found after a loss.
        self._told += 1
        if not self._told % _BREATH:
            self._breathe()
        if self._hiding is not None:
            self._hiding.take(line)
        else:
            self._fresh.take(line)
        if self._taking_down.path is not None:
            self._taking_down.take(line)

    def _take_data(self, run: DataRun) -> None:
        if self._hiding is not None and not self._hidden.isdisjoint(run.pids()):
            for line in run.lines():
                self._hiding.take(line)
        else:
            self._fresh.take_data(run)
        if self._taking_down.path is not None:
            self._taking_down.take_run(run)


def _age(records: Records) -> float:
    """Seconds since the latest of these calls returned; 0 where there are none."""
    latest = [int(ends(each)[-1]) for each in (records.full, records.data) if len(each)]
    return (time.monotonic_ns() - max(latest)) / 1e9 if latest else 0.0
