"""Which parts of a page are shown at once, by the size of the screen."""

from __future__ import annotations

from typing import Final, NamedTuple

PARTS: Final = ("facts", "timeline", "diagram", "descriptors", "calls", "queues")
"""In the order of Tab."""
TITLES: Final = {
    "facts": "Facts",
    "timeline": "Time line",
    "diagram": "Diagram",
    "descriptors": "Descriptors",
    "calls": "Calls",
    "queues": "Queues",
}
LEFT: Final = ("facts", "descriptors", "calls")
"""The parts that stand at the left where there are two columns; the others are at the right."""
_WIDE: Final = 160
"""Columns from which on two parts fit side by side."""
_TALL: Final = 40
"""Rows from which on three parts fit one above the other."""
_HIGH: Final = 32
"""Rows from which on two do."""
_PAIRS: Final = (
    ("facts", "timeline"),
    ("diagram",),
    ("descriptors", "calls"),
    ("queues",),
)


class Layout(NamedTuple):
    """What is shown."""

    parts: tuple[str, ...]
    columns: bool
    """Two columns; if not, the parts stand below each other."""


def layout(width: int, height: int, current: str) -> Layout:
    """Choose the parts for a page of this size; the current one is always among them."""
    if width >= _WIDE:
        if height >= _TALL:
            return Layout(PARTS, columns=True)
        if current in LEFT:
            other = (current,) if current == "facts" else ("facts", current)
            return Layout((*other, "timeline"), columns=True)
        return Layout(("facts", current), columns=True)
    if height >= _HIGH:
        pair = next(pair for pair in _PAIRS if current in pair)
        return Layout(pair, columns=False)
    return Layout((current,), columns=False)


def after(current: str, step: int) -> str:
    """The part after another (step 1), or before it (step -1)."""
    return PARTS[(PARTS.index(current) + step) % len(PARTS)]
