"""Hiding sockets, or showing only some: what there is to choose, and the filter it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from socktrace.escape import printable
from socktrace.lines import Address
from socktrace.model.filters import Filter, FilterError, UserLookup, parse
from socktrace.model.filters.nodes import Match, Network, Not, Pattern, conjunction
from socktrace.model.filters.numbers import Span
from socktrace.model.filters.patterns import quote
from socktrace.text import addresses
from socktrace.tui.dialogs.choose import Choice
from socktrace.view.sockets.facts import Facts

_SHARED: Final[Mapping[str, frozenset[str]]] = {
    "process": frozenset({"comm", "pid"}),
    "listener": frozenset({"listener"}),
    "remote": frozenset({"raddr"}),
    "container": frozenset({"container"}),
}
"""Groups, and the fields that all sockets of one have in common."""


def choices(facts: Facts, group: str | None = None) -> list[Choice[Filter]]:
    """What a socket has in common with others, and the filter for each of these.

    Args:
        facts: The socket.
        group: It stands for a group of this kind: what all of that have in common.
    """
    found = list(_choices(facts))
    if group is None:
        return found
    shared = _SHARED[group]
    return [c for c in found if isinstance(c.answer, Match) and c.answer.field in shared]


def _choices(facts: Facts) -> Iterator[Choice[Filter]]:
    comm = facts.process.comm
    if comm is not None:
        yield Choice(f"program {printable(comm, 40)}", _text("comm", comm))
    if facts.pid is not None:
        yield Choice(f"process {facts.pid}", _number("pid", facts.pid))
    yield Choice(f"socket {addresses.sign(facts.socket)}", _number("socket", facts.socket))
    if facts.remote is not None and facts.remote.ip is not None:
        ip = facts.remote.ip
        yield Choice(f"remote address {printable(ip, 64)}", Match("raddr", (Network(ip),)))
    for name, end in (("local", facts.local), ("remote", facts.remote)):
        yield from _port(name, end)
    listener = facts.socket if facts.role == "listener" else facts.listener
    if listener is not None:
        yield Choice(f"accepted from {addresses.sign(listener)}", _number("listener", listener))
    yield Choice(f"kind {addresses.kind(facts)}", _kind(facts))
    state = (facts.tcp_state or facts.api_state) if facts.api_state != "closed" else "closed"
    yield Choice(f"state {printable(state, 40)}", _text("state", state.lower()))
    container = facts.process.container
    if container is not None:
        yield Choice(f"container {printable(container, 40)}", _text("container", container))
    if facts.process.uid is not None:
        yield Choice(f"user {facts.process.uid}", _number("user", facts.process.uid))


def _port(name: str, end: Address | None) -> Iterator[Choice[Filter]]:
    if end is not None and end.port is not None and end.ip is not None:
        yield Choice(f"{name} port {end.port}", _number(f"{name[0]}port", end.port))


def _kind(facts: Facts) -> Filter:
    family = facts.family.removeprefix("AF_").lower()
    kind = facts.type.removeprefix("SOCK_").lower()
    return conjunction([_text("family", family), _text("type", kind)])


def _number(field: str, value: int) -> Filter:
    return Match(field, (Span(value, value),))


def _text(field: str, value: str) -> Filter:
    return Match(field, (Pattern("".join(map(quote, value))),))


def joined(text: str, more: Filter, uid_of: UserLookup, *, hide: bool) -> str:
    """The text of a filter with a condition more.

    Args:
        text: The filter in force; empty: none.
        more: What is to be hidden, or what alone is to be shown.
        uid_of: Finds users by their names.
        hide: Hide it.
    """
    parts = []
    if text:
        try:
            parts.append(parse(text, uid_of=uid_of))
        except FilterError:  # it cannot be in force then
            parts.clear()
    parts.append(Not(more) if hide else more)
    return str(conjunction(parts))
