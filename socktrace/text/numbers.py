"""Durations, moments and sizes in the units people read.

Integers only, so that no value that a recording can hold overflows or rounds to nonsense.
"""

from __future__ import annotations

from typing import Final

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_BELOW_A_MINUTE: Final = ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "µs"))
_FROM_A_MINUTE: Final = (
    (DAY, "d", HOUR, "h"),
    (HOUR, "h", MINUTE, "min"),
    (MINUTE, "min", SECOND, "s"),
)
_BINARY: Final = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
"""IEC 80000-13."""


def duration(ns: int) -> str:
    """Write a span of time: "820 ns", "1.23 ms", "12.3 s", "2 min 5 s", "3 d 4 h"."""
    if ns < 0:
        return "-" + duration(-ns)
    for unit, name, part, part_name in _FROM_A_MINUTE:
        if ns >= unit:
            rest = ns % unit // part
            return f"{ns // unit} {name} {rest} {part_name}" if rest else f"{ns // unit} {name}"
    for unit, name in _BELOW_A_MINUTE:
        if ns >= unit:
            return f"{_three_digits(ns, unit)} {name}"
    return f"{ns} ns"


def moment(ns: int) -> str:
    """Write a time since the recording began, in seconds to the microsecond: "0.001234"."""
    sign = "-" if ns < 0 else ""
    seconds, rest = divmod(abs(ns) // MICROSECOND, 1_000_000)
    return f"{sign}{seconds}.{rest:06d}"


def size(count: int) -> str:
    """Write a number of bytes: "17 B", "3.4 KiB", "120 MiB"."""
    if count < 0:
        return "-" + size(-count)
    for unit, name in _BINARY:
        if count >= unit:
            tenths = count * 10 // unit
            whole, tenth = divmod(tenths, 10)
            return f"{whole} {name}" if whole >= 100 else f"{whole}.{tenth} {name}"  # noqa: PLR2004
    return f"{count} B"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Write a number of things: "1 socket", "2 sockets"."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def _three_digits(value: int, unit: int) -> str:
    whole = value // unit
    decimals = 2 if whole < 10 else 1 if whole < 100 else 0  # noqa: PLR2004 - three digits in all
    if not decimals:
        return str(whole)
    return f"{whole}.{value % unit * 10**decimals // unit:0{decimals}d}"
