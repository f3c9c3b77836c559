"""Which sockets are shown, in what order and in which groups."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from socktrace.view.sockets.columns import COLUMNS, Column
from socktrace.view.sockets.grouping import GROUPINGS, Grouping
from socktrace.view.sockets.interned import Interned
from socktrace.view.sockets.order import NO_GROUPS, Groups, grouped
from socktrace.view.sockets.selection import Selection
from socktrace.view.sockets.store import UNKNOWN, Ints, Slots, grown
from socktrace.view.sockets.table import SocketTable

_MANY: Final = 5_000
"""Rows from which on new sockets come into their place once a second only."""


class Arrangement:
    """The rows of a table, as slots and heads of groups.

    They are put in order once a second, so that they can be read; what is new or gone shows at
    once, but where there are very many.
    """

    def __init__(self, table: SocketTable) -> None:
        self.table: Final = table
        self.sort: Column = COLUMNS["rate"]
        self.falling = True
        self.grouping: Grouping | None = None
        self.selection: Selection | None = None
        self.groups: Groups = NO_GROUPS
        self.rows: Ints = np.zeros(0, np.int64)
        """Slots, and for the head of the nth group -n - 1."""
        self.slots: Slots = np.zeros(0, np.int64)
        """Every socket that is shown, or folded away."""
        self.known = 0
        """How many there were to choose from."""
        self._place: Ints = np.zeros(0, np.int64)
        """By slot: its index in `rows`; UNKNOWN: it is in none."""
        self._texts: dict[str, Interned] = {}
        self._groupings: dict[str, Interned] = {}
        self._all_folded = True
        self._exceptions: set[Hashable] = set()
        """Groups that are not as `_all_folded` says."""
        self._keys: NDArray[np.float64] = np.zeros(0)
        """By slot: what it was sorted by."""
        self._keyed: Ints = np.zeros(0, np.int64)
        """By slot: the number of the socket that had that key."""
        self._done: tuple[int, int, int] = (-1, -1, -1)
        self._second = -1
        self._stale = True

    # --- what users choose ---

    def sort_by(self, name: str, *, falling: bool | None = None) -> None:
        """Sort by a column; by the same again: the other way round."""
        column = COLUMNS[name]
        if falling is None:
            falling = not self.falling if column is self.sort else column.falls
        self.sort, self.falling, self._stale = column, falling, True

    def group_by(self, name: str | None) -> None:
        """Put sockets together, or let each stand for itself."""
        self.grouping = GROUPINGS[name] if name is not None else None
        self._all_folded, self._stale = True, True
        self._exceptions.clear()

    def select(self, selection: Selection | None) -> None:
        """Show only what fits."""
        self.selection, self._stale = selection, True

    def fold(self, value: Hashable) -> None:
        """Fold the group of this value, or open it."""
        self._exceptions ^= {value}
        self._stale = True

    def fold_all(self) -> None:
        """Fold all groups, or open them all."""
        self._all_folded = not self._all_folded
        self._exceptions.clear()
        self._stale = True

    def is_folded(self, value: Hashable) -> bool:
        """Whether only the head of a group is shown."""
        return self._all_folded != (value in self._exceptions)

    # --- questions ---

    def value_of(self, place: int) -> Any:
        """What the sockets of the nth group have in common."""
        return self._grouped_by().values[self.groups.ids[place]]

    def index_of_group(self, value: Hashable) -> int | None:
        """The row of a group's head."""
        number = self._grouped_by().id_of(value) if self.grouping is not None else None
        if number is None:
            return None
        places = np.flatnonzero(self.groups.ids == number)
        if not places.size:
            return None
        return int(np.flatnonzero(self.rows == -int(places[0]) - 1)[0])

    def index_of(self, slot: int) -> int | None:
        """The row of a socket; that of its group's head where it is folded away."""
        index = int(self._place[slot]) if slot < self._place.size else UNKNOWN
        if index != UNKNOWN:
            return index
        if self.grouping is None or not (self.slots == slot).any():
            return None
        facts = self.table.facts[slot]
        return None if facts is None else self.index_of_group(self.grouping.value(facts))

    # --- order ---

    def arrange(self) -> bool:
        """Put the rows in order, if it is time to. True if that was done."""
        table, selection = self.table, self.selection
        done = (table.epoch, table.changes, -1 if selection is None else selection.changes)
        anew = self._stale or self._second != table.seconds or done[0] != self._done[0]
        if not anew and (done == self._done or len(self.slots) >= _MANY):
            return False
        self._done, self._stale, self._second = done, False, table.seconds
        self._arrange(anew=anew)
        return True

    def _arrange(self, *, anew: bool) -> None:
        table = self.table
        slots = table.slots()
        self.known = len(slots)
        if self.selection is not None:
            slots = slots[self.selection.fits(slots)]
        if self.falling:
            slots = slots[::-1]  # of equal ones the newest first
        closed = table.store.closed[slots] != UNKNOWN
        slots = np.concatenate([slots[~closed], slots[closed]])  # and those that are open
        keys = self._sort_keys(slots, anew=anew)
        order = np.argsort(-keys if self.falling else keys, kind="stable")
        slots = self.slots = slots[order]
        if self.grouping is None:
            self.groups, self.rows = NO_GROUPS, slots
        else:
            by = self._grouped_by()
            ids = by.ids(slots)
            joined, falling = self.sort.joined, self.falling
            self.groups = grouped(slots, ids, keys[order], joined, falling=falling)
            folded = np.full(len(by.values), self._all_folded)
            for value in self._exceptions:
                number = by.id_of(value)
                if number is not None:
                    folded[number] ^= True
            self.rows = self.groups.rows(folded)
        self._place = np.full(table.store.size, UNKNOWN, np.int64)
        sockets = np.flatnonzero(self.rows >= 0)
        self._place[self.rows[sockets]] = sockets

    def _sort_keys(self, slots: Slots, *, anew: bool) -> NDArray[np.float64]:
        """What to sort by; of those that were sorted before, the same as then, but if anew."""
        column, table = self.sort, self.table
        if column.numbers is None:
            return self._interned(column).ranks(slots).astype(np.float64)
        size, number = table.store.size, table.store.number
        self._keys, self._keyed = grown(self._keys, size), grown(self._keyed, size)
        fresh = slots if anew else slots[self._keyed[slots] != number[slots]]
        self._keys[fresh] = column.numbers(table, fresh)
        self._keyed[fresh] = number[fresh]
        return self._keys[slots]

    def _interned(self, column: Column) -> Interned:
        found = self._texts.get(column.name)
        if found is None:
            assert column.value is not None  # noqa: S101 - a column has the one or the other
            found = self._texts[column.name] = Interned(self.table, column.value)
        return found

    def _grouped_by(self) -> Interned:
        grouping = self.grouping
        assert grouping is not None  # noqa: S101 - only asked where there are groups
        found = self._groupings.get(grouping.name)
        if found is None:
            found = self._groupings[grouping.name] = Interned(self.table, grouping.value)
        return found
