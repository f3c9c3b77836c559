"""The tree of processes as rows of a list."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from socktrace.escape import printable
from socktrace.lines import Finding
from socktrace.text.numbers import SECOND
from socktrace.view.findings import Findings
from socktrace.view.look import Look
from socktrace.view.processes import columns
from socktrace.view.processes.people import AT_ONCE, People
from socktrace.view.processes.person import Person
from socktrace.view.processes.tree import SORTS, Branch, Tree
from socktrace.view.sockets.outside import Outside
from socktrace.view.spans import Spans

_BRANCHES: Final = 1_000
"""Folded branches whose sums are kept."""
_ORDERING: Final = SECOND
"""How often rows are put in order anew, where only their numbers have changed."""


class ProcessRows:
    """The rows: `socktrace.tui.widgets.row_list.Rows`. A row's key is its pid.

    Args:
        outside: names users and containers.
        findings: what rules found.
    """

    def __init__(self, outside: Outside, findings: Findings) -> None:
        self.people: Final = People(outside)
        self.tree: Final = Tree()
        self.findings = findings
        self._user_name: Final = outside.user
        self._now = 0
        self._ordered = -_ORDERING
        self._known: Hashable = None
        self._added: dict[int, tuple[Hashable, columns.Sums]] = {}
        """Sums of folded branches."""
        self._room = 80

    def take(self, look: Look, *, whole: bool = False) -> None:
        """Take in what has changed; all of it, or a part in each of many looks."""
        self._now = look.now
        self.people.update(look, len(look.world.sockets) if whole else AT_ONCE)
        known = self.people.version
        old = not 0 <= look.now - self._ordered < _ORDERING
        if old or known != self._known or look.reset:
            self._ordered, self._known = look.now, known
            self.tree.build(self.people, look.world.processes, look.now)

    def sort_by(self, name: str) -> None:
        """Sort by a column; by the same again: the other way round."""
        self.tree.turned = name == self.tree.sort and not self.tree.turned
        self.tree.sort = name

    def reorder(self) -> None:
        """Put the rows in order at once."""
        self.tree.order()

    def next_sort(self) -> str:
        """The name of the column after the one that is sorted by."""
        names = list(SORTS)
        return names[(names.index(self.tree.sort) + 1) % len(names)]

    def search(self, text: str, current: Hashable, step: int) -> int | None:
        """The pid of the next process with this text, those in folded branches too."""
        everyone = self.tree.everyone
        if not everyone or not text:
            return None
        start = next((i for i, p in enumerate(everyone) if p.pid == current), 0)
        count = len(everyone)
        way = range(count) if step == 0 else range(1, count + 1)
        for far in way:
            person = everyone[(start + far * (step or 1)) % count]
            if text in self.text_of(person):
                return person.pid
        return None

    def text_of(self, person: Person) -> str:
        """What a search looks at, in small letters."""
        uid = None if person.life is None else person.life.uid
        user = "" if uid is None else self._user_name(uid)
        words = (person.comm or "?", str(person.pid), user, person.container or "")
        return printable(" ".join(words)).lower() + " " + columns.command(person).lower()

    # --- rows -------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.tree.rows)

    def sign_at(self, index: int) -> int | None:
        """The column of a row's sign of folding."""
        return columns.sign_at(self.tree.rows[index], self._room)

    def first_with_sockets(self) -> int | None:
        """The pid of the first row that has sockets of its own."""
        return next((row.person.pid for row in self.tree.rows if row.person.held), None)

    def branch(self, index: int) -> Branch:
        """The row at a place."""
        return self.tree.rows[index]

    def key(self, index: int) -> int:
        """The pid."""
        return self.tree.rows[index].person.pid

    def index(self, key: Hashable) -> int | None:
        """Where a process is."""
        return self.tree.place(key)

    def version(self, index: int) -> Hashable:
        """Changes with what is told of it."""
        row = self.tree.rows[index]
        waits = any(person.waiting for person in row.people)
        return (
            row.person.version if not row.folded else self._stamp(row),
            row.guide,
            row.folded,
            row.below,
            self.findings.version,
            self._now // SECOND if waits else 0,
            self._room,
        )

    def width(self, room: int) -> int:
        """As wide as there is room."""
        self._room = room
        return room

    def header(self, width: int) -> Spans:
        """The titles."""
        del width
        sort = self.tree.sort
        return columns.header(self._room, sort, turned=self.tree.turned, down=SORTS[sort].down)

    def line(self, index: int, width: int) -> Spans:
        """One process."""
        del width
        around = columns.Surroundings(self._now, self._user_name, self._findings_of)
        row = self.tree.rows[index]
        told = self._sums(row, around) if row.folded else columns.sums(row.people, around)
        return columns.line(row, told, around, self._room)

    def _sums(self, row: Branch, around: columns.Surroundings) -> columns.Sums:
        """Add up a folded branch: once a second, since it may hold every socket there is."""
        pid, stamp = row.person.pid, self._stamp(row)
        known = self._added.get(pid)
        if known is None or known[0] != stamp:
            if len(self._added) > _BRANCHES:
                self._added.clear()
            known = self._added[pid] = (stamp, columns.sums(row.people, around))
        return known[1]

    def _stamp(self, row: Branch) -> Hashable:
        return (self._now // SECOND, row.people, self.findings.version)

    def _findings_of(self, pid: int) -> Sequence[Finding]:
        return tuple(self.findings.of_process(pid))
