"""By what sockets are put together, and what a group is called."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, NamedTuple

from socktrace.escape import printable
from socktrace.text import addresses
from socktrace.view.sockets import cells
from socktrace.view.sockets.facts import Facts
from socktrace.view.sockets.table import SocketTable

_NONE: Final = 0
"""No listener."""


class Grouping(NamedTuple):
    """One way to put sockets together."""

    name: str
    title: str
    """What stands behind "by"."""
    value: Callable[[Facts], Hashable]
    """Sockets of one value are one group."""
    label: Callable[[SocketTable, Any], str]
    """What the group of a value is called."""


def _process(facts: Facts) -> Hashable:
    return (facts.pid, facts.process.comm)


def _process_label(table: SocketTable, value: tuple[int | None, str | None]) -> str:
    del table
    pid, comm = value
    if pid is None:
        return "nobody known"
    return f"{printable(comm, cells.NAME)}({pid})" if comm else f"({pid})"


def _listener(facts: Facts) -> Hashable:
    return facts.socket if facts.role == "listener" else facts.listener or _NONE


def _listener_label(table: SocketTable, value: int) -> str:
    if value == _NONE:
        return "no listener"
    slot = table.slot(value)
    facts = table.facts[slot] if slot is not None else None
    if facts is None:
        return f"listener {addresses.sign(value)}, closed"
    who = cells.process_text(facts)
    return f"{who} {table.outside.address(facts.local)} {addresses.sign(value)}"


def _remote(facts: Facts) -> Hashable:
    remote = facts.remote
    if remote is None or remote.unnamed:
        return ""
    return remote.ip if remote.ip is not None else addresses.address(remote)


def _remote_label(table: SocketTable, value: str) -> str:
    del table
    return printable(value, addresses.LONGEST) if value else "no remote address"


def _container_label(table: SocketTable, value: str) -> str:
    del table
    return "no container" if value == "-" else value


GROUPINGS: Final[Mapping[str, Grouping]] = {
    each.name: each
    for each in (
        Grouping("process", "process", _process, _process_label),
        Grouping("listener", "listener", _listener, _listener_label),
        Grouping("remote", "remote address", _remote, _remote_label),
        Grouping("container", "container", cells.container_text, _container_label),
    )
}
