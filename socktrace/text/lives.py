"""Sockets' lives as text: a table of many, and the whole of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.escape import printable
from socktrace.text import addresses
from socktrace.text.columns import Column, table, wrap
from socktrace.text.numbers import duration, plural, size
from socktrace.text.stream import process_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from socktrace.lines import SocketLife

    NameOf = Callable[[int], str | None]
    """pid -> name of the program, None when it is not known."""

COLUMNS: Final = (
    Column("#", right=True),
    Column("socket", shrinks=True),
    Column("local → remote", shrinks=True),
    Column("opened by", shrinks=True),
    Column("calls", right=True),
    Column("in", right=True),
    Column("out", right=True),
    Column("lived", right=True),
    Column("states, end", shrinks=True),
)
LONGEST: Final = 64


WIDE: Final = 132
"""Columns from which on a socket fits on one row; below, it takes three short lines."""


def sockets_text(lives: Iterable[SocketLife], name_of: NameOf, now: int, width: int) -> list[str]:
    """Sockets in order of their numbers, as a table or, on a narrow terminal, as blocks."""
    rows = [_row(life, name_of, now) for life in lives]
    if width >= WIDE:
        return table(COLUMNS, rows, width)
    return [line for row in rows for line in _block(row, width)]


def _block(row: Sequence[str], width: int) -> Iterator[str]:
    number, kind, where, maker, calls, received, sent, lived, end = row
    indent = " " * 6
    yield from wrap(f"{'#' + number:<5} {kind}  {where}", width, len(indent))
    yield from wrap(
        f"{indent}{maker}, {plural(int(calls), 'call')}, {received} in, {sent} out, {lived}",
        width,
        len(indent),
    )
    yield from wrap(f"{indent}{end}", width, len(indent))


def _row(life: SocketLife, name_of: NameOf, now: int) -> list[str]:
    maker = "before us" if life.born_before else "unknown"
    if life.pid is not None:
        maker = process_name(name_of(life.pid), life.pid)
    lived = duration(max((now if life.closed is None else life.closed) - life.created, 0))
    return [
        str(life.socket),
        addresses.kind(life),
        addresses.ends(life.local, life.remote),
        maker,
        str(sum(totals.count for totals in life.calls.values())),
        size(life.bytes_in),
        size(life.bytes_out),
        f">{lived}" if life.born_before else lived,
        ending(life),
    ]


def ending(life: SocketLife) -> str:
    """The states it reached, and how it ended: "connected, shut-write, closed by close"."""
    reached: list[str] = []
    for state in life.states:
        if state.layer == "api" and state.to not in ("created", "closed"):
            word = printable(state.to, LONGEST)
            if word not in reached:
                reached.append(word)
    if life.connect_error:
        reached.append(f"failed with {printable(life.connect_error, LONGEST)}")
    reached.append("open" if life.closed is None else f"closed by {closed_by(life)}")
    return ", ".join(reached)


def closed_by(life: SocketLife) -> str:
    """How its last descriptor went: "close", "exit", ..."""
    last = max(
        (held for held in life.descriptors if held.closed is not None),
        key=lambda held: held.closed or 0,
        default=None,
    )
    return printable(last.closed_via or "unknown", LONGEST) if last else "unknown"


def count_kinds(lives: Iterable[SocketLife]) -> str:
    """How many sockets of each kind: "3 TCP, 1 unix stream"."""
    kinds: dict[str, int] = {}
    for life in lives:
        kind = addresses.kind(life)
        kinds[kind] = kinds.get(kind, 0) + 1
    ordered = sorted(kinds.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {kind}" for kind, count in ordered)
