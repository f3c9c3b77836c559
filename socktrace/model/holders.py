"""Who holds a socket, as its life tells: descriptors that were opened, and those not closed yet."""

from __future__ import annotations

from typing import Final

from socktrace.lines import Holding, SocketLife

_WIDE: Final = 16
"""From so many descriptors on, past and present, an index finds the one that closes: a listener
may be inherited by thousands of workers. Most sockets have one or two, and need no index."""

Index = dict[tuple[int, int], list[Holding]]
"""(pid, descriptor) -> its open holdings, the latest last."""


class Holders:
    """Opens and closes the holdings of sockets' lives."""

    def __init__(self, history: int) -> None:
        """Keep at most ``history`` holdings of one socket, and all that are open."""
        self.forgotten = 0
        """Holdings that had ended and that there was no room for."""
        self._history: Final = history
        self._wide: Final[dict[int, Index]] = {}

    def open(self, life: SocketLife, holding: Holding) -> None:
        """Add a holding."""
        held = life.descriptors
        held.append(holding)
        if len(held) > self._history:
            self._trim(held)
        if len(held) >= _WIDE or life.socket in self._wide:
            self._index(life, holding)

    def _index(self, life: SocketLife, holding: Holding) -> None:
        index = self._wide.get(life.socket)
        if index is None:
            index = self._wide[life.socket] = {}
            fresh = [each for each in life.descriptors if each.closed is None]
        else:
            fresh = [holding]
        for each in fresh:
            index.setdefault((each.pid, each.fd), []).append(each)

    def adopt(self, life: SocketLife) -> None:
        """Take over a socket with the holdings that it has."""
        if len(life.descriptors) >= _WIDE:
            self._index(life, life.descriptors[-1])

    def take(self, life: SocketLife, pid: int, fd: int) -> Holding | None:
        """Find the holding that is about to end, the latest one; None where none is known."""
        index = self._wide.get(life.socket)
        if index is None:
            for each in reversed(life.descriptors):
                if each.pid == pid and each.fd == fd and each.closed is None:
                    return each
            return None
        several = index.get((pid, fd))
        if not several:
            return None
        holding = several.pop()
        if not several:
            del index[pid, fd]
        return holding

    def of(self, life: SocketLife) -> list[tuple[int, int]]:
        """Give (pid, descriptor) of each descriptor that names the socket now."""
        index = self._wide.get(life.socket)
        if index is not None:
            return [key for key, several in index.items() for _ in several]
        return [(each.pid, each.fd) for each in life.descriptors if each.closed is None]

    def any(self, life: SocketLife) -> bool:
        """Tell whether anybody holds the socket."""
        index = self._wide.get(life.socket)
        if index is not None:
            return bool(index)
        return any(each.closed is None for each in life.descriptors)

    def forget(self, socket_id: int) -> None:
        """Let go of a socket."""
        self._wide.pop(socket_id, None)

    def _trim(self, held: list[Holding]) -> None:
        """Forget the older half, but not those that are open."""
        before, half = len(held), len(held) // 2
        held[:half] = [each for each in held[:half] if each.closed is None]
        self.forgotten += before - len(held)
