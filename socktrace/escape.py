r"""The one function that every text from outside passes on its way to a screen or a pipe.

Program names, paths and payloads are chosen by strangers. Unescaped they can move the cursor, set
the terminal's title, turn the direction of the line around or look like another name.

The result is printable, on one line and unambiguous. A backslash is always doubled: were it only
doubled where an escape might follow, a reader would have to know that rule to tell the path
``a\x1b`` from an escape character. So call it once on each text, last of all.
"""

from __future__ import annotations

import re
from typing import Final

_ELLIPSIS: Final = "…"
_BYTES: Final = 0xDC80, 0xDCFF
"""Where Python puts bytes that are not UTF-8 (PEP 383): shown as the bytes they were."""
_ASCII_END: Final = 0x80
_BMP_END: Final = 0x10000

_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing, or a blank, though Unicode does not class them among its
controls: Default_Ignorable_Code_Point in DerivedCoreProperties.txt, and the empty Braille cell."""


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable() and not _INVISIBLE.match(character):
        return character
    code = ord(character)
    if code < _ASCII_END:
        return f"\\x{code:02x}"
    if _BYTES[0] <= code <= _BYTES[1]:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < _BMP_END else f"\\U{code:08x}"


def _is_plain(text: str) -> bool:
    if "\\" in text or not text.isprintable():
        return False
    return text.isascii() or not _INVISIBLE.search(text)


def printable(text: str | bytes, limit: int | None = None) -> str:
    r"""Escape what a terminal would act on or not show, and cut at ``limit`` characters.

    ``\xNN`` is an ASCII control or a byte that is not UTF-8; ``\uNNNN`` and ``\UNNNNNNNN`` are
    other characters without a shape: C1 and bidirectional controls, zero-width characters, line
    separators, spaces other than the plain one, surrogates, private use, unassigned. What
    `str.isprintable` takes for printable stays.

    Args:
        text: Anything; bytes are read as UTF-8.
        limit: The most characters the result may have, "…" at the cut among them; an escape is
            kept whole or left out.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if limit is None:
        return text if _is_plain(text) else "".join(map(_shown, text))
    if limit <= 0:
        return ""
    if len(text) <= limit and _is_plain(text):
        return text
    return _cut([_shown(character) for character in text[: limit + 1]], limit)


def _cut(pieces: list[str], limit: int) -> str:
    whole = "".join(pieces)
    if len(whole) <= limit:
        return whole
    kept, length = 0, len(_ELLIPSIS)
    for piece in pieces:
        length += len(piece)
        if length > limit:
            break
        kept += 1
    return "".join(pieces[:kept]) + _ELLIPSIS
