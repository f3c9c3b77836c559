"""Text in columns of a terminal: its width, cutting it, wrapping it, and tables of it.

Colour (SGR, ECMA-48, 8.3.117) takes no columns and is never cut apart.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAP: Final = "  "
_COLOUR: Final = re.compile("\x1b\\[[0-9;]*m")
_ELLIPSIS: Final = "…"
_NARROWEST: Final = 3
"""Columns below which a cut text says nothing any more."""
_NARROWEST_BODY: Final = 20
"""Columns that an indented line keeps for its text."""


class Column(NamedTuple):
    """A column of a table."""

    title: str
    right: bool = False
    """Numbers stand at the right."""
    shrinks: bool = False
    """It is cut when the table is too wide for the terminal."""


def width_of(text: str) -> int:
    """Columns that a printable text takes: wide letters take two (UAX #11), marks none."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(map(_width_of_character, text))


def fit(text: str, width: int) -> str:
    """Cut a text to this many columns, with an ellipsis where something is missing."""
    if width_of(text) <= width:
        return text
    if width <= 0:
        return ""
    head = _take(text, width - 1)
    return (head if width_of(head) < width else "") + _ELLIPSIS


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text up to this many columns, and cut it if it is wider."""
    text = fit(text, width)
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def wrap(text: str, width: int, indent: int) -> list[str]:
    """Break a line at spaces into lines of at most this width, the following ones indented.

    Spaces at the beginning and between words stay; a word that is too long is cut into pieces.
    """
    if width_of(text) <= width:
        return [text]
    prefix = " " * min(indent, max(width - _NARROWEST_BODY, 0))
    lines: list[str] = []
    rest = text
    while width_of(rest) > width:
        head = _take(rest, width)
        margin = len(head) - len(head.lstrip(" "))
        space = head.rfind(" ") if rest[len(head)] != " " else len(head)
        if head.endswith(" =", 0, max(space, 0)) and space - 2 > margin:
            space -= 2  # the result of a call stays with its sign
        cut = space if space > margin else len(head)
        lines.append(rest[:cut].rstrip(" "))
        rest = prefix + rest[cut:].lstrip(" ")
    return [*lines, rest]


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """Lay out rows under titles; columns that may shrink give way until all fit the width."""
    rows = list(rows)
    widths = [
        max([width_of(column.title), *(width_of(row[i]) for row in rows)])
        for i, column in enumerate(columns)
    ]
    _shrink(widths, [i for i, column in enumerate(columns) if column.shrinks], width)
    return [
        GAP.join(
            pad(cell, widths[i], right=columns[i].right) for i, cell in enumerate(cells)
        ).rstrip()
        for cells in ([column.title for column in columns], *rows)
    ]


def _take(text: str, width: int) -> str:
    """As many characters from the beginning as fit the width; at least one, lest none ever do."""
    room, place = width, 0
    while place < len(text):
        colour = _COLOUR.match(text, place)
        if colour:
            place = colour.end()
            continue
        room -= _width_of_character(text[place])
        if room < 0 and place > 0:
            return text[:place]
        place += 1
    return text


def _shrink(widths: list[int], shrinking: Sequence[int], width: int) -> None:
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    while excess > 0 and shrinking:
        widest = max(shrinking, key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
        excess -= 1


def _width_of_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
