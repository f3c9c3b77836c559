"""One socket's page: its life, what went to and fro, who holds it, its calls, its queues."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from socktrace.tui.actions import bindings
from socktrace.tui.dialogs.manual import manual_of
from socktrace.tui.views.base import Cell, View
from socktrace.tui.views.socket_parts import Panel, Part, Tabs, TimePart
from socktrace.tui.views.socket_writing import Writing
from socktrace.tui.widgets.caption import Caption
from socktrace.view.life.facts import title
from socktrace.view.life.kept import Kept
from socktrace.view.life.layout import LEFT, PARTS, Layout, after, layout
from socktrace.view.life.page import Page, page_of
from socktrace.view.life.zooming import panned, zoomed
from socktrace.view.spans import plain

if TYPE_CHECKING:
    from textual.events import DescendantFocus

    from socktrace.tui.widgets.row_list import RowList
    from socktrace.view.life.rows import Target
    from socktrace.view.look import Look

_SHARE: Final = 10
"""A page that took long to draw is not drawn again before so many times as long have passed."""
_HIGH: Final = frozenset({"facts", "diagram"})
_LOW: Final = frozenset({"calls", "timeline"})


def call_of(key: Hashable) -> str | None:
    """The call that a row is about, by the row's key: see `calls.calls` and `sequence.text_of`."""
    match key:
        case ("call", str(call)) | ("use", _, _, str(call), *_):
            return call
    return None


class SocketView(View):
    """The page of the socket that `Frame.socket` names; it stays there after the socket's end."""

    label = "socket"
    always = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("socket")]
    DEFAULT_CSS = """
    SocketView #sides { height: 1fr; }
    SocketView .side { height: 1fr; width: 1fr; }
    SocketView #left { width: 2fr; }
    SocketView #right { width: 3fr; }
    SocketView #sides.columns #right { border-left: vkey $panel; }
    SocketView #sides.stacked #left { width: 1fr; }
    SocketView #sides.stacked #right { width: 1fr; }
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._kept = Kept()
        self._number: int | None = None
        self._page: Page | None = None
        self._writing: Final = Writing(self._kept)
        self._part = PARTS[0]
        self._head: Final = Caption()
        self._tabs: Final = Tabs()
        self._panels: Final[dict[str, Panel]] = {}
        self._next_drawing = 0.0
        self._layout: Layout | None = None
        self._old = True
        """Something was told since the page was copied."""
        self._begins = False
        """Another socket's page is to be drawn for the first time."""
        self._asked: int | None = None
        """The socket of which the source gives readings more often."""
        self._feed: object = None

    def compose(self) -> ComposeResult:
        """Make the parts, each in its column."""
        yield self._head
        yield self._tabs
        for name in PARTS:
            kind = TimePart if name == "timeline" else Part
            panel = Panel(kind(name, self._writing.builder(name)))
            panel.set_class(name in _HIGH, "high")
            panel.set_class(name in _LOW, "low")
            self._panels[name] = panel
        with Horizontal(id="sides"):
            with Vertical(id="left", classes="side"):
                yield from (self._panels[name] for name in LEFT)
            with Vertical(id="right", classes="side"):
                yield from (self._panels[name] for name in PARTS if name not in LEFT)

    # --- what has come ---

    def take(self, look: Look) -> None:
        """Keep the latest calls of every socket; copy what the page shows."""
        if self._feed is not self.tracer.feed:  # another source: its numbers mean other sockets
            self._feed, self._number, self._page = self.tracer.feed, None, None
            self._kept.forget()
        self._kept.take(look)
        if self._page is not None and not self._old:
            about = {self._page.life.socket, self._page.life.peer, self._page.life.listener}
            self._old = look.reset or not about.isdisjoint(look.changed)
        if self.tracer.view is self and time.monotonic() >= self._next_drawing:
            self._copy(look)

    def _copy(self, look: Look) -> None:
        number = self.tracer.socket
        if number != self._number:
            self._number = number
            self._kept.open(number, look.world)
            self._writing.begin()
            self._begins = self._old = True
        before = None if self._old else self._page
        self._page = None if number is None else page_of(look, number, self._kept, before)
        if number is not None and self._page is not None:
            peer = self._page.life.peer
            self._kept.watch((number,) if peer is None else (number, peer))
            self._old = False
        self._writing.page, self._writing.number = self._page, number
        self._writing.recorded = self.tracer.feed.player is not None

    def draw(self) -> None:
        """Show the parts that are to be seen."""
        number = self.tracer.socket
        if number != self._number:
            with self.tracer.looking.held() as look:
                self._copy(look)
        elif time.monotonic() < self._next_drawing:
            return
        self._redraw()

    def _redraw(self) -> None:
        began = time.monotonic()
        if self._begins:
            self._begins = False
            lives = self._page is not None and self._page.life.closed is None
            for name, panel in self._panels.items():
                panel.part.begin(follow=lives and name == "diagram")
        if self._asked != self._number:
            self._asked = self._number
            self.tracer.feed.focus(self._asked)
        self._writing.names = self.tracer.address_names if self.tracer.names else None
        self._arrange()
        page = self._page
        if page is None:
            self._head.tell([("No socket", "title")])
        else:
            self._head.tell(title(page))
        for panel in self._panels.values():
            if panel.display:
                panel.part.draw()
                panel.tell(focused=panel.part.part == self._part)
        now = time.monotonic()
        self._next_drawing = now + (now - began) * _SHARE

    def _arrange(self) -> None:
        """Show as many parts as there is room for."""
        self._tabs.current = self._part
        self._tabs.update()
        chosen = layout(self.size.width, self.size.height, self._part)
        if chosen == self._layout:
            return
        self._layout = chosen
        for name, panel in self._panels.items():
            panel.display = name in chosen.parts
            panel.caption.display = len(chosen.parts) > 1
        sides = self.query_one("#sides", Horizontal)
        sides.set_class(not chosen.columns, "stacked")
        sides.set_class(chosen.columns, "columns")
        sides.styles.layout = "horizontal" if chosen.columns else "vertical"
        self.query_one("#left").display = any(name in LEFT for name in chosen.parts)
        self.query_one("#right").display = any(name not in LEFT for name in chosen.parts)

    def on_resize(self) -> None:
        """There is room for more parts, or for fewer."""
        if self.tracer.view is self:
            self._redraw()
            self._here.focus()

    # --- coming and going ---

    @property
    def _here(self) -> Part:
        return self._panels[self._part].part

    def enter(self) -> None:
        """Put the focus on the part that was looked at last."""
        self._next_drawing = 0.0
        self._arrange()
        self._here.focus()

    def on_hide(self) -> None:
        """Ask for readings of its queues no more."""
        self._asked = None
        self.tracer.feed.focus(None)

    def position(self) -> Hashable:
        """The part, the row and the zoom."""
        return (self._part, self._here.cursor_key, self._writing.view, self._writing.call)

    def return_to(self, position: Hashable) -> None:
        """Go back there."""
        if not isinstance(position, tuple):
            return
        self._part, key, self._writing.view, self._writing.call = position
        self._redraw()
        self._here.focus()
        self._here.go_to(key)

    def _go_to_part(self, name: str) -> None:
        self._part = name
        self._redraw()
        self._here.focus()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """A part was clicked."""
        if isinstance(event.widget, Part) and event.widget.part != self._part:
            self._part = event.widget.part
            self._redraw()

    def on_tabs_chosen(self, message: Tabs.Chosen) -> None:
        """A tab was clicked."""
        self._go_to_part(message.part)

    # --- what the app asks ---

    def search(self, text: str, step: int) -> bool:
        """Search the part that has the focus."""
        return self._here.search(text, step)

    def selected_socket(self) -> int | None:
        """The socket of the page."""
        return self.tracer.socket

    def selected_pid(self) -> int | None:
        """The process of the row, or who used the socket last."""
        target = self._target
        if target is not None and target.what == "process":
            return target.number
        return None if self._page is None else self._page.life.last_used_by

    def under_cursor(self) -> Cell | None:
        """The line under the cursor, and what it says without its title."""
        row = self._here.page.row(self._here.cursor)
        if row is None:
            return None
        value = plain(row.spans[1:]) if len(row.spans) > 1 else plain(row.spans)
        return Cell(value.strip().removesuffix(" ⏎"), plain(row.spans).strip().removesuffix(" ⏎"))

    def shown_sockets(self) -> list[int] | None:
        """The socket and its other end."""
        if self._page is None:
            return []
        life = self._page.life
        return [life.socket] if life.peer is None else [life.socket, life.peer]

    @property
    def _target(self) -> Target | None:
        row = self._here.page.row(self._here.cursor)
        return row.target if row is not None else None

    # --- actions ---

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        """Open what the row is about."""
        message.stop()
        target, number = self._target, self.tracer.socket
        if target is None:
            return
        if target.what == "socket":
            self.tracer.open_socket(target.number)
        elif target.what == "process":
            self.tracer.open_process(target.number)
        else:
            self.tracer.open_events(socket=number, t=target.number)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        """On the row of a call: show how long that took."""
        message.stop()
        key = message.key
        if isinstance(key, tuple) and key[0] == "call" and key[1] != self._writing.call:
            self._writing.call = str(key[1])
            self._here.draw()

    def on_time_part_pan(self, message: TimePart.Pan) -> None:
        """Move along the time line."""
        if self._page is not None:
            page, writing = self._page, self._writing
            writing.view = panned(page.life, page.now, writing.view, message.part)
            self._redraw()

    def on_time_part_zoom(self, message: TimePart.Zoom) -> None:
        """Show more of the time line, or less."""
        self._zoom(message.step)

    def _zoom(self, step: int) -> None:
        if self._page is None:
            return
        if not self._panels["timeline"].display:
            self._go_to_part("timeline")
        page, writing = self._page, self._writing
        writing.view = zoomed(page.life, page.now, writing.view, step)
        self._redraw()

    def action_zoom_in(self) -> None:
        """Show half as much time."""
        self._zoom(1)

    def action_zoom_out(self) -> None:
        """Show twice as much time."""
        self._zoom(-1)

    def action_next_tab(self) -> None:
        """Go to the next part."""
        self._go_to_part(after(self._part, 1))

    def action_previous_tab(self) -> None:
        """Go to the part before."""
        self._go_to_part(after(self._part, -1))

    def action_left_vi(self) -> None:
        """What the left arrow does."""
        self._here.action_left()

    def action_peer(self) -> None:
        """Open the other end."""
        peer = self._page.life.peer if self._page is not None else None
        if peer is None:
            self.app.notify("no other end is known on this machine", markup=False)
        else:
            self.tracer.open_socket(peer)

    def action_to_events(self) -> None:
        """Show the events at the row's moment, or at the socket's last line."""
        if self._page is not None:
            target = self._target
            t = target.number if target is not None and target.what == "event" else None
            self.tracer.open_events(socket=self._page.life.socket, t=t)

    def action_origin(self) -> None:
        """Go to the call that made the socket."""
        page = self._page
        if page is None:
            return
        if page.life.born_before:
            self.app.notify("it was there before we looked: its origin was not seen", markup=False)
            return
        origin = page.end.origin
        t = page.life.created if origin is None else origin.t
        self.tracer.open_events(socket=page.life.socket, t=t)

    def action_manual(self) -> None:
        """Say what the call of the row does."""
        call = call_of(self._here.cursor_key)
        dialog = manual_of(call) if call is not None else None
        if dialog is None:
            self.app.notify("this row is about no call", markup=False)
        else:
            self.app.push_screen(dialog)

    def action_previous_use(self) -> None:
        """Go to the call before the row's, or to the last one."""
        self._go_to_use(-1)

    def action_next_use(self) -> None:
        """Go to the call after the row's, or to the last one."""
        self._go_to_use(1)

    def _go_to_use(self, step: int) -> None:
        page = self._page
        if page is None:
            return
        target = self._target
        is_event = target is not None and target.what == "event"
        t = page.use_beside(target.number, step) if target is not None and is_event else None
        self.tracer.open_events(socket=page.life.socket, t=t)
