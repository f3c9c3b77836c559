"""What a call does, in our own words: for whoever reads a trace and does not know it by heart.

The words for what the kernel keeps are those of the manual pages: a file descriptor is a number of
a process that refers to an open file description; a socket is the endpoint behind that.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from socktrace.names.errno_meanings import MEANINGS
from socktrace.names.manual_making import MAKING
from socktrace.names.manual_moving import MOVING
from socktrace.names.manual_naming import NAMING
from socktrace.names.manual_texts import Text
from socktrace.names.manual_waiting import WAITING

_VARIANTS: Final = {
    "fcntl64": ("fcntl", "The form of 32-bit programs, for offsets of 64 bits."),
    "sendfile64": ("sendfile", "The form of 32-bit programs, for offsets of 64 bits."),
    "_newselect": ("select", "What select() of a 32-bit program really calls."),
    "pselect6_time64": ("pselect6", "The form of 32-bit programs with times of 64 bits."),
    "ppoll_time64": ("ppoll", "The form of 32-bit programs with times of 64 bits."),
    "recvmmsg_time64": ("recvmmsg", "The form of 32-bit programs with times of 64 bits."),
}
"""Call -> the call whose text it shares, and what is different."""
_TEXTS: Final[dict[str, Text]] = {
    text.call: text for part in (MAKING, NAMING, MOVING, WAITING) for text in part
}


class Page(NamedTuple):
    """What there is to say of a call."""

    call: str
    summary: str
    synopsis: tuple[str, ...]
    """Its prototype in C, in lines."""
    returns: str
    """What the result means if it is no error."""
    errors: dict[str, str]
    """Its most usual errors, and what each means here."""
    manual: str
    """Name of the system's manual page."""
    note: str = ""
    """What is different from the call that the page is of."""
    section: str = "2"


def page_of(call: str) -> Page | None:
    """Give the page of a captured call; None for any other."""
    base, note = _VARIANTS.get(call, (call, ""))
    text = _TEXTS.get(base)
    if text is None:
        return None
    return Page(
        call,
        text.summary,
        tuple(text.synopsis.strip("\n").split("\n")),
        text.returns,
        text.errors,
        text.manual or text.call,
        note,
    )


def meaning_of(errno: str, call: str | None = None) -> str | None:
    """Say what an error means, of this call where that is known; None where nothing is known."""
    text = _TEXTS.get(_VARIANTS.get(call, (call, ""))[0]) if call is not None else None
    special = text.errors.get(errno) if text is not None else None
    return special or MEANINGS.get(errno)
