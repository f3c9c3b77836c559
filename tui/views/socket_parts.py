"""The widgets of a socket's page: parts with rows, their captions, and the tabs above them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from socktrace.tui.actions import LIST, bindings, shown_key
from socktrace.tui.keymap import actions_by_id, keys_of
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.line import Line, Piece, width
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.life.layout import PARTS, TITLES
from socktrace.view.spans import Spans, plain

if TYPE_CHECKING:
    from socktrace.view.life.rows import Row

Build = Callable[[int], list["Row"]]
"""Writes the rows of a part for so many columns."""


class PageRows:
    """Rows that are written all at once: there are few, or they were chosen before."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._keys: list[Hashable] = []
        self._places: dict[Hashable, int] = {}

    def put(self, rows: Sequence[Row]) -> None:
        """Show these from now on."""
        self._rows = list(rows)
        self._keys = []
        self._places = {}
        for place, row in enumerate(rows):
            key = row.key if row.key is not None else ("row", place)
            if key in self._places:
                key = (key, place)
            self._keys.append(key)
            self._places[key] = place

    def row(self, index: int) -> Row | None:
        """The row at a place."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> Hashable:
        """What the row is of."""
        return self._keys[index]

    def index(self, key: Hashable) -> int | None:
        """Where that row is now."""
        return self._places.get(key)

    def version(self, index: int) -> Hashable:
        """The text itself: it is at hand."""
        return tuple(self._rows[index].spans)

    def line(self, index: int, width: int) -> Spans:
        """The row."""
        del width
        return self._rows[index].spans

    def width(self, room: int) -> int:
        """Rows are written for the room there is."""
        return room

    def header(self, width: int) -> None:
        """Titles are rows among others: a part has several tables."""
        del width


class Part(RowList):
    """The rows of one part of the page.

    Args:
        name: which part.
        build: writes its rows.
    """

    def __init__(self, name: str, build: Build) -> None:
        self.page = PageRows()
        super().__init__(self.page, id=f"part-{name}")
        self.part: Final = name
        self.follows = False
        """While the cursor is on its last row, it goes on to what is last then."""
        self._begins = False
        self._build: Final = build

    def draw(self) -> None:
        """Write the rows anew and show them."""
        room = self.scrollable_content_region.width
        if room <= 0:
            return
        at_end = 0 < len(self.page) == self.cursor + 1
        self.page.put(self._build(room))
        self.show()
        if self.follows and (at_end or self._begins):
            self.to_end()
        elif self._begins and len(self.page):
            self.go_to(self.page.key(0))
        self._begins = False

    def begin(self, *, follow: bool) -> None:
        """Another page: go to its first row, or to the last if it is to be followed."""
        self._begins = True
        self.follows = follow

    def to_end(self) -> None:
        """Go to the last row."""
        if len(self.page):
            self.go_to(self.page.key(len(self.page) - 1))

    def on_resize(self) -> None:
        """The rows are of another width now."""
        self.draw()

    def search(self, text: str, step: int) -> bool:
        """Go to the next row with this text; see `View.search`."""
        self.marked = text or None
        self.repaint_all()
        count = len(self.page)
        if not text:
            return True
        for away in range(0 if step == 0 else 1, count + 1 if count else 0):
            place = (self.cursor + away * (step or 1)) % count
            if text in plain(self.page.line(place, 0)).lower():
                return self.go_to(self.page.key(place))
        return False


class TimePart(Part):
    """The time line: left and right move along it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LIST)]

    class Pan(Message):
        """The user moved along the time line: by a part of what is shown."""

        def __init__(self, part: float) -> None:
            super().__init__()
            self.part = part

    class Zoom(Message):
        """The user turned the wheel with Ctrl: in (1) or out (-1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def action_left(self) -> None:
        """Go back in time."""
        self.post_message(self.Pan(-0.25))

    def action_right(self) -> None:
        """Go ahead in time."""
        self.post_message(self.Pan(0.25))

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._zoom_by_wheel(event, 1)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._zoom_by_wheel(event, -1)

    def _zoom_by_wheel(self, event: events.MouseEvent, step: int) -> None:
        if event.ctrl:
            self.post_message(self.Zoom(step))
            event.stop()
            event.prevent_default()  # it would scroll as well


class Panel(Vertical):
    """A part below its caption."""

    DEFAULT_CSS = """
    Panel { height: 1fr; width: 1fr; }
    Panel.low { height: 2fr; }
    Panel.high { height: 3fr; }
    """

    def __init__(self, part: Part) -> None:
        super().__init__(id=f"panel-{part.part}")
        self.part: Final = part
        self.caption: Final = Caption()

    def compose(self) -> ComposeResult:
        """Caption and part."""
        yield self.caption
        yield self.part

    def tell(self, *, focused: bool, note: Spans = ()) -> None:
        """Say which part it is, and whether keys go there."""
        title = TITLES[self.part.part]
        sign = "▶ " if focused else "  "
        self.caption.tell([(f"{sign}{title}", "accent" if focused else "heading")], note)


_HINTS: Final = {
    "facts": (("peer", "other end"),),
    "timeline": (("zoom_in", "closer"), ("zoom_out", "farther")),
    "diagram": (("peer", "other end"),),
    "calls": (("manual", "manual"),),
}
"""What the line of tabs tells of the part that has the focus: actions, and what they do here."""


class Tabs(Line):
    """The names of the parts; a click goes to one."""

    class Chosen(Message):
        """A part was clicked."""

        def __init__(self, part: str) -> None:
            super().__init__()
            self.part = part

    def __init__(self) -> None:
        super().__init__()
        self.current = PARTS[0]

    def lay_out(self, room: int) -> list[Piece]:
        """The parts, the current one in reverse and between signs."""
        pieces = []
        for part in PARTS:
            here = part == self.current
            text = f"▸{TITLES[part]} " if here else f" {TITLES[part]} "
            pieces.append(Piece(text, "heading" if here else "faint", marked=here))
        left = room - width(pieces)
        for hint in self._hints():
            left -= width(hint)
            if left < 0:
                break
            pieces += hint
        return pieces

    def _hints(self) -> Iterator[list[Piece]]:
        """Keys that are of use in this part."""
        for name, words in (*_HINTS.get(self.current, ()), ("next_tab", "next part")):
            keys = keys_of(actions_by_id()[name], self.tracer.settings.keys)
            if keys:
                yield [
                    Piece(f"  {shown_key(keys[0])}", "key", key=keys[0]),
                    Piece(f" {words}", "faint", key=keys[0]),
                ]

    async def on_click(self, event: events.Click) -> None:
        """Go to the part under the pointer."""
        place = 0
        for part, piece in zip(PARTS, self.pieces, strict=False):
            place += piece.width
            if event.x < place:
                self.post_message(self.Chosen(part))
                return
