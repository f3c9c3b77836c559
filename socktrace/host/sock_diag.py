"""All sockets that sock_diag(7) tells of, in every network namespace within reach.

What it does not tell: TCP and UDP sockets that were never bound, of no table of the kernel's;
families without a handler; anything at all where the handler's module is not loaded (`offered`).
"""

from __future__ import annotations

import errno
import socket
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.host import inet_diag, other_diag, unix_diag
from socktrace.host.namespaces import open_diag_socket_in
from socktrace.host.netlink import Dumper, open_diag_socket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from socktrace.host.diag_socket import DiagSocket
    from socktrace.host.namespaces import NetworkNamespace

_SOCK_DIAG_BY_FAMILY: Final = 20
_ALL_STATES: Final = 0xFFFFFFFF
_NO_STATES: Final = 0
_NOT_OFFERED: Final = frozenset(
    {errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT}
)
"""What the kernel answers when no handler is registered, by its version."""


class Table(msgspec.Struct, frozen=True):
    """One kernel table that a dump reads."""

    name: str
    """"AF_INET tcp", "AF_UNIX"."""
    request: Callable[[int], bytes]
    """From a mask of states (ignored where a family has none) to the request."""
    parse: Callable[..., DiagSocket]
    """From buffer, start, end and ``netns`` to the socket."""
    per_namespace: bool = True


def _inet_table(family: socket.AddressFamily, name: str) -> Table:
    protocol = inet_diag.PROTOCOLS[name]
    return Table(
        name=f"{family.name} {name}",
        request=partial(inet_diag.request, family, protocol),
        parse=partial(inet_diag.parse, protocol=protocol),
    )


TABLES: Final[tuple[Table, ...]] = (
    *(
        _inet_table(family, name)
        for name in inet_diag.PROTOCOLS
        for family in (socket.AF_INET, socket.AF_INET6)
    ),
    Table("AF_UNIX", unix_diag.request, unix_diag.parse),
    Table("AF_NETLINK", lambda _: other_diag.netlink_request(), other_diag.parse_netlink),
    Table("AF_PACKET", lambda _: other_diag.packet_request(), other_diag.parse_packet),
    Table("AF_VSOCK", other_diag.vsock_request, other_diag.parse_vsock, per_namespace=False),
)


class Reading(msgspec.Struct):
    """What one pass over all tables gave."""

    sockets: dict[int, DiagSocket] = msgspec.field(default_factory=dict)
    """By inode: those that a file names or may name."""
    nameless: list[DiagSocket] = msgspec.field(default_factory=list)
    """Those without an inode: TIME_WAIT, connections not yet accepted, orphans."""
    offered: set[str] = msgspec.field(default_factory=set)
    """Names of the tables that answered in some namespace."""
    notes: list[str] = msgspec.field(default_factory=list)
    """What could not be read, and why."""


def read_all(namespaces: Iterable[NetworkNamespace], tables: Iterable[Table] = TABLES) -> Reading:
    """Dump `tables` in each of `namespaces`, the first of which is the caller's own."""
    reading = Reading()
    wanted = tuple(tables)
    for first, namespace in _mark_first(namespaces):
        try:
            sock = open_diag_socket_in(namespace)
        except OSError as error:
            reading.notes.append(
                f"network namespace {namespace.inode} could not be entered: {error.strerror}"
            )
            continue
        with sock:
            dumper = Dumper(sock)
            for table in wanted:
                if first or table.per_namespace:
                    _read_table(dumper, table, namespace.inode, reading)
    return reading


def offered_tables() -> dict[str, bool]:
    """Tell which tables the kernel has a handler for, without reading the sockets in them."""
    found: dict[str, bool] = {}
    with open_diag_socket() as sock:
        dumper = Dumper(sock)
        for table in TABLES:
            found[table.name] = _is_offered(dumper, table)
    return found


def _is_offered(dumper: Dumper, table: Table) -> bool:
    try:
        dumper.dump(_SOCK_DIAG_BY_FAMILY, table.request(_NO_STATES), lambda *_: None, lambda: None)
    except OSError:
        return False
    return True


def _mark_first(
    namespaces: Iterable[NetworkNamespace],
) -> Iterable[tuple[bool, NetworkNamespace]]:
    return ((index == 0, namespace) for index, namespace in enumerate(namespaces))


def _read_table(dumper: Dumper, table: Table, netns: int, reading: Reading) -> None:
    read: list[DiagSocket] = []
    parse, append = table.parse, read.append

    def take(buffer: bytearray, start: int, end: int) -> None:
        append(parse(buffer, start, end, netns=netns))

    try:
        consistent = dumper.dump(_SOCK_DIAG_BY_FAMILY, table.request(_ALL_STATES), take, read.clear)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            reading.notes.append(f"{table.name} sockets could not be listed: {error.strerror}")
        return
    reading.offered.add(table.name)
    if not consistent:
        reading.notes.append(f"the list of {table.name} sockets changed while it was read")
    sockets, nameless = reading.sockets, reading.nameless
    for found in read:
        if found.inode:
            sockets[found.inode] = found
        else:
            nameless.append(found)
