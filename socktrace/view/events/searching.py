"""Search for text in the rows, a little at a time: writing 100,000 of them takes two seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from socktrace.view.events.rows import WHOLE, EventRows
from socktrace.view.spans import plain

_PIECE: Final = 64
"""Rows between two looks at the clock."""


class Search:
    """One search, from a row on, round all rows that there are when it begins.

    Args:
        rows: where.
        text: in lower case.
        start: number of the entry to begin after; None: with the first.
        step: 1, -1, or 0: forward, that entry among them.
    """

    def __init__(self, rows: EventRows, text: str, start: int | None, step: int) -> None:
        self.text = text
        self._rows = rows
        self._numbers: Sequence[int] = list(rows.numbers)
        count = len(self._numbers)
        place = rows.place(start) if start is not None else None
        if place is None:
            place, step = (0, 0) if step >= 0 else (count, -1)
        self._place = place if step == 0 else place + step
        self._step = -1 if step < 0 else 1
        self._left = count
        self.looked_at = 0

    @property
    def over(self) -> bool:
        """Every row was looked at."""
        return self._left <= 0

    def go_on(self, seconds: float) -> int | None:
        """Look at rows for so long. The number of the entry that has the text; None: not yet."""
        until = time.monotonic() + seconds
        numbers, rows = self._numbers, self._rows
        while self._left > 0:
            number = numbers[self._place % len(numbers)]
            self._place += self._step
            self._left -= 1
            self.looked_at += 1
            if self.text in plain(rows.spans((number, WHOLE))).lower():
                return number
            if not self._left % _PIECE and time.monotonic() >= until:
                return None
        return None
