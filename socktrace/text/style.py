"""Colour, which only ever repeats what a word or a sign beside it says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

_CODES: Final = {
    "heading": "1",
    "error": "31",
    "warning": "33",
    "socket": "36",
    "faint": "2",
}
"""What a text is -> parameters of SGR (ECMA-48, 8.3.117)."""


class Style:
    """Paints text for one output, or leaves it as it is."""

    def __init__(self, *, colour: bool = False) -> None:
        self.colour = colour

    def paint(self, what: str, text: str) -> str:
        """Colour a text by what it is: "heading", "error", "warning", "socket", "faint"."""
        return f"\x1b[{_CODES[what]}m{text}\x1b[0m" if self.colour and text else text


PLAIN: Final = Style()


def style_for(stream: TextIO, environment: Mapping[str, str] | None = None) -> Style:
    """Colour for a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb."""
    environment = os.environ if environment is None else environment
    wanted = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(colour=wanted and stream.isatty())
