"""Plain text of `socktrace.text`, with its colours, as spans."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from socktrace.text.columns import wrap
from socktrace.text.style import Style
from socktrace.view.spans import Role, Span, plain

_ROLES: Final[dict[str, Role]] = {
    "heading": "heading",
    "error": "error",
    "warning": "warning",
    "socket": "socket",
    "faint": "faint",
}
_PIECE: Final = re.compile("\x02([a-z]+)\x03([^\x04]*)\x04")
"""A painted piece. Text from outside has none of these characters: `socktrace.escape`."""


class Painting(Style):
    """Marks pieces for `spans_of` where others would colour them."""

    def paint(self, what: str, text: str) -> str:
        """Mark a text."""
        return f"\x02{what}\x03{text}\x04" if text else text


PAINTING: Final = Painting()


def spans_of(text: str, role: Role = "plain") -> list[Span]:
    """Take marked text apart; what is not marked gets a role of its own."""
    spans: list[Span] = []
    end = 0
    for piece in _PIECE.finditer(text):
        if piece.start() > end:
            spans.append((text[end : piece.start()], role))
        spans.append((piece[2], _ROLES[piece[1]]))
        end = piece.end()
    if end < len(text):
        spans.append((text[end:], role))
    return spans


def joined(parts: Iterable[Iterable[Span]], between: str) -> list[Span]:
    """Put something between parts of a line."""
    spans: list[Span] = []
    for part in parts:
        if spans:
            spans.append((between, "plain"))
        spans += part
    return spans


def wrapped(spans: list[Span], width: int) -> list[list[Span]]:
    """Break a line into lines of this width, each piece keeping its role."""
    source = iter([(character, role) for text, role in spans for character in text])
    lines: list[list[Span]] = []
    for piece in wrap(plain(spans), width, 0):
        line: list[Span] = []
        for character in piece:
            # Only blanks at the breaks were left out.
            role = next(role for each, role in source if each == character)
            if line and line[-1][1] == role:
                line[-1] = (line[-1][0] + character, role)
            else:
                line.append((character, role))
        lines.append(line)
    return lines
