"""What a call carried, as bytes and as text side by side."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from socktrace.text.numbers import size
from socktrace.view.spans import Span, Spans

if TYPE_CHECKING:
    from socktrace.lines import Syscall

_ROOMY: Final = 78
"""Columns from which on 16 bytes stand in a line."""
_MOST: Final = 64
"""Lines that are shown."""
_COUNTING: Final = frozenset({"sendmmsg", "recvmmsg", "recvmmsg_time64"})
"""Calls that return a number of messages, not of bytes."""


def carried(call: Syscall, width: int) -> Iterator[Spans]:
    """Write it in lines of at most so many columns; nothing where nothing was kept."""
    if call.payload is None:
        return
    try:
        kept = binascii.a2b_base64(call.payload, strict_mode=True)
    except (ValueError, binascii.Error):
        yield [("  payload that is not base64", "warning")]
        return
    length = size(len(kept))
    if call.ret > len(kept) and call.call not in _COUNTING:
        length = f"the first {length} of {size(call.ret)}"
    yield [(f"  {length}", "faint")]
    step = 16 if width >= _ROOMY else 8
    for start in range(0, min(len(kept), _MOST * step), step):
        yield list(_line(start, kept[start : start + step], step))
    if len(kept) > _MOST * step:
        yield [(f"  … and {size(len(kept) - _MOST * step)} more", "faint")]


def _line(start: int, part: bytes, step: int) -> Iterator[Span]:
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)  # noqa: PLR2004
    yield f"  {start:04x}  ", "faint"
    yield f"{part.hex(' '):<{3 * step}} ", "number"
    yield text, "plain"
