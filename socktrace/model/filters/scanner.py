"""Takes a filter's text apart: words, quoted strings, operators, each with its place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from socktrace.model.filters.errors import FilterError
from socktrace.model.filters.patterns import quote

_SPACE: Final = re.compile(r"\s*")
_TERM: Final = re.compile(r"([A-Za-z_]\w*)(?:(:)|\s*(>=|<=|!=|==|=|>|<)\s*)", re.ASCII)
_CONNECTIVE: Final = re.compile(r"(and|or|not)(?=[\s()!]|$)|(&&|\|\|)", re.IGNORECASE)
_SYMBOLS: Final = {"&&": "and", "||": "or"}
_QUOTES: Final = "\"'"
WORD_END: Final = ' \t\r\n\f\v()"'
VALUE_END: Final = WORD_END + ","


class Piece(NamedTuple):
    """A value or a bare word."""

    pattern: str
    """In the normal form of `patterns`."""
    position: int
    quoted: bool


class Scanner:
    """A place in a text, moved on by what is read there."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position

    def error(self, reason: str, hint: str, position: int | None = None) -> FilterError:
        """Make the error for this place, or for the one given."""
        place = self.position if position is None else position
        return FilterError(self.text, place, reason, hint)

    def skip_space(self) -> None:
        """Go to the next character that is not blank."""
        found = _SPACE.match(self.text, self.position)
        self.position = found.end() if found else self.position

    def peek(self) -> str:
        """Give the next character that is not blank, "" at the end."""
        self.skip_space()
        return self.text[self.position : self.position + 1]

    def take(self, character: str) -> bool:
        """Pass the character if it is next."""
        if self.peek() != character:
            return False
        self.position += 1
        return True

    def connective(self) -> str | None:
        """Give "and", "or" or "not" if one is next, without passing it."""
        self.skip_space()
        found = _CONNECTIVE.match(self.text, self.position)
        return None if found is None else found[1].lower() if found[1] else _SYMBOLS[found[2]]

    def take_connective(self, word: str) -> bool:
        """Pass the connective if it is next."""
        found = _CONNECTIVE.match(self.text, self.position) if self.connective() == word else None
        if found is None:
            return False
        self.position = found.end()
        return True

    def term(self) -> tuple[str, str, int] | None:
        """Pass a field's name with its operator: the name, the operator, where it began."""
        start = self.position
        found = _TERM.match(self.text, start)
        if found is None:
            return None
        self.position = found.end()
        return found[1].lower(), found[2] or found[3], start

    def piece(self, end: str) -> Piece:
        """Pass a quoted string, or what goes on till one of the ``end`` characters."""
        start = self.position
        opening = self.text[start : start + 1]
        if opening and opening in _QUOTES:
            self.position += 1
            pattern = self._run(opening)
            if self.position >= len(self.text):
                raise self.error("this quote is not closed", f"end it with {opening}", start)
            self.position += 1
            return Piece(pattern, start, quoted=True)
        return Piece(self._run(end), start, quoted=False)

    def _run(self, end: str) -> str:
        out = []
        while self.position < len(self.text) and self.text[self.position] not in end:
            character = self.text[self.position]
            self.position += 1
            if character == "\\":
                escaped = self.text[self.position : self.position + 1] or "\\"
                self.position = min(self.position + 1, len(self.text))
                out.append(quote(escaped))
            elif character == "*" and out and out[-1] == "*":
                continue
            else:
                out.append(character)
        return "".join(out)
