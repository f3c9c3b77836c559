"""Asking for a line of text: the name of a file."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.widgets.entry import Entry


class Ask(Dialog[str]):
    """A question and a line to answer it in; the answer may be given already.

    Args:
        question: What is asked.
        answer: What stands in the line at first.
    """

    def __init__(self, question: str, answer: str = "") -> None:
        super().__init__()
        self._question = question
        self._answer = answer

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_subtitle = "⏎ does it, Esc does not"
            yield Static(self._question, markup=False)
            yield Entry(self._answer)

    def on_mount(self) -> None:
        """Begin to type."""
        entry = self.query_one(Entry)
        entry.cursor_position = len(entry.value)
        self.set_focus(entry)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip() or None)

    @on(Entry.Left)
    def _left(self) -> None:
        self.dismiss(None)
