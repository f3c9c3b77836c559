"""Runs of records put into one, by time of return.

NumPy copies structured records field by field, fifteen times slower than the same bytes as plain
numbers. So all that moves whole records goes through `words`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from socktrace.wire import ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def words(records: NDArray[np.void]) -> NDArray[np.uint64]:
    """Records, without a gap between them, as a table: a row each, of 64-bit numbers."""
    return records.view(np.uint64).reshape(len(records), records.dtype.itemsize // 8)


def _records(table: NDArray[np.uint64], layout: np.dtype[Any]) -> NDArray[np.void]:
    found: NDArray[np.void] = table.reshape(-1).view(layout)
    return found


def copied(records: NDArray[np.void]) -> NDArray[np.void]:
    """A copy of records."""
    return _records(words(records).copy(), records.dtype)


def joined(runs: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """One run after the other; all of one layout, at least one of them."""
    filled = [run for run in runs if len(run)]
    if len(filled) <= 1:
        return filled[0] if filled else runs[0]
    return _records(np.concatenate([words(run) for run in filled]), runs[0].dtype)


def taken(records: NDArray[np.void], places: NDArray[np.intp]) -> NDArray[np.void]:
    """The records at `places`, in that order; as `records[places]`."""
    return _records(words(records).take(places, axis=0), records.dtype)


def settled(
    records: NDArray[np.void], horizon: int | None
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """`records` by time of return, parted at `horizon`: (what is older, the rest).

    Args:
        records: without a gap between them.
        horizon: CLOCK_MONOTONIC, ns; None: all is older.
    """
    if not len(records):
        return records, records
    when = ends(records)
    if (when[1:] < when[:-1]).any():
        order = np.argsort(when, kind="stable")
        records, when = taken(records, order), when[order]
    if horizon is None:
        return records, records[:0]
    cut = int(np.searchsorted(when, np.uint64(max(horizon, 0)), side="right"))
    return records[:cut], records[cut:]
