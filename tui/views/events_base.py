"""What the events view shows: the list, what is said above it, and one event whole."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize

from socktrace.text.columns import fit
from socktrace.tui.views.base import Cell, View
from socktrace.tui.views.events_list import EventList
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.reader import Reader
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.events import ways
from socktrace.view.events.choice import Choice
from socktrace.view.events.detail import Around, detail
from socktrace.view.events.entries import Entry, Sum, pid_of, socket_of, sockets_of
from socktrace.view.events.log import EventLog
from socktrace.view.events.remarks import Going, counted, remarks
from socktrace.view.events.rows import WHOLE, EventRows
from socktrace.view.events.searching import Search
from socktrace.view.events.telling import what_spans
from socktrace.view.sockets.facts import People
from socktrace.view.sockets.outside import Outside
from socktrace.view.spans import plain

if TYPE_CHECKING:
    from socktrace.model.filters import Filter
    from socktrace.settings import Settings
    from socktrace.view.look import Look

_WIDE: Final = 150
"""Columns from which on an event is shown beside the list, not below it."""
_AT_ONCE: Final = 0.03
"""Seconds of searching before the key that asked for it is done with."""
_SLICE: Final = 0.015
"""The same in each step of what goes on after that."""
_PAUSE: Final = 0.005
"""Seconds between two such steps: keys come first."""


class EventsBase(View):
    """The list of events with what belongs to it, without what one does there."""

    always = True
    DEFAULT_CSS = """
    EventsBase #events-body { height: 1fr; layout: vertical; }
    EventsBase #events-body.wide { layout: horizontal; }
    EventsBase #event-rows { scrollbar-size-horizontal: 0; }
    EventsBase #event { display: none; height: 45%; border-top: solid $panel; }
    EventsBase #event.open { display: block; }
    EventsBase #event:focus { border-top: solid $primary; }
    EventsBase .wide #event { width: 40%; height: 1fr; }
    EventsBase .wide #event { border-top: none; border-left: solid $panel; }
    EventsBase .wide #event:focus { border-top: none; border-left: solid $primary; }
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.told = EventLog()
        self.choice = Choice()
        self.rows = EventRows(self.told, self.choice)
        self._list = EventList(self.rows, id="event-rows")
        self._caption = Caption()
        self._reader = Reader(id="event")
        self._blocked = 0
        self._anew = False
        """What is shown has to be chosen anew."""
        self._read: tuple[Hashable, ...] | None = None
        """What the reader shows."""
        self._search: Search | None = None

    def configure(self, settings: Settings) -> None:
        """Keep as many events as the user wants."""
        self.told.most = settings.events

    def compose(self) -> ComposeResult:
        """Make the view."""
        yield self._caption
        with Container(id="events-body"):
            yield self._list
            yield self._reader

    # --- what the app calls ---

    def take(self, look: Look) -> None:
        """Take in what was told."""
        since = self.told.stop
        if look.reset:
            self._search = None
            since = 0
            self._list.follow()
        self.told.update(look)
        self.rows.lives = look.world
        waiting = {blocked.tid for calls in look.blocked.values() for blocked in calls}
        self._blocked = len(waiting)
        verdicts = self.choice.verdicts
        if verdicts is not None:
            verdicts.waiting.update(n for n in look.changed if n in verdicts.sockets)
            self._ask(look, since)

    def draw(self) -> None:
        """Show what was taken in."""
        if self._anew:
            self.rows.choose()
            self._anew = False
        else:
            self.rows.extend()
        self._list.show()
        self._tell()

    def enter(self) -> None:
        """Keys go to the list."""
        self._list.focus()

    def filter(self, chosen: Filter | None) -> None:
        """Show only what is about sockets, or processes, that fit."""
        self.choice.filter(chosen, self.told)
        self._anew = True
        if chosen is not None and self.is_mounted:
            self._go_on_filtering()

    def search(self, text: str, step: int) -> bool:
        """Go to the next row with a text; what takes longer than a moment goes on by itself."""
        self._search = None
        if (text or None) != self._list.marked:
            self._list.marked = text or None
            self._list.repaint_all()
        if not text:
            self._tell()
            return True
        at = self._list.cursor_key
        self._search = Search(self.rows, text, at[0] if isinstance(at, tuple) else None, step)
        found = self._search.go_on(_AT_ONCE)
        return self._after(found, self._search, told=False)

    def selected_socket(self) -> int | None:
        """The socket of the event under the cursor."""
        entry = self.selected()
        return None if entry is None else socket_of(entry)

    def selected_pid(self) -> int | None:
        """The process of the event under the cursor."""
        entry = self.selected()
        return None if entry is None else pid_of(entry)

    def under_cursor(self) -> Cell | None:
        """What happened; and the whole line."""
        entry, key = self.selected(), self._list.cursor_key
        if entry is None or not isinstance(key, tuple):
            return None
        return Cell(plain(what_spans(entry, self.rows.lives)), plain(self.rows.spans(key)).strip())

    def shown_sockets(self) -> list[int] | None:
        """The sockets of all lines that are shown."""
        if self.choice.everything:
            return None
        about = (sockets_of(self.told[number]) for number in self.rows.numbers)
        return sorted({number for sockets in about for number in sockets})

    def position(self) -> Hashable:
        """The row under the cursor, and whether the end is followed."""
        return ("at", self.told.generation, self._list.cursor_key, self._list.following)

    def return_to(self, position: Hashable) -> None:
        """Go back there, or to an event: ("event", socket, t)."""
        match position:
            case ("at", generation, _, True) if generation == self.told.generation:
                self._list.follow()
                self._list.to_end()
            case ("at", generation, key, _) if generation == self.told.generation:
                self._list.stay()
                self._list.go_to(key)
            case ("event", int() | None as socket, int() | None as t):
                self._go_to_event(socket, t)
        self._tell()

    # --- what is shown ---

    def selected(self) -> Entry | None:
        """The event under the cursor."""
        return self.rows.entry(self._list.cursor_key)

    @property
    def _open(self) -> bool:
        return self._reader.has_class("open")

    def _tell(self) -> None:
        """Say what is so above the list, and show the event under the cursor whole."""
        shown, search = len(self.rows.numbers), self._search
        looking = None if search is None else (search.text, search.looked_at)
        going = Going(self._list.following, self._blocked, looking)
        left = remarks(self.told, self.choice, shown, going)
        if not len(self.rows):
            left += [("  ", "plain"), (self._nothing(), "waiting")]
        self._caption.tell([(" ", "plain"), *left], [*counted(self.told, shown), (" ", "plain")])
        if self._open:
            self._read_selected()

    def _nothing(self) -> str:
        if not len(self.told):
            return "no events yet: they are shown as they come"
        if self.choice.undecided:
            return "filtering"
        return "nothing fits: u shows all"

    def _read_selected(self) -> None:
        key, entry = self._list.cursor_key, self.selected()
        width = max(self._reader.size.width - 3, 30)
        grown = entry.count if isinstance(entry, Sum) else 0
        mark: tuple[Hashable, ...] = (self.told.generation, key, self.app.theme, grown, width)
        if mark == self._read:
            return
        if self._reader.has_focus and self._read is not None and mark[:3] == self._read[:3]:
            return  # whoever reads is not sent back to the top
        self._read = mark
        if entry is None or not isinstance(key, tuple):
            self._reader.read([[("no event is selected", "faint")]])
            return
        around = Around(self.rows.lives)
        if key[1] == WHOLE:
            cause = ways.cause_of(self.told, key[0])
            effects = ways.effects_of(self.told, key[0])
            around = Around(self.rows.lives, None if cause is None else self.told[cause], effects)
        self._reader.read([self._ways_on(entry), *detail(entry, around, width)])

    def _ways_on(self, entry: Entry) -> list[tuple[str, Any]]:
        hints = []
        if isinstance(entry, Sum) and entry.parts:
            hints.append(("⏎", "takes it apart"))
        elif (number := socket_of(entry)) is not None:
            hints.append(("⏎", f"socket #{number}"))
        elif (pid := pid_of(entry)) is not None:
            hints.append(("⏎", f"process {pid}"))
        hints.append(("Esc", "closes this"))
        return [piece for key, text in hints for piece in ((key, "key"), (f" {text}  ", "faint"))]

    def on_resize(self, event: Resize) -> None:
        """Beside or below."""
        self.query_one("#events-body").set_class(event.size.width >= _WIDE, "wide")
        self.call_after_refresh(self._tell)

    # --- moving ---

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """The user went elsewhere: at the end the newest is followed, else not."""
        event.stop()
        self._search = None
        if self._list.cursor == len(self.rows) - 1:
            self._list.follow()
            self._list.to_end()
        else:
            self._list.stay()
        self._tell()

    def on_event_list_left(self, event: EventList.Left) -> None:
        """The user scrolled away."""
        event.stop()
        self._list.stay()
        self._tell()

    def _opened(self) -> None:
        self._list.go_to(self._list.cursor_key)
        self._tell()

    def _go(self, number: int) -> None:
        """Put the cursor on an entry, and stay there."""
        self._list.stay()
        self._list.show()
        self._list.go_to((number, WHOLE))
        self._tell()

    def _go_to_event(self, socket: int | None, t: int | None) -> None:
        number = ways.at_moment(self.told, self.rows.numbers, socket, t)
        if number is not None:
            self._go(number)
        elif socket is not None:
            hidden = "" if self.choice.everything else " among those that are shown: u shows all"
            self._say(f"there is no line about #{socket}{hidden}")

    def _say(self, text: str) -> None:
        self.app.notify(text, markup=False)

    # --- what goes on while keys are answered ---

    def _ask(self, look: Look, since: int) -> None:
        people = People(Outside(container=_container))
        people.world = look.world
        if self.choice.ask(look.world, people, look.now, self.told, since):
            self._anew = True

    def _go_on_filtering(self) -> None:
        with self.tracer.looking.held() as look:
            self._ask(look, self.told.stop)
        if self.choice.undecided:
            self.set_timer(_PAUSE, self._go_on_filtering)
        if self.tracer.view is self:
            self.draw()

    def _go_on_searching(self, search: Search) -> None:
        if search is self._search:
            self._after(search.go_on(_SLICE), search, told=True)

    def _after(self, found: int | None, search: Search, *, told: bool) -> bool:
        """Go to what was found, or go on searching. False: it is nowhere."""
        if found is None and not search.over:
            self.set_timer(_PAUSE, lambda: self._go_on_searching(search))
            self._tell()
            return True
        self._search = None
        if found is not None:
            self._go(found)
        elif told:
            self._say(f"not found: {fit(search.text, 60)}")
            self._tell()
        return found is not None


def _container(cgroup: str) -> str | None:
    from socktrace.host.containers import container_of  # noqa: PLC0415 - for a filter alone

    return container_of(cgroup)
