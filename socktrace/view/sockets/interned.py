"""Texts and other values of sockets as numbers, to sort and to group them in NumPy.

Each different value has a number; the values of a slot are asked for anew only when its facts are.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Hashable
from typing import Any, Final

import numpy as np

from socktrace.view.sockets.facts import Facts
from socktrace.view.sockets.store import Ints, Slots, grown
from socktrace.view.sockets.table import SocketTable

_FEW: Final = 100
"""The part of the values that are put in place one by one, when they are new: cheaper then."""
_SPARE: Final = 10_000
"""Values that may be kept though no socket has them any more."""


class Interned:
    """One value for each socket.

    Args:
        table: where the sockets are.
        value: gives it; of those that are to be ranked, any two can be compared.
    """

    def __init__(self, table: SocketTable, value: Callable[[Facts], Hashable]) -> None:
        self._table = table
        self._value = value
        self._clear()

    def _clear(self) -> None:
        self._epoch = self._table.epoch
        self.values: list[Any] = []
        """By id."""
        self._ids: dict[Hashable, int] = {}
        self._sorted: list[int] = []
        self._rank: Ints = np.zeros(0, np.int64)
        self._id: Ints = np.zeros(0, np.int64)
        self._seen: Ints = np.zeros(0, np.int64)

    def id_of(self, value: Hashable) -> int | None:
        """The id of a value; None where no socket has it."""
        return self._ids.get(value)

    def ids(self, slots: Slots) -> Ints:
        """The id of each slot's value: an index of `values`."""
        table = self._table
        if self._epoch != table.epoch or len(self.values) > 2 * len(slots) + _SPARE:
            self._clear()
        store = table.store
        if self._id.size < store.size:
            self._id, self._seen = grown(self._id, store.size), grown(self._seen, store.size)
        stale = slots[self._seen[slots] != store.told[slots]]
        if stale.size:
            ids, value, facts = self._ids, self._value, table.facts
            found = []
            for slot in stale.tolist():
                known = facts[slot]
                this = value(known) if known is not None else None
                number = ids.get(this)
                if number is None:
                    number = ids[this] = len(self.values)
                    self.values.append(this)
                found.append(number)
            self._id[stale] = found
            self._seen[stale] = store.told[stale]
        return self._id[slots]

    def ranks(self, slots: Slots) -> Ints:
        """The place of each slot's value among all values, sorted."""
        ids = self.ids(slots)
        known, count, value = len(self._sorted), len(self.values), self.values.__getitem__
        if known < count:
            if count - known < known // _FEW:
                for number in range(known, count):
                    bisect.insort(self._sorted, number, key=value)
            else:
                self._sorted = sorted(range(count), key=value)
            self._rank = np.empty(count, np.int64)
            self._rank[self._sorted] = np.arange(count)
        return self._rank[ids]
