"""Taking the text of strace apart at its commas and brackets, past quotes and decorations.

strace(1), section "Filtering": with ``-yy`` a descriptor is followed by what it names, as in
``3<TCP:[127.0.0.1:1->127.0.0.1:2]>``, ``4</tmp/a, b>`` or ``0</dev/null<char 1:3>>``.
"""

from __future__ import annotations

import re
from typing import Final

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_KIND: Final = re.compile(r"<[A-Za-z][A-Za-z0-9_-]*:\[")
"""A decoration that names no file: a socket, pipe or anonymous inode."""
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(rb"\\(x[0-9a-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}


def skip_quoted(text: str, at: int) -> int:
    """Return the place after the string that begins at ``at``."""
    match = _QUOTED.match(text, at)
    if match is None:
        raise ValueError(f"a string without an end: {text[at : at + 60]!r}")
    return match.end()


def skip_decoration(text: str, at: int) -> int:
    """Return the place after the decoration that begins with the ``<`` at ``at``."""
    if _KIND.match(text, at):
        return _skip_kind(text, at)
    # A path: strace writes "<" and ">" in it as octal escapes; a device adds "<char 1:3>".
    depth = 0
    for place in range(at, len(text)):
        depth += {"<": 1, ">": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    raise ValueError(f"a decoration without an end: {text[at : at + 60]!r}")


def _skip_kind(text: str, at: int) -> int:
    while not text.startswith("]>", at):
        at = skip_quoted(text, at) if text[at] == '"' else at + 1
        if at >= len(text):
            raise ValueError("a decoration without an end")
    return at + 2


def skip_balanced(text: str, at: int) -> int:
    """Return the place after the bracket that closes the one at ``at``."""
    end = _CLOSING[text[at]]
    at += 1
    while at < len(text):
        if text[at] == end:
            return at + 1
        at = _skip_one(text, at)
    raise ValueError(f"a bracket without an end: {text[:80]!r}")


def _skip_one(text: str, at: int) -> int:
    character = text[at]
    if character == '"':
        return skip_quoted(text, at)
    if character in _CLOSING:
        return skip_balanced(text, at)
    if character == "<" and at and (text[at - 1].isdigit() or text[:at].endswith("AT_FDCWD")):
        # 1<<12 is a shift
        return at + 2 if text.startswith("<<", at) else skip_decoration(text, at)
    if text.startswith("/*", at):
        return text.index("*/", at) + 2
    return at + 1


def split(text: str) -> list[str]:
    """Split at the commas that are in no bracket, string, comment or decoration."""
    parts: list[str] = []
    begin = at = 0
    while at < len(text):
        if text[at] == ",":
            parts.append(text[begin:at].strip())
            at = begin = at + 1
        else:
            at = _skip_one(text, at)
    last = text[begin:].strip()
    if parts or last:
        parts.append(last)
    return parts


def fields(text: str) -> dict[str, str]:
    """Read ``{a=1, b=2}``; entries without a name of their own are kept by their position."""
    return {
        name if equals and name.isidentifier() else str(position): value if equals else entry
        for position, entry in enumerate(split(text[1:-1]))
        for name, equals, value in [entry.partition("=")]
    }


def unquote(text: str) -> bytes:
    """Read a string with C's escapes, its quotes around it; an ellipsis after it is ignored."""
    match = _QUOTED.match(text)
    if match is None:
        raise ValueError(f"not a string: {text[:60]!r}")
    return _ESCAPE.sub(lambda found: _unescape(found[1]), match[1].encode("latin-1"))


def _unescape(escape: bytes) -> bytes:
    if escape[:1] == b"x" and len(escape) > 1:
        return bytes([int(escape[1:], 16)])
    if escape.isdigit():
        return bytes([int(escape, 8) & 0xFF])
    return _LETTERS.get(escape, escape)
