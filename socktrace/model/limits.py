"""How much may be remembered. Without these bounds a busy machine fills the memory.

Whatever is dropped to stay within them is counted under the name of its bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Limits(NamedTuple):
    """The bounds; what is dropped first is always the oldest."""

    closed_sockets: int = 100_000
    """Closed sockets kept."""
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
    in_messages: int = 4_096
    """Sockets kept that wait, in messages, to be received on one socket: whoever receives them may
    be out of our sight."""
    epolls: int = 10_000
    """Epoll instances kept, with what they wait for: nothing tells that one was closed."""
    thread_names: int = 65_536
    """Names of threads kept: the end of one may be out of our sight."""
    held_calls: int = 10_000
    """Calls kept of one socket that filters do not select yet."""
    held_sockets: int = 1_000
    """Closed sockets kept with their calls that filters do not select yet: few filters fit only
    then."""


def option_name(field: str) -> str:
    """Give the name by which the command line and recordings know a bound."""
    return field.replace("_", "-")


def counted(*counts: Mapping[str, int]) -> dict[str, int]:
    """Add up what was dropped, by the names of the bounds; those that dropped nothing are left out.

    Args:
        counts: how much was dropped, by the names of fields of `Limits`.
    """
    told = {
        option_name(field): sum(each.get(field, 0) for each in counts) for field in Limits._fields
    }
    return {name: count for name, count in told.items() if count}


def options() -> Iterator[tuple[str, str]]:
    """Give the option's name and the field of each bound."""
    return ((option_name(field), field) for field in Limits._fields)
