"""Searching: the cursor goes to what fits while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from socktrace.tui.widgets.entry import Entry

if TYPE_CHECKING:
    from socktrace.tui.app import SocktraceApp

_PROMPT: Final = " search: "


class SearchBar(Horizontal):
    """The text that is searched for, while it is typed."""

    DEFAULT_CSS = """
    SearchBar { height: 1; background: $surface; }
    SearchBar Static { width: auto; color: $accent; text-style: bold; }
    SearchBar Entry { width: 1fr; }
    SearchBar #found { color: $warning; padding: 0 1; }
    """

    def __init__(self, history: list[str]) -> None:
        super().__init__()
        self._history = history
        self._entry = Entry("", history)
        self._found = Static("", id="found", markup=False)

    def compose(self) -> ComposeResult:
        """Make the line."""
        yield Static(_PROMPT, markup=False)
        yield self._entry
        yield self._found

    def on_mount(self) -> None:
        """Begin to type."""
        # At once: what is typed on without a pause must not reach the view.
        self.screen.set_focus(self._entry)

    @property
    def tracer(self) -> SocktraceApp:
        """The app, by its own type."""
        from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - for its type alone

        assert isinstance(self.app, SocktraceApp)  # noqa: S101 - for its type alone
        return self.app

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        found = self.tracer.search_for(event.value, 0)
        self._found.update("" if found or not event.value else "not found")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value and event.value not in self._history[-1:]:
            self._history.append(event.value)
        self.tracer.close_bar()

    @on(Entry.Left)
    def _left(self) -> None:
        self.tracer.search_for("", 0)
        self.tracer.close_bar(return_to=True)
