"""The source over a recording: the world of the moment that the player shows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from msgspec.structs import replace

from socktrace.engine.extracting import ended, selected
from socktrace.engine.replaying.archive import Archive
from socktrace.engine.replaying.latest import FRESH, Latest
from socktrace.engine.replaying.player import RecordingPlayer
from socktrace.engine.replaying.waiting import Waiting
from socktrace.escape import printable
from socktrace.model.checkpoints import concerned
from socktrace.text.numbers import moment, plural
from socktrace.tracefile.replay import EVERYTHING
from socktrace.view.look import Look, Status

if TYPE_CHECKING:
    from socktrace.lines import Header, Line
    from socktrace.model.world import World
    from socktrace.view.look import Player, Recordings

_PIECE: Final = 512
"""Lines applied before the clock is asked."""
_PATIENCE: Final = 0.1
"""Seconds that a look may take to come to its moment; the next one goes on from there."""
_FAR: Final = 20_000
"""Lines from which on it is quicker to come back to a checkpoint than to go on."""
_SAVED: Final = "saved from a recording"


class ReplayFeed:
    """A recording as a source: see `view.look.Feed`.

    Args:
        path: the recording.
        name: what it is called; its file's name if nothing is said.
        clock: seconds, as `time.monotonic`.

    Raises:
        RecordingError: it is none.
    """

    of_this_machine = False

    def __init__(
        self, path: str, name: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.archive: Final = Archive(path)
        self.source = f"recording {printable(name or Path(path).name)}"
        self.controls: Final = RecordingPlayer(self.archive, clock)
        self.player: Player | None = self.controls
        self.recordings: Recordings | None = None
        self._clock: Final = clock
        self._world: World = self.archive.world
        self._follows = True
        """The world shown is the archive's own, as it is after the last line read."""
        self._place = 0
        """How many lines our own world has taken in."""
        self._fresh = Latest()
        """What our own world has taken in since somebody looked."""
        self._jumps = 0
        """Jumps of the player that have been followed."""
        self._way = 0
        """How many lines there were to go when we set out for a moment that is not reached yet."""
        self._left = 0
        """How many of these are left; 0: we are there."""
        self._ended = False
        """All has been read, and whoever looks has been told so."""
        self._waiting: Final = Waiting(self.archive)

    def start(self) -> None:
        """Begin to read, in a thread."""
        self.archive.start()

    @contextlib.contextmanager
    def look(self) -> Iterator[Look]:
        """Hold the moment that the player shows."""
        archive, player = self.archive, self.controls
        with archive.turnstile.looking():
            now = player.advance()
            reset = self._go_to(now)
            if self._left:
                now = int(archive.index.told[self._place - 1])
                player.held_back(now)
            fresh = archive.fresh if self._follows else self._fresh
            fresh.touch(self._waiting.go_to(now))
            told = fresh.handed_over()
            yield Look(
                self._world,
                now,
                self._world.sockets.keys() if reset else told.changed,
                self._lines_before() if reset else told.lines,
                skipped=0 if reset else told.skipped,
                blocked=self._waiting.blocked,
                reset=reset,
            )

    def status(self) -> Status:
        """How it is doing."""
        archive = self.archive
        with archive.turnstile.looking():
            return Status(
                phase=self._phase,
                calls=archive.index.calls_before(self._taken),
                lost=self._world.lost,
                notes=archive.notes,
                doing=self._doing,
            )

    def failure(self) -> Exception | None:
        """Why reading ended before its time; what was read till then can be looked at."""
        return self.archive.failure

    def focus(self, socket: int | None) -> None:
        """Nothing can be asked any more of what is over."""

    def close(self) -> None:
        """Let go of everything."""
        self.archive.close()

    def saved(self, numbers: Collection[int] | None) -> tuple[Header, Iterator[Line]]:
        """The recording's own lines that are about some sockets, over all of its time.

        See `engine.saving.Saves`.
        """
        header = self.archive.header
        if numbers is None:
            return header, ended(self.archive.lines(), self.archive.index.end, _SAVED)
        chosen = frozenset(numbers)
        note = {"saved": plural(len(chosen), "socket")}
        lines = ended(selected(self.archive.lines, chosen), self.archive.index.end, _SAVED)
        return replace(header, filters=header.filters | note), lines

    @property
    def _taken(self) -> int:
        """How many lines the world shown has taken in."""
        return self.archive.index.count if self._follows else self._place

    @property
    def _phase(self) -> Literal["starting", "running", "failed"]:
        if self.archive.failure is not None:
            return "failed"
        return "running" if self.archive.index.count or not self.archive.reading else "starting"

    @property
    def _doing(self) -> str:
        archive = self.archive
        if archive.reading:
            return f"reading: {archive.share:.0%}"
        if self._left:
            return f"going to {moment(self.controls.now)}: {1 - self._left / self._way:.0%}"
        return ""

    # --- from moment to moment ---

    def _go_to(self, now: int) -> bool:
        """Come to the world of a moment, or nearer to it. True: it is not from the one before."""
        archive, player = self.archive, self.controls
        jumped, self._jumps = player.jumps != self._jumps, player.jumps
        if (self._follows and player.at_end) or (jumped and player.follows):
            return self._follow()
        goal = archive.index.place_at(now)
        arriving = self._left > 0
        near = archive.checkpoints.before(goal)
        reset = jumped and goal - self._place > FRESH
        if self._follows or goal < self._place or (reset and near - self._place > _FAR):
            self._world = archive.checkpoints.world_at(near, EVERYTHING)
            self._place, self._follows, reset = near, False, True
        if reset:
            self._way = goal - self._place
        self._apply(goal, aloud=not reset)
        # Once more when it is reached, so that there are no holes in what comes before it.
        return reset or (arriving and not self._left and self._way > FRESH)

    def _follow(self) -> bool:
        """Show the last moment read."""
        archive = self.archive
        was, self._follows = self._follows, True
        self._world, self._left = archive.world, 0
        ended, self._ended = self._ended, not archive.reading
        # While it was read most lines passed by untold: now there is time for those before the end.
        return not was or (self._ended and not ended)

    def _apply(self, goal: int, *, aloud: bool) -> None:
        """Take in lines up to a place, or as many as there is time for.

        Args:
            goal: the place.
            aloud: what they tell is told to whoever looks; if not, all is told anew.
        """
        archive, world = self.archive, self._world
        until = self._clock() + _PATIENCE
        while self._place < goal:
            stop = min(goal, self._place + _PIECE)
            lines = archive.store.read(self._place, stop)
            for line in lines:
                world.apply(line)
            if aloud:
                self._fresh.add(lines, (n for line in lines for n in concerned(line, world)))
            self._place = stop
            if self._clock() > until:
                break
        self._left = goal - self._place

    def _lines_before(self) -> list[Line]:
        self.archive.fresh.handed_over()
        self._fresh.handed_over()
        first = max(0, self._taken - FRESH)
        findings = [line for place, line in self.archive.findings if place < first]
        return [*findings, *self.archive.store.read(first, self._taken)]
