"""The form of the texts of `manual`."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """What is said of a call."""

    call: str
    summary: str
    synopsis: str
    returns: str
    errors: dict[str, str]
    manual: str = ""
    """The manual page, where it is not named as the call."""
