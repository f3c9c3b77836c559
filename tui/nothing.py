"""The source before one is chosen: nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from socktrace.model.world import World
from socktrace.view.look import Look, Player, Recordings, Status


class NoFeed:
    """A source that never tells anything."""

    source = "no source"
    of_this_machine = False

    def __init__(self) -> None:
        self.player: Player | None = None
        self.recordings: Recordings | None = None
        self._world: Final = World()

    def start(self) -> None:
        """There is nothing to start."""

    @contextlib.contextmanager
    def look(self) -> Iterator[Look]:
        """Give an empty world."""
        yield Look(self._world, 0, (), ())

    def status(self) -> Status:
        """It does nothing."""
        return Status("ended")

    def failure(self) -> Exception | None:
        """Nothing fails."""
        return None

    def focus(self, socket: int | None) -> None:
        """There are no sockets."""

    def close(self) -> None:
        """There is nothing to let go of."""
