"""Leaving out what shows us: the terminal's side would tell of every line that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.view.events.entries import Entry, pid_of, sockets_of

if TYPE_CHECKING:
    from socktrace.model.world import World


class Ours:
    """Which entries of one look are about nobody but those who show us.

    Args:
        pids: Them.
        world: What is known; held by the caller.
    """

    def __init__(self, pids: frozenset[int], world: World) -> None:
        self._pids = pids
        self._world = world
        self._known: dict[int, bool] = {}

    def has(self, entry: Entry) -> bool:
        """Whether an entry is to be left out."""
        if pid_of(entry) in self._pids:
            return True
        sockets = sockets_of(entry)
        return bool(sockets) and all(map(self._socket, sockets))

    def _socket(self, number: int) -> bool:
        """Whether a socket, or its other end, is held by them alone."""
        known = self._known.get(number)
        if known is None:
            life = self._world.sockets.get(number)
            ends = (number, life.peer) if life is not None else ()
            known = self._known[number] = any(map(self._held, ends))
        return known

    def _held(self, number: int | None) -> bool:
        life = self._world.sockets.get(number) if number is not None else None
        if life is None or not life.descriptors:
            return False
        return all(holding.pid in self._pids for holding in life.descriptors)
