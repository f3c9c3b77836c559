"""Where things stand in a line of the list: time, process, and what happened."""

from __future__ import annotations

from typing import Final, NamedTuple

from socktrace.text.numbers import moment
from socktrace.view.spans import Span

_NARROW: Final = 100
"""Columns of a screen below which processes get less room."""
_SHORT, _LONG = 15, 22
"""Columns for "name(pid)"."""
_TIMES: Final = (9, 11, 13, 17, 27)
"""Widths of the time: a hundred seconds, an hour or three, days, and whatever a file has."""
SIGN: Final = 2
"""Columns of the sign before what happened."""


class Layout(NamedTuple):
    """Widths of the first columns."""

    time: int
    process: int

    @property
    def margin(self) -> int:
        """Columns before what happened."""
        return self.time + 2 + self.process + 1

    def header(self) -> list[Span]:
        """The titles."""
        time, process = self.time, self.process + 1
        return [(f"{'seconds':>{time}}  {'process':<{process}}{'':{SIGN}}event", "heading")]


def layout_for(width: int, latest: int) -> Layout:
    """Give the widths for a screen and the latest moment that has to fit."""
    length = len(moment(latest))
    time = next((each for each in _TIMES if each >= length), _TIMES[-1])
    return Layout(time, _SHORT if width < _NARROW else _LONG)
