"""Choosing one of several things: a short list above what is shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from socktrace.text.columns import fit, pad, width_of
from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.spans import Spans

Answer = TypeVar("Answer")
_DIGITS: Final = 9
"""Choices that a digit takes."""


class Choice(NamedTuple, Generic[Answer]):
    """One of the things."""

    title: str
    """Printable."""
    answer: Answer
    help: str = ""
    """Said beside it."""


class _Rows(Generic[Answer]):
    """The choices as rows, each with the digit that takes it."""

    def __init__(self, choices: Sequence[Choice[Answer]]) -> None:
        self.choices = choices
        self._wide = max((width_of(choice.title) for choice in choices), default=0)

    def __len__(self) -> int:
        return len(self.choices)

    def key(self, index: int) -> Hashable:
        return index

    def index(self, key: Hashable) -> int | None:
        return key if isinstance(key, int) and key < len(self.choices) else None

    def version(self, index: int) -> Hashable:
        del index
        return 0

    def line(self, index: int, width: int) -> Spans:
        choice = self.choices[index]
        digit = str(index + 1) if index < _DIGITS else " "
        title = pad(choice.title, min(self._wide, width - 4))
        help_ = fit(choice.help, max(0, width - width_of(title) - 6))
        return [(f" {digit} ", "key"), (title, "plain"), (f"  {help_}", "faint")]

    def width(self, room: int) -> int:
        return room

    def header(self, width: int) -> Spans | None:
        del width
        return None


class Choose(Dialog[Answer]):
    """A list of things, of which Enter, a click or a digit takes one.

    Args:
        title: What is asked; printable.
        choices: What there is.
        at: The index of the one that the cursor is on first.
    """

    DEFAULT_CSS = """
    Choose RowList { height: auto; max-height: 20; background: $surface; }
    """

    def __init__(self, title: str, choices: Sequence[Choice[Answer]], at: int = 0) -> None:
        super().__init__()
        self._title = title
        self.choices = choices
        self._list = RowList(_Rows(choices))
        self._at = at

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = self._title.replace("[", r"\[")
            box.border_subtitle = "⏎ takes it, Esc does not"
            yield self._list

    def on_mount(self) -> None:
        """Begin at the one that is meant."""
        self._list.styles.height = min(len(self.choices), max(3, self.app.size.height - 6))
        self._list.show()
        self._list.go_to(self._at)
        self._list.focus()

    def on_key(self, event: events.Key) -> None:
        """Take one by its digit."""
        if event.character and event.character.isdecimal():
            event.stop()
            self._take(int(event.character) - 1)

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Take the one under the cursor."""
        event.stop()
        self._take(self._list.cursor)

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Nobody else need know."""
        event.stop()

    def _take(self, index: int) -> None:
        if 0 <= index < len(self.choices):
            self.dismiss(self.choices[index].answer)
