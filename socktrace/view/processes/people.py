"""What each process does with sockets: sums kept up to date by the sockets that changed.

An open socket counts for every process that holds it, so one that several hold counts for each; a
closed one for whoever held it last. What moved since the look before counts for the process whose
call returned last: rates are of now, so that is who moved it but for calls within a tenth of a
second of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from socktrace.lines import Blocked, Process, SocketLife
from socktrace.model.filters import Filter, Predicate, Subject
from socktrace.model.filters import predicate as compile_filter
from socktrace.model.states import CONNECTED, LISTENING
from socktrace.model.world import World
from socktrace.text.numbers import SECOND
from socktrace.view.look import Look
from socktrace.view.processes.person import CONNECTS, LISTENS, OTHER, Facts, Person, Share
from socktrace.view.sockets.outside import Outside

AT_ONCE: Final = 2_000
"""Sockets looked at in one look: some 5 ms. The others come in those that follow."""
KEPT: Final = 10 * SECOND
"""How long a process is shown after its end, where nothing else is asked for."""
_SAMPLING: Final = SECOND // 2
_SAMPLES: Final = 4
"""Rates are of the last two seconds."""


class People:
    """The processes that have to do with sockets.

    Args:
        outside: names containers.
    """

    def __init__(self, outside: Outside = Outside()) -> None:  # noqa: B008 - it never changes
        self.by_pid: Final[dict[int, Person]] = {}
        self.hidden: frozenset[int] = frozenset()
        self.facts: Final = Facts(outside)
        self.version = 0
        """Changes when a process comes or goes, or is another program."""
        self.changed: Final[set[int]] = set()
        """Sockets looked at in the last look."""
        self.kept = KEPT
        """How long a process is shown after its end, ns."""
        self.open = 0
        """Sockets that are open and were counted."""
        self._shares: Final[dict[int, Share]] = {}
        self._queue: Final[dict[int, None]] = {}
        """Sockets that are still to be looked at, in order."""
        self._stale = True
        self._world: World | None = None
        self._since = 0
        """Sockets older than this had their bytes moved before we looked."""
        self._fits: Predicate | None = None
        self._timed = False
        """The filter asks for what changes by itself: how old, how long idle."""
        self._sampled = self._waited = 0
        self._moving: Final[set[Person]] = set()
        self._blocked: Mapping[int, object] | None = None
        self._waiters: list[Person] = []

    @property
    def behind(self) -> int:
        """Sockets that are not counted as they are now."""
        return len(self._queue)

    def doubt(self) -> None:
        """Looks were missed: everything is to be looked at again."""
        self._stale = True

    def choose(self, chosen: Filter | None) -> None:
        """Count which sockets fit."""
        self._fits = None if chosen is None else compile_filter(chosen)
        self._timed = chosen is not None and any(f in str(chosen) for f in ("age", "idle"))
        self._queue.update(dict.fromkeys(self._shares))
        self.version += 1

    @property
    def choosing(self) -> bool:
        """Whether there is a filter."""
        return self._fits is not None

    def update(self, look: Look, most: int = AT_ONCE) -> None:
        """Take in what has changed: of so many sockets at most."""
        world = look.world
        self.facts.lives = world.processes
        self.hidden = look.hidden
        if look.reset or world is not self._world:
            self._world = world
            self._forget_all(look.now)
            self._stale = True
        if self._stale:
            self._stale = False
            self._since = look.now
            self._queue.update(dict.fromkeys(reversed(world.sockets)))
            self._queue.update(dict.fromkeys(self._shares))
            self._refresh(self.by_pid.keys(), world)
        else:
            self._queue.update(dict.fromkeys(look.changed))
            if look.skipped:
                self._refresh(self.by_pid.keys(), world)
            else:
                self._refresh((x.pid for x in look.fresh if type(x) is Process), world)
        self._work(world, look.now, most)
        self._wait(look)
        if not 0 <= look.now - self._sampled < _SAMPLING:
            self._sample(look.now)
            self._drop(look.now)
            if self._timed:
                self._queue.update(dict.fromkeys(self._shares))

    # --- processes --------------------------------------------------------------------------

    def person(self, pid: int, world: World, now: int) -> Person | None:
        """The process of a number; None: it ended long ago, or is not to be shown."""
        person = self.by_pid.get(pid)
        if person is not None:
            return person
        life = world.processes.get(pid)
        if pid in self.hidden or (
            life is not None and life.ended is not None and now - life.ended > self.kept
        ):
            return None
        person = self.by_pid[pid] = Person(pid, life, self.facts.container(life))
        self.version += 1
        return person

    def _refresh(self, pids: Iterable[int], world: World) -> None:
        for pid in list(pids):
            person = self.by_pid.get(pid)
            if person is None:
                continue
            life = world.processes.get(pid)
            if life is not person.life and life is not None:
                if person.life is not None:
                    # The number is used again: by another process.
                    del self.by_pid[pid]
                    self.version += 1
                    self._queue.update(dict.fromkeys(person.held))
                    continue
                person.life = life
            told = 0 if person.life is None else person.life.told
            if told == person.told:
                continue
            person.told = told
            person.container = self.facts.container(person.life)
            person.version += 1
            self.version += 1

    def _drop(self, now: int) -> None:
        gone = [
            p.pid for p in self.by_pid.values() if p.ended is not None and now - p.ended > self.kept
        ]
        for pid in gone:
            del self.by_pid[pid]
        self.version += len(gone)

    def _forget_all(self, now: int) -> None:
        self._sampled = now
        for table in (self.by_pid, self._shares, self._queue):
            table.clear()
        self._moving.clear()
        self.open = 0
        self._waiters = []
        self._blocked = None
        self.version += 1

    # --- sockets ----------------------------------------------------------------------------

    def _work(self, world: World, now: int, most: int) -> None:
        queue = self._queue
        # All at once: to take the first of a dict from which the first were taken is slow.
        numbers = list(islice(queue, most))
        for number in numbers:
            del queue[number]
            self._count(number, world, now)
        self.changed.clear()
        self.changed.update(numbers)

    def _count(self, number: int, world: World, now: int) -> None:
        share = self._shares.get(number)
        life = world.sockets.get(number)
        if life is None:
            if share is not None:
                # What it moved stays in the sums; it is forgotten, not undone.
                self._let_go(number, share)
            return
        kind = _kind(life)
        fits = self._fits is None or self._fits(Subject.of(life, self.facts), now)
        since = share is not None or life.created >= self._since
        if share is None or share.kind != kind or share.fits != fits or not self._same(share, life):
            share = self._place(number, share, life, world, now, kind, fits)
        calls = errors = 0
        for totals in life.calls.values():
            calls += totals.count
            if totals.errors:
                errors += sum(totals.errors.values())
        received, sent = life.bytes_in - share.bytes_in, life.bytes_out - share.bytes_out
        made, failed = calls - share.calls, errors - share.errors
        if made or received or sent or failed:
            share.bytes_in, share.bytes_out = life.bytes_in, life.bytes_out
            share.calls, share.errors = calls, errors
            _add(share.people, received, sent, made, failed)
            if since and life.last_used_by is not None:
                self._flow(self.person(life.last_used_by, world, now), received, sent, made)

    def _same(self, share: Share, life: SocketLife) -> bool:
        """Whether the same process holds it alone: so it is with nearly all, all the time."""
        held, people = life.descriptors, share.people
        return (
            len(held) == 1
            and len(people) == 1
            and share.open
            and life.closed is None
            and held[0].closed is None
            and held[0].pid == people[0].pid
            and self.by_pid.get(people[0].pid) is people[0]
        )

    def _place(  # noqa: PLR0913, PLR0917 - all that is known of it
        self,
        number: int,
        before: Share | None,
        life: SocketLife,
        world: World,
        now: int,
        kind: int,
        fits: bool,  # noqa: FBT001
    ) -> Share:
        """Give a socket to those whose it is now, with what it has moved so far."""
        people = tuple(
            person
            for pid in _holders(life, world)
            if (person := self.person(pid, world, now)) is not None
            and (person.life is None or life.closed is None or person.life.appeared <= life.closed)
        )
        share = self._shares[number] = Share(people, kind, is_open=life.closed is None, fits=fits)
        if before is not None:
            self._let_go(number, before, keep=True)
            self.version += before.fits != fits
            told = (before.bytes_in, before.bytes_out, before.calls, before.errors)
            share.bytes_in, share.bytes_out, share.calls, share.errors = told
            _add(before.people, *(-each for each in told))
            _add(people, *told)
            for person in before.people:
                person.fitting -= before.fits
        self.open += share.open
        for person in people:
            person.fitting += fits
            person.version += 1
            if share.open:
                person.held[number] = kind
        return share

    def _let_go(self, number: int, share: Share, *, keep: bool = False) -> None:
        """Nobody holds it as he did."""
        if not keep:
            del self._shares[number]
        self.open -= share.open
        for person in share.people:
            person.held.pop(number, None)
            person.version += 1

    def _flow(self, person: Person | None, received: int, sent: int, calls: int) -> None:
        """Count what moved for whoever moved it."""
        if person is None:
            return
        if person not in self._moving:
            self._moving.add(person)
            person.moved = [(self._sampled, *person.flow)]
        all_in, all_out, all_calls = person.flow
        person.flow = (all_in + received, all_out + sent, all_calls + calls)

    # --- what changes by itself -------------------------------------------------------------

    def _sample(self, now: int) -> None:
        """Compute rates, of those that move anything."""
        self._sampled = now
        for person in list(self._moving):
            moved = person.moved
            moved.append((now, *person.flow))
            del moved[: -_SAMPLES - 1]
            first, last = moved[0], moved[-1]
            seconds = max(last[0] - first[0], 1) / SECOND
            received, sent, calls = (last[i] - first[i] for i in (1, 2, 3))
            rates = (received / seconds, sent / seconds, calls / seconds)
            if rates != person.rates:
                person.rates = rates
                person.version += 1
            if not any(rates):
                self._moving.discard(person)

    def _wait(self, look: Look) -> None:
        """Count blocked threads: as often as the source asks for them, at most twice a second."""
        if look.blocked is self._blocked and 0 <= look.now - self._waited < _SAMPLING:
            return
        self._blocked, self._waited = look.blocked, look.now
        threads: dict[tuple[int, int], Blocked] = {}
        for calls in look.blocked.values():
            for call in calls:
                threads[call.pid, call.tid] = call
        for person in self._waiters:
            person.waiting, person.longest = 0, None
            person.version += 1
        waiters: dict[int, Person] = {}
        for call in threads.values():
            person_ = self.by_pid.get(call.pid)
            if person_ is None:
                continue
            waiters[call.pid] = person_
            person_.waiting += 1
            if person_.longest is None or call.since < person_.longest.since:
                person_.longest = call
        for person in waiters.values():
            person.version += 1
        self._waiters = list(waiters.values())


def _add(people: Iterable[Person], received: int, sent: int, calls: int, errors: int) -> None:
    for person in people:
        person.bytes_in += received
        person.bytes_out += sent
        person.calls += calls
        person.errors += errors
        person.version += 1


def _kind(life: SocketLife) -> int:
    if life.api_state == LISTENING:
        return LISTENS
    return CONNECTS if life.api_state == CONNECTED or life.tcp_state == "ESTABLISHED" else OTHER


def _holders(life: SocketLife, world: World) -> Iterable[int]:
    """Whose socket it is: who holds it; of a closed one, who held it last."""
    held = life.descriptors
    if life.closed is None:
        if len(held) == 1 and held[0].closed is None:
            return (held[0].pid,)
        return dict.fromkeys(pid for pid, _ in world.holders(life.socket))
    last = max((each.closed or 0 for each in held), default=0)
    return dict.fromkeys(each.pid for each in held if each.closed == last)
