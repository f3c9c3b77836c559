"""What carries the views: looks at the source in time, and ways from view to view."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textual.notifications import SeverityLevel
from textual.widgets import ContentSwitcher

from socktrace.settings.content import Settings
from socktrace.tui.actions import VIEWS
from socktrace.tui.keymap import keymap
from socktrace.tui.keys_in_order import KeysInOrder
from socktrace.tui.looking import Looking
from socktrace.tui.nothing import NoFeed
from socktrace.tui.pace import Meter, Pace
from socktrace.tui.theme import DARK, LIGHT, theme_name

if TYPE_CHECKING:
    from socktrace.host.address_names import AddressNames
    from socktrace.tui.views.base import View
    from socktrace.view.look import Feed

_QUIET: Final = 0.25
"""Seconds between two drawings while nothing new comes: times go on."""
_SIGNS: Final = {"warning": "▲ ", "error": "■ "}
"""What says how bad a message is, where its colour does not."""
_STOPS: Final = 100
"""Ways back that are remembered."""


class Stop(NamedTuple):
    """Where Escape leads back to."""

    view: str
    position: Hashable
    socket: int | None


class Frame(KeysInOrder, inherit_bindings=False):
    """The app's ground: what its other parts build on."""

    TITLE = "socktrace"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    AUTO_FOCUS = None

    def __init__(
        self, feed: Feed | None = None, *, settings: Settings | None = None, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self.settings: Final = settings or Settings()
        self.feed: Feed = feed or NoFeed()
        self.views: Final[dict[str, View]] = {}
        self.socket: int | None = None
        """The socket whose page is open, or was."""
        self.names = self.settings.names
        """Names of addresses and ports are shown."""
        self.paused = False
        """The screen stands still; not used with a recording, which is paused by its player."""
        self.pace: Final = Pace(1 / self.settings.refresh)
        self.meter = Meter()
        self.looking = Looking(self.feed, ())
        self._way: Final[deque[Stop]] = deque(maxlen=_STOPS)
        self._drawn = 0.0
        self._shown: str = VIEWS[0]
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = theme_name(self.settings.theme)
        self.set_keymap(keymap(self.settings.keys))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell the user something; without markup, and without what a terminal would act on."""
        sign = "" if title else _SIGNS.get(severity, "")
        super().notify(
            sign + _harmless(message),
            title=_harmless(title),
            severity=severity,
            timeout=timeout,
            markup=markup,
        )

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self.views[self._shown]

    @cached_property
    def address_names(self) -> AddressNames:
        """Names of addresses, for all views: each is asked for once."""
        from socktrace.host.address_names import AddressNames  # noqa: PLC0415 - if wanted

        return AddressNames()

    async def use(self, feed: Feed) -> None:
        """Begin to look at this source."""
        self.feed = feed
        self.looking = Looking(feed, self.views.values())
        self._way.clear()
        feed.start()
        self.view.enter()
        self.refresh_bindings()

    # --- time goes on ---

    def begin(self) -> None:
        """Let time go on."""
        self._beat()

    def _beat(self) -> None:
        if not self.is_running or self._exit:
            return
        began = time.monotonic()
        self.tick()
        self.call_after_refresh(self._beaten, began)

    def _beaten(self, began: float) -> None:
        self.set_timer(self.pace.after(time.monotonic() - began), self._beat)

    def tick(self) -> None:
        """Look, and draw what is new."""
        if self.paused:
            return
        new, now = self.looking.look(self.view), time.monotonic()
        if new or self.view.unfinished or now - self._drawn >= _QUIET:
            self._drawn = now
            self.view.draw()

    # --- ways between views ---

    def action_view(self, name: str) -> None:
        """Show a view; the socket's page shows the one that is selected."""
        if self.view.label == name:
            return
        number = self.view.selected_socket() if name == "socket" else None
        self._leave()
        if number is not None:
            self.socket = number
        self.show(name)

    def show(self, name: str) -> None:
        """Change to a view, and draw it at once."""
        self._shown = self.query_one(ContentSwitcher).current = name
        view = self.view
        view.enter()
        if self.paused:
            self.looking.glance(view)
        else:
            self.looking.look(view)
        view.draw()
        self.refresh_bindings()

    def _leave(self) -> None:
        self._way.append(Stop(self.view.label, self.view.position(), self.socket))

    def action_go_back(self) -> None:
        """Go back to where the user was."""
        if self._way:
            stop = self._way.pop()
            self.socket = stop.socket
            self.show(stop.view)
            self.view.return_to(stop.position)

    def open_socket(self, number: int) -> None:
        """Open a socket's page."""
        self._leave()
        self.socket = number
        self.show("socket")

    def open_process(self, pid: int) -> None:
        """Show a process among the others."""
        self._leave()
        self.show("processes")
        self.view.return_to(("pid", pid))

    def open_events(self, *, socket: int | None = None, t: int | None = None) -> None:
        """Show the events, at the last one of a socket, or at the first one from a moment on."""
        self._leave()
        self.show("events")
        self.view.return_to(("event", socket, t))


def _harmless(text: str) -> str:
    """The last resort: what is told should have been escaped before."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
