"""A line to type in, safe against what is pasted, with what was typed before."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class Entry(Input):
    """One line of text; Escape leaves it, up and down go through what was typed before."""

    DEFAULT_CSS = """
    Entry, Entry:focus { height: 1; border: none; padding: 0; background: $surface; }
    Entry:focus { background-tint: $foreground 0%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "earlier", show=False),
        Binding("down", "later", show=False),
    ]

    class Left(Message):
        """Escape was pressed."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

        @property
        def control(self) -> Entry:
            """The line."""
            return self.entry

    def __init__(self, value: str = "", history: list[str] | None = None, **rest: Any) -> None:
        super().__init__(value, select_on_focus=False, **rest)
        self._history = history
        self._place = len(history or ())
        self._typed = value

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a history, up and down are left to others."""
        if action in {"earlier", "later"}:
            return self._history is not None
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        """Tell whoever put it there."""
        self.post_message(self.Left(self))

    def action_earlier(self) -> None:
        """Show what was typed before."""
        if self._place == len(self._history or ()):
            self._typed = self.value
        self._recall(self._place - 1)

    def action_later(self) -> None:
        """Show what was typed after that."""
        self._recall(self._place + 1)

    def _recall(self, place: int) -> None:
        history = self._history or []
        if 0 <= place <= len(history):
            self._place = place
            self.value = self._typed if place == len(history) else history[place]
            self.cursor_position = len(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        """Take the first line of what is pasted, without what a terminal would act on."""
        lines = event.text.splitlines()
        text = "".join(filter(str.isprintable, lines[0])) if lines else ""
        super()._on_paste(events.Paste(text))
        event.prevent_default()
        event.stop()
