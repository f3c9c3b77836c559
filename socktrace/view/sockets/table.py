"""Every socket that may be shown, kept up to date by what each look says has changed.

What a look costs goes with what changed, not with what there is: numbers of changed sockets are
copied into arrays, and the rest of a socket only when a line told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, Literal

import numpy as np

from socktrace.lines import (
    Blocked,
    Descriptor,
    Finding,
    Lost,
    Process,
    Sample,
    Socket,
    SocketLife,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.model.world import World
from socktrace.text.numbers import SECOND
from socktrace.view.findings import SEVERITIES, Key, key_of, sockets_of
from socktrace.view.look import Look
from socktrace.view.sockets import states, taking
from socktrace.view.sockets.facts import Facts, People, facts_of
from socktrace.view.sockets.outside import Outside
from socktrace.view.sockets.rates import Rates
from socktrace.view.sockets.store import UNKNOWN, Slots, Store
from socktrace.view.sockets.taking import Waits, waits_of

ClosedShown = Literal["lately", "all", "none"]
"""Which of the sockets that have closed are shown."""
_FIRST: Final = 20_000
"""Sockets that are taken in at once at the beginning: nothing is on the screen yet."""
_MANY: Final = 5_000
_MOST: Final = 7_500
"""Sockets whose numbers are taken in one look, so that a frame stays short."""
_MOST_NEW: Final = 2_500
"""Sockets whose facts are taken in one look: that takes some 4 us for each."""


_FEW: Final = 8
_BUSY: Final = 100
"""Sockets that change in one look."""


class SocketTable:
    """The sockets that may be shown, each in a slot of `store`.

    Args:
        outside: what the model does not know.
        keep_closed: for how long closed sockets stay, in seconds.
    """

    def __init__(self, outside: Outside | None = None, keep_closed: float = 10.0) -> None:
        self.outside: Final = outside or Outside()
        self.keep_closed = 0
        """ns for which closed sockets stay."""
        self.keep_for(keep_closed)
        self.closed_shown: ClosedShown = "lately"
        self.counting = False
        """Calls and errors of all sockets are wanted, not only of those on the screen."""
        self.watched: Sequence[int] = ()
        """The sockets that are on the screen."""
        self.now = 0
        self.busy = False
        """So much changes that sums are to be drawn anew once a second only."""
        self.epoch = 0
        """Grows when everything was forgotten."""
        self.changes = 0
        """Grows when sockets come, go, or are hidden: there are other rows now."""
        self._world: World | None = None
        self._clear()

    def _clear(self) -> None:
        self.seconds = 0
        """Grows once a second, when rates are new and rows are to be put in order. Where there are
        very many, that is done one look after the rates were measured: a frame is to be short."""
        self._measured = False
        self.store = Store()
        self.rates = Rates(self.store)
        self.people = People(self.outside)
        self.lives: list[SocketLife | None] = []
        """By slot; only to be read while the source is held."""
        self.facts: list[Facts | None] = []
        """By slot."""
        self.waits: dict[int, Waits] = {}
        """By slot: what is blocked."""
        self._slots: dict[int, int] = {}
        self._findings: dict[int, dict[Key, int]] = {}
        self._todo: dict[int, None] = {}
        """Sockets whose facts are to be taken, the first to come first."""
        self._later: list[int] = []
        self._blocked: Mapping[int, Sequence[Blocked]] | None = None
        self._hidden: frozenset[int] = frozenset()
        self.epoch += 1
        self.changes += 1

    # --- questions ---

    def slot(self, number: int) -> int | None:
        """Where a socket is kept; None: it is not, or no more."""
        return self._slots.get(number)

    def fact(self, slot: int) -> Facts:
        """What is known of a slot that is in use."""
        facts = self.facts[slot]
        if facts is None:
            raise KeyError(slot)
        return facts

    def slots(self) -> Slots:
        """Every slot to be shown, the oldest socket first."""
        store = self.store
        chosen = store.used_slot & ~store.hidden
        if self.closed_shown == "none":
            chosen &= store.closed == UNKNOWN
        slots = np.flatnonzero(chosen)
        return slots[np.argsort(store.number[slots], kind="stable")]

    @property
    def behind(self) -> int:
        """Sockets that are still to be taken in."""
        return len(self._todo)

    # --- looks ---

    def update(self, look: Look) -> None:
        """Take in a look, while it is held."""
        first = self._begin(look) if look.reset or look.world is not self._world else False
        world, self.now = look.world, look.now
        self.busy = len(look.changed) > _BUSY
        told = self._take_fresh(look)
        if look.hidden != self._hidden:
            self._hidden = look.hidden
            told.update(self._slots)
        changed: Iterable[int] = look.changed
        if look.skipped:
            told.update(changed)
        self._todo.update(dict.fromkeys(told))
        many = len(self._slots) > _MANY
        if many and self._measured:
            self._later = [*self._later, *changed]  # this frame has enough to do: see `seconds`
        else:
            self._numbers(world, changed)
        self._take_facts(world, _FIRST if first else _MOST_NEW)
        self._look_at(world)
        if look.blocked is not self._blocked:
            self._take_blocked(look.blocked)
        self.seconds += self._measured
        self._measured = self.rates.pass_to(look.now)
        if self._measured:
            self._let_go(look.now)
            if not many:
                self.seconds += 1
                self._measured = False

    def keep_for(self, seconds: float) -> None:
        """Choose for how long closed sockets stay."""
        self.keep_closed = int(seconds * SECOND)

    def show_closed(self, which: ClosedShown, world: World) -> None:
        """Choose which closed sockets are shown; to be called while the source is held."""
        self.closed_shown = which
        self.changes += 1
        if which == "all":
            known = self._slots
            fresh = (life.socket for life in world.closed_sockets() if life.socket not in known)
            self._todo.update(dict.fromkeys(fresh))
            self._take_facts(world, _FIRST)

    def _begin(self, look: Look) -> bool:
        self._clear()
        world = self._world = self.people.world = look.world
        numbers = [life.socket for life in world.open_sockets()]
        for life in reversed(world.closed_sockets()):
            closed = look.now if life.closed is None else life.closed
            if self.closed_shown != "all" and closed + self.keep_closed < look.now:
                break
            numbers.append(life.socket)
        self._todo = dict.fromkeys(numbers)
        return True

    def _take_fresh(self, look: Look) -> set[int]:
        """Give the sockets of which more was told than calls."""
        told: set[int] = set()
        for line in look.fresh:
            if type(line) is Syscall:  # most of them; isinstance with many types is slow
                continue
            if isinstance(line, Socket | State | Descriptor | TcpEvent | Lost):
                if line.socket is not None:
                    told.add(line.socket)
            elif isinstance(line, Sample):
                self._sample(line)
            elif isinstance(line, Process):
                self.people.renamed.add(line.pid)
            elif isinstance(line, Finding):
                rank = SEVERITIES[line.severity].rank
                for number in sockets_of(line):
                    self._findings.setdefault(number, {})[key_of(line)] = rank
                    told.add(number)
        if self.people.renamed:
            self._retell(told)
        return told

    def _retell(self, told: set[int]) -> None:
        """Find the sockets of processes of which a line told, or that have another name."""
        store, renamed = self.store, self.people.renamed
        if len(renamed) > _FEW:
            concerned = np.isin(store.pid, np.fromiter(renamed, np.int64))
        else:
            concerned = np.zeros(store.size, np.bool_)
            for pid in renamed:
                concerned |= store.pid == pid
        told.update(store.number[concerned & store.used_slot].tolist())
        renamed.clear()

    def _sample(self, line: Sample) -> None:
        slot = self._slots.get(line.socket)
        if slot is not None:
            taking.sample(self.store, slot, line)
            self.store.version[slot] += 1

    # --- numbers ---

    def _numbers(self, world: World, changed: Iterable[int]) -> None:
        slots, todo, lives = self._slots, self._todo, self.lives
        waiting = [*self._later, *changed] if self._later else list(changed)
        self._later = list(dict.fromkeys(waiting[_MOST:]))
        places: list[int] = []
        for number in waiting[:_MOST]:
            slot = slots.get(number)
            if slot is None:
                if number in world.sockets:
                    todo[number] = None
            elif number not in todo:
                places.append(slot)
        if places:
            at = np.array(places, np.int64)
            known = [life for slot in places if (life := lives[slot]) is not None]
            taking.numbers(self.store, at, known)
            if self.counting:
                self._copy_counts(at, known)
            self.store.version[at] += 1

    def _copy_counts(self, at: Slots, lives: list[SocketLife]) -> None:
        # Of these a line of a call may have told more than numbers: a role, why connect failed.
        more = taking.counts(self.store, at, lives) | self.store.unsettled[at]
        if more.any():
            self._todo.update(dict.fromkeys(self.store.number[at[more]].tolist()))

    def count(self, *, wanted: bool) -> None:
        """Add up calls and errors of all sockets, or only of those on the screen.

        To be called while the source is held.
        """
        if wanted and not self.counting:
            slots = np.flatnonzero(self.store.used_slot)
            lives = [life for slot in slots.tolist() if (life := self.lives[slot]) is not None]
            self._copy_counts(slots, lives)
            self.rates.begin_calls()
        self.counting = wanted

    def _look_at(self, world: World) -> None:
        """Take all there is of the sockets that are on the screen."""
        store = self.store
        for number in self.watched:
            slot = self._slots.get(number)
            if slot is not None and store.taken[slot] != store.version[slot]:
                life = self.lives[slot]
                if life is not None and number not in self._todo:
                    self._take(life, world, slot)

    # --- facts ---

    def _take_facts(self, world: World, most: int) -> None:
        numbers = list(islice(self._todo, most))
        for number in numbers:
            del self._todo[number]
            life = world.sockets.get(number)
            slot = self._slots.get(number)
            if life is not None and (slot is not None or self._wanted(life)):
                self._take(life, world, slot)
                continue
            self._findings.pop(number, None)
            if slot is not None:
                self._release([slot])

    def _wanted(self, life: SocketLife) -> bool:
        if life.closed is None or self.closed_shown == "all":
            return True
        return life.closed + self.keep_closed >= self.now

    def _take(self, life: SocketLife, world: World, slot: int | None) -> None:
        store, fresh = self.store, slot is None
        if slot is None:
            slot = self._slots[life.socket] = store.take()
            missing = store.size - len(self.lives)
            self.lives.extend([None] * missing)
            self.facts.extend([None] * missing)
            self.lives[slot] = life
            store.number[slot], store.born[slot] = life.socket, life.created
            store.blocked_since[slot] = UNKNOWN
            self.changes += 1
        facts = self.facts[slot] = facts_of(life, world, self.people)
        closed = UNKNOWN if life.closed is None else life.closed
        if closed != store.closed[slot]:
            store.closed[slot] = closed
            self.changes += 1
        store.retransmits[slot] = life.retransmits
        store.pid[slot] = UNKNOWN if facts.pid is None else facts.pid
        fd = facts.fd
        store.fd[slot] = UNKNOWN if fd is None else fd
        store.held[slot] = len(facts.holders)
        store.state[slot] = states.face(facts.api_state, facts.tcp_state, facts.connect_error).rank
        store.unsettled[slot] = facts.role == "unknown"
        hidden = self._is_hidden(facts)
        if hidden != store.hidden[slot]:
            store.hidden[slot] = hidden
            self.changes += 1
        found = self._findings.get(life.socket)
        if found:
            store.findings[slot], store.severity[slot] = len(found), max(found.values())
        taking.sample(store, slot, life.sample)
        taking.totals(store, slot, life)
        store.version[slot] += 1
        store.taken[slot] = store.version[slot]
        store.told[slot] += 1
        if fresh:
            self.rates.begin(slot, fresh=self.now - life.created < SECOND and not life.born_before)

    def _is_hidden(self, facts: Facts) -> bool:
        hidden = self._hidden
        if not hidden:
            return False
        if facts.holders:
            return all(pid in hidden for pid, _ in facts.holders)
        return facts.pid in hidden

    # --- what is blocked, and what is over ---

    def _take_blocked(self, blocked: Mapping[int, Sequence[Blocked]]) -> None:
        self._blocked = blocked
        store, before = self.store, self.waits
        self.waits = waits_of(blocked, self._slots, self._hidden)
        for slot in before.keys() | self.waits.keys():
            now = self.waits.get(slot)
            if now != before.get(slot):
                store.version[slot] += 1
                store.blocked_since[slot] = UNKNOWN if now is None else now.since
                store.blocked[slot] = 0 if now is None else now.threads

    def _let_go(self, now: int) -> None:
        """Forget the sockets that have been closed for long enough."""
        if self.closed_shown == "all":
            return
        store = self.store
        over = (store.closed != UNKNOWN) & (store.closed + self.keep_closed < now)
        slots = np.flatnonzero(over & store.used_slot).tolist()
        if slots:
            self._release(slots)

    def _release(self, slots: list[int]) -> None:
        for slot in slots:
            number = int(self.store.number[slot])
            del self._slots[number]
            self._findings.pop(number, None)
            self._todo.pop(number, None)
            self.lives[slot] = self.facts[slot] = None
            self.waits.pop(slot, None)
        self.store.release(slots)
        self.changes += 1
