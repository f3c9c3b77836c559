"""Data calls that the kernel side added up instead of telling.

Each CPU has two tables of totals that are mapped here, of which the kernel side writes to the one
of the present epoch; what finds its place taken goes into the map `folds`, with the epoch in its
key. One sweep after an epoch has ended, when no program that began in it can still be at work, its
totals are taken out: so nothing is counted twice, nothing is lost between reading and deleting.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.wire import FOLD

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from socktrace.capture.bpf import Map

_EPOCHS: Final = 1 << 16
"""fold_key.epoch has 16 bits."""


class FoldPlaces:
    """The tables of all CPUs: struct fold_place of probes/events.h.

    Args:
        fd: descriptor of the map `fold_places`.
        cpus: how many CPUs have tables.
        places: totals that one table has room for.

    Raises:
        OSError: they cannot be mapped.
    """

    def __init__(self, fd: int, cpus: int, places: int) -> None:
        """Map them."""
        count = 2 * cpus * places
        size = -(-count * FOLD.itemsize // mmap.PAGESIZE) * mmap.PAGESIZE
        self._mapped = mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self._halves = np.frombuffer(self._mapped, FOLD, count).reshape(2, cpus * places)

    def take(self, parity: int) -> NDArray[np.void]:
        """The totals in the tables of even or of odd epochs, which are empty after that."""
        half = self._halves[parity]
        used = np.flatnonzero(half["calls"])
        taken: NDArray[np.void] = half[used]
        half[used] = np.zeros((), FOLD)
        return taken

    def close(self) -> None:
        """Unmap them."""
        del self._halves
        self._mapped.close()


class Sums:
    """Takes the totals out of the kernel.

    Args:
        places: the tables.
        folds: the map for what found no place there.
        set_epoch: tells the kernel side which epoch it is now.
    """

    def __init__(self, places: FoldPlaces, folds: Map, set_epoch: Callable[[int], None]) -> None:
        """Begin with epoch 0, which the kernel side is in."""
        self._places = places
        self._map = folds
        self._set_epoch = set_epoch
        self._epoch = 0

    def sweep(self, *, everything: bool = False) -> NDArray[np.void]:
        """The totals of the epochs before this one; then the next begins.

        Args:
            everything: those of this epoch too: no program is at work any more.

        Returns:
            An array of layout `wire.FOLD`.
        """
        parity = self._epoch & 1
        found = [self._places.take(1 - parity), self._from_map(everything=everything)]
        if everything:
            found.append(self._places.take(parity))
        self._epoch = (self._epoch + 1) % _EPOCHS
        self._set_epoch(self._epoch)
        return np.concatenate(found)

    def _from_map(self, *, everything: bool) -> NDArray[np.void]:
        keys, values = self._map.read_batch()
        size = self._map.key_size
        count = len(keys) // size
        found = np.empty(count, FOLD)
        raw = found.view(np.uint8).reshape(count, FOLD.itemsize)
        raw[:, :size] = np.frombuffer(keys, np.uint8).reshape(count, size)
        raw[:, size:] = np.frombuffer(values, np.uint8).reshape(count, FOLD.itemsize - size)
        chosen = np.full(count, fill_value=True) if everything else found["epoch"] != self._epoch
        if chosen.any():
            self._map.delete_batch(np.ascontiguousarray(raw[chosen, :size]).tobytes())
        retired: NDArray[np.void] = found[chosen]
        return retired

    def close(self) -> None:
        """Unmap the tables."""
        self._places.close()
