"""The clock of a replay: which moment of a recording is shown, and what happened when."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from math import floor, log2
from typing import TYPE_CHECKING, Final

from socktrace.engine.replaying.marking import Marking

if TYPE_CHECKING:
    from socktrace.engine.replaying.archive import Archive
    from socktrace.view.look import Marks

SLOWEST: Final = 1 / 4096
FASTEST: Final = 1024.0
_SECOND: Final = 1_000_000_000
_SHORT: Final = 2 * _SECOND
"""A recording that is shorter is over before one has seen anything of it..."""
_SEEN: Final = 5 * _SECOND
"""...so it takes at least this long to play, unless somebody has chosen a speed."""
_IDLE: Final = 2 * _SECOND
"""ns, as they pass on the screen, that nothing may happen where idle time is skipped."""
_BEFORE: Final = _SECOND // 2
"""ns, as they pass on the screen, that are left of idle time."""


class RecordingPlayer:
    """Moves through a recording: see `view.look.Player`.

    While the recording is read, and nobody has chosen a moment, what is shown is the last moment
    read so far. Playing goes by the clock, as often as somebody asks what `now` is.

    Args:
        archive: the recording.
        clock: seconds, as `time.monotonic`.
    """

    def __init__(self, archive: Archive, clock: Callable[[], float] = time.monotonic) -> None:
        self._archive: Final = archive
        self._index: Final = archive.index
        self._clock: Final = clock
        self.playing = False
        self.skip_idle = False
        """Where nothing happens for more than two seconds, go on with what comes after."""
        self._speed = 1.0
        self._chosen = False
        """Somebody has chosen the speed."""
        self._moment: int | None = None
        """The moment when `_since` was; None: the last one read."""
        self._since = 0.0
        self._marking: Final = Marking(archive)
        self.began: Final = _moment_of(archive.header.started_at)
        """When the recording began, UTC; None if its header does not say so in ISO 8601."""
        self.jumps = 0
        """How often a moment was chosen: not by playing on."""

    @property
    def start(self) -> int:
        """The moment of the first line."""
        return self._index.start

    @property
    def end(self) -> int:
        """The moment of the last line, as far as it has been read."""
        return self._index.end

    @property
    def speed(self) -> float:
        """1.0: as fast as it happened."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        if self._moment is not None:
            self._go_to(self.now)
        self._chosen = True
        self._speed = max(SLOWEST, min(value, FASTEST))

    @property
    def at_end(self) -> bool:
        """What is shown is the last moment that has been read."""
        return self._moment is None or self.now >= self.end

    @property
    def follows(self) -> bool:
        """No moment was chosen but the last one."""
        return self._moment is None

    @property
    def now(self) -> int:
        """The moment that is shown."""
        if self._moment is None:
            return self.end
        moment = max(self._moment, self.start)
        if self.playing:
            moment += round((self._clock() - self._since) * self._speed * _SECOND)
        # What has not been read yet may still come.
        return moment if self._archive.reading else min(moment, self.end)

    def play(self) -> None:
        """Go on from here; from the beginning where it is over."""
        if not self._archive.reading:
            span = self.end - self.start
            if not self._chosen and 0 < span < _SHORT:
                self.speed = 2.0 ** floor(log2(span / _SEEN))
            if self.at_end:
                self.seek(self.start)
        self._go_to(self.now)
        self.playing = True

    def pause(self) -> None:
        """Stay at this moment."""
        if self._moment is not None or self.playing:
            self._go_to(self.now)
        self.playing = False

    def seek(self, t: int) -> None:
        """Go to a moment; at the end of what has been read, follow what is read from now on."""
        self.jumps += 1
        if t == self.end or (t > self.end and not self._archive.reading):
            self._moment = None
        else:
            self._go_to(t)

    def wait_for(self, t: int) -> None:
        """Go to a moment, which may come later than all that has been read so far."""
        self.jumps += 1
        self._go_to(t)

    def step(self, count: int) -> None:
        """Go forward by so many events (calls, states, ...), or back if it is below zero.

        What was told at one moment is one event: a call, and what came of it.
        """
        now = self.now
        self.playing = False
        with self._archive.turnstile.looking():
            moment = self._index.step(self._index.place_at(now), count)
        if moment is not None:
            self.jumps += count < 0
            self._go_to(moment)

    def advance(self) -> int:
        """The moment that is to be shown now; where playing comes to the end, it ends.

        To be asked by whoever holds the recording.
        """
        if self.playing and self._moment is not None and self._moment < self.start:
            self._go_to(self.start)
        if self.playing and self.skip_idle:
            self._skip()
        now = self.now
        if self.playing and now >= self.end and not self._archive.reading:
            self.playing = False
            self._moment = None
        return now

    def held_back(self, t: int) -> None:
        """Playing got no further than this: the clock waits."""
        if self.playing:
            self._go_to(t)

    def _skip(self) -> None:
        told, now = self._index.told, self.now
        place = self._index.place_at(now)
        if place < len(told) and int(told[place]) - now > _IDLE * self._speed:
            self._go_to(int(told[place]) - int(_BEFORE * self._speed))

    def _go_to(self, t: int) -> None:
        self._moment, self._since = t, self._clock()

    # --- what happened when ---

    def birth(self, socket: int) -> int | None:
        """The moment at which a socket was told of first; None: not in what has been read."""
        with self._archive.turnstile.looking():
            return self._index.birth(socket)

    def next_finding(self) -> int | None:
        """The moment of the first finding after this one, or of the first of all."""
        findings = self._index.findings
        if not findings:
            return None
        place = bisect_right(findings, self.now)
        return findings[place % len(findings)]

    @property
    def findings(self) -> int:
        """How many findings have been read."""
        return len(self._index.findings)

    def marks(self, parts: int) -> Marks:
        """What happened when, between `start` and `end`."""
        return self._marking.marks(parts)


def _moment_of(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo is not None else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
