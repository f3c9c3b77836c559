"""Which sockets fit a filter, for a table that changes ten times a second.

A filter is a tree; each of its leaves has a column of answers. Leaves that ask for numbers that
change with each call are answered for all sockets at once in NumPy whenever rows are put in order;
the others ask about a socket only after a line told of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from socktrace.model.filters import Filter, Predicate, Subject, predicate
from socktrace.model.filters.nodes import And, Compare, Match, Not, Or
from socktrace.model.filters.numbers import Span
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.sockets.store import Flags, Ints, Slots, grown
from socktrace.view.sockets.table import SocketTable

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MOST: Final = 2_500
"""Sockets that are asked about in one look: some 3 us for each."""
_LARGEST: Final = (1 << 63) - 1

Answers = Callable[[Slots], Flags]
"""Which of these slots fit."""


def _stored(name: str) -> Callable[[SocketTable, Slots], Ints]:
    return lambda table, slots: getattr(table.store, name)[slots]


def _as_sorted(name: str) -> Callable[[SocketTable, Slots], Ints]:
    numbers = COLUMNS[name].numbers
    if numbers is None:
        raise ValueError(name)
    return numbers


_NUMBERS: Final[dict[str, Callable[[SocketTable, Slots], Ints]]] = {
    "bytes": lambda table, slots: table.store.bytes_in[slots] + table.store.bytes_out[slots],
    "bytes_in": _stored("bytes_in"),
    "bytes_out": _stored("bytes_out"),
    "calls": _stored("calls"),
    "errors": _stored("errors"),
    "retransmits": _stored("retransmits"),
    "age": _as_sorted("age"),
    "idle": _as_sorted("idle"),
}
"""Fields of filters that are answered from the table's numbers."""

_COUNTED: Final = frozenset({"calls", "errors", "call", "errno"})


class _Asked:
    """A leaf that asks about each socket by itself."""

    def __init__(self, table: SocketTable, leaf: Filter) -> None:
        self._table = table
        self._fits: Predicate = predicate(leaf)
        self._answers: Flags = np.zeros(0, np.bool_)
        self._seen: Ints = np.zeros(0, np.int64)

    def __call__(self, slots: Slots) -> Flags:
        self._grow()
        return self._answers[slots]

    def known(self, slots: Slots) -> Flags:
        """Which of them were asked since a line told of them."""
        self._grow()
        known: Flags = self._seen[slots] == self._table.store.told[slots]
        return known

    def stale(self, slots: Slots) -> Slots:
        """The others."""
        return slots[~self.known(slots)]

    def ask(self, slots: Slots) -> None:
        """Ask these; to be called while the source is held."""
        table = self._table
        people, answers = table.people, self._answers
        for slot in slots.tolist():
            life, facts = table.lives[slot], table.facts[slot]
            if life is None or facts is None:
                continue
            # Of a closed socket those count who ever held it, as in every other filter.
            if facts.api_state == "closed":
                subject = Subject.of(life, people)
            else:
                subject = Subject(life, facts.holders, people)
            answers[slot] = self._fits(subject, table.now)
        self._seen[slots] = table.store.told[slots]

    def _grow(self) -> None:
        size = self._table.store.size
        self._answers, self._seen = grown(self._answers, size), grown(self._seen, size)


class Selection:
    """The sockets of a table that fit a filter."""

    def __init__(self, table: SocketTable, chosen: Filter) -> None:
        self.filter: Final = chosen
        self._table = table
        self._epoch = table.epoch
        self._asked: list[_Asked] = []
        self.moves = False
        """Whether sockets may come to fit by time or by numbers alone."""
        self.counts = False
        """Whether it asks for calls or errors, which are not added up otherwise."""
        self._answers = self._compile(chosen)
        self.waiting = 0
        """Sockets that are still to be asked about."""
        self.changes = 0
        """Grows when other sockets may fit than before."""

    def fits(self, slots: Slots) -> Flags:
        """Tell which of these fit; those that were not asked yet do not."""
        found = self._answers(slots)
        for leaf in self._asked:
            found = found & leaf.known(slots)
        return found

    def ask(self) -> None:
        """Ask about those of which a line told; to be called while the source is held."""
        table = self._table
        if self._epoch != table.epoch:
            self._epoch = table.epoch
            self._asked.clear()
            self._answers = self._compile(self.filter)
        slots = np.flatnonzero(table.store.used_slot)
        room, self.waiting = _MOST, 0
        for leaf in self._asked:
            stale = leaf.stale(slots)
            if not stale.size:
                continue
            now = stale[:room]
            leaf.ask(now)
            self.changes += 1
            room -= now.size
            self.waiting = max(self.waiting, int(stale.size - now.size))

    def _compile(self, node: Filter) -> Answers:
        self.counts |= isinstance(node, Compare | Match) and node.field in _COUNTED
        match node:
            case And(parts):
                answers = [self._compile(part) for part in parts]
                return lambda slots: np.logical_and.reduce([each(slots) for each in answers])
            case Or(parts):
                answers = [self._compile(part) for part in parts]
                return lambda slots: np.logical_or.reduce([each(slots) for each in answers])
            case Not(part):
                inner = self._compile(part)
                return lambda slots: ~inner(slots)
            case Compare(field, sign, number) if field in _NUMBERS:
                return self._compare(field, sign, number)
            case Match(field, values) if field in _NUMBERS:
                return self._spans(field, [v for v in values if isinstance(v, Span)])
            case _:
                leaf = _Asked(self._table, node)
                self._asked.append(leaf)
                return leaf

    def _compare(self, field: str, sign: str, number: int) -> Answers:
        self.moves = True
        holds, numbers, table = _OPERATORS[sign], _NUMBERS[field], self._table
        bound = min(number, _LARGEST)
        return lambda slots: holds(numbers(table, slots), bound)

    def _spans(self, field: str, spans: list[Span]) -> Answers:
        self.moves = True
        numbers, table = _NUMBERS[field], self._table

        def answers(slots: Slots) -> Flags:
            values = numbers(table, slots)
            found = np.zeros(len(slots), np.bool_)
            for low, high in spans:
                found |= (values >= min(low, _LARGEST)) & (values <= min(high, _LARGEST))
            return found

        return answers
