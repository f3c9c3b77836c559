"""Sockets that are put together in groups, for all of them at once in NumPy."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from socktrace.view.sockets.store import Flags, Ints, Slots
from socktrace.view.sockets.totals import Joined

_JOIN: Final[dict[Joined, np.ufunc]] = {"sum": np.add, "least": np.minimum, "most": np.maximum}


class Groups(NamedTuple):
    """Groups in their order. The nth has ``slots[starts[n] : starts[n] + sizes[n]]``."""

    ids: Ints
    """What tells each from others: `interned.Interned`."""
    starts: Ints
    sizes: Ints
    slots: Slots

    def of(self, place: int) -> Slots:
        """The sockets of a group, in their order."""
        start = int(self.starts[place])
        return self.slots[start : start + int(self.sizes[place])]

    def rows(self, folded: Flags) -> Ints:
        """The rows that show them: slots, and for the head of the nth group -n - 1.

        Args:
            folded: by id: only the group's head is shown.
        """
        shown = np.where(folded[self.ids], 0, self.sizes)
        heads = np.cumsum(shown + 1) - shown - 1
        rows = np.empty(int(shown.sum()) + len(heads), np.int64)
        is_head = np.zeros(len(rows), np.bool_)
        is_head[heads] = True
        rows[is_head] = -np.arange(1, len(heads) + 1)
        rows[~is_head] = self.slots[np.repeat(shown > 0, self.sizes)]
        return rows


NO_GROUPS: Final = Groups(*(np.zeros(0, np.int64) for _ in Groups._fields))


def grouped(
    slots: Slots, ids: Ints, keys: NDArray[Any], joined: Joined, *, falling: bool
) -> Groups:
    """Put sorted slots into groups, and sort these by what their sockets come to.

    Args:
        slots: in their order.
        ids: the group of each.
        keys: what each was sorted by.
        joined: how the keys of a group become the group's.
        falling: the greatest first.
    """
    if not slots.size:
        return NO_GROUPS
    together = np.argsort(ids, kind="stable")
    slots, ids, keys = slots[together], ids[together], keys[together]
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1))
    sizes = np.diff(starts, append=len(slots))
    value = _JOIN[joined].reduceat(keys, starts)
    order = np.argsort(-value if falling else value, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    slots = slots[np.argsort(np.repeat(place, sizes), kind="stable")]
    sizes = sizes[order]
    return Groups(ids[starts[order]], np.cumsum(sizes) - sizes, sizes, slots)
