"""The descriptors of the process that is selected, below its tree or beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from socktrace.host.descriptor_table import DescriptorTable, read_table
from socktrace.text.numbers import plural
from socktrace.text.stream import process_name
from socktrace.tui.views.base import Cell
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.look import Look
from socktrace.view.processes.columns import command, ending
from socktrace.view.processes.descriptors import DescriptorRows, Named
from socktrace.view.processes.person import Person
from socktrace.view.spans import Span

_SOON: Final = 0.15
_AGAIN: Final = 2.0
"""Seconds after which /proc is read: when another process was chosen, and from then on."""
_NEARLY: Final = 0.9
"""The part of its descriptors from which on a process has nearly all."""


class DescriptorTablePane(Vertical):
    """A title and the table.

    Args:
        watched: whether /proc has these processes, and they are looked at just now.
    """

    def __init__(self, watched: Callable[[], bool]) -> None:
        super().__init__(classes="table")
        self.rows: Final = DescriptorRows()
        self.list: Final = RowList(self.rows)
        self.person: Person | None = None
        """Whose descriptors are shown."""
        self._title = Caption()
        self._watched = watched
        self._read: DescriptorTable | None = None
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield self._title
        yield self.list

    def on_mount(self) -> None:
        """Read the descriptors again and again."""
        self.set_interval(_AGAIN, self._ask_proc)

    def choose(self, person: Person | None) -> None:
        """Show another process's descriptors."""
        if person is self.person:
            return
        self.person = person
        self.rows.choose(person)
        self._read = None
        self.list.scroll_home(animate=False)
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(_SOON, self._ask_proc)

    def take(self, look: Look, changed: set[int]) -> None:
        """Take in what has changed."""
        self.rows.take(look, self.person, changed)

    def draw(self) -> None:
        """Show it."""
        self.list.show()
        person = self.person
        if person is None:
            self._title.tell([("no process is selected", "faint")])
            return
        left: list[Span] = [
            (process_name(person.comm, person.pid), "title"),
            (f"  {ending(person)}" if person.ended is not None else "", "faint"),
            (f"  {command(person)}", "faint"),
        ]
        self._title.tell(left, self._counts())

    def _counts(self) -> list[Span]:
        sockets = plural(self.rows.sockets, "socket")
        read = self._read
        if read is None:
            return [(f"  {sockets}", "plain")]
        nearly = read.limit is not None and read.opened >= read.limit * _NEARLY
        limit = "" if read.limit is None else f" of {read.limit:,}"
        warning = ", nearly all" if nearly else ""
        counted = f"  {read.opened:,}{limit} descriptors{warning}"
        return [(counted, "warning" if nearly else "plain"), (f", {sockets}", "plain")]

    # --- the other descriptors --------------------------------------------------------------

    def _ask_proc(self) -> None:
        """Ask in a thread: of a process with very many descriptors it takes long."""
        person = self.person
        if person is not None and person.ended is None and self._watched():
            self.run_worker(self._ask(person), group="descriptors", exclusive=True)

    async def _ask(self, person: Person) -> None:
        read = await asyncio.to_thread(read_table, person.pid)
        if self.person is person and self.is_attached:
            self._read = read
            others = None if read is None else [Named(*each) for each in read.descriptors]
            self.rows.show_others(others)
            self.draw()

    # --- what the view asks -----------------------------------------------------------------

    def socket(self) -> int | None:
        """The socket that the selected descriptor names."""
        return self.rows.socket(self.list.cursor_key)

    def position(self) -> Hashable:
        """The selected descriptor, if the focus is here."""
        return self.list.cursor_key if self.list.has_focus else None

    def under_cursor(self) -> Cell | None:
        """The descriptor, and its row."""
        row = self.rows.text(self.list.cursor_key)
        return Cell(str(self.list.cursor_key), row) if row else None
