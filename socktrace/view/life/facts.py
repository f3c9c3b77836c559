"""What is known of a socket, one fact a line; what was concluded, not seen, says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from socktrace.escape import printable
from socktrace.lines import Address, SocketLife
from socktrace.text import addresses
from socktrace.text.calls import format_value
from socktrace.text.columns import pad, wrap
from socktrace.text.lives import closed_by
from socktrace.text.numbers import duration, moment, plural, size
from socktrace.text.stream import blocked_text, process_name
from socktrace.view.life.bands import ROLES
from socktrace.view.life.history import accepted
from socktrace.view.life.page import Page
from socktrace.view.life.rows import Row, Target
from socktrace.view.spans import Role, Span

_NAMES: Final = 13
"""Columns of what a fact is called."""
_LONGEST: Final = 64
_MOST_OPTIONS: Final = 64
_ORIGINS: Final = {
    "existing": "before we looked: what happened till then is unknown",
    "received": "came in a message from a process that was not watched",
    "unknown": "its birth was lost",
}
_ROLES: Final = {
    "listener": "listener: takes connections",
    "accepted": "accepted: the server's end of a connection",
    "connector": "connector: it asked for the connection",
    "pair": "one of a pair: socketpair(2)",
    "receiver": "receiver: it received before it sent anything",
    "sender": "sender: it sent before it received anything",
    "unknown": "none yet: neither listens nor connected nor moved data",
}

Write = Callable[[Address | None], str]
Fact = tuple[str, str, Role, Target | None]
"""Name, value, how the value looks, what Enter opens."""


def title(page: Page) -> list[Span]:
    """Name a socket in one line: for the top of its page."""
    life = page.life
    pid = life.last_used_by if life.last_used_by is not None else life.pid
    state = printable(life.api_state, _LONGEST)
    spans: list[Span] = [
        (addresses.sign(life.socket), "title"),
        (f" {addresses.kind(life)} ", "title"),
        (f" {addresses.ends(life.local, life.remote)}  ", "address"),
    ]
    if pid is not None:
        spans.append((process_name(page.name_of(pid), pid) + "  ", "process"))
    spans.append((state, ROLES.get(life.api_state, "plain")))
    if life.tcp_state and life.closed is None:
        tcp = printable(life.tcp_state, _LONGEST)
        spans += [(" ", "plain"), (tcp, ROLES.get(life.tcp_state, "plain"))]
    until = page.now if life.closed is None else life.closed
    lived = duration(max(until - life.created, 0))
    longer = "longer than " if life.born_before else ""
    word = "for" if life.closed is None else "lived"
    spans.append((f"  {word} {longer}{lived}", "faint"))
    return spans


def facts(page: Page, width: int, write: Write = addresses.address) -> list[Row]:
    """Write the facts, and for a listener what it accepted.

    Args:
        page: what is known.
        width: columns of the screen.
        write: writes an address, perhaps with names; printable.
    """
    rows: list[Row] = []
    for place, (name, value, role, target) in enumerate(_facts(page, write)):
        room = max(width - _NAMES, 20)
        for line_number, line in enumerate(wrap(value, room, 2)):
            head = name if not line_number else ""
            spans: list[Span] = [(pad(head, _NAMES), "heading"), (line, role)]
            if target is not None and not line_number:
                spans.append((" ⏎", "key"))
            rows.append(Row(tuple(spans), target, ("fact", name or place, line_number)))
    if page.accepted:
        rows += [Row(()), *accepted(page, width)]
    return rows


def _facts(page: Page, write: Write) -> Iterator[Fact]:
    life = page.life
    kind = [printable(word, _LONGEST) for word in (life.family, life.type, life.protocol)]
    yield "kind", f"{addresses.kind(life)}: {', '.join(kind)}", "plain", None
    yield "local", write(life.local), "address", None
    yield "remote", write(life.remote), "address", None
    role = _ROLES.get(life.role) or printable(life.role, _LONGEST)
    if life.role == "unknown" and life.born_before:
        role = "not known: it came by it before we looked"
    yield "role", role, "plain", None
    yield from _states(page)
    for line in page.end.blocked:
        since = f"{blocked_text(line)} so far"
        yield "blocked", since, "waiting", Target("process", line.pid)
    yield from _birth(page)
    if page.listener is not None or life.listener is not None:
        yield from _other("listener", life.listener, page.listener)
    if life.peer is not None:
        yield from _other("other end", life.peer, page.peer.life if page.peer else None)
    if life.accept_wait is not None:
        wait = f"waited {duration(life.accept_wait)} from the end of the handshake till accept"
        yield "accept", wait, "plain", None
    if life.role != "listener":
        yield "bytes", f"{size(life.bytes_in)} in, {size(life.bytes_out)} out", "number", None
    yield from _use(page)
    yield from _incidents(life)
    yield from _ending(page)
    kernel = f"inode {life.inode}" + (f", network namespace {life.netns}" if life.netns else "")
    yield "kernel", kernel, "faint", None
    yield from _options(life)


def _states(page: Page) -> Iterator[Fact]:
    life = page.life
    for name, title_ in (("api", "state"), ("tcp", "TCP state")):
        last = next((each for each in reversed(life.states) if each.layer == name), None)
        state = life.api_state if name == "api" else life.tcp_state
        if state is None:
            continue
        text = printable(state, _LONGEST)
        if last is not None and life.closed is None:
            longer = "longer than " if last.from_ is None and life.born_before else ""
            text += f", for {longer}{duration(max(page.now - last.t, 0))}"
        if last is not None and last.inferred:
            text += " (inferred)"
        yield title_, text, ROLES.get(state, "plain"), None


def _birth(page: Page) -> Iterator[Fact]:
    life = page.life
    by = ""
    if life.pid is not None:
        by = f" by {process_name(page.name_of(life.pid), life.pid)}"
    target = Target("event", page.end.origin.t) if page.end.origin is not None else None
    known = _ORIGINS.get(life.origin)
    if known is not None:
        yield "born", f"{known}; first seen at {moment(life.created)}", "inferred", None
        return
    how = printable(life.origin, _LONGEST)
    if page.end.origin is not None:
        how = printable(page.end.origin.call, _LONGEST)
    yield "born", f"{moment(life.created)}, {how}{by}", "plain", target


def _other(name: str, number: int | None, life: SocketLife | None) -> Iterator[Fact]:
    if number is None:
        return
    if life is None:
        yield name, f"{addresses.sign(number)}, forgotten meanwhile", "faint", None
        return
    state = printable(life.api_state, _LONGEST)
    text = f"{addresses.sign(number)} {addresses.ends(life.local, life.remote)}, {state}"
    yield name, text, "socket", Target("socket", number)


def _use(page: Page) -> Iterator[Fact]:
    life = page.life
    if life.last_used is None:
        yield "last used", "never, as far as was seen", "faint", None
        return
    by, target = "", None
    if life.last_used_by is not None:
        by = f" by {process_name(page.name_of(life.last_used_by), life.last_used_by)}"
        target = Target("process", life.last_used_by)
    idle = ""
    if life.closed is None:
        idle = f", {duration(max(page.now - life.last_used, 0))} ago"
    yield "last used", f"{moment(life.last_used)}{idle}{by}", "plain", target


def _incidents(life: SocketLife) -> Iterator[Fact]:
    if life.nonblocking is not None:
        mode = "non-blocking" if life.nonblocking else "blocking"
        yield "mode", mode, "plain", None
    if life.connect_error:
        yield "connect", f"failed: {printable(life.connect_error, _LONGEST)}", "error", None
    if life.pending_error:
        error = printable(life.pending_error, _LONGEST)
        yield "error", f"{error}, read from SO_ERROR or told by a call", "error", None
    if life.eof is not None:
        yield "end of file", f"first read at {moment(life.eof)}", "plain", None
    counted: tuple[tuple[int, str, str, Role], ...] = (
        (life.retransmits, "segment", " sent again", "warning"),
        (life.resets, "reset", "", "error"),
        (life.empty_datagrams, "empty datagram", " received", "plain"),
        (life.truncated, "datagram", " longer than the room for it", "warning"),
        (life.lost, "call", " not told one by one: in the sums only", "warning"),
    )
    for count, noun, rest, role in counted:
        if count:
            yield noun + "s", plural(count, noun) + rest, role, None


def _ending(page: Page) -> Iterator[Fact]:
    life = page.life
    if life.closed is None:
        return
    lived = duration(max(life.closed - life.created, 0))
    yield "end", f"{moment(life.closed)}, by {closed_by(life)}, after {lived}", "plain", None


def _options(life: SocketLife) -> Iterator[Fact]:
    for place, (name, value) in enumerate(list(life.options.items())[:_MOST_OPTIONS]):
        text = f"{printable(name, _LONGEST)} = {format_value(value)}"
        yield "options set" if not place else "", text, "plain", None
    if len(life.options) > _MOST_OPTIONS:
        yield "", f"{len(life.options) - _MOST_OPTIONS} more", "faint", None
