"""What was forgotten for want of room, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.escape import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST: Final = 60

WHAT: Final[Mapping[str, str]] = {
    "closed-sockets": "closed sockets",
    "unheld-sockets": "open sockets that no known process held",
    "gone-processes": "ended processes",
    "history": "states and ended descriptors of one socket",
    "embryos": "connections that waited for accept",
    "passing": "threads that passed descriptors with a call not told yet",
    "in-messages": "sockets in messages that waited to be received on one socket",
    "epolls": "epoll instances",
    "thread-names": "names of threads",
    "held-calls": "lines of one socket that filters did not select yet",
    "held-sockets": "closed sockets that filters did not select",
}
"""The name of a limit -> what it limits, in the plural."""


def evicted_sentences(
    evicted: Mapping[str, int], limits: Mapping[str, int] | None = None
) -> Iterator[str]:
    """Say what was forgotten, and which limit to raise.

    Args:
        evicted: How much, by the name of the limit.
        limits: The limits that held, by the same names, where they are known.
    """
    for name, count in evicted.items():
        what = WHAT.get(name) or f"of {printable(name, _LONGEST)}"
        value = limits.get(name) if limits is not None else None
        option = f"{printable(name, _LONGEST)}={'N' if value is None else value}"
        yield f"{count:,} {what} forgotten (--limit {option})"
