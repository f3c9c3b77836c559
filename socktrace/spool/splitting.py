"""Large readings in pieces, so that nobody needs much memory for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.spool.layout import Records
from socktrace.wire import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DATA_MOST: Final = 32_768
FULL_MOST: Final = 4_096
"""Records in a piece: some megabytes, and a fraction of a second to interpret."""


def split(
    records: Records, full_most: int = FULL_MOST, data_most: int = DATA_MOST
) -> Iterator[Records]:
    """The pieces of a reading, cut between two moments; what was added up comes with the last.

    Args:
        records: the reading.
        full_most: full records in a piece.
        data_most: records of data calls in a piece.
    """
    full, data, folds = records
    if len(data) <= data_most and len(full) <= full_most:
        yield records
        return
    full_ends, data_ends = ends(full), ends(data)
    cuts = np.union1d(_moments(full_ends, full_most), _moments(data_ends, data_most))
    full_at = [0, *np.searchsorted(full_ends, cuts, side="right").tolist(), len(full)]
    data_at = [0, *np.searchsorted(data_ends, cuts, side="right").tolist(), len(data)]
    for piece in range(len(cuts) + 1):
        last = piece == len(cuts)
        yield Records(
            full[full_at[piece] : full_at[piece + 1]],
            data[data_at[piece] : data_at[piece + 1]],
            folds if last else folds[:0],
        )


def _moments(when: NDArray[np.uint64], step: int) -> NDArray[np.uint64]:
    """The time of every `step`-th of them."""
    return when[step - 1 :: step]
