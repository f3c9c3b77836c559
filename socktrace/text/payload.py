"""What a call carried, as a line of text below it."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from socktrace.text.columns import fit
from socktrace.text.numbers import size

if TYPE_CHECKING:
    from socktrace.lines import Syscall

_SHORTEST: Final = 8
"""Columns that are left to the text on the narrowest terminal."""
_COUNTING: Final = frozenset({"sendmmsg", "recvmmsg", "recvmmsg_time64"})
"""Calls that return a number of messages, not of bytes."""
_ASCII: Final = [
    chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\' else f"\\x{byte:02x}"  # noqa: PLR2004 - the printable ones
    for byte in range(256)
]
_ASCII[ord('"')], _ASCII[ord("\\")] = '\\"', "\\\\"


def payload_text(line: Syscall, width: int | None = None) -> str | None:
    r"""Write what a call carried: ``"GET / HTTP/1.1\x0d\x0a", 16 of 80 B``.

    Args:
        line: A call.
        width: Columns, to which the text between the quotes is cut; None where no one looks.

    Returns:
        None if nothing was kept of it.
    """
    if line.payload is None:
        return None
    try:
        kept = binascii.a2b_base64(line.payload, strict_mode=True)
    except (ValueError, binascii.Error):
        return "(payload that is not base64)"
    if not kept:
        return None
    length = size(len(kept))
    if line.ret > len(kept) and line.call not in _COUNTING:
        length = f"first {length} of {size(line.ret)}"
    text = "".join(map(_ASCII.__getitem__, kept))
    room = None if width is None else max(width - len(length) - len('"", '), _SHORTEST)
    return f'"{text if room is None else fit(text, room)}", {length}'
