"""Rows of numbers that grow in number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIRST: Final = 4_096
"""Room for so many rows to begin with."""


class Table:
    """Rows of numbers that grow in number; what was given out of them stays as it is."""

    def __init__(self, width: int, kind: type[np.integer[Any]] = np.int64) -> None:
        self._values = np.zeros((_FIRST, width), kind)
        self._count = 0

    def rows(self, count: int | None = None) -> NDArray[Any]:
        """The first so many rows, or all."""
        return self._values[: self._count if count is None else count]

    def add(self, rows: Sequence[int] | Sequence[tuple[int, ...]]) -> None:
        """Add rows."""
        if not rows:
            return
        count = self._count + len(rows)
        width = self._values.shape[1]
        if count > len(self._values):
            self._values = np.resize(self._values, (max(2 * len(self._values), count), width))
        self._values[self._count : count] = np.array(rows, self._values.dtype).reshape(-1, width)
        self._count = count
