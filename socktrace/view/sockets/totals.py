"""What stands in the cells of a group: sums, the worst, the longest of its sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from socktrace.text.numbers import SECOND, plural
from socktrace.view.findings import SEVERITIES
from socktrace.view.sockets import rates, short, states
from socktrace.view.sockets.store import UNKNOWN, Slots
from socktrace.view.sockets.table import SocketTable
from socktrace.view.spans import Role, Span

Total = Callable[[SocketTable, Slots], Span]
"""From the slots of a group to a cell."""
Joined = Literal["sum", "least", "most"]

ACTIVE: Final = 2 * SECOND
"""ns since the last call within which a socket is said to be active."""
_SEVERITIES: Final = {face.rank: face for face in SEVERITIES.values()}
_NOTHING: Final[Span] = ("·", "faint")


def state(table: SocketTable, slots: Slots) -> Span:
    """The state that deserves attention most."""
    worst = table.store.state[slots].argmax()
    facts = table.facts[int(slots[worst])]
    if facts is None:
        return ("", "faint")
    face = states.face(facts.api_state, facts.tcp_state, facts.connect_error)
    return (face.text, face.role)


def findings(table: SocketTable, slots: Slots) -> Span:
    """All of their findings, with the sign of the worst."""
    face = _SEVERITIES.get(int(table.store.severity[slots].max()))
    if face is None:
        return ("", "faint")
    return (f"{face.glyph}{int(table.store.findings[slots].sum())}", face.role)


def blocked(table: SocketTable, slots: Slots) -> Span:
    """How many of them are waited for."""
    store = table.store
    waiting = (store.blocked_since[slots] != UNKNOWN) & (store.closed[slots] == UNKNOWN)
    number = int(np.count_nonzero(waiting))
    return (f"{number} blocked", "waiting") if number else ("", "faint")


def doing(table: SocketTable, slots: Slots) -> Span:
    """The same; else for how long nothing has been done with any of them."""
    text = blocked(table, slots)
    if text[0]:
        return text
    store = table.store
    closed = store.closed[slots]
    if (closed != UNKNOWN).all():
        return (f"{short.span(table.now - int(closed.max()))} ago", "faint")
    slots = slots[closed == UNKNOWN]
    since = table.now - int(np.maximum(store.used[slots], store.born[slots]).max())
    return ("active", "good") if since < ACTIVE else (f"idle {short.span(since)}", "plain")


def bytes_of(column: str) -> Total:
    """Bytes, added up."""
    return lambda table, slots: _amount(short.size(_sum(table, column, slots)))


def count_of(column: str, role: Role = "number") -> Total:
    """Numbers, added up."""
    return lambda table, slots: _amount(short.count(_sum(table, column, slots)), role)


def _sum(table: SocketTable, column: str, slots: Slots) -> int:
    return int(getattr(table.store, column)[slots].sum())


def rate_of(*what: int) -> Total:
    """Bytes a second, added up."""
    return lambda table, slots: _amount(short.size(_per_second(table, what, slots)))


def calls_per_second(table: SocketTable, slots: Slots) -> Span:
    """Calls a second, added up."""
    return _amount(short.count(_per_second(table, (rates.CALLS,), slots)))


def _per_second(table: SocketTable, what: tuple[int, ...], slots: Slots) -> float:
    return float(sum(table.rates.per_second(each, slots).sum() for each in what))


def trend(table: SocketTable, slots: Slots) -> Span:
    """Bytes of all of them in each of the last seconds."""
    return (table.rates.trend_of(slots), "bar")


def how_many(table: SocketTable, slots: Slots) -> str:
    """Tell how many sockets there are, and how many of them have closed."""
    closed = int(np.count_nonzero(table.store.closed[slots] != UNKNOWN))
    text = plural(len(slots), "socket")
    return f"{text}, {closed} closed" if closed else text


def _amount(text: str, role: Role = "number") -> Span:
    return _NOTHING if text == "0" else (text, role)
