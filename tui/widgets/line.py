"""A line of the frame: pieces of text, some of which can be clicked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from socktrace.text.columns import fit, width_of
from socktrace.tui.theme import Styles
from socktrace.view.spans import Role

if TYPE_CHECKING:
    from socktrace.tui.app import SocktraceApp

_REVERSE: Final = Style(reverse=True)


class Piece(NamedTuple):
    """A piece of a line."""

    text: str
    role: Role = "plain"
    action: str = ""
    """What a click on it does: an action of the app."""
    key: str = ""
    """Or the key that a click stands for."""
    marked: bool = False
    """Shown in reverse: the one that is chosen among others."""

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return width_of(self.text)


def width(pieces: Iterable[Piece]) -> int:
    """Columns that these pieces take."""
    return sum(piece.width for piece in pieces)


def spread(left: list[Piece], right: list[Piece], room: int) -> list[Piece]:
    """Put pieces at both ends of a line; where there is no room for all, the left is cut."""
    room -= width(right)
    kept: list[Piece] = []
    for piece in left:
        if piece.width > room:
            if room > 0:
                kept.append(piece._replace(text=fit(piece.text, room)))
                room -= kept[-1].width
            break
        kept.append(piece)
        room -= piece.width
    return [*kept, Piece(" " * max(room, 0)), *right]


class Line(Widget):
    """One line of pieces on the background of titles."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.pieces: list[Piece] = []
        self._styles = Styles()

    @property
    def tracer(self) -> SocktraceApp:
        """The app, by its own type."""
        from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - it imports this

        assert isinstance(self.app, SocktraceApp)  # noqa: S101 - for the type alone
        return self.app

    @abstractmethod
    def lay_out(self, room: int) -> list[Piece]:
        """The pieces for a line of so many columns."""

    def update(self) -> None:
        """Draw it again if it is another line now."""
        pieces = self.lay_out(self.size.width)
        if pieces != self.pieces:
            self.pieces = pieces
            self.refresh()

    def on_resize(self) -> None:
        """There is room for more, or for less."""
        self.update()

    def render_line(self, y: int) -> Strip:
        """Draw it."""
        del y
        styles, back = self._styles, self._styles.header(self)
        segments = [
            Segment(
                piece.text,
                back + styles.of(self, piece.role) + (_REVERSE if piece.marked else Style.null()),
            )
            for piece in self.pieces
        ]
        room = self.size.width
        return Strip(segments).extend_cell_length(room, back).crop(0, room)

    async def on_click(self, event: events.Click) -> None:
        """Do what the piece under the pointer stands for."""
        place = 0
        for piece in self.pieces:
            place += piece.width
            if event.x < place:
                if piece.key:
                    self.app.simulate_key(piece.key)
                elif piece.action:
                    await self.app.run_action(piece.action)
                return
