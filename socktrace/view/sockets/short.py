"""Durations, sizes and counts in few columns, for cells of tables."""

from __future__ import annotations

from typing import Final

from socktrace.text.numbers import DAY, HOUR, MINUTE, SECOND

_UNITS: Final = "KMGTPE"
_STEP: Final = 1024
_THOUSAND: Final = 1000
_TEN: Final = 10


def span(ns: int) -> str:
    """Write a span of time in at most five columns: "0s", "59s", "5m07s", "3h12m", "4d03h"."""
    if ns < MINUTE:
        return f"{max(ns, 0) // SECOND}s"
    if ns < HOUR:
        return f"{ns // MINUTE}m{ns % MINUTE // SECOND:02}s"
    if ns < DAY:
        return f"{ns // HOUR}h{ns % HOUR // MINUTE:02}m"
    days = ns // DAY
    return f"{days}d{ns % DAY // HOUR:02}h" if days < 100 else f"{days}d"  # noqa: PLR2004 - two digits


def size(count: float) -> str:
    """Write a number of bytes in at most five columns: "17", "3.4K", "120M"; K is 1,024."""
    return _scaled(count, _STEP)


def count(number: float) -> str:
    """Write a number in at most five columns: "17", "3.4K", "120M"; K is 1,000."""
    return _scaled(number, _THOUSAND)


def _scaled(value: float, step: int) -> str:
    if value < step:
        if 0 < value < 1:
            return "<1"
        return str(int(value))
    for unit in _UNITS:
        value /= step
        if value < _TEN:
            return f"{int(value * 10) / 10:.1f}{unit}"
        if value < step:
            return f"{int(value)}{unit}"
    return f"{int(value)}{_UNITS[-1]}"
