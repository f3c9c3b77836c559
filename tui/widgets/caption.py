"""A line above rows that says what they are."""

from __future__ import annotations

from socktrace.tui.widgets.line import Line, Piece, spread
from socktrace.view.spans import Spans


class Caption(Line):
    """A line with something at its left and something at its right."""

    def __init__(self) -> None:
        super().__init__()
        self._left: list[Piece] = []
        self._right: list[Piece] = []

    def tell(self, left: Spans, right: Spans = ()) -> None:
        """Show this; the left gives way where there is no room for both."""
        self._left = [Piece(text, role) for text, role in left]
        self._right = [Piece(text, role) for text, role in right]
        self.update()

    def lay_out(self, room: int) -> list[Piece]:
        """Both ends."""
        return spread(self._left, self._right, room)
