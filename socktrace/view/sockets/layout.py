"""Which columns there are on a screen, and how wide each is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from socktrace.view.sockets.columns import COLUMNS, Column

GAP: Final = 1
"""Columns of the screen before each column of the table, for the sign of the selected one."""
_FEW: Final = "findings holder kind ends state now rate"
_WHO: Final = "process pid fd kind local remote state"
_RATES: Final = "rate_in rate_out rate trend"
_MORE: Final = "role age idle blocked"
_COUNTS: Final = "calls_rate calls errors receive_queue send_queue retransmits"
_LAYOUTS: Final = (
    (0, _FEW),
    (98, f"{_FEW} trend"),
    (116, f"findings {_WHO} now rate trend"),
    (136, f"findings {_WHO} now {_RATES} errors"),
    (164, f"findings {_WHO} age now {_RATES} calls_rate errors receive_queue"),
    (200, f"findings number {_WHO} tcp age now {_RATES} in out calls_rate errors receive_queue"),
    (
        260,
        f"findings number user {_WHO} tcp {_MORE} {_RATES} in out {_COUNTS} container",
    ),
)
"""From so many columns of the screen on: the columns that show most there."""


class Placed(NamedTuple):
    """A column on the screen."""

    column: Column
    start: int
    """Its first column there, from the beginning of the row, gap not counted."""
    width: int


@lru_cache(maxsize=64)
def layout(names: tuple[str, ...], room: int) -> tuple[Placed, ...]:
    """Place columns: those named, or where none are those that fit the room best.

    What room is left goes to the columns in turn, as far as each can use it. Those named are all
    there, though they take more than there is room for.
    """
    chosen = [COLUMNS[name] for name in names if name in COLUMNS] or standard(room)
    widths = _spread([(column.least, column.most) for column in chosen], room)
    placed, start = [], 0
    for column, width in zip(chosen, widths, strict=True):
        placed.append(Placed(column, start + GAP, width))
        start += GAP + width
    return tuple(placed)


def standard(room: int) -> list[Column]:
    """The columns that show most in so many columns of the screen."""
    names = next(names for least, names in reversed(_LAYOUTS) if room >= least)
    return [COLUMNS[name] for name in names.split()]


def width_of_all(placed: Sequence[Placed]) -> int:
    """Columns of the screen that they take."""
    return placed[-1].start + placed[-1].width if placed else 0


def column_at(placed: Sequence[Placed], x: int) -> int | None:
    """The index of the column at a place of the row."""
    for index, each in enumerate(placed):
        if each.start - GAP <= x < each.start + each.width:
            return index
    return None


def _spread(bounds: Sequence[tuple[int, int]], room: int) -> list[int]:
    widths = [least for least, _ in bounds]
    left = room - sum(widths) - GAP * len(widths)
    while left > 0:
        able = [place for place, (_, most) in enumerate(bounds) if widths[place] < most]
        if not able:
            break
        for place in able[:left]:
            widths[place] += 1
        left -= len(able[:left])
    return widths
