"""Every key, and the filter language: made of the tables that the program itself goes by."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from socktrace.model.filters import fields
from socktrace.text.columns import pad, width_of
from socktrace.tui.actions import ACTIONS, EVERYWHERE, LIST, VIEWS, Action, shown_key
from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.keymap import Chosen, keys_of
from socktrace.tui.widgets.entry import Entry
from socktrace.tui.widgets.reader import Reader
from socktrace.view.spans import Spans, plain

_KEYS: Final = 14
_FIELD: Final = 24
_WIDTH: Final = 100
_MARGINS: Final = 8
"""Columns of the box that are not for text: border, padding, scroll bar."""
_LEAST: Final = 20
"""Columns in which text can still be read."""
_PLACES: Final = {
    EVERYWHERE: "Everywhere",
    LIST: "In rows",
    "sockets": "View 1: sockets",
    "socket": "View 2: a socket's page",
    "processes": "View 3: processes",
    "events": "View 4: events",
    "findings": "View 5: findings",
    "replay": "With a recording",
    "program": "In the pane of a traced program",
}
_FILTERS: Final = (
    "A filter is made of terms, joined by and, or, not and brackets; two side by side mean both. "
    "A word alone fits programs and addresses. * and ? stand for any characters."
)

Section = tuple[str, list[Spans]]


def sections(current: str, chosen: Chosen) -> list[Section]:
    """What there is to tell, in parts: that of the view that is shown comes first."""
    places = [current, *(place for place in _PLACES if place != current)]
    found = []
    for place in places:
        rows = [_row(action, chosen) for action in ACTIONS if place in action.where]
        if rows:
            here = " (here)" if place == current else ""
            found.append((_PLACES[place] + here, rows))
    found.append(("Filters", list(_filters())))
    return found


def narrowed(parts: Iterable[Section], text: str, room: int = _WIDTH) -> Iterator[Spans]:
    """The lines of the page that have this text; empty: all. Long ones are broken at words."""
    wanted = text.lower()
    any_found = False
    for title, rows in parts:
        fitting = [row for row in rows if wanted in plain(row).lower()]
        if fitting:
            any_found = True
            yield [(title, "title")]
            for row in fitting:
                yield from _broken(row, room)
            yield []
    if not any_found:
        yield [("nothing has this in it", "faint")]


def _broken(row: Spans, room: int) -> Iterator[Spans]:
    """A row on as many lines as it needs, what follows below where its text began."""
    *head, (text, role) = row
    indent = width_of(plain(head))
    first, *rest = textwrap.wrap(text, max(room - indent, _LEAST)) or [""]
    yield [*head, (first, role)]
    for line in rest:
        yield [(" " * indent + line, role)]


def _row(action: Action, chosen: Chosen) -> Spans:
    keys = " ".join(map(shown_key, keys_of(action, chosen))) or "(no key)"
    gap = " " * max(1, _KEYS - width_of(keys))
    return [(f"  {keys}{gap}", "key"), (action.help, "plain")]


def _filters() -> Iterator[Spans]:
    yield [(_FILTERS, "plain")]
    for field in fields():
        example = pad(field.examples[0], _FIELD)
        yield [(f"  {example} ", "accent"), (field.description, "plain")]


class Help(Dialog[None]):
    """Every key; `/` narrows."""

    DEFAULT_CSS = """
    Help > #box { width: 100; height: 100%; }
    Help Entry { display: none; }
    Help.-narrowing Entry { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q", "close", show=False),
        Binding("slash", "narrow", show=False),
    ]

    def __init__(self, current: str, chosen: Chosen) -> None:
        super().__init__()
        self._sections = sections(current if current in VIEWS else VIEWS[0], chosen)

    @property
    def _room(self) -> int:
        return min(self.app.size.width, _WIDTH) - _MARGINS

    def on_resize(self) -> None:
        """There is room for longer lines, or not."""
        self.query_one(Reader).read(
            narrowed(self._sections, self.query_one(Entry).value, self._room)
        )

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = "help"
            box.border_subtitle = "/ narrows, ↑↓ scroll, Esc closes"
            yield Reader(narrowed(self._sections, "", self._room))
            yield Entry(placeholder="show only lines with this text")

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one(Reader).focus()

    def action_narrow(self) -> None:
        """Type what to look for."""
        self.add_class("-narrowing")
        self.query_one(Entry).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(Reader).read(narrowed(self._sections, event.value, self._room))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(Reader).focus()

    @on(Entry.Left)
    def _left(self) -> None:
        self.query_one(Entry).value = ""
        self.remove_class("-narrowing")
        self.query_one(Reader).focus()
