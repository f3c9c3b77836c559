"""Rows of text, drawn one line at a time: what costs is what is seen, not what there is.

Textual's DataTable takes 66 ms a frame with 10,000 rows; this takes some 3 ms with any number.
A strip is kept for each row that was drawn, under all that decides how it looks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, ClassVar, Final, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from socktrace.tui.actions import LIST, bindings
from socktrace.tui.theme import Styles
from socktrace.view.spans import Spans, plain

_CACHED: Final = 1_000
"""Strips kept: some screens full."""


class Rows(Protocol):
    """What a list shows. Rows are asked for by their place; a key tells them apart for good."""

    def __len__(self) -> int:
        """How many there are."""

    def key(self, index: int) -> Hashable:
        """What the row is of, wherever it moves to."""

    def index(self, key: Hashable) -> int | None:
        """Where that row is now; None where it is no more."""

    def version(self, index: int) -> Hashable:
        """Changes whenever the row looks otherwise."""

    def line(self, index: int, width: int) -> Spans:
        """The row itself, for a screen of this width; longer where it may be scrolled."""

    def width(self, room: int) -> int:
        """Columns that the longest row takes where there is room for so many."""

    def header(self, width: int) -> Spans | None:
        """The titles above the rows; None: there are none."""


class RowList(ScrollView, can_focus=True):
    """A list of rows with a cursor that stays on its row while others move round it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set()
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LIST)]
    DEFAULT_CSS = """
    RowList { height: 1fr; width: 1fr; overflow-x: auto; overflow-y: scroll; scrollbar-size: 1 1; }
    """

    cursor: reactive[int] = reactive(0, repaint=False)
    """The place of the row under the cursor."""

    class Opened(Message):
        """A row was opened: Enter, or a second click."""

        def __init__(self, rows: RowList, key: Hashable) -> None:
            super().__init__()
            self.rows, self.key = rows, key

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    class Moved(Opened):
        """The cursor is on another row, because the user moved it."""

    class HeaderClicked(Message):
        """A title was clicked."""

        def __init__(self, rows: RowList, column: int) -> None:
            super().__init__()
            self.rows = rows
            self.column = column
            """The column of the screen, from the beginning of the (unscrolled) row."""

    def __init__(self, rows: Rows, **settings: Any) -> None:
        super().__init__(**settings)
        self.rows = rows
        self.marked: Hashable = None
        """What search hits are told by: rows whose text has this (lower case) are accented."""
        self._key: Hashable = None
        self._strips: OrderedDict[Hashable, Strip] = OrderedDict()
        self._drawn: list[Hashable] = []
        self._styles = Styles()

    # --- what others ask and tell ---

    @property
    def cursor_key(self) -> Hashable:
        """What the row under the cursor is of; None where there is none."""
        return self.rows.key(self.cursor) if 0 <= self.cursor < len(self.rows) else None

    def go_to(self, key: Hashable) -> bool:
        """Put the cursor on a row. False if there is none of that key."""
        index = self.rows.index(key)
        if index is None:
            return False
        self._move(index)
        return True

    def show(self) -> None:
        """The rows have changed: draw what looks otherwise, the cursor staying on its row.

        The row under the cursor keeps its place on the screen too.
        """
        count, header = len(self.rows), self._header_height
        room = self.scrollable_content_region.width
        size = Size(self.rows.width(room), count + header)
        if self._key is not None and (index := self.rows.index(self._key)) is not None:
            if index != self.cursor:
                moved = index - self.cursor
                self.set_reactive(RowList.cursor, index)
                if self.virtual_size != size:
                    self.virtual_size = size
                if self.scroll_offset.y > 0 or self._hidden(index):
                    self.scroll_to(y=self.scroll_offset.y + moved, animate=False, force=True)
        else:
            self.set_reactive(RowList.cursor, max(0, min(self.cursor, count - 1)))
            self._key = self.cursor_key
        if self.virtual_size != size:
            self.virtual_size = size
            self._drawn = []
            self.refresh()
            return
        self._refresh_changed()

    def repaint_all(self) -> None:
        """Forget every strip: the theme, the columns or the marks have changed."""
        self._strips.clear()
        self._drawn = []
        self.refresh()

    # --- drawing ---

    @property
    def _header_height(self) -> int:
        return 0 if self.rows.header(1) is None else 1

    def _hidden(self, index: int) -> bool:
        top = self.scroll_offset.y
        return not top <= index < top + self.scrollable_content_region.height - self._header_height

    def _look(self, y: int) -> Hashable:
        """All that decides how a line of the screen looks."""
        header = self._header_height
        if header and y == 0:
            return ("header", tuple(self.rows.header(self.virtual_size.width) or ()))
        index = y - header + self.scroll_offset.y
        if index >= len(self.rows):
            return None
        return (self.rows.key(index), self.rows.version(index), index == self.cursor)

    def _refresh_changed(self) -> None:
        height = self.scrollable_content_region.height
        looks = [self._look(y) for y in range(height)]
        if len(looks) != len(self._drawn):
            self.refresh()
        else:
            width = self.size.width
            for y, (now, before) in enumerate(zip(looks, self._drawn, strict=True)):
                if now != before:
                    self.refresh(Region(0, y, width, 1))
        self._drawn = looks

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        look = self._look(y)
        width, offset = self.size.width, self.scroll_offset.x
        if look is None:
            return Strip.blank(width, self._styles.base(self))
        full = max(self.virtual_size.width, width)
        mark = (look, full, self.has_focus, self.marked, self._styles.theme(self))
        strip = self._strips.get(mark)
        if strip is None:
            strip = self._strips[mark] = self._strip(y, full)
            if len(self._strips) > _CACHED:
                self._strips.popitem(last=False)
        return strip.crop(offset, offset + width)

    def _strip(self, y: int, width: int) -> Strip:
        header = self._header_height
        styles = self._styles
        if header and y == 0:
            spans: Spans = self.rows.header(width) or ()
            back = styles.header(self)
        else:
            index = y - header + self.scroll_offset.y
            spans = self.rows.line(index, width)
            back = styles.cursor(self) if index == self.cursor else styles.base(self)
            if isinstance(self.marked, str) and self.marked in plain(spans).lower():
                back += styles.marked(self)
        pieces = [Segment(text, back + styles.of(self, role)) for text, role in spans]
        return Strip(pieces).extend_cell_length(width, back).crop(0, width)

    def notify_style_update(self) -> None:
        """The theme has changed."""
        super().notify_style_update()
        self.repaint_all()

    def on_resize(self) -> None:
        """Rows may be of another width now."""
        self._drawn = []
        self.show()

    # --- moving ---

    def _move(self, index: int) -> None:
        count = len(self.rows)
        if not count:
            return
        index = max(0, min(index, count - 1))
        self.set_reactive(RowList.cursor, index)
        self._key = self.cursor_key
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        height -= self._header_height
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True)
        self._refresh_changed()

    def _move_by_hand(self, index: int) -> None:
        before = self._key
        self._move(index)
        if self._key != before:
            self.post_message(self.Moved(self, self._key))

    def action_cursor_up(self) -> None:
        """Move up."""
        self._move_by_hand(self.cursor - 1)

    def action_cursor_down(self) -> None:
        """Move down."""
        self._move_by_hand(self.cursor + 1)

    def action_page_up(self) -> None:
        """Move up by a page."""
        self._move_by_hand(self.cursor - max(1, self.size.height - 2))

    def action_page_down(self) -> None:
        """Move down by a page."""
        self._move_by_hand(self.cursor + max(1, self.size.height - 2))

    def action_first(self) -> None:
        """Go to the first row."""
        self._move_by_hand(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._move_by_hand(len(self.rows) - 1)

    def action_left(self) -> None:
        """Scroll to the left."""
        self.scroll_to(x=self.scroll_offset.x - 8, animate=False)

    def action_right(self) -> None:
        """Scroll to the right."""
        self.scroll_to(x=self.scroll_offset.x + 8, animate=False)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Opened(self, key))

    def on_click(self, event: events.Click) -> None:
        """Select a row; a second click opens it."""
        header = self._header_height
        if header and event.y == 0:
            self.post_message(self.HeaderClicked(self, event.x + self.scroll_offset.x))
            return
        index = event.y - header + self.scroll_offset.y
        if 0 <= index < len(self.rows):
            self._move_by_hand(index)
            if event.chain > 1:
                self.action_open()


__all__ = ["RowList", "Rows", "Style"]
