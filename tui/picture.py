"""The screen as an SVG picture that looks the same wherever it is opened, and fetches nothing."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final

from socktrace.text.columns import width_of

if TYPE_CHECKING:
    from textual.app import App

_FONTS: Final = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Rich has them fetched from the network: any font of one width will do."""
_CLIPS: Final = re.compile(r"<clipPath id=\"[^\"]+-line-\d+\">.*?</clipPath>", re.DOTALL)
_PIECES: Final = re.compile(
    r'<text class="(?P<role>[^"]+)" x="(?P<x>[^"]+)" y="(?P<y>[^"]+)" '
    r'textLength="(?P<length>[^"]+)"[^>]*>(?P<text>[^<]*)</text>'
)
"""A piece of a line as Rich draws it."""


def picture_of(app: App[Any]) -> str:
    """Draw what is on the screen, each word at its column: aligned whatever font is there."""
    svg = app.export_screenshot(title="socktrace")
    return _PIECES.sub(_by_words, _CLIPS.sub("", _FONTS.sub("", svg)))


def _by_words(piece: re.Match[str]) -> str:
    start, length = float(piece["x"]), float(piece["length"])
    text = html.unescape(piece["text"]).rstrip("\n").replace("\xa0", " ")
    cell = length / max(width_of(text), 1)
    return "".join(
        f'<text class="{piece["role"]}" x="{start + cell * width_of(text[: word.start()]):.1f}" '
        f'y="{piece["y"]}" textLength="{cell * width_of(word.group()):.1f}">'
        f"{html.escape(word.group(), quote=False)}</text>"
        for word in re.finditer(r"\S+(?: \S+)*", text)
    )
