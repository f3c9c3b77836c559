"""What pages have in common: the whole screen, text, and the keys below it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.screen import ModalScreen

from socktrace.escape import printable
from socktrace.tui.actions import shown_key
from socktrace.tui.widgets.filter_bar import Hint
from socktrace.tui.widgets.line import Line, Piece, spread
from socktrace.tui.widgets.reader import Reader
from socktrace.view.spans import Spans


class _Keys(Line):
    """The keys; the last of them stays at every width."""

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys

    def lay_out(self, room: int) -> list[Piece]:
        """As much as there is room for."""
        pieces = [
            piece
            for key, does in self._keys
            for piece in (
                Piece(f" {shown_key(key)}", "key", key=key),
                Piece(f" {printable(does)} ", key=key),
            )
        ]
        return spread(pieces[:-2], pieces[-2:], room)


class Page(ModalScreen[None]):
    """Text over the whole screen.

    Args:
        title: The first line.
        lines: The text.
        keys: Keys and what they do, for the last line.
    """

    DEFAULT_CSS = """
    Page { background: $background; }
    Page Reader { padding: 1 2; }
    """

    def __init__(self, title: str, lines: Iterable[Spans], keys: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self._heading = title
        self._lines = list(lines)
        self._keys = list(keys)

    def compose(self) -> ComposeResult:
        """Make the page."""
        head = Hint()
        head.tell([Piece(" socktrace ", "title"), Piece(f" {self._heading}", "heading")])
        yield head
        yield Reader(self._lines)
        yield _Keys(self._keys)

    def on_mount(self) -> None:
        """Begin to read."""
        self.set_focus(self.query_one(Reader))
