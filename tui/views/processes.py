"""Processes: who started whom and what each does with sockets, and one's descriptors."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from socktrace.host.containers import container_of
from socktrace.host.users import user_name
from socktrace.model.filters import Filter
from socktrace.text.numbers import SECOND, plural
from socktrace.text.stream import process_name
from socktrace.tui.actions import bindings
from socktrace.tui.dialogs.choose import Choose
from socktrace.tui.known import user_id
from socktrace.tui.views.base import Cell, View
from socktrace.tui.views.processes_hiding import choices
from socktrace.tui.views.processes_table import DescriptorTablePane
from socktrace.tui.views.processes_tree import ProcessTree
from socktrace.tui.views.sockets_hiding import joined
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.findings import Findings
from socktrace.view.look import Look
from socktrace.view.processes.columns import column_at, help_of
from socktrace.view.processes.person import Person
from socktrace.view.processes.rows import ProcessRows
from socktrace.view.processes.tree import SORTS
from socktrace.view.sockets.outside import Outside
from socktrace.view.spans import Span, plain

WIDE: Final = 170
"""Columns from which on the descriptors stand beside the tree."""


class ProcessesView(View):
    """The tree of processes, and the descriptors of the one under the cursor."""

    label = "processes"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("processes")]
    DEFAULT_CSS = """
    ProcessesView .parts { layout: vertical; height: 1fr; }
    ProcessesView ProcessTree { height: 3fr; }
    ProcessesView .table { height: 2fr; min-height: 4; }
    ProcessesView.-wide .parts { layout: horizontal; }
    ProcessesView.-wide ProcessTree { width: 3fr; height: 1fr; }
    ProcessesView.-wide .table { width: 2fr; height: 1fr; border-left: solid $panel; }
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._rows = ProcessRows(Outside(container_of, self._user), Findings())
        self._list = ProcessTree(self._rows)
        self._table = DescriptorTablePane(self._watched)
        self._summary = Caption()
        self._begun = False
        """The cursor is where there is something to see."""

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield self._summary
        with Container(classes="parts"):
            yield self._list
            yield self._table

    def on_mount(self) -> None:
        """Show those that ended for as long as closed sockets."""
        self._rows.people.kept = round(self.tracer.settings.keep_closed * SECOND)

    def on_resize(self) -> None:
        """Put the descriptors where there is room for them."""
        self.set_class(self.size.width >= WIDE, "-wide")

    def _user(self, uid: int) -> str:
        """A user's name; of a recording, which may be of another machine, the number."""
        return user_name(uid) if self.tracer.feed.player is None else str(uid)

    # --- looks ------------------------------------------------------------------------------

    def take(self, look: Look) -> None:
        """Take in what has changed."""
        from socktrace.tui.views.findings import FindingsView  # noqa: PLC0415 - they stand alone

        findings = self.tracer.views.get("findings")
        if isinstance(findings, FindingsView):
            self._rows.findings = findings.findings
        # While the screen stands still this is the only look that it gets.
        self._rows.take(look, whole=self.tracer.paused)
        known = None if self._table.person is None else self._at(self._table.person.pid)
        if known is not None:
            self._table.choose(known)  # its number may be another process's now
        self._table.take(look, self._rows.people.changed)
        self.unfinished = self._rows.people.behind > 0

    def _watched(self) -> bool:
        """Whether /proc tells of what is shown."""
        tracer = self.tracer
        return tracer.view is self and not tracer.paused and tracer.feed.of_this_machine

    def draw(self) -> None:
        """Show it."""
        self._list.show()
        if not self._begun and (pid := self._rows.first_with_sockets()) is not None:
            self._begun = self._list.go_to(pid)
        self._table.choose(self._at(self._list.cursor_key))
        self._table.draw()
        self._summarize()

    def enter(self) -> None:
        """It is shown: looks were missed meanwhile."""
        self._rows.people.doubt()
        self.screen.set_focus(self._list)

    def filter(self, chosen: Filter | None) -> None:
        """Show processes that hold a socket that fits."""
        self._rows.people.choose(chosen)

    def _summarize(self) -> None:
        people = self._rows.people
        tree = self._rows.tree
        count = sum(person.fitting > 0 for person in tree.everyone)
        if not count:
            text = (
                "Nothing fits the filter: u shows all."
                if people.by_pid
                else "No process has a socket yet."
            )
            self._summary.tell([(text, "plain")])
            return
        left: list[Span] = [
            (f"{plural(count, 'process', 'processes')} with ", "plain"),
            (plural(people.open, "open socket"), "plain"),
        ]
        hidden = sum(person.fitting <= 0 for person in people.by_pid.values())
        if hidden and people.choosing:
            left.append((f", {hidden} more do not fit the filter", "faint"))
        if people.behind:
            left.append((f"  {people.behind:,} sockets are still to be counted", "waiting"))
        told = help_of(tree.sort)
        if told:
            left.append((f"   {tree.sort}: {told}", "faint"))
        order = "up" if SORTS[tree.sort].down == tree.turned else "down"
        self._summary.tell(left, [(f"sorted by {tree.sort}, {order} (s, S)", "faint")])

    def _at(self, key: Hashable) -> Person | None:
        place = self._rows.index(key)
        return None if place is None else self._rows.branch(place).person

    # --- messages ---------------------------------------------------------------------------

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Another process was selected."""
        if event.rows is self._list:
            self._table.choose(self._at(self._list.cursor_key))
            if self.tracer.paused:
                self.tracer.looking.glance(self)
            self.draw()

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Go to the descriptors; to the socket that one of them names."""
        if event.rows is self._list:
            self.screen.set_focus(self._table.list)
        elif (number := self._table.rows.socket(event.key)) is not None:
            self.tracer.open_socket(number)
        else:
            self.app.notify("This descriptor names no socket that is known.", markup=False)

    def on_row_list_header_clicked(self, event: RowList.HeaderClicked) -> None:
        """Sort by a column; by the same again: the other way round."""
        if event.rows is self._list:
            name = column_at(event.column, self._list.scrollable_content_region.width)
            if name is not None and name in SORTS:
                self._rows.sort_by(name)
                self._reorder()

    # --- actions ----------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the app's but in the descriptors."""
        del parameters
        return action != "leave_part" or self._table.list.has_focus

    def action_leave_part(self) -> None:
        """Go back to the tree."""
        self.screen.set_focus(self._list)

    def action_next_tab(self) -> None:
        """Go to the other part."""
        table = self._table.list
        self.screen.set_focus(self._list if table.has_focus else table)

    def action_sort_next(self) -> None:
        """Sort by the next column."""
        self._rows.sort_by(self._rows.next_sort())
        self._reorder()

    def action_sort_turn(self) -> None:
        """Sort the other way round."""
        self._rows.sort_by(self._rows.tree.sort)
        self._reorder()

    def _reorder(self) -> None:
        self._rows.reorder()
        self._list.repaint_all()
        self._list.show()
        self._summarize()

    def action_fold(self) -> None:
        """Fold the branch under the cursor, or unfold it."""
        self._list.fold()

    def action_fold_all(self) -> None:
        """Fold every branch below the first processes, or unfold all."""
        self._list.fold_all()

    def action_only(self) -> None:
        """Show only what has something in common with the process under the cursor."""
        self._ask_which("show only", hide=False)

    def action_hide(self) -> None:
        """Hide what has something in common with it."""
        self._ask_which("hide", hide=True)

    def _ask_which(self, title: str, *, hide: bool) -> None:
        person = self._at(self._list.cursor_key)
        if person is None:
            return

        def answered(chosen: Filter | None) -> None:
            if chosen is not None:
                text = joined(self.tracer.filter_text, chosen, user_id, hide=hide)
                self.tracer.set_filter(text)

        self.app.push_screen(Choose[Filter](title, list(choices(person, self._user))), answered)

    def action_clear(self) -> None:
        """Show everything again."""
        self.tracer.set_filter("")

    def action_left_vi(self) -> None:
        """As left."""
        self._list.action_left()

    def action_to_events(self) -> None:
        """Show the events of the selected socket."""
        number = self.selected_socket()
        if number is None:
            self.app.notify("Select a descriptor that names a socket first (Tab).", markup=False)
        else:
            self.tracer.open_events(socket=number)

    # --- what the app asks ------------------------------------------------------------------

    def search(self, text: str, step: int) -> bool:
        """Go to the next process with this text, in folded branches too."""
        self._list.marked = text or None
        self._list.repaint_all()
        pid = self._rows.search(text, self._list.cursor_key, step)
        return self._list.reveal(pid) if pid is not None else not text

    def selected_socket(self) -> int | None:
        """The socket that the selected descriptor names."""
        return self._table.socket()

    def selected_pid(self) -> int | None:
        """The process under the cursor."""
        return self._list.pid

    def under_cursor(self) -> Cell | None:
        """The row under the cursor, of the tree or of the descriptors."""
        if self._table.list.has_focus:
            return self._table.under_cursor()
        person = self._at(self._list.cursor_key)
        if person is None:
            return None
        row = plain(self._rows.line(self._list.cursor, 200)).strip()
        return Cell(process_name(person.comm, person.pid), row)

    def position(self) -> Hashable:
        """The process under the cursor, and the descriptor if the focus is there."""
        return ("pid", self._list.cursor_key, self._table.position())

    def return_to(self, position: Hashable) -> None:
        """Go to a process, and to a descriptor of it."""
        match position:
            case ("pid", int(pid), *rest):
                self._begun = True
                if not self._list.reveal(pid):
                    why = "it ended, holds no socket, or does not fit the filter"
                    self.app.notify(f"Process {pid} is not shown: {why}.", markup=False)
                    return
                self.draw()
                if rest and rest[0] is not None:
                    self.screen.set_focus(self._table.list)
                    self.tracer.looking.glance(self)
                    self._table.list.show()
                    self._table.list.go_to(rest[0])
