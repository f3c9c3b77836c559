"""Text to be read: lines with roles, wrapped to the width and scrolled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from socktrace.tui.theme import Styles
from socktrace.view.spans import Spans


class Reader(VerticalScroll, can_focus=True):
    """Text that is scrolled with the keys that rows are moved by."""

    DEFAULT_CSS = """
    Reader { height: 1fr; scrollbar-size: 1 1; }
    Reader Static { width: 1fr; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("ctrl+d", "page_down", show=False),
        Binding("ctrl+b", "page_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, lines: Iterable[Spans] = (), **rest: Any) -> None:
        super().__init__(**rest)
        self._lines = list(lines)
        self._text = Static("", markup=False)

    def compose(self) -> Iterable[Static]:
        """Make the text."""
        yield self._text

    def on_mount(self) -> None:
        """Show it, now that the theme is known."""
        self.read(self._lines)

    def read(self, lines: Iterable[Spans]) -> None:
        """Show other lines."""
        self._lines = list(lines)
        styles = Styles()
        text = Text(no_wrap=False)
        for number, line in enumerate(self._lines):
            if number:
                text.append("\n")
            for piece, role in line:
                text.append(piece, styles.of(self, role))
        self._text.update(text)
        self.scroll_home(animate=False)
