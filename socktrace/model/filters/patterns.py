r"""Text patterns: ``*`` is any characters, ``?`` is one; ``\*``, ``\?`` and ``\\`` are themselves.

A pattern is kept as it is written, with no other escapes in it: its normal form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

WILDCARDS: Final = "*?"
_SPECIAL: Final = WILDCARDS + "\\"
_PIECE: Final = re.compile(r"\\(.)|(\*+)|(\?)|([^\\*?]+)", re.DOTALL)


def quote(character: str) -> str:
    """Give the pattern that stands for one character and for nothing else."""
    return f"\\{character}" if character in _SPECIAL else character


def literal(pattern: str) -> str | None:
    """Give the only text that a pattern stands for; None when there is a wildcard in it."""
    out = []
    for escaped, star, mark, plain in _PIECE.findall(pattern):
        if star or mark:
            return None
        out.append(escaped or plain)
    return "".join(out)


def _expression(pattern: str) -> str:
    """Translate into a regular expression that never goes back over a ``*`` it has passed.

    The atomic groups keep a hostile text from making ``*a*a*a*a*`` take hours.
    """
    segments = [""]
    for escaped, star, mark, plain in _PIECE.findall(pattern):
        if star:
            segments.append("")
        else:
            segments[-1] += "." if mark else re.escape(escaped or plain)
    if len(segments) == 1:
        return segments[0]
    first, *middle, last = segments
    return first + "".join(f"(?>.*?{segment})" for segment in middle if segment) + ".*" + last


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Build the test for a pattern, which must fit the whole text."""
    exact = literal(pattern)
    if exact is not None:
        return exact.__eq__
    fullmatch = re.compile(_expression(pattern), re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None
