"""The list itself: what was told, the newest so many entries, with columns for choosing among them.

What comes is put in as it is; nothing is written as text before somebody sees it.
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.view.events.entries import (
    Entry,
    Skipped,
    Sum,
    call_of,
    pid_of,
    sockets_of,
)
from socktrace.view.events.gathering import Gatherer
from socktrace.view.events.ours import Ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from socktrace.view.look import Look

MOST: Final = 100_000
"""Entries kept: some 60 MB at the worst. Without a limit a busy machine fills any memory."""
MOST_SINGLES: Final = 400_000
"""Calls kept to take sums apart: 35 MB as records."""
MERGED: Final = 1_000_000_000
"""ns within which sums of the same kind become one entry."""
MOST_OPEN: Final = 1_000
"""Sums that may still grow."""
MOST_NAMES: Final = 1_000
"""Names of calls told apart: a recording may have any, Linux has fewer."""
NO_SOCKET: Final = -1
SEVERAL: Final = -2
"""In the column of sockets: the entry has to be asked."""
NOBODY: Final = -1
LARGEST: Final = (1 << 63) - 1
"""A file may have any number."""


class EventLog:
    """The newest entries, by numbers that only grow.

    Args:
        most: entries kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.generation = 0
        """Grows when all is forgotten: numbers begin anew."""
        self._begin()

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> Entry:
        return self._entries[number - self.first]

    @property
    def stop(self) -> int:
        """The number that the next entry will have."""
        return self.first + len(self._entries)

    def __contains__(self, number: int) -> bool:
        return self.first <= number < self.stop

    def update(self, look: Look) -> None:
        """Take in what was told."""
        if look.reset:
            self.clear()
        self.skipped += look.skipped
        if look.skipped:
            self.extend([Skipped(look.now, look.skipped)])
        fresh = look.fresh
        if (excess := len(fresh) - self.most) > 0:  # a whole recording at once
            fresh = list(islice(fresh, excess, None))
            self._forget(len(self._entries))
            self.first += excess
        entries = self._gatherer.take(fresh, look.now)
        if look.hidden:
            ours = Ours(look.hidden, look.world)
            entries = [entry for entry in entries if not ours.has(entry)]
        self.extend(entries)

    def extend(self, entries: list[Entry]) -> None:
        """Put entries at the end; the oldest go if it is too much."""
        for entry in entries:
            if isinstance(entry, Sum):
                if self._merged(entry):
                    continue
                self._keep_parts(entry)
            self._append(entry)
        if (excess := len(self._entries) - self.most) > 0:
            self._forget(excess)

    def clear(self) -> None:
        """Forget all."""
        self.generation += 1
        self._begin()

    def _begin(self) -> None:
        self.first = 0
        """The number of the oldest entry that is kept."""
        self.skipped = 0
        """Lines that never came here: there was no room for them on the way."""
        self._entries: list[Entry] = []
        self._sockets = array("q")
        self._pids = array("q")
        self._calls = array("h")
        self._names: dict[str | None, int] = {None: 0}
        self._gatherer = Gatherer()
        self._open: dict[tuple[int, str, tuple[int, ...]], tuple[int, Sum]] = {}
        """Sums to which calls of their kind may still be added, with their numbers."""
        self._sums: list[Sum] = []
        """Those that can be taken apart, the oldest first."""
        self._singles = 0

    def _forget(self, count: int) -> None:
        for column in (self._entries, self._sockets, self._pids, self._calls):
            del column[:count]
        self.first += count

    def since(self, number: int) -> Iterator[tuple[int, Entry]]:
        """Entries from a number on."""
        start = max(number, self.first)
        return enumerate(self._entries[start - self.first :], start)

    # --- columns: a row for each entry, the oldest first ---

    def sockets(self) -> NDArray[np.int64]:
        """The socket of each entry; `NO_SOCKET`, `SEVERAL`."""
        return np.array(self._sockets, np.int64)

    def pids(self) -> NDArray[np.int64]:
        """The process of each entry; `NOBODY`."""
        return np.array(self._pids, np.int64)

    def calls(self) -> NDArray[np.int16]:
        """The call of each entry, as `code` numbers it."""
        return np.array(self._calls, np.int16)

    def code(self, call: str | None) -> int:
        """The number of a call's name in `calls`; 0 is that of entries that are no calls."""
        known = self._names.get(call)
        if known is None:
            known = len(self._names)
            if known < MOST_NAMES:
                self._names[call] = known
        return known

    # --- sums ---

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        sockets = sockets_of(entry)
        self._sockets.append(
            NO_SOCKET if not sockets else sockets[0] & LARGEST if len(sockets) == 1 else SEVERAL
        )
        pid = pid_of(entry)
        self._pids.append(NOBODY if pid is None else pid & LARGEST)
        self._calls.append(self.code(call_of(entry)))

    def _merged(self, entry: Sum) -> bool:
        key = entry.key
        number, before = self._open.get(key, (-1, None))
        if before is not None and number in self and 0 <= entry.until - before.t < MERGED:
            if not before.parts:
                self._sums.append(before)  # there was no room for its calls: it has some again
            before.add(entry)
            self._singles += entry.kept
            self._make_room()
            return True
        if len(self._open) >= MOST_OPEN:
            self._open.clear()
        self._open[key] = (self.stop, entry)
        return False

    def _keep_parts(self, entry: Sum) -> None:
        self._sums.append(entry)
        self._singles += entry.kept
        self._make_room()

    def _make_room(self) -> None:
        """Sums that nobody took apart for long cannot be any more."""
        gone = 0
        while self._singles > MOST_SINGLES and gone < len(self._sums) - 1:
            self._singles -= self._sums[gone].kept
            self._sums[gone].parts = []
            gone += 1
        del self._sums[:gone]
