"""What poll(2), select(2), epoll_wait(2) and their kin were given and gave back, by name.

The layouts are those of `socktrace.events.Call.blob`. A blob that was cut short gives as many
entries as it holds whole.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from socktrace.names.flags import EPOLL, POLL

_POLLFD: Final = struct.Struct("=iHH")
_EPOLL_EVENT: Final = struct.Struct("=IQ")
_SET_BYTES: Final = 256 // 8
_SETS: Final = ("readfds", "writefds", "exceptfds")


def _whole(blob: bytes, size: int) -> bytes:
    return blob[: len(blob) - len(blob) % size]


def poll_fds(blob: bytes) -> list[dict[str, Any]]:
    """Decode an array of struct pollfd, as it is after the call."""
    return [
        {"fd": fd, "events": POLL.names(events), "revents": POLL.names(revents)}
        for fd, events, revents in _POLLFD.iter_unpack(_whole(blob, _POLLFD.size))
    ]


def epoll_events(blob: bytes) -> list[dict[str, Any]]:
    """Decode an array of struct epoll_event."""
    return [
        {"events": EPOLL.names(events), "data": data}
        for events, data in _EPOLL_EVENT.iter_unpack(_whole(blob, _EPOLL_EVENT.size))
    ]


def _members(bits: int) -> list[int]:
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


def select_sets(blob: bytes) -> tuple[dict[str, list[int]], dict[str, list[int]]] | None:
    """Decode the six sets of select: those asked for and those ready, each by argument name."""
    if len(blob) < 2 * len(_SETS) * _SET_BYTES:
        return None
    sets = [
        _members(int.from_bytes(blob[at : at + _SET_BYTES], "little"))
        for at in range(0, 2 * len(_SETS) * _SET_BYTES, _SET_BYTES)
    ]
    return (
        dict(zip(_SETS, sets[: len(_SETS)], strict=True)),
        dict(zip(_SETS, sets[len(_SETS) :], strict=True)),
    )
