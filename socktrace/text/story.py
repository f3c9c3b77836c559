"""One socket's whole life as text: its facts, states, descriptors, calls and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.escape import printable
from socktrace.lines import Cause
from socktrace.text import addresses
from socktrace.text.accepted import accepted_text
from socktrace.text.calls import format_value
from socktrace.text.columns import Column, table, wrap
from socktrace.text.lives import LONGEST, closed_by
from socktrace.text.numbers import duration, moment, plural, size
from socktrace.text.stream import cause_text, process_name
from socktrace.text.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from socktrace.lines import Holding, SocketLife
    from socktrace.text.lives import NameOf

WIDEST: Final = 10_000
"""Columns where nothing is to be cut."""


def causes_of(life: SocketLife) -> set[tuple[int, int]]:
    """Start and thread of each call that changed a socket's state."""
    return {(s.cause.t, s.cause.tid) for s in life.states if isinstance(s.cause, Cause)}


def life_text(  # noqa: PLR0913 - all that a life is told from
    life: SocketLife,
    name_of: NameOf,
    now: int,
    *,
    causes: Mapping[tuple[int, int], str],
    accepted: Sequence[SocketLife] = (),
    width: int = WIDEST,
    style: Style = PLAIN,
) -> Iterator[str]:
    """Write the whole life of one socket, as lines.

    Args:
        life: The socket's.
        name_of: Names programs by their process numbers.
        now: When the recording ended.
        causes: Names of the calls that `causes_of` refers to, as far as they are known.
        accepted: The sockets that were accepted from it.
        width: Columns of the terminal.
        style: With or without colour.
    """
    title = f"Socket {addresses.sign(life.socket)}: {addresses.kind(life)}"
    title = f"{title}, {addresses.ends(life.local, life.remote)}"
    yield from (style.paint("heading", line) for line in wrap(title, width, 4))
    for name, value in _facts(life, name_of, now):
        yield from wrap(f"  {name:<12} {value}", width, 15)
    for heading, lines in (
        ("States", _states(life, causes, width - 2)),
        ("Descriptors", _descriptors(life, name_of)),
        ("Accepted from it", accepted_text(accepted, name_of, width - 2)),
        ("Calls", _calls(life, width - 2)),
        ("Options", _options(life)),
    ):
        body = list(lines)
        if body:
            yield ""
            yield style.paint("heading", heading)
            for line in body:
                yield from wrap(f"  {line}", width, 6)


def _facts(life: SocketLife, name_of: NameOf, now: int) -> Iterator[tuple[str, str]]:
    yield (
        "kernel",
        ", ".join(
            [
                *(printable(word, LONGEST) for word in (life.family, life.type, life.protocol)),
                f"inode {life.inode}",
                *([f"netns {life.netns}"] if life.netns else []),
            ]
        ),
    )
    yield "role", printable(life.role, LONGEST)
    yield "born", _birth(life, name_of)
    if life.listener is not None:
        yield "listener", addresses.sign(life.listener)
    if life.peer is not None:
        yield "peer", f"{addresses.sign(life.peer)} (the other end, on this machine)"
    if life.accept_wait is not None:
        yield "accept", f"waited {duration(life.accept_wait)} between handshake and accept"
    tcp = f", TCP {printable(life.tcp_state, LONGEST)}" if life.tcp_state else ""
    yield "state", f"{printable(life.api_state, LONGEST)}{tcp}"
    if life.closed is None:
        yield "end", f"still open when the recording ended, at {moment(now)}"
    else:
        lived = duration(max(life.closed - life.created, 0))
        yield "end", f"{moment(life.closed)}, by {closed_by(life)}, after {lived}"
    yield "bytes", f"{size(life.bytes_in)} in, {size(life.bytes_out)} out"
    yield from _incidents(life)
    if life.last_used is not None:
        by = ""
        if life.last_used_by is not None:
            by = f" by {process_name(name_of(life.last_used_by), life.last_used_by)}"
        yield "last used", f"{moment(life.last_used)}{by}"


def _birth(life: SocketLife, name_of: NameOf) -> str:
    if life.born_before:
        return "before the recording began: what happened till then is unknown"
    by = f" by {process_name(name_of(life.pid), life.pid)}" if life.pid is not None else ""
    return f"{moment(life.created)}, {printable(life.origin, LONGEST)}{by}"


def _incidents(life: SocketLife) -> Iterator[tuple[str, str]]:
    if life.connect_error:
        yield "connect", f"failed with {printable(life.connect_error, LONGEST)}"
    if life.pending_error:
        yield "error", f"{printable(life.pending_error, LONGEST)}, read from SO_ERROR or a call"
    if life.nonblocking:
        yield "mode", "non-blocking"
    if life.eof is not None:
        yield "end of file", f"first read at {moment(life.eof)}"
    for count, noun, rest in (
        (life.retransmits, "segment", " sent again by TCP"),
        (life.resets, "TCP reset", ""),
        (life.empty_datagrams, "empty datagram", ""),
        (life.truncated, "truncated datagram", ""),
        (life.lost, "call", " lost: in the sums, without lines of their own"),
    ):
        if count:
            yield "", plural(count, noun) + rest
    if life.sample is not None:
        received, sent = life.sample.receive_queue, life.sample.send_queue
        yield "queues", f"{received} received, {sent} to send, at {moment(life.sample.t)}"


def _states(life: SocketLife, causes: Mapping[tuple[int, int], str], width: int) -> list[str]:
    rows = []
    for state in sorted(life.states, key=lambda state: state.t):
        cause = state.cause
        call = causes.get((cause.t, cause.tid)) if isinstance(cause, Cause) else None
        before = f"{printable(state.from_, LONGEST)} → " if state.from_ else ""
        guess = " (inferred)" if state.inferred else ""
        layer = "TCP" if state.layer == "tcp" else "API"
        rows.append(
            (
                moment(state.t),
                layer,
                before + printable(state.to, LONGEST),
                cause_text(cause, call) + guess,
            )
        )
    columns = (Column("at", right=True), Column("layer"), Column("change"), Column("cause"))
    return table(columns, rows, width) if rows else []


def _descriptors(life: SocketLife, name_of: NameOf) -> list[str]:
    return [_holding(held, name_of) for held in life.descriptors]


def _holding(held: Holding, name_of: NameOf) -> str:
    who = process_name(name_of(held.pid), held.pid)
    via = printable(held.via, LONGEST)
    since = "there before" if held.opened is None else f"{moment(held.opened)} by {via}"
    until = "now"
    if held.closed is not None:
        until = f"{moment(held.closed)} by {printable(held.closed_via or 'unknown', LONGEST)}"
    guess = " (inferred)" if held.inferred else ""
    return f"{held.fd} of {who}: {since} until {until}{guess}"


def _calls(life: SocketLife, width: int) -> list[str]:
    rows = [
        (
            printable(name, LONGEST),
            str(totals.count),
            size(totals.bytes) if totals.bytes else "",
            duration(totals.time),
            ", ".join(f"{printable(e, LONGEST)} {n}" for e, n in totals.errors.items())
            + (f" ({totals.lost} lost)" if totals.lost else ""),
        )
        for name, totals in life.calls.items()
    ]
    columns = (
        Column("call"),
        Column("count", right=True),
        Column("bytes", right=True),
        Column("time", right=True),
        Column("errors", shrinks=True),
    )
    return table(columns, rows, width) if rows else []


def _options(life: SocketLife) -> list[str]:
    return [f"{printable(n, LONGEST)} = {format_value(v)}" for n, v in life.options.items()]
