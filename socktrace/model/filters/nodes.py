"""A filter as a tree: what was understood of its text.

``str()`` of a tree is a text from which the parser builds an equal tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from socktrace.model.filters.fields import FIELDS
from socktrace.model.filters.numbers import Span, format_number, format_span

KEYWORDS: Final = ("and", "or", "not")
_SAFE_VALUE: Final = re.compile(r"(?:[\w./@*?:+%~#-]|\\[*?\\])+")
_SAFE_WORD: Final = re.compile(r"(?:[\w./@*?]|\\[*?\\])(?:[\w./@*?-]|\\[*?\\])*")


def _quoted(pattern: str, safe: re.Pattern[str]) -> str:
    if safe.fullmatch(pattern) and pattern.lower() not in KEYWORDS:
        return pattern
    return '"' + pattern.replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Pattern:
    """A value with wildcards, in the normal form of `patterns`."""

    text: str


@dataclass(frozen=True, slots=True)
class Network:
    """A network of IP addresses, or one address, as `ipaddress` writes it."""

    text: str


Value = Pattern | Network | Span


class Filter:
    """What every node of a filter is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Word(Filter):
    """A bare word: part of a program's name, of an address or of a path; case does not count."""

    pattern: str

    def __str__(self) -> str:
        return _quoted(self.pattern, _SAFE_WORD)


@dataclass(frozen=True, slots=True)
class Match(Filter):
    """``field:value,value``: one of the values fits."""

    field: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.field}:{','.join(map(self._value, self.values))}"

    def _value(self, value: Value) -> str:
        if isinstance(value, Span):
            return format_span(value, FIELDS[self.field].unit)
        return _quoted(value.text, _SAFE_VALUE)


@dataclass(frozen=True, slots=True)
class Compare(Filter):
    """``field>number``; the operators are <, <=, >, >=."""

    field: str
    operator: str
    number: int

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{format_number(self.number, FIELDS[self.field].unit)}"


@dataclass(frozen=True, slots=True)
class Not(Filter):
    """What the part does not fit."""

    part: Filter

    def __str__(self) -> str:
        inner = f"({self.part})" if isinstance(self.part, And | Or) else str(self.part)
        return f"not {inner}"


@dataclass(frozen=True, slots=True)
class And(Filter):
    """All parts fit; two or more, none of them an And."""

    parts: tuple[Filter, ...]

    def __str__(self) -> str:
        return " and ".join(f"({p})" if isinstance(p, Or) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Or(Filter):
    """At least one part fits; two or more, none of them an Or."""

    parts: tuple[Filter, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


def conjunction(parts: list[Filter]) -> Filter:
    """Join one or more filters with "and", without an And inside an And."""
    flat = [p for part in parts for p in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(parts: list[Filter]) -> Filter:
    """Join one or more filters with "or", without an Or inside an Or."""
    flat = [p for part in parts for p in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))
