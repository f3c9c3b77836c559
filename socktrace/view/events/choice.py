"""Which entries are shown: by the filter over sockets, and by what the user hid or chose here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from socktrace.escape import printable
from socktrace.lines import SocketLife
from socktrace.model.filters import Filter, ProcessFacts, Subject, predicate
from socktrace.text.addresses import sign
from socktrace.text.stream import process_name
from socktrace.view.events.entries import (
    Entry,
    call_of,
    comm_of,
    pid_of,
    socket_of,
    sockets_of,
)
from socktrace.view.events.log import LARGEST, NO_SOCKET, NOBODY, SEVERAL, EventLog

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from socktrace.model.world import World

Kind = Literal["call", "process", "socket"]
KINDS: Final[tuple[Kind, ...]] = ("call", "process", "socket")


ASKED: Final = 500
"""Sockets that a filter is asked about in one look: some 3 ms."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that entries have in common."""

    kind: Kind
    value: str | int
    text: str = field(compare=False)
    """How it is called: "recvfrom", "curl(12)", "#3"."""

    def __str__(self) -> str:
        """Give it with its kind: "process curl(12)"."""
        return f"{self.kind} {self.text}"


def marks_of(entry: Entry) -> list[Mark]:
    """What may be hidden, or shown alone, of an entry."""
    call, pid, socket = call_of(entry), pid_of(entry), socket_of(entry)
    marks = []
    if call is not None and isinstance(call, str):
        marks.append(Mark("call", call, printable(call, 32)))
    if pid is not None:
        marks.append(Mark("process", pid, process_name(comm_of(entry), pid)))
    if socket is not None:
        marks.append(Mark("socket", socket, sign(socket)))
    return marks


class Verdicts:
    """Whether sockets and processes fit the filter now; asked again when they may have changed."""

    def __init__(self, filter_: Filter) -> None:
        self._fits = predicate(filter_)
        self.sockets: dict[int, bool] = {NO_SOCKET: False}
        self.pids: dict[int, bool] = {}
        self.waiting: set[int] = set()
        """Sockets that have to be asked about, or asked again."""

    def judge(
        self, world: World, processes: Mapping[int, ProcessFacts], now: int, most: int
    ) -> bool:
        """Ask about some of those that wait. True: somebody fits now who did not, or not any more.

        Args:
            world: held by the caller.
            processes: facts of them.
            now: the source's time.
            most: how many to ask about: some 5 us each.
        """
        changed = False
        for _ in range(min(most, len(self.waiting))):
            number = self.waiting.pop()
            life = world.sockets.get(number)
            if life is None:  # forgotten: as it was when it was last asked about
                self.sockets.setdefault(number, False)
                continue
            fits = self._fits(Subject.of(life, processes), now)
            if self.sockets.get(number) is not fits:
                self.sockets[number] = fits
                changed = True
        return changed

    def person(self, pid: int, processes: Mapping[int, ProcessFacts], now: int) -> bool:
        """Whether what a process does without a socket fits.

        It fits as a socket would of which no more is known than that process.
        """
        known = self.pids.get(pid)
        if known is None:
            life = SocketLife(-1, 0, "", "", "", "unknown", now, pid=pid)
            known = self.pids[pid] = self._fits(Subject(life, (), processes), now)
        return known


class Choice:
    """What is shown and what is not."""

    def __init__(self) -> None:
        self.hidden: dict[Mark, None] = {}
        self.only: dict[Mark, None] = {}
        self.verdicts: Verdicts | None = None
        self._processes: Mapping[int, ProcessFacts] = {}
        self._now = 0

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return not (self.hidden or self.only or self.verdicts)

    def clear(self) -> None:
        """Leave nothing out but by the filter."""
        self.hidden.clear()
        self.only.clear()

    def filter(self, chosen: Filter | None, log: EventLog) -> None:
        """Choose by a filter from now on; None: by none."""
        self.verdicts = Verdicts(chosen) if chosen is not None else None
        if self.verdicts is not None:
            self.verdicts.waiting.update(_every_socket(log, log.first))

    def ask(
        self,
        world: World,
        processes: Mapping[int, ProcessFacts],
        now: int,
        log: EventLog,
        since: int,
    ) -> bool:
        """Ask about the sockets of new entries, and about those that wait.

        Args:
            world: held by the caller.
            processes: facts of them.
            now: the source's time.
            log: the list.
            since: number of the first new entry.

        Returns:
            True: what is shown has to be chosen anew, of the old entries too.
        """
        verdicts = self.verdicts
        if verdicts is None:
            return False
        self._processes, self._now = processes, now
        verdicts.pids.clear()  # another program may run there now
        verdicts.waiting.update(_every_socket(log, since))
        return verdicts.judge(world, processes, now, ASKED)

    @property
    def undecided(self) -> int:
        """Sockets about which the filter has not been asked yet."""
        return len(self.verdicts.waiting) if self.verdicts is not None else 0

    def shown(self, log: EventLog, since: int) -> list[int]:
        """The numbers of the entries that are shown, from one on."""
        since = max(since, log.first)
        skip = since - log.first
        keep = np.ones(len(log) - skip, np.bool_)
        columns = _Columns(log, skip)
        for marks, wanted in ((self.only, True), (self.hidden, False)):
            for kind in KINDS:
                values = [mark.value for mark in marks if mark.kind == kind]
                if values:
                    keep &= columns.have(kind, values) == wanted
        if self.verdicts is not None:
            keep &= self._fitting(columns, self.verdicts)
        numbers: list[int] = (np.flatnonzero(keep) + since).tolist()
        return numbers

    def _fitting(self, columns: _Columns, verdicts: Verdicts) -> NDArray[np.bool_]:
        fitting = [number for number, fits in verdicts.sockets.items() if fits]
        keep = columns.have("socket", fitting)
        alone = columns.sockets == NO_SOCKET
        pids = columns.pids[alone]
        people = [
            pid
            for pid in np.unique(pids[pids != NOBODY]).tolist()
            if verdicts.person(pid, self._processes, self._now)
        ]
        # What is about nobody tells of losses: that is never left out.
        keep[alone] = np.isin(pids, np.array(people, np.int64)) | (pids == NOBODY)
        return keep


class _Columns:
    def __init__(self, log: EventLog, skip: int) -> None:
        self._log, self._skip = log, skip
        self.sockets = log.sockets()[skip:]
        self.pids = log.pids()[skip:]

    def entry(self, place: int) -> Entry:
        return self._log[self._log.first + self._skip + place]

    def have(self, kind: Kind, values: Iterable[str | int]) -> NDArray[np.bool_]:
        """Which entries are of one of these calls, processes or sockets."""
        chosen = list(values)
        if kind == "call":
            codes = [self._log.code(str(value)) for value in chosen]
            return np.isin(self._log.calls()[self._skip :], codes)
        if kind == "process":
            return np.isin(self.pids, _numbers(chosen))
        found = np.isin(self.sockets, _numbers(chosen))
        wanted = set(chosen)
        for place in np.flatnonzero(self.sockets == SEVERAL).tolist():
            found[place] = not wanted.isdisjoint(sockets_of(self.entry(place)))
        return found


def _numbers(values: Iterable[str | int]) -> NDArray[np.int64]:
    return np.array([int(value) & LARGEST for value in values], np.int64)


def _every_socket(log: EventLog, since: int) -> set[int]:
    skip = max(since, log.first) - log.first
    column = log.sockets()[skip:]
    numbers: set[int] = set(np.unique(column[column >= 0]).tolist())
    for place in np.flatnonzero(column == SEVERAL).tolist():
        numbers.update(sockets_of(log[log.first + skip + place]))
    return numbers
