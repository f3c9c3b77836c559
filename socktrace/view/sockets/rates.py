"""How much moved in each of the last seconds: rates, and trends.

Once a second the totals are compared with those of the second before, for all sockets at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from socktrace.text.numbers import SECOND
from socktrace.view.sockets.store import Floats, Slots, Store, grown

SECONDS: Final = 3
"""Rates are means over so many seconds."""
CELLS: Final = 8
"""Seconds of a trend."""
_BARS: Final = "▁▂▃▄▅▆▇█"
_QUIET: Final = " "
_COLUMNS: Final = ("bytes_in", "bytes_out", "calls")
IN, OUT, CALLS = range(len(_COLUMNS))


class Rates:
    """What moved, by second, of each slot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next: int | None = None
        self._last: NDArray[np.int64] = np.zeros((3, 0), np.int64)
        self._moved: NDArray[np.float32] = np.zeros((3, CELLS, 0), np.float32)
        """By what, by second (the latest first), by slot."""
        self._rate: NDArray[np.float32] = np.zeros((3, 0), np.float32)
        self._age: NDArray[np.int16] = np.zeros(0, np.int16)
        """Seconds for which a slot was measured."""

    def begin(self, slot: int, *, fresh: bool) -> None:
        """A socket has come; what it moved before counts only if it is fresh."""
        self._grow()
        store = self._store
        self._moved[:, :, slot] = 0
        self._rate[:, slot] = 0
        self._age[slot] = 0
        self._last[:, slot] = (
            0 if fresh else (store.bytes_in[slot], store.bytes_out[slot], store.calls[slot])
        )

    def begin_calls(self) -> None:
        """Calls are known of all sockets from now on; before they were of a few only."""
        self._grow()
        self._moved[CALLS] = 0
        self._rate[CALLS] = 0
        self._last[CALLS] = self._store.calls

    def pass_to(self, now: int) -> bool:
        """Time goes on. True if a second was measured."""
        if self._next is None or now < self._next - 2 * SECOND:
            self._next = now + SECOND
            return False
        if now < self._next:
            return False
        behind = now - self._next
        self._next = now + SECOND
        self._measure(1 + behind / SECOND, int(min(CELLS, 1 + behind // SECOND)))
        return True

    def _measure(self, seconds: float, steps: int) -> None:
        self._grow()
        np.minimum(self._age + np.int16(steps), CELLS, out=self._age)
        known = np.clip(self._age, 1, SECONDS)
        for place, name in enumerate(_COLUMNS):
            total = getattr(self._store, name)
            moved = np.maximum(total - self._last[place], 0) / seconds
            self._last[place] = total
            history = self._moved[place]
            history[steps:] = history[:-steps].copy()
            history[:steps] = moved
            np.divide(history[:SECONDS].sum(axis=0), known, out=self._rate[place])

    def per_second(self, what: int, slots: Slots) -> Floats:
        """Bytes in, bytes out or calls a second, of these slots."""
        self._grow()
        rates: Floats = self._rate[what, slots].astype(np.float64)
        return rates

    def of(self, what: int, slot: int) -> float:
        """The same of one slot."""
        self._grow()
        return float(self._rate[what, slot])

    def trend(self, slot: int) -> str:
        """Bytes in each of the last seconds, the latest at the right; blank where none moved."""
        self._grow()
        return bars(self._moved[: OUT + 1, ::-1, slot].sum(axis=0))

    def trend_of(self, slots: Slots) -> str:
        """The same, of several sockets together."""
        self._grow()
        return bars(self._moved[: OUT + 1, ::-1, slots].sum(axis=(0, 2)))

    def quiet(self, slot: int) -> bool:
        """Whether nothing moved in the time of a trend, so that nothing changes now."""
        self._grow()
        return not self._moved[:, :, slot].any()

    def _grow(self) -> None:
        size = self._store.size
        if self._age.size < size:
            self._last = grown(self._last, size)
            self._moved = grown(self._moved, size)
            self._rate = grown(self._rate, size)
            self._age = grown(self._age, size)


def bars(values: NDArray[np.floating]) -> str:
    """Draw values as bars, the highest of them full."""
    most = float(values.max(initial=0))
    if most <= 0:
        return _QUIET * len(values)
    return "".join(
        _QUIET if value <= 0 else _BARS[min(len(_BARS) - 1, int(value / most * len(_BARS)))]
        for value in values.tolist()
    )
