"""Every socket: the home view."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from socktrace.escape import printable
from socktrace.host.containers import container_of
from socktrace.host.users import user_name
from socktrace.lines import Address
from socktrace.model.filters import Filter
from socktrace.text import addresses
from socktrace.text.numbers import plural
from socktrace.tui.actions import bindings
from socktrace.tui.dialogs.choose import Choice, Choose
from socktrace.tui.known import user_id
from socktrace.tui.views.base import Cell, View
from socktrace.tui.views.sockets_hiding import choices, joined
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.look import Feed, Look
from socktrace.view.sockets import ClosedShown, Outside, Selection, SocketRows, SocketTable
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.sockets.grouping import GROUPINGS
from socktrace.view.spans import Span

_GROUPS: Final[Sequence[str | None]] = (None, *GROUPINGS)
_CLOSED: Final[Sequence[ClosedShown]] = ("lately", "all", "none")
_CLOSED_TOLD: Final = {
    "lately": "closed sockets stay for {0:g} s",
    "all": "all closed sockets that are remembered are shown",
    "none": "closed sockets are not shown",
}


class SocketList(RowList):
    """The list: left and right move the selected column."""

    rests_at_top = True

    def action_left(self) -> None:
        """Select the column before."""
        self.query_ancestor(SocketsView).move_column(-1)

    def action_right(self) -> None:
        """Select the next column."""
        self.query_ancestor(SocketsView).move_column(1)


class SocketsView(View):
    """Every live socket, and for a while those that have closed."""

    label = "sockets"
    always = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sockets")]
    DEFAULT_CSS = """
    SocketsView > .empty { padding: 0 2; height: 1fr; color: $foreground; }
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.table = SocketTable(Outside(container_of, user_name, self._address))
        self.rows = SocketRows(self.table)
        self.list = SocketList(self.rows)
        self._caption = Caption()
        self._empty = Static("", markup=False, classes="empty")
        self._told: tuple[list[Span], list[Span]] = ([], [])
        self._source: Feed | None = None
        self._named: tuple[bool, int] = (False, 0)

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield self._caption
        yield self.list
        yield self._empty

    def on_mount(self) -> None:
        """Begin as the user's configuration says."""
        settings = self.tracer.settings
        self.table.keep_for(settings.keep_closed)
        self.rows.columns = tuple(name for name in settings.columns if name in COLUMNS)
        unknown = [name for name in settings.columns if name not in COLUMNS]
        if unknown:
            names = ", ".join(printable(name, 40) for name in unknown)
            self.app.notify(f"no such columns: {names}", severity="warning", markup=False)

    # --- looks ---

    def take(self, look: Look) -> None:
        """Take in a look."""
        if self._source is not self.tracer.feed:
            self._source = self.tracer.feed
            # At the end of a recording most of its sockets have closed long ago: all are shown.
            self.table.closed_shown = "lately" if self._source.player is None else "all"
        seen = self.list.seen() if self.tracer.view is self else ()
        self.table.watched = [key for key in seen if isinstance(key, int)]
        before = self.table.epoch
        self.table.update(look)
        self._ask_selection()
        if self.table.epoch != before:
            self.rows.order.arrange()  # the rows there were are of sockets that are no more

    def _ask_selection(self) -> None:
        """Ask the sockets what order and filter must know; while the source is held."""
        self.table.count(wanted=self.rows.counts)
        selection = self.rows.order.selection
        if selection is not None:
            selection.ask()
        self.unfinished = self.table.behind + self._waiting() > 0

    def _waiting(self) -> int:
        selection = self.rows.order.selection
        return 0 if selection is None else selection.waiting

    def draw(self) -> None:
        """Show it."""
        self._take_names()
        self.rows.order.arrange()
        self.list.show()
        self._tell()

    def enter(self) -> None:
        """Put the focus on the list."""
        self.rows.order.arrange()
        self.list.focus()

    def _tell(self) -> None:
        """What is shown, of how many, in what order."""
        order = self.rows.order
        shown, known = len(order.slots), order.known
        count = plural(known, "socket") if shown == known else f"{shown:,} of {known:,} sockets"
        left: list[Span] = [(f" {count}", "heading")]
        if order.selection is not None:
            left.append((f"  {known - shown:,} hidden (u shows all)", "faint"))
            if order.selection.waiting:
                left.append((f"  {order.selection.waiting:,} still to be asked", "waiting"))
        if self.table.behind:
            left.append((f"  {self.table.behind:,} still to come", "waiting"))
        right: list[Span] = [("  ", "plain")]
        if order.grouping is not None:
            right.append((f"by {order.grouping.title}  ", "plain"))
        if self.table.closed_shown != "lately":
            told = "all closed ones  " if self.table.closed_shown == "all" else "no closed ones  "
            right.append((told, "plain"))
        sign = "▼" if order.falling else "▲"
        right.append((f"sorted by {order.sort.title} {sign} ", "faint"))
        if (left, right) != self._told:
            self._told = (left, right)
            self._caption.tell(left, right)
        if not shown:
            none = "nothing fits the filter: u shows all" if known else "no sockets yet"
            self._empty.update(none)
        if self._empty.display == bool(shown):
            self._empty.display = not shown

    # --- names of addresses ---

    def _address(self, value: Address | None) -> str:
        if not self._named[0] or value is None:
            return addresses.address(value)
        return printable(self.tracer.address_names.text(value), addresses.LONGEST)

    def _take_names(self) -> None:
        """Names may be wanted now, or have come."""
        wanted = self.tracer.names
        named = (wanted, self.tracer.address_names.version if wanted else 0)
        if named != self._named:
            self._named = named
            self.rows.redraw()

    # --- what the app asks ---

    def filter(self, chosen: Filter | None) -> None:
        """Show only what fits."""
        self.rows.order.select(Selection(self.table, chosen) if chosen is not None else None)
        with self.tracer.looking.held():
            self._ask_selection()
            while self.tracer.paused and self._waiting():  # no look comes to go on with
                self._ask_selection()

    def search(self, text: str, step: int) -> bool:
        """Go to the next row with this text."""
        self.list.marked = text or None
        self.list.repaint_all()
        if not text:
            return True
        count, start = len(self.rows), self.list.cursor
        for offset in range(0 if step == 0 else 1, count + 1):
            index = (start + (offset if step >= 0 else -offset)) % count if count else 0
            if text in self.rows.search_text(index):
                self.list.go_to(self.rows.key(index))
                return True
        return False

    def selected_socket(self) -> int | None:
        """The socket under the cursor."""
        key = self.list.cursor_key
        return key if isinstance(key, int) else None

    def selected_pid(self) -> int | None:
        """Its process."""
        slot = self.rows.slot_at(self.list.cursor)
        return None if slot is None else self.table.fact(slot).pid

    def under_cursor(self) -> Cell | None:
        """The cell in the selected column, and the row."""
        if not 0 <= self.list.cursor < len(self.rows):
            return None
        return Cell(self.rows.cell(self.list.cursor), self.rows.text(self.list.cursor))

    def shown_sockets(self) -> list[int] | None:
        """Those that are shown or folded away; None: all there are."""
        if self.rows.order.selection is None:
            return None
        numbers: list[int] = self.table.store.number[self.rows.order.slots].tolist()
        return numbers

    def position(self) -> Hashable:
        """The row under the cursor."""
        return self.list.cursor_key

    def return_to(self, position: Hashable) -> None:
        """Go back to a row."""
        self.list.go_to(position)

    # --- columns and order ---

    def move_column(self, step: int) -> None:
        """Select another column, and bring it into sight."""
        self.rows.move_selected(step)
        place, offset = self.rows.selected_place, self.list.scroll_offset.x
        room = self.list.scrollable_content_region.width
        end = place.start + place.width
        x = max(min(offset, place.start - 1), end - room)
        if x != offset:
            self.list.scroll_to(x=x, animate=False, force=True)
        self.list.show()

    def action_left_vi(self) -> None:
        """Select the column before."""
        self.move_column(-1)

    def action_sort(self) -> None:
        """Sort by the selected column; again: the other way round."""
        self._sort_by(self.rows.selected_place.column.name)

    def action_sort_menu(self) -> None:
        """Choose the column to sort by."""
        names = [each.column.name for each in self.rows.placed]
        names += [name for name in COLUMNS if name not in names]
        found = [Choice(COLUMNS[name].title, name, COLUMNS[name].help) for name in names]
        now = self.rows.order.sort.name
        self.app.push_screen(Choose("sort by", found, names.index(now)), self._sort_by)

    def _sort_by(self, name: str | None) -> None:
        if name is not None:
            self.rows.order.sort_by(name)
            self.rows.selected = name
            self._arrange_anew()

    def _arrange_anew(self) -> None:
        with self.tracer.looking.held():
            self._ask_selection()
        self.draw()

    def action_columns(self) -> None:
        """Choose the columns."""
        from socktrace.tui.dialogs.columns import ChooseColumns  # noqa: PLC0415 - on demand

        now = [each.column.name for each in self.rows.placed]
        self.app.push_screen(ChooseColumns(now), self._choose_columns)

    def _choose_columns(self, names: tuple[str, ...] | None) -> None:
        if names is not None:
            self.rows.columns = names
            self.rows.redraw()
            self.list.scroll_to(x=0, animate=False, force=True)
            self.draw()

    def action_group(self) -> None:
        """Group by the next there is."""
        grouping = self.rows.order.grouping
        now = _GROUPS.index(grouping.name if grouping is not None else None)
        chosen = _GROUPS[(now + 1) % len(_GROUPS)]
        self.rows.order.group_by(chosen)
        self._arrange_anew()
        told = "one by one" if chosen is None else f"grouped by {GROUPINGS[chosen].title}"
        self.app.notify(told, markup=False, timeout=2)

    def action_fold(self) -> None:
        """Fold the group of the row under the cursor, or open it."""
        head = self.rows.group_of(self.list.cursor)
        if head is None:
            self.app.notify("no groups: b puts sockets together", markup=False)
            return
        self.rows.order.fold(head)
        self.rows.order.arrange()
        self.list.go_to(("group", head))
        self.draw()

    def action_fold_all(self) -> None:
        """Fold all groups, or open them."""
        self.rows.order.fold_all()
        self.draw()

    def action_closed(self) -> None:
        """Show sockets that have closed for a while, all of them, or none."""
        now = _CLOSED.index(self.table.closed_shown)
        chosen = _CLOSED[(now + 1) % len(_CLOSED)]
        with self.tracer.looking.held() as look:
            self.table.show_closed(chosen, look.world)
            self._ask_selection()
        self.draw()
        seconds = self.tracer.settings.keep_closed
        self.app.notify(_CLOSED_TOLD[chosen].format(seconds), markup=False)

    # --- hiding ---

    def action_only(self) -> None:
        """Show only what has something in common with the socket under the cursor."""
        self._ask("show only", hide=False)

    def action_hide(self) -> None:
        """Hide what has something in common with it."""
        self._ask("hide", hide=True)

    def _ask(self, title: str, *, hide: bool) -> None:
        slot = self.rows.first_of(self.list.cursor)
        if slot is None:
            self.app.notify("no socket is under the cursor", markup=False)
            return
        grouping = self.rows.order.grouping if self.rows.slot_at(self.list.cursor) is None else None

        def answered(chosen: Filter | None) -> None:
            if chosen is not None:
                text = joined(self.tracer.filter_text, chosen, user_id, hide=hide)
                self.tracer.set_filter(text)

        found = list(choices(self.table.fact(slot), grouping.name if grouping else None))
        self.app.push_screen(Choose[Filter](title, found), answered)

    def action_clear(self) -> None:
        """Show everything again."""
        self.tracer.set_filter("")

    # --- going elsewhere ---

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Open a socket's page, or a group."""
        event.stop()
        if isinstance(event.key, int):
            self.tracer.open_socket(event.key)
        else:
            self.action_fold()

    def on_row_list_header_clicked(self, event: RowList.HeaderClicked) -> None:
        """Sort by the column whose title was clicked."""
        event.stop()
        self._sort_by(self.rows.column_at(event.column))

    def on_click(self, event: events.Click) -> None:
        """A click on the sign of a group folds it, or opens it."""
        if event.widget is self.list and event.chain == 1 and event.x <= _SIGN_END and event.y > 0:
            index = event.y - 1 + self.list.scroll_offset.y
            if index < len(self.rows) and self.rows.is_group(self.rows.key(index)):
                self.action_fold()

    def action_peer(self) -> None:
        """Open the socket at the other end."""
        slot = self.rows.slot_at(self.list.cursor)
        peer = None if slot is None else self.table.fact(slot).peer
        if peer is None:
            self.app.notify("the other end is not on this machine, or not known", markup=False)
        else:
            self.tracer.open_socket(peer)

    def action_to_events(self) -> None:
        """Show its lines among all events."""
        number = self.selected_socket()
        if number is not None:
            self.tracer.open_events(socket=number)


_SIGN_END: Final = 7
"""The column of the screen up to which a click on a group means its sign."""
