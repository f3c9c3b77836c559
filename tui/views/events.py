"""The events: calls and what they led to, as they come; and what one does there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import BindingType

from socktrace.lines import Syscall
from socktrace.tui.actions import bindings
from socktrace.tui.dialogs.choose import Choice as Choosing
from socktrace.tui.dialogs.choose import Choose
from socktrace.tui.dialogs.manual import manual_of
from socktrace.tui.views.events_base import EventsBase
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.events import ways
from socktrace.view.events.choice import Mark, marks_of
from socktrace.view.events.detail import socket_then
from socktrace.view.events.entries import Entry, Sum, bare, call_of, pid_of, socket_of


class EventsView(EventsBase):
    """The stream of calls, states and descriptors: follow it, search it, take it apart."""

    label = "events"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("events")]

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Take a sum apart; show an event whole; and then, open its socket."""
        event.stop()
        entry, key = self.selected(), self._list.cursor_key
        if entry is None or not isinstance(key, tuple):
            return
        if isinstance(entry, Sum) and entry.parts:
            self.action_expand()
        elif not self._open:
            self._list.stay()
            self._reader.add_class("open")
            self.app.refresh_bindings()
            self.call_after_refresh(self._opened)
        elif (number := socket_of(entry)) is not None:
            self.tracer.open_socket(number)
        elif (pid := pid_of(entry)) is not None:
            self.tracer.open_process(pid)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action does anything now."""
        if action == "leave_part":
            return self._open
        return super().check_action(action, parameters)

    def action_leave_part(self) -> None:
        """Close what shows one event."""
        self._reader.remove_class("open")
        self._read = None
        self._list.focus()
        self.app.refresh_bindings()

    def action_next_tab(self) -> None:
        """Go between the list and what shows one event."""
        if self._reader.has_focus or not self._open:
            self._list.focus()
        else:
            self._reader.focus()

    def action_follow(self) -> None:
        """Follow the newest line, or stay."""
        if self._list.following:
            self._list.stay()
        else:
            self._list.follow()
            self._list.to_end()
        self._tell()

    def action_expand(self) -> None:
        """Take a sum apart, or put it together again."""
        key = self._list.cursor_key
        if not isinstance(key, tuple):
            return
        if not isinstance(self.told[key[0]], Sum):
            self._say("only a line that sums up calls can be taken apart")
        elif self.rows.take_apart(key[0]):
            self._go(key[0])
            self._list.make_room_below()
        else:
            self._say("there is no room any more for each of these calls by itself")

    def action_next_use(self) -> None:
        """Go to the next use of the same socket."""
        self._use(1)

    def action_previous_use(self) -> None:
        """Go to the use of the same socket before."""
        self._use(-1)

    def _use(self, step: int) -> None:
        if (at := self._socket_here()) is not None:
            number, socket = at
            self._follow_way(ways.next_use(self.told, self.rows.numbers, socket, number, step))

    def action_origin(self) -> None:
        """Go to the call that made the socket."""
        if (at := self._socket_here()) is not None:
            then = socket_then(at[1], 0, self.rows.lives)
            before = then is not None and then.life.born_before
            self._follow_way(ways.origin(self.told, at[1], before=before))

    def _socket_here(self) -> tuple[int, int] | None:
        key, socket = self._list.cursor_key, self.selected_socket()
        if socket is None or not isinstance(key, tuple):
            self._say("this line is about no socket")
            return None
        return key[0], socket

    def _follow_way(self, found: ways.Found) -> None:
        number, why = found
        if number is not None and self.rows.place(number) is None:
            number, why = None, "the call is hidden: u shows all"
        if number is not None:
            self._go(number)
        if why:
            self._say(why)

    def action_manual(self) -> None:
        """Say what the call does."""
        entry, key = self.selected(), self._list.cursor_key
        if entry is not None and call_of(entry) is None and isinstance(key, tuple):
            cause = ways.cause_of(self.told, key[0])
            entry = None if cause is None else self.told[cause]
        call = None if entry is None else call_of(entry)
        if entry is None or call is None:
            self._say("this line is about no call")
            return
        told = bare(entry)
        dialog = manual_of(call, told.errno if isinstance(told, Syscall) else None)
        if dialog is None:
            self._say("there is no page about this call")
        else:
            self.app.push_screen(dialog)

    def action_only(self) -> None:
        """Show only this call, process or socket."""
        self._choose("show only", self.choice.only)

    def action_hide(self) -> None:
        """Hide this call, process or socket."""
        self._choose("hide", self.choice.hidden)

    action_hide_event = action_hide

    def _choose(self, title: str, marks: dict[Mark, None]) -> None:
        entry = self.selected()
        choices = [] if entry is None else list(_choices(entry))
        if not choices:
            self._say("this line is about no call, process or socket")
            return

        def taken(mark: Mark | None) -> None:
            if mark is not None:
                marks[mark] = None
                self._anew = True
                self.draw()

        self.app.push_screen(Choose(title, choices), taken)

    def action_clear(self) -> None:
        """Show everything again."""
        self.choice.clear()
        self._anew = True
        self.tracer.set_filter("")
        self.draw()


def _choices(entry: Entry) -> Iterator[Choosing[Mark]]:
    helps = {
        "call": "every call of this name",
        "process": "all that this process does",
        "socket": "all about this socket",
    }
    for mark in marks_of(entry):
        yield Choosing(str(mark), mark, helps[mark.kind])
