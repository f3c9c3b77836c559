"""The app: takes looks at the source, gives them to the views, and leads from view to view."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import ContentSwitcher

from socktrace.tui.actions import EVERYWHERE, VIEWS, bindings
from socktrace.tui.views.events import EventsView
from socktrace.tui.views.findings import FindingsView
from socktrace.tui.views.processes import ProcessesView
from socktrace.tui.views.socket import SocketView
from socktrace.tui.views.sockets import SocketsView

if TYPE_CHECKING:
    from socktrace.tui.views.base import View
    from socktrace.view.look import Feed

_CLASSES: Final[tuple[type[View], ...]] = (
    SocketsView,
    SocketView,
    ProcessesView,
    EventsView,
    FindingsView,
)
_REFRESH: Final = 10.0
"""Looks a second."""


class SocktraceApp(App[int]):
    """The terminal UI over a source.

    Args:
        feed: the source; it is started and closed here.
    """

    TITLE = "socktrace"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EVERYWHERE)]

    def __init__(self, feed: Feed, **settings: Any) -> None:
        super().__init__(**settings)
        self.feed: Final = feed
        self.views: Final[dict[str, View]] = {}
        self.socket: int | None = None
        """The socket whose page is open, or was."""
        self.paused = False
        self._way: list[tuple[str, Hashable]] = []
        """Where Escape leads back to."""

    def compose(self) -> ComposeResult:
        """Make the screen."""
        with ContentSwitcher(initial=VIEWS[0]):
            for view in _CLASSES:
                self.views[view.label] = view(id=view.label)
                yield self.views[view.label]

    def on_mount(self) -> None:
        """Begin to look."""
        self.feed.start()
        self.view.enter()
        self.set_interval(1 / _REFRESH, self._tick)

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self.views[self.query_one(ContentSwitcher).current or VIEWS[0]]

    def _tick(self) -> None:
        if self.paused:
            return
        with self.feed.look() as look:
            for view in self.views.values():
                if view.always or view is self.view:
                    view.take(look)
        self.view.draw()

    # --- ways between views ---

    def action_view(self, name: str) -> None:
        """Show a view."""
        if self.view.label == name:
            return
        self._way.append((self.view.label, self.view.position()))
        self._show(name)

    def _show(self, name: str) -> None:
        self.query_one(ContentSwitcher).current = name
        self.view.enter()
        with self.feed.look() as look:
            self.view.take(look)
        self.view.draw()

    def action_go_back(self) -> None:
        """Go back to where the user was."""
        if self._way:
            name, position = self._way.pop()
            self._show(name)
            self.view.return_to(position)

    def open_socket(self, number: int) -> None:
        """Open a socket's page."""
        self._way.append((self.view.label, self.view.position()))
        self.socket = number
        self._show("socket")

    def open_process(self, pid: int) -> None:
        """Show a process among the others."""
        self._way.append((self.view.label, self.view.position()))
        self._show("processes")
        self.view.return_to(("pid", pid))

    def open_events(self, *, socket: int | None = None, t: int | None = None) -> None:
        """Show the events, at the last one of a socket, or at the first one from a moment on."""
        self._way.append((self.view.label, self.view.position()))
        self._show("events")
        self.view.return_to(("event", socket, t))

    async def action_quit(self) -> None:
        """End."""
        self.exit(0)
