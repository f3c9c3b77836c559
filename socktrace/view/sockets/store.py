"""Numbers of sockets in columns: an array each, with a place ("slot") for each socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Slots = NDArray[np.int64]

UNKNOWN: Final = -1
"""In columns that hold no negative numbers."""
_FIRST: Final = 256


class Store:
    """The columns; all grow together."""

    number: Ints
    born: Ints
    """ns, as all times."""
    closed: Ints
    """UNKNOWN: it is open."""
    used: Ints
    """When a call on it last returned; UNKNOWN: never."""
    bytes_in: Ints
    bytes_out: Ints
    calls: Ints
    errors: Ints
    kinds: Ints
    """How many kinds of calls were made on it."""
    retransmits: Ints
    receive_queue: Ints
    send_queue: Ints
    pid: Ints
    fd: Ints
    held: Ints
    """How many descriptors name it."""
    blocked_since: Ints
    blocked: Ints
    """How many threads wait for it."""
    severity: Ints
    """Rank of the worst finding."""
    findings: Ints
    state: Ints
    """Rank of its state: `states.Face`."""
    version: Ints
    """Grows whenever a number or a fact is taken."""
    taken: Ints
    """Version at which everything was taken, facts and counts among it."""
    told: Ints
    """Grows whenever its facts are taken."""
    used_slot: Flags
    hidden: Flags
    unsettled: Flags
    """Its role is still to be told by the first data that moves."""

    _INTS: Final = (
        "number born closed used bytes_in bytes_out calls errors kinds retransmits receive_queue "
        "send_queue pid fd held blocked_since blocked severity findings state version taken told"
    ).split()
    _FLAGS: Final = ("used_slot", "hidden", "unsettled")

    def __init__(self) -> None:
        self.size = 0
        self._free: list[int] = []
        for name in self._INTS:
            setattr(self, name, np.zeros(0, np.int64))
        for name in self._FLAGS:
            setattr(self, name, np.zeros(0, np.bool_))

    def take(self) -> int:
        """Give a slot that is free, its numbers all 0 but for version and told, which go on."""
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self.used_slot[slot] = True
        return slot

    def release(self, slots: Sequence[int]) -> None:
        """Let slots go."""
        places = np.array(slots, np.int64)
        for name in self._INTS:
            if name not in {"version", "told", "taken"}:
                getattr(self, name)[places] = 0
        for name in self._FLAGS:
            getattr(self, name)[places] = False
        self._free.extend(slots)

    def _grow(self) -> None:
        old, self.size = self.size, max(_FIRST, 2 * self.size)
        for name in (*self._INTS, *self._FLAGS):
            setattr(self, name, grown(getattr(self, name), self.size))
        self._free.extend(range(self.size - 1, old - 1, -1))


def grown(column: NDArray[Any], size: int) -> NDArray[Any]:
    """Give a longer column, with zeros where there was nothing; the last axis grows."""
    if column.shape[-1] >= size:
        return column
    longer = np.zeros((*column.shape[:-1], size), column.dtype)
    longer[..., : column.shape[-1]] = column
    return longer
