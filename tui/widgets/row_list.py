"""Rows of text, drawn one line at a time: what costs is what is seen, not what there is.

Textual's DataTable takes 66 ms a frame with 10,000 rows; this takes some 3 ms with any number.
A strip is kept for each row that was drawn, under all that decides how it looks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, ClassVar, Final, Protocol

from rich.cells import cell_len
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
from socktrace.view.spans import Span, Spans, plain

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

    rests_at_top: ClassVar[bool] = False
    """Until the user moves it, and after `first`, the cursor is in the first row, whatever that is;
    otherwise it stays on the row that was the first at the beginning."""

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
        self._placed = False
        """The user has put the cursor somewhere."""
        self._strips: OrderedDict[Hashable, Strip] = OrderedDict()
        self._drawn: list[Hashable] = []
        self._titles: tuple[Span, ...] | None = None
        """The header, as it was when the rows were shown last."""
        self._styles = Styles()

    # --- what others ask and tell ---

    @property
    def cursor_key(self) -> Hashable:
        """What the row under the cursor is of; None where there is none."""
        return self.rows.key(self.cursor) if 0 <= self.cursor < len(self.rows) else None

    def seen(self) -> list[Hashable]:
        """The keys of the rows that there is room for on the screen."""
        top = self.scroll_offset.y
        return [self.rows.key(i) for i in range(top, min(top + self._lines, len(self.rows)))]

    def go_to(self, key: Hashable) -> bool:
        """Put the cursor on a row. False if there is none of that key."""
        index = self.rows.index(key)
        if index is None:
            return False
        self._move(index)
        return True

    def show(self) -> None:
        """The rows have changed: draw what looks otherwise, the cursor staying on its row.

        Once the user has put it there, that row keeps its place on the screen too, as far as there
        are rows enough above it.
        """
        count = len(self.rows)
        self._measure(count)
        index = self.rows.index(self._key) if self._key is not None else None
        if index is None:
            self._put(max(0, min(self.cursor, count - 1)))
        elif index != self.cursor:
            moved = index - self.cursor
            stays = self._placed and not self._hidden(self.cursor)
            self.set_reactive(RowList.cursor, index)
            if stays or (not self._placed and self._hidden(index)):
                self._scroll_rows(self.scroll_offset.y + moved)
        self._refresh_changed()

    def _measure(self, count: int) -> None:
        """Take note of how many rows there are, and how wide they and their titles are.

        Set the ordinary way, Textual would lay out the whole screen anew whenever a row comes or
        goes.
        """
        width = self.rows.width(self.scrollable_content_region.width)
        titles = self.rows.header(width)
        self._titles = None if titles is None else tuple(titles)
        size, before = Size(width, count + self._header_height), self.virtual_size
        if size == before:
            return
        thumb = self._thumb()
        self.set_reactive(RowList.virtual_size, size)
        if size.width != before.width or self._thumb() != thumb:
            self._scroll_update(size)

    def _thumb(self) -> tuple[int, int, bool]:
        """How the scroll bar looks, in eighths of a cell: it is as high as the list."""
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        all_ = max(1, height, self.virtual_size.height)
        return (8 * height * height // all_, 8 * height * top // all_, top > self.max_scroll_y)

    def _scroll_rows(self, y: int) -> None:
        if y != self.scroll_offset.y:
            self.scroll_to(y=y, animate=False, force=True)

    def _put(self, index: int) -> None:
        self.set_reactive(RowList.cursor, index)
        self._key = self.cursor_key if self._placed or not self.rests_at_top else None

    def repaint_all(self) -> None:
        """Forget every strip: the theme, the columns or the marks have changed."""
        self._strips.clear()
        self._drawn = []
        self.refresh()

    # --- drawing ---

    @property
    def _header_height(self) -> int:
        return 0 if self._titles is None else 1

    @property
    def _lines(self) -> int:
        """Rows for which there is room."""
        return self.scrollable_content_region.height - self._header_height

    @property
    def _page(self) -> int:
        """Rows by which a page moves: one of those that were seen is seen still."""
        return max(1, self._lines - 1)

    def _hidden(self, index: int) -> bool:
        top = self.scroll_offset.y
        return not top <= index < top + self._lines

    def _look(self, y: int) -> Hashable:
        """All that decides how a line of the screen looks."""
        header = self._header_height
        if header and y == 0:
            return ("header", self._titles)
        index = y - header + self.scroll_offset.y
        if index >= len(self.rows):
            return None
        return (self.rows.key(index), self.rows.version(index), index == self.cursor)

    def _refresh_changed(self) -> None:
        size = self.scrollable_content_region.size
        looks = [self._look(y) for y in range(size.height)]
        before, self._drawn = self._drawn, looks
        if len(looks) != len(before):
            self.refresh()
            return
        changed = [y for y, look in enumerate(looks) if look != before[y]]
        if 2 * len(changed) > len(looks):
            self.refresh()
        elif changed:
            self.refresh(*(Region(0, y, size.width, 1) for y in changed))

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
            spans: Spans = self._titles or ()
            back = styles.header(self)
        else:
            index = y - header + self.scroll_offset.y
            spans = self.rows.line(index, width)
            back = styles.cursor(self) if index == self.cursor else styles.base(self)
            if isinstance(self.marked, str) and self.marked in plain(spans).lower():
                back += styles.marked(self)
        pieces, length = self._pieces(spans, back)
        return Strip(pieces, length).extend_cell_length(width, back).crop(0, width)

    def _pieces(self, spans: Spans, back: Style) -> tuple[list[Segment], int]:
        """Give the spans their styles: what looks alike is one piece, for Textual to do less."""
        faces: dict[str, Style] = {}
        pieces: list[Segment] = []
        length, joined, last = 0, "", back
        for text, role in spans:
            face = faces.get(role)
            if face is None:
                face = faces[role] = back + self._styles.of(self, role)
            if face != last and joined:
                pieces.append(Segment(joined, last))
                joined = ""
            joined, last = joined + text, face
            length += len(text) if text.isascii() else cell_len(text)
        return [*pieces, Segment(joined, last)], length

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
        self._placed = True
        self._measure(count)
        index = max(0, min(index, count - 1))
        self._put(index)
        top = self.scroll_offset.y
        self._scroll_rows(max(min(top, index), index - max(1, self._lines) + 1))
        self._refresh_changed()

    def _move_by_hand(self, index: int) -> None:
        before = self.cursor_key
        self._move(index)
        if self.cursor_key != before:
            self.post_message(self.Moved(self, self._key))

    def action_cursor_up(self) -> None:
        """Move up."""
        self._move_by_hand(self.cursor - 1)

    def action_cursor_down(self) -> None:
        """Move down."""
        self._move_by_hand(self.cursor + 1)

    def action_page_up(self) -> None:
        """Move up by a page."""
        self._move_by_hand(self.cursor - self._page)

    def action_page_down(self) -> None:
        """Move down by a page."""
        self._move_by_hand(self.cursor + self._page)

    def action_first(self) -> None:
        """Go to the first row."""
        self._move_by_hand(0)
        if self.rests_at_top:
            self._placed, self._key = False, None

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
