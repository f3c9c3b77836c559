"""Bars and small curves made of block characters (U+2581 to U+258F)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LEVELS: Final = "▁▂▃▄▅▆▇█"
_PARTS: Final = " ▏▎▍▌▋▊▉"


def level(value: float, most: float) -> str:
    """One column as high as the value; a blank only for nothing at all."""
    if value <= 0 or most <= 0:
        return " "
    place = int(min(value / most, 1) * len(LEVELS) - 1e-9)
    return LEVELS[max(0, min(place, len(LEVELS) - 1))]


def curve(values: Sequence[float | None], *, flat: str = "▁") -> str:
    """A column for each value, the largest filling it; None: nothing is known of that moment.

    Args:
        values: none below zero.
        flat: what stands for zero.
    """
    most = max((value for value in values if value is not None), default=0)
    return "".join(
        " " if value is None else (level(value, most) if value > 0 else flat) for value in values
    )


def bar(value: float, most: float, width: int) -> str:
    """A bar to the right, to the eighth of a column; something at least for what is not zero."""
    if value <= 0 or most <= 0 or width <= 0:
        return ""
    eighths = max(1, min(round(value / most * width * 8), width * 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_PARTS[rest] if rest else "")
