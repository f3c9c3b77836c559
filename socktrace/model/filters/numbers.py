"""Numbers with units, as a filter writes them: "30s", "1.5MiB", "10k", "1000-2000"."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple


class Unit(Enum):
    """What a field counts, and so which suffixes its numbers may have."""

    NUMBER = "a whole number"
    COUNT = "a number such as 500 or 10k"
    SIZE = "a number of bytes such as 500, 10k or 1.5MiB"
    DURATION = "a time such as 500ms, 30s or 2h"


_DECIMAL: Final = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SUFFIXES: Final[dict[Unit, dict[str, int]]] = {
    Unit.NUMBER: {"": 1},
    Unit.COUNT: {"": 1} | _DECIMAL,
    Unit.SIZE: {"": 1, "b": 1}
    | _DECIMAL
    | {f"{letter}b": factor for letter, factor in _DECIMAL.items()}
    | {f"{letter}i": 1 << 10 * n for n, letter in enumerate(_DECIMAL, start=1)}
    | {f"{letter}ib": 1 << 10 * n for n, letter in enumerate(_DECIMAL, start=1)},
    Unit.DURATION: {
        "": 10**9,
        "ns": 1,
        "us": 10**3,
        "µs": 10**3,
        "ms": 10**6,
        "s": 10**9,
        "m": 60 * 10**9,
        "h": 3600 * 10**9,
        "d": 86400 * 10**9,
    },
}
"""Suffix -> factor, in any case. SI for k, M, G, T; IEC 80000-13 for Ki ...; a time without a unit
is in seconds."""

_DURATION_UNITS: Final = ("d", "h", "m", "s", "ms", "us", "ns")
_NUMBER: Final = r"(\d{1,20})(?:\.(\d{1,20}))?([a-zµ]{0,3})"
"""Twenty digits hold every 64-bit number; more would only cost time."""
_ONE_OR_RANGE: Final = re.compile(rf"{_NUMBER}(?:-{_NUMBER})?", re.IGNORECASE | re.ASCII)


class Span(NamedTuple):
    """Whole numbers from ``low`` to ``high``, both included; one number when they are equal."""

    low: int
    high: int


def _scaled(digits: str, fraction: str | None, suffix: str, unit: Unit) -> int:
    factor = _SUFFIXES[unit].get(suffix.lower())
    if factor is None:
        raise ValueError(f"'{suffix}' is not a unit here")
    whole = int(digits) * factor
    if fraction:
        part, rest = divmod(int(fraction) * factor, 10 ** len(fraction))
        if rest:
            raise ValueError("the fraction is finer than can be told apart")
        whole += part
    return whole


def parse_span(text: str, unit: Unit) -> Span:
    """Read a number or a range of numbers.

    Raises:
        ValueError: It is neither; the message says why.
    """
    found = _ONE_OR_RANGE.fullmatch(text.replace("\N{GREEK SMALL LETTER MU}", "µ"))
    if found is None:
        raise ValueError(f"'{text}' is not {unit.value}")
    low = _scaled(found[1], found[2], found[3], unit)
    high = low if found[4] is None else _scaled(found[4], found[5], found[6], unit)
    if high < low:
        raise ValueError("the range ends before it begins")
    return Span(low, high)


def format_number(number: int, unit: Unit) -> str:
    """Write a number so that `parse_span` reads the same one."""
    if unit is not Unit.DURATION:
        return str(number)
    suffixes = _SUFFIXES[unit]
    suffix = next(s for s in _DURATION_UNITS if number % suffixes[s] == 0) if number else "s"
    return f"{number // suffixes[suffix]}{suffix}"


def format_span(span: Span, unit: Unit) -> str:
    """Write a number or a range so that `parse_span` reads the same one."""
    low = format_number(span.low, unit)
    return low if span.low == span.high else f"{low}-{format_number(span.high, unit)}"
