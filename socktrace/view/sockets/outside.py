"""What a table asks of the world outside the model, which the model does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from socktrace.lines import Address
from socktrace.text.addresses import address


def _no_container(_: str) -> str | None:
    return None


class Outside(NamedTuple):
    """Functions that know it; all are called often and must be quick."""

    container: Callable[[str], str | None] = _no_container
    """The container of a control group."""
    user: Callable[[int], str] = str
    """A user's name."""
    address: Callable[[Address | None], str] = address
    """An address as it is to be shown: with numbers, or with names. It is printable."""
