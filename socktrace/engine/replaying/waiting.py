"""The calls that had begun at a moment of a recording, and had not returned.

Nothing of this is concluded: the recording says when each call began and when it returned.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from socktrace.lines import Blocked, Syscall

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from socktrace.engine.replaying.archive import Archive

_MOST: Final = 2_000
"""Calls shown as waiting at one moment."""


class Waiting:
    """The calls that wait, at one moment after another.

    Args:
        archive: the recording; to be held by whoever asks.
    """

    def __init__(self, archive: Archive) -> None:
        self.blocked: dict[int, Sequence[Blocked]] = {}
        """Socket -> the calls that wait for it."""
        self._archive: Final = archive
        self._calls: dict[int, Syscall | Blocked] = {}
        """The calls by their places."""

    def go_to(self, now: int) -> Collection[int]:
        """Go to a moment; give the sockets for which other calls may wait now."""
        places = self._archive.index.waiting(now)[:_MOST]
        known, before = self._calls, self.blocked
        self._calls = {each: known.get(each) or self._call(each) for each in places}
        blocked: defaultdict[int, list[Blocked]] = defaultdict(list)
        for call in self._calls.values():
            waits = _as_waiting(call, now)
            for number in [waits.socket] if waits.socket is not None else waits.sockets or ():
                blocked[number].append(waits)
        self.blocked = dict(blocked)
        return () if known.keys() == self._calls.keys() else before.keys() | blocked.keys()

    def _call(self, place: int) -> Syscall | Blocked:
        call = self._archive.store.line(place)
        assert isinstance(call, Syscall | Blocked)  # noqa: S101 - the index says so
        return call


def _as_waiting(call: Syscall | Blocked, now: int) -> Blocked:
    """A call as it was before it returned."""
    if isinstance(call, Blocked):
        return replace(call, t=now)
    return Blocked(
        t=now,
        since=call.t,
        pid=call.pid,
        tid=call.tid,
        comm=call.comm,
        call=call.call,
        fd=call.fd,
        socket=call.socket,
        sockets=call.sockets,
        began_before=call.began_before,
    )
