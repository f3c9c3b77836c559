"""How much the model may remember. Without these bounds a busy machine fills the memory."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """The bounds; what is dropped first is always the oldest."""

    closed_sockets: int = 100_000
    """Closed sockets kept; each that is dropped is counted in `World.evicted`."""
    unheld_sockets: int = 100_000
    """Open sockets kept that no known process holds: their end may never be seen."""
    gone_processes: int = 10_000
    """Ended processes kept, to give late events and old sockets a name."""
    history: int = 10_000
    """States, and ended descriptors, kept for one socket: a datagram socket that is connected
    anew for each request, or a listener inherited by every worker, would grow for ever."""
    embryos: int = 65_536
    """TCP connections kept that no accept has shown yet."""
    passing: int = 4_096
    """Threads remembered that passed descriptors with a call that has not been told yet."""
