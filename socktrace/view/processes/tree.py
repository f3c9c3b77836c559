"""Who started whom: processes in the order of a tree, with what is folded left out.

Who has nothing to do with sockets stands in it as an ancestor only. A process whose parent ended
long ago stands below the nearest ancestor that is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final, NamedTuple

from socktrace.model.process_lives import ProcessLife
from socktrace.view.processes.people import People
from socktrace.view.processes.person import Person

LAST, MORE, PAST, GAP = "└─", "├─", "│ ", "  "


class Sort(NamedTuple):
    """An order among siblings."""

    key: Callable[[Person], Any]
    sums: bool
    """A branch stands where all of it together belongs; else where its first process does."""
    down: bool
    """The greatest first."""


def _longest(person: Person) -> int:
    """What sorts the longest wait first."""
    return 0 if person.longest is None else -person.longest.since


SORTS: Final[Mapping[str, Sort]] = {
    "process": Sort(lambda p: (p.comm or "", p.pid), sums=False, down=False),
    "pid": Sort(attrgetter("pid"), sums=False, down=False),
    "user": Sort(
        lambda p: -1 if p.life is None or p.life.uid is None else p.life.uid, sums=False, down=False
    ),
    "sockets": Sort(lambda p: len(p.held), sums=True, down=True),
    "in/s": Sort(lambda p: p.rates[0], sums=True, down=True),
    "out/s": Sort(lambda p: p.rates[1], sums=True, down=True),
    "calls/s": Sort(lambda p: p.rates[2], sums=True, down=True),
    "blocked": Sort(attrgetter("waiting"), sums=True, down=True),
    "errors": Sort(attrgetter("errors"), sums=True, down=True),
    "in": Sort(attrgetter("bytes_in"), sums=True, down=True),
    "out": Sort(attrgetter("bytes_out"), sums=True, down=True),
}
"""By the name of the column."""


class Branch(NamedTuple):
    """A row: a process, and where it stands."""

    person: Person
    guide: str
    """The lines that lead to it."""
    below: int
    """How many processes descend from it."""
    folded: bool
    people: tuple[Person, ...]
    """Whom the row tells of: more than one where it is folded."""


class Tree:
    """The rows of the tree, and which of them are folded."""

    def __init__(self) -> None:
        self.rows: list[Branch] = []
        self.everyone: list[Person] = []
        """All of them, in the same order, those in folded branches too."""
        self.folded: Final[set[int]] = set()
        self.sort = "sockets"
        self.turned = False
        """The other way round."""
        self._places: dict[int, int] = {}
        self._parents: dict[int, int | None] = {}
        self._others: dict[int, Person] = {}
        self._nodes: dict[int, Person] = {}
        self._below: dict[int, int] = {}

    def place(self, pid: Hashable) -> int | None:
        """Where a process stands; None: it is folded away, or not there."""
        return self._places.get(pid) if isinstance(pid, int) else None

    def parent(self, pid: int) -> int | None:
        """Below which process it stands."""
        return self._parents.get(pid)

    def below(self, pid: int) -> int:
        """How many descend from it."""
        return self._below.get(pid, 0)

    def unfold_to(self, pid: int) -> None:
        """Unfold whatever hides a process."""
        seen = {pid}
        parent = self._parents.get(pid)
        while parent is not None and parent not in seen:
            seen.add(parent)
            self.folded.discard(parent)
            parent = self._parents.get(parent)

    def build(self, people: People, lives: Mapping[int, ProcessLife], now: int) -> None:
        """Put everyone in place: some microseconds for each."""
        shown = [p for p in people.by_pid.values() if p.fitting > 0]
        nodes = {person.pid: person for person in shown}
        others: dict[int, Person] = {}
        parents: dict[int, int | None] = {}
        for person in shown:
            pid: int | None = person.pid
            while pid is not None and pid not in parents:
                parent = parents[pid] = _parent(pid, lives, now - people.kept)
                if parent is not None and parent not in nodes:
                    nodes[parent] = others[parent] = self._other(parent, people, lives)
                pid = parent
        self._others, self._parents = others, parents
        self._nodes = nodes
        self.order()

    def _other(self, pid: int, people: People, lives: Mapping[int, ProcessLife]) -> Person:
        """One that is an ancestor only."""
        known = people.by_pid.get(pid) or self._others.get(pid)
        life = lives.get(pid)
        if known is not None and known.life is life:
            return known
        return Person(pid, life, people.facts.container(life))

    def order(self) -> None:
        """Put siblings in order."""
        nodes = self._nodes
        children: dict[int | None, list[int]] = {}
        for pid in nodes:
            children.setdefault(self._parents.get(pid), []).append(pid)
        first = _walk(children.get(None, ()), children)
        if len(first) < len(nodes):
            # A recording may have been altered: who descends from himself begins a tree, too.
            reached = set(first)
            for pid in nodes:
                if pid not in reached:
                    old = self._parents[pid]
                    children[old].remove(pid)
                    children.setdefault(None, []).append(pid)
                    self._parents[pid] = None
                    reached.update(_walk([pid], children))
            first = _walk(children[None], children)
        sort = SORTS[self.sort]
        weights: dict[int, Any] = {pid: sort.key(nodes[pid]) for pid in first}
        below = dict.fromkeys(first, 0)
        for pid in reversed(first):
            parent = self._parents.get(pid)
            if parent is not None:
                below[parent] += below[pid] + 1
                if sort.sums:
                    weights[parent] += weights[pid]
        for siblings in children.values():
            siblings.sort()
            siblings.sort(key=weights.__getitem__, reverse=sort.down != self.turned)
        self._below = below
        self.everyone = [nodes[pid] for pid in _walk(children.get(None, ()), children)]
        self.fold()

    def fold(self) -> None:
        """Make the rows anew from who is folded."""
        rows: list[Branch] = []
        guides: dict[int | None, str] = {None: ""}
        everyone, place = self.everyone, 0
        lasts = self._lasts()
        while place < len(everyone):
            person = everyone[place]
            pid = person.pid
            parent = self._parents.get(pid)
            before = guides[parent]
            last = pid in lasts
            guide = "" if parent is None else before + (LAST if last else MORE)
            guides[pid] = "" if parent is None else before + (GAP if last else PAST)
            below = self._below[pid]
            folded = below > 0 and pid in self.folded
            end = place + 1 + (below if folded else 0)
            people = tuple(everyone[place:end])
            rows.append(Branch(person, guide, below, folded, people))
            place = end
        self.rows = rows
        self._places = {row.person.pid: place for place, row in enumerate(rows)}

    def _lasts(self) -> set[int]:
        """Those that are the last below their parents."""
        latest: dict[int | None, int] = {}
        for person in self.everyone:
            latest[self._parents.get(person.pid)] = person.pid
        return set(latest.values())


def _walk(roots: Iterable[int], children: Mapping[int | None, list[int]]) -> list[int]:
    """Everyone below some roots, each before those below it."""
    order: list[int] = []
    left = list(roots)[::-1]
    while left:
        pid = left.pop()
        order.append(pid)
        left.extend(reversed(children.get(pid, ())))
    return order


def _parent(pid: int, lives: Mapping[int, ProcessLife], since: int) -> int | None:
    """The nearest ancestor that is there, or was there since a moment."""
    seen = {pid}
    life = lives.get(pid)
    while life is not None and life.ppid is not None and life.ppid not in seen:
        seen.add(life.ppid)
        parent = lives.get(life.ppid)
        if parent is None:
            return None
        if parent.ended is None or parent.ended >= since:
            return parent.pid
        life = parent
    return None
