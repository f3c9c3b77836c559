"""Leaving out those who show us: a loop of a program that tells of its own display.

What we print makes the terminal's side work (sshd, tmux, a terminal emulator and its display
server): its calls on sockets would be printed, which makes it work again, without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.lines import Syscall

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.lines import Line
    from socktrace.model.world import World


class Hiding:
    """A sink that passes on all lines but those of some processes and of their sockets' other ends.

    Args:
        pids: the processes.
        sink: where the other lines go.
        world: what is known; it has taken in each line before it comes here.
    """

    def __init__(self, pids: frozenset[int], sink: Callable[[Line], object], world: World) -> None:
        """Hide `pids`."""
        self._pids = pids
        self._sink = sink
        self._world = world

    def take(self, line: Line) -> None:
        """Take in one line."""
        if getattr(line, "pid", None) in self._pids:
            return
        number = getattr(line, "socket", None)
        if number is not None and self._hidden(number):
            return
        # A wait is hidden when all that it is about is.
        if isinstance(line, Syscall) and line.sockets and all(map(self._hidden, line.sockets)):
            return
        self._sink(line)

    def _hidden(self, number: int) -> bool:
        """Whether a socket or its other end is held by hidden processes alone."""
        life = self._world.sockets.get(number)
        if life is None:
            return False
        if self._held_by_hidden(number):
            return True
        return life.peer is not None and self._held_by_hidden(life.peer)

    def _held_by_hidden(self, number: int) -> bool:
        life = self._world.sockets.get(number)
        if life is None or not life.descriptors:
            return False
        return all(holding.pid in self._pids for holding in life.descriptors)
