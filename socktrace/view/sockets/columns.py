"""The columns there are: one table, of which rows, sorting, the chooser and its help are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from socktrace.view.sockets import cells, rates, totals
from socktrace.view.sockets.cells import Cell
from socktrace.view.sockets.facts import Facts
from socktrace.view.sockets.store import UNKNOWN, Slots
from socktrace.view.sockets.table import SocketTable

Numbers = Callable[[SocketTable, Slots], NDArray[Any]]


class Column(NamedTuple):
    """One column."""

    name: str
    title: str
    least: int
    """Columns of the screen that it takes."""
    most: int
    """And when there is room."""
    cell: Cell
    help: str
    right: bool = False
    """Numbers stand at the right."""
    falls: bool = False
    """Who sorts by it wants the greatest first."""
    numbers: Numbers | None = None
    """What it is sorted by."""
    value: Callable[[Facts], Any] | None = None
    """What it is sorted by, if it is no number."""
    total: totals.Total | None = None
    """What stands in it for a group."""
    joined: totals.Joined = "least"
    """How a group's place is found from what its sockets are sorted by."""


def _stored(name: str) -> Numbers:
    return lambda table, slots: getattr(table.store, name)[slots]


def _rate(*what: int) -> Numbers:
    return lambda table, slots: np.sum(
        [table.rates.per_second(each, slots) for each in what], axis=0
    )


def _idle(table: SocketTable, slots: Slots) -> NDArray[Any]:
    store = table.store
    used = np.where(store.used[slots] == UNKNOWN, store.born[slots], store.used[slots])
    return np.where(store.closed[slots] == UNKNOWN, table.now, store.closed[slots]) - used


def _age(table: SocketTable, slots: Slots) -> NDArray[Any]:
    store = table.store
    until = np.where(store.closed[slots] == UNKNOWN, table.now, store.closed[slots])
    return until - store.born[slots]


def _waiting(table: SocketTable, slots: Slots) -> NDArray[Any]:
    store = table.store
    since = store.blocked_since[slots]
    waits = (since != UNKNOWN) & (store.closed[slots] == UNKNOWN)
    return np.where(waits, table.now - since, UNKNOWN)


def _doing(table: SocketTable, slots: Slots) -> NDArray[Any]:
    """Blocked ones first, the longest first; then the idle ones."""
    waiting = _waiting(table, slots).astype(np.float64)
    return np.where(waiting >= 0, waiting + 2.0**62, _idle(table, slots))


def _findings(table: SocketTable, slots: Slots) -> NDArray[Any]:
    store = table.store
    return store.severity[slots] * (1 << 32) + store.findings[slots]


def _process(facts: Facts) -> tuple[str, int, int]:
    return (cells.process_text(facts).lower(), facts.pid or 0, facts.fd or 0)


def _ends(facts: Facts) -> tuple[Any, ...]:
    return (cells.address_key(facts.local), cells.address_key(facts.remote))


_R: Final[dict[str, Any]] = {"right": True}
_MORE: Final[dict[str, Any]] = {"right": True, "falls": True}
_SUM: Final[dict[str, Any]] = {**_MORE, "joined": "sum"}
_BOTH: Final = (rates.IN, rates.OUT)

_COLUMNS: Final = (
    Column("findings", "!", 2, 3, cells.findings, "Findings: the sign of the worst, and how many.",
           falls=True, numbers=_findings, total=totals.findings, joined="most"),
    Column("number", "#", 5, 7, cells.number, "The socket's number in this session or recording.",
           **_R, numbers=_stored("number")),
    Column("process", "PROCESS", 9, 16, cells.process, "The program that holds it.",
           value=_process),
    Column("pid", "PID", 7, 7, cells.pid, "The process that holds it.",
           **_R, numbers=_stored("pid")),
    Column("fd", "FD", 4, 6, cells.fd, "Its descriptor there; +2: two more name it.",
           **_R, numbers=_stored("fd")),
    Column("holder", "PROCESS:FD", 13, 26, cells.holder, "Program, process and descriptor in one.",
           value=_process),
    Column("kind", "KIND", 4, 12, cells.kind, "Family, type and protocol.",
           value=cells.kind_text),
    Column("local", "LOCAL", 15, 46, cells.local, "The address at this end.",
           value=lambda facts: cells.address_key(facts.local)),
    Column("remote", "REMOTE", 15, 46, cells.remote, "The address at the other end.",
           value=lambda facts: cells.address_key(facts.remote)),
    Column("ends", "LOCAL → REMOTE", 24, 60, cells.ends, "The addresses at both ends.",
           value=_ends),
    Column("state", "STATE", 12, 14, cells.state,
           "TCP's state where it says more than the program's view of it, else that.",
           falls=True, numbers=_stored("state"), total=totals.state, joined="most"),
    Column("api", "API STATE", 12, 12, cells.api_state, "The state that the calls brought it to.",
           value=lambda facts: facts.api_state),
    Column("tcp", "TCP STATE", 13, 14, cells.tcp_state, "TCP's state, by RFC 9293.",
           value=lambda facts: facts.tcp_state or ""),
    Column("now", "NOW", 12, 18, cells.doing,
           "The call that waits for it and since when, or for how long it has been idle.",
           falls=True, numbers=_doing, total=totals.doing, joined="most"),
    Column("blocked", "BLOCKED IN", 13, 20, cells.blocked,
           "The call that waits for it, since when, and in how many threads.",
           falls=True, numbers=_waiting, total=totals.blocked, joined="most"),
    Column("age", "AGE", 6, 7, cells.age, "Since when it exists; >: it was there before us.",
           **_MORE, numbers=_age, joined="most"),
    Column("idle", "IDLE", 6, 6, cells.idle, "Since when no call on it returned.",
           **_R, numbers=_idle),
    Column("rate", "B/s", 5, 6, cells.rate_of(*_BOTH),
           "Bytes a second, in and out together: the mean of three seconds. K is 1,024.",
           **_SUM, numbers=_rate(*_BOTH), total=totals.rate_of(*_BOTH)),
    Column("rate_in", "IN/s", 5, 6, cells.rate_of(rates.IN), "Bytes received a second.",
           **_SUM, numbers=_rate(rates.IN), total=totals.rate_of(rates.IN)),
    Column("rate_out", "OUT/s", 5, 6, cells.rate_of(rates.OUT), "Bytes sent a second.",
           **_SUM, numbers=_rate(rates.OUT), total=totals.rate_of(rates.OUT)),
    Column("trend", "TREND", 8, 8, cells.trend,
           "Bytes in each of the last eight seconds; the highest bar is the most of these.",
           **_SUM, numbers=_rate(*_BOTH), total=totals.trend),
    Column("in", "IN", 5, 6, cells.bytes_of("bytes_in"), "Bytes received.",
           **_SUM, numbers=_stored("bytes_in"), total=totals.bytes_of("bytes_in")),
    Column("out", "OUT", 5, 6, cells.bytes_of("bytes_out"), "Bytes sent.",
           **_SUM, numbers=_stored("bytes_out"), total=totals.bytes_of("bytes_out")),
    Column("calls", "CALLS", 5, 6, cells.count_of("calls"), "Calls made on it. K is 1,000.",
           **_SUM, numbers=_stored("calls"), total=totals.count_of("calls")),
    Column("calls_rate", "CALL/s", 6, 6, cells.calls_per_second, "Calls a second.",
           **_SUM, numbers=_rate(rates.CALLS), total=totals.calls_per_second),
    Column("errors", "ERRORS", 6, 6, cells.count_of("errors", "error"), "Calls that failed.",
           **_SUM, numbers=_stored("errors"), total=totals.count_of("errors", "error")),
    Column("receive_queue", "RECV-Q", 7, 9, cells.waiting_of,
           "Bytes unread; on a listener the connections that wait, and their limit.",
           **_SUM, numbers=_stored("receive_queue")),
    Column("send_queue", "SEND-Q", 6, 6, cells.unsent, "Bytes that are not acknowledged yet.",
           **_SUM, numbers=_stored("send_queue")),
    Column("retransmits", "RETRANS", 7, 7, cells.count_of("retransmits", "warning"),
           "Segments that TCP sent again.",
           **_SUM, numbers=_stored("retransmits"), total=totals.count_of("retransmits", "warning")),
    Column("user", "USER", 8, 12, cells.user, "The user of its process.",
           value=lambda facts: -1 if facts.process.uid is None else facts.process.uid),
    Column("container", "CONTAINER", 12, 12, cells.container, "The container of its process.",
           value=cells.container_text),
    Column("role", "ROLE", 9, 9, cells.role, "What it is used as.", value=lambda f: f.role),
    Column("origin", "ORIGIN", 9, 10, cells.origin, "How it came to be.",
           value=lambda facts: facts.origin),
    Column("listener", "LISTENER", 8, 8, cells.listener, "The socket it was accepted from.",
           **_R, value=lambda facts: facts.listener or 0),
    Column("peer", "PEER", 7, 7, cells.peer, "The socket at the other end, if that is here.",
           **_R, value=lambda facts: facts.peer or 0),
    Column("netns", "NETNS", 10, 10, cells.netns, "Its network namespace, by inode number.",
           **_R, value=lambda facts: facts.netns or 0),
    Column("inode", "INODE", 9, 10, cells.inode, "Its inode number, as in /proc/PID/fd.",
           **_R, value=lambda facts: facts.inode),
)  # fmt: skip

COLUMNS: Final[Mapping[str, Column]] = {column.name: column for column in _COLUMNS}
"""By name, in the order in which the chooser lists them."""
