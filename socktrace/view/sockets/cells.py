"""What stands in each cell: from a socket to a piece of text with its role.

Each function takes the row and the columns that there are for it. All text from outside is escaped
here or where it comes from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Address
from socktrace.names.addresses import format_address
from socktrace.text import addresses
from socktrace.text.columns import fit, width_of
from socktrace.view.findings import SEVERITIES
from socktrace.view.sockets import rates, short, states
from socktrace.view.sockets.facts import Facts
from socktrace.view.sockets.outside import Outside
from socktrace.view.sockets.store import UNKNOWN
from socktrace.view.sockets.table import SocketTable
from socktrace.view.sockets.totals import ACTIVE
from socktrace.view.spans import Role, Span

NAME: Final = 32
"""Characters of a program's name: the kernel keeps 15, and an escape takes four."""
_ID: Final = 12
"""Characters of a container's id, as docker(1) and podman(1) show them."""
_LEAST_NAME: Final = 4
"""Columns of a program's name below which it is told rather than the process's number."""
_NOTHING: Final[Span] = ("-", "faint")
_BY_RANK: Final = {face.rank: face for face in SEVERITIES.values()}


class Row(NamedTuple):
    """One socket, with where its numbers are."""

    table: SocketTable
    slot: int
    facts: Facts
    now: int
    """ns; of a closed socket the moment at which it closed."""

    def number(self, name: str) -> int:
        """A number of it."""
        return int(getattr(self.table.store, name)[self.slot])


Cell = Callable[[Row, int], Span]


def process_text(facts: Facts) -> str:
    """Name the program of a socket: "nginx", "kernel" where nobody is known."""
    if facts.process.comm:
        return printable(facts.process.comm, NAME)
    return "?" if facts.pid is None else f"({facts.pid})"


def process(row: Row, _: int) -> Span:
    """The program."""
    return (process_text(row.facts), "process")


def pid(row: Row, _: int) -> Span:
    """Its process."""
    return _number(row.facts.pid)


def fd(row: Row, width: int) -> Span:
    """Its descriptor, and how many there are besides."""
    facts = row.facts
    if facts.fd is None:
        return _NOTHING
    more = len(facts.holders) - 1
    text = f"{facts.fd}+{more}" if more else str(facts.fd)
    return (text if len(text) <= width else f"{facts.fd}+", "number")


def holder(row: Row, width: int) -> Span:
    """Program, process and descriptor in one: "nginx(1234):8"; cut where there is no room."""
    facts = row.facts
    if facts.pid is None:
        return ("?", "faint")
    more = "+" if len(facts.holders) > 1 else ""
    fd_ = f":{facts.fd}{more}" if facts.fd is not None else ""
    name, tail = printable(facts.process.comm or "", NAME), f"({facts.pid}){fd_}"
    if name and width - len(tail) < min(_LEAST_NAME, width_of(name)):
        tail = fd_
    return (_joined(name, tail, width), "process")


def _joined(head: str, tail: str, width: int) -> str:
    """Join two texts of which the first gives way."""
    return fit(head, max(width - width_of(tail), 1)) + tail if head else tail


def kind(row: Row, width: int) -> Span:
    """Family, type and protocol; in few columns without the type of what is no IP."""
    text = kind_text(row.facts)
    if len(text) > width:
        text = text.replace(" v6", "6").partition(" ")[0]
    return (text, "plain")


def kind_text(facts: Facts) -> str:
    """Family, type and protocol, shortly: "TCP", "unix stream"."""
    return addresses.kind(facts)


def local(row: Row, _: int) -> Span:
    """The address at this end."""
    return _address(row, row.facts.local)


def remote(row: Row, _: int) -> Span:
    """The address at the other end, or the sign of the socket there, if it has no name."""
    value = row.facts.remote
    if (value is None or value.unnamed) and row.facts.peer is not None:
        return (addresses.sign(row.facts.peer), "socket")
    return _address(row, value)


def _address(row: Row, value: Address | None) -> Span:
    if value is None:
        return _NOTHING
    return (row.table.outside.address(value), "faint" if value.unnamed else "address")


def ends(row: Row, width: int) -> Span:
    """Both ends; where there is no room, of this one the port only, or nothing."""
    facts = row.facts
    here, there = local(row, width)[0], remote(row, width)[0]
    if there == "-":
        return (here, "address" if facts.local is not None else "faint")
    port = facts.local.port if facts.local is not None else None
    shorter = (f":{port} → {there}", f":{port}→{there}") if port is not None else ()
    tries = (f"{here} → {there}", *shorter, f"→{there}")
    return (next((text for text in tries if width_of(text) <= width), tries[0]), "address")


def state(row: Row, _: int) -> Span:
    """The most telling state."""
    facts = row.facts
    face = states.face(facts.api_state, facts.tcp_state, facts.connect_error)
    return (face.text, face.role)


def api_state(row: Row, _: int) -> Span:
    """The API's state."""
    face = states.api_face(row.facts.api_state)
    return (face.text, face.role)


def tcp_state(row: Row, _: int) -> Span:
    """TCP's state."""
    face = states.tcp_face(row.facts.tcp_state)
    return _NOTHING if face is None else (face.text, face.role)


def age(row: Row, _: int) -> Span:
    """Since when it exists; of one that was there before us, at least."""
    text = short.span(row.now - row.number("born"))
    return (f">{text}" if row.facts.born_before else text, "number")


def idle(row: Row, _: int) -> Span:
    """Since when no call on it returned."""
    return (short.span(row.now - _last_used(row)), "number")


def _last_used(row: Row) -> int:
    used = row.number("used")
    return row.number("born") if used == UNKNOWN else used


def blocked(row: Row, width: int) -> Span:
    """What waits for it, since when, in how many threads."""
    waits = row.table.waits.get(row.slot)
    if waits is None or row.facts.api_state == "closed":
        return ("", "faint")
    several = f" ×{waits.threads}" if waits.threads > 1 else ""  # noqa: RUF001 - times
    since = f" {short.span(row.table.now - waits.since)}{several}"
    return (_joined(printable(waits.call, NAME), since, width), "waiting")


def doing(row: Row, width: int) -> Span:
    """What waits for it, or for how long nothing has been done with it."""
    if row.facts.api_state == "closed":
        return (f"{short.span(row.table.now - row.number('closed'))} ago", "faint")
    waiting = blocked(row, width)
    if waiting[0]:
        return waiting
    since = row.now - _last_used(row)
    return ("active", "good") if since < ACTIVE else (f"idle {short.span(since)}", "plain")


def bytes_of(column: str) -> Cell:
    """Bytes that were moved altogether."""
    return lambda row, _: _amount(short.size(row.number(column)))


def count_of(column: str, role: Role = "number") -> Cell:
    """How many there were."""
    return lambda row, _: _amount(short.count(row.number(column)), role)


def queue_of(column: str) -> Cell:
    """Length of a queue; "?" where nobody has told."""

    def cell(row: Row, _: int) -> Span:
        value = row.number(column)
        if value == UNKNOWN:
            return ("", "faint")
        return _amount(short.size(value), "warning" if value else "number")

    return cell


def waiting_of(row: Row, width: int) -> Span:
    """On a listener the connections that wait and their limit; else bytes that are unread."""
    waiting, limit = row.number("receive_queue"), row.number("send_queue")
    if row.facts.api_state != "listening" or UNKNOWN in {waiting, limit}:
        return queue_of("receive_queue")(row, width)
    full = waiting > limit
    role: Role = "error" if full else "warning" if 2 * waiting > limit else "number"
    return (f"{waiting}/{limit}{'!' if full else ''}", role)


def unsent(row: Row, width: int) -> Span:
    """Bytes that are not acknowledged; nothing on a listener, where it is a limit."""
    if row.facts.api_state == "listening":
        return ("", "faint")
    return queue_of("send_queue")(row, width)


def rate_of(*what: int) -> Cell:
    """Bytes a second."""
    return lambda row, _: _amount(short.size(_per_second(row, what)))


def calls_per_second(row: Row, _: int) -> Span:
    """Calls a second."""
    return _amount(short.count(_per_second(row, (rates.CALLS,))))


def _per_second(row: Row, what: tuple[int, ...]) -> float:
    return sum(row.table.rates.of(each, row.slot) for each in what)


def trend(row: Row, _: int) -> Span:
    """Bytes in each of the last seconds."""
    return (row.table.rates.trend(row.slot), "bar")


def findings(row: Row, _: int) -> Span:
    """How many findings there are, with the sign of the worst."""
    face = _BY_RANK.get(row.number("severity"))
    if face is None:
        return ("", "faint")
    return (f"{face.glyph}{row.number('findings')}", face.role)


def number(row: Row, _: int) -> Span:
    """Its sign."""
    return (addresses.sign(row.facts.socket), "socket")


def user(row: Row, _: int) -> Span:
    """The user of its process."""
    uid = row.facts.process.uid
    return _NOTHING if uid is None else (printable(row.table.outside.user(uid), NAME), "plain")


def container(row: Row, _: int) -> Span:
    """The container of its process."""
    return (container_text(row.facts), "plain")


def container_text(facts: Facts) -> str:
    """The container of a socket's process, shortened as its runtime does."""
    name = facts.process.container
    return "-" if name is None else printable(name, NAME)[:_ID]


def netns(row: Row, _: int) -> Span:
    """Its network namespace."""
    return _number(row.facts.netns)


def inode(row: Row, _: int) -> Span:
    """Its inode."""
    return _number(row.facts.inode or None)


def listener(row: Row, _: int) -> Span:
    """The socket it was accepted from."""
    return _sign(row.facts.listener)


def peer(row: Row, _: int) -> Span:
    """The socket at the other end."""
    return _sign(row.facts.peer)


def role(row: Row, _: int) -> Span:
    """What it is used as."""
    return (printable(row.facts.role, NAME), "plain")


def origin(row: Row, _: int) -> Span:
    """How it came to be."""
    return (printable(row.facts.origin, NAME), "plain")


def _number(value: int | None) -> Span:
    return _NOTHING if value is None else (str(value), "number")


def _sign(value: int | None) -> Span:
    return _NOTHING if value is None else (addresses.sign(value), "socket")


def _amount(text: str, role: Role = "number") -> Span:
    return ("·", "faint") if text == "0" else (text, role)


def searched(facts: Facts, outside: Outside) -> str:
    """What a search looks at in a socket, in lower case."""
    face = states.face(facts.api_state, facts.tcp_state, facts.connect_error)
    parts = (
        addresses.sign(facts.socket),
        f"{process_text(facts)}({facts.pid})" if facts.pid is not None else "",
        kind_text(facts),
        outside.address(facts.local),
        outside.address(facts.remote),
        face.word,
        facts.role,
        container_text(facts),
    )
    return " ".join(parts).lower()


def address_key(value: Address | None) -> tuple[bytes, str]:
    """What addresses are sorted by: IP addresses as numbers, then ports; paths as text."""
    if value is None:
        return (b"", "")
    if value.ip is None or value.port is None:
        return (b"\xff", format_address(value))
    return (_packed(value.ip) + value.port.to_bytes(4, "big"), "")


@lru_cache(maxsize=4096)
def _packed(ip: str) -> bytes:
    try:
        return ipaddress.ip_address(ip.partition("%")[0]).packed.rjust(16, b"\0")
    except ValueError:  # a recording may say anything
        return b"\xfe"
