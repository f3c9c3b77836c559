"""A recording as it is read, live or from a file: lines in, lines of text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.lines import Syscall
from socktrace.text.columns import wrap
from socktrace.text.introductions import Introductions
from socktrace.text.ordering import Placed, ReadingOrder
from socktrace.text.payload import payload_text
from socktrace.text.stream import INDENT, format_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from socktrace.lines import Line
    from socktrace.text.stream import Lives
    from socktrace.text.style import Style

_PAYLOAD_INDENT: Final = INDENT + "  "
_WRAP_INDENT: Final = len(INDENT) + 4


class Teller:
    """Tells lines in reading order, each call with what it led to and what it carried below it.

    The live view and a recording of it read alike, because both are told by this.

    Args:
        world: what is known of the sockets; it is to have taken in each line before it comes here.
        style: with or without colour.
    """

    def __init__(self, world: Lives, style: Style) -> None:
        """Begin with nothing told."""
        self.width: int | None = None
        """Columns to which lines are wrapped; None: one line each, for programs that read them."""
        self._world = world
        self._style = style
        self._order = ReadingOrder()
        self._introductions = Introductions()

    def take(self, line: Line) -> Iterator[str]:
        """Write what can be told now that this line has come."""
        for introduced in self._introductions.take(line):
            yield from self._written(self._order.take(introduced))

    def late(self, now: int) -> Iterator[str]:
        """Write what has waited long enough for its call at `now`, ns since the beginning."""
        return self._written(self._order.late(now))

    def rest(self) -> Iterator[str]:
        """Write what still waits; to be called after the last line."""
        return self._written(self._order.rest())

    def _written(self, placed: Iterable[Placed]) -> Iterator[str]:
        width = self.width
        for line, apart in placed:
            text = format_line(line, self._world, self._style, apart=apart)
            if text is None:
                continue
            if width is None:
                yield text
            else:
                yield from wrap(text, width, _WRAP_INDENT)
            if isinstance(line, Syscall) and line.payload is not None:
                room = None if width is None else width - len(_PAYLOAD_INDENT)
                carried = payload_text(line, room)
                if carried is not None:
                    yield _PAYLOAD_INDENT + carried
