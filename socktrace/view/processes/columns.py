"""The columns of the tree of processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Blocked, Finding
from socktrace.text.columns import pad
from socktrace.view.findings import SEVERITIES, badge_text, worst
from socktrace.view.processes.person import CONNECTS, LISTENS, Person
from socktrace.view.processes.tree import Branch
from socktrace.view.sockets import short
from socktrace.view.spans import Span, Spans

LONGEST: Final = 64
"""Characters of a name."""
_NAME: Final = 22
"""Columns that the tree itself has at least."""
_FIRST: Final = 6
"""Columns that are worth more than a wider tree."""
_NAME_WIDE: Final = 34
"""What the tree has before there are more columns than these."""
_NAME_MOST: Final = 44
_COMMAND: Final = 16
"""Columns from which on a command line is worth showing."""
_DEEPEST: Final = 2
"""At most one in so many columns of a name is for the lines that lead to it."""


class Sums(NamedTuple):
    """What a row tells: of a process, or of a folded branch."""

    sockets: int
    listening: int
    connected: int
    bytes_in: int
    bytes_out: int
    rates: tuple[float, float, float]
    errors: int
    waiting: int
    longest: Blocked | None
    findings: int
    worst: str | None


class Surroundings(NamedTuple):
    """What cells need to know besides the process."""

    now: int
    user_name: Callable[[int], str]
    findings: Callable[[int], Sequence[Finding]]
    """Those of a process, by its pid."""


def sums(people: Sequence[Person], around: Surroundings) -> Sums:
    """Add up: a socket that several of them hold is one socket."""
    held: Mapping[int, int] = people[0].held
    if len(people) > 1:
        held = {number: kind for person in people for number, kind in person.held.items()}
    kinds = list(held.values())
    found = [finding for person in people for finding in around.findings(person.pid)]
    return Sums(
        len(held),
        kinds.count(LISTENS),
        kinds.count(CONNECTS),
        sum(p.bytes_in for p in people),
        sum(p.bytes_out for p in people),
        (
            sum(p.rates[0] for p in people),
            sum(p.rates[1] for p in people),
            sum(p.rates[2] for p in people),
        ),
        sum(p.errors for p in people),
        sum(p.waiting for p in people),
        min(
            (p.longest for p in people if p.longest is not None),
            key=lambda call: call.since,
            default=None,
        ),
        len(found),
        worst(found),
    )


Cell = Callable[[Branch, Sums, Surroundings], Span]


class Column(NamedTuple):
    """One column; where it is empty there is nothing to tell."""

    name: str
    width: int
    cell: Cell
    help: str
    right: bool = True


def _number(value: int) -> Span:
    return (short.count(value) if value else "", "number")


def _bytes(value: int) -> Span:
    return (short.size(value) if value else "", "number")


def _rate(place: int, write: Callable[[float], str]) -> Cell:
    def cell(_: Branch, told: Sums, __: Surroundings) -> Span:
        value = told.rates[place]
        return (write(value) if value > 0 else "", "bar")

    return cell


def _user(row: Branch, _: Sums, around: Surroundings) -> Span:
    life = row.person.life
    uid = None if life is None else life.uid
    return ("" if uid is None else printable(around.user_name(uid), LONGEST), "plain")


def _container(row: Branch, _: Sums, __: Surroundings) -> Span:
    # Of an id of 64 digits the first twelve are what runtimes themselves show.
    return (printable((row.person.container or "")[:12], LONGEST), "plain")


def _blocked(_: Branch, told: Sums, around: Surroundings) -> Span:
    if told.longest is None:
        return ("", "waiting")
    call = printable(told.longest.call, LONGEST)
    since = short.span(around.now - told.longest.since)
    more = ">" if told.longest.began_before else ""
    return (f"{told.waiting} {call} {more}{since}", "waiting")


def _findings(_: Branch, told: Sums, __: Surroundings) -> Span:
    return badge_text(told.findings, told.worst)


COLUMNS: Final = (
    # in the order in which they come as the screen widens; see `_ORDER` for where they stand
    Column("pid", 7, lambda r, _, __: (str(r.person.pid), "number"), "number of the process"),
    Column("sockets", 8, lambda _, s, __: _number(s.sockets), "open sockets it holds"),
    Column(
        "blocked",
        18,
        _blocked,
        "threads that wait in a call on a socket, the call that has waited longest, how long",
        right=False,
    ),
    Column("finds", 6, _findings, "findings, with the sign of the worst"),
    Column("in/s", 6, _rate(0, short.size), "bytes received in a second, over the last two"),
    Column("out/s", 6, _rate(1, short.size), "bytes sent in a second, over the last two"),
    Column("user", 9, _user, "whose it is", right=False),
    Column("calls/s", 8, _rate(2, short.count), "calls on sockets in a second, over the last two"),
    Column("listen", 6, lambda _, s, __: _number(s.listening), "sockets that listen"),
    Column("conns", 6, lambda _, s, __: _number(s.connected), "sockets that are connected"),
    Column("errors", 6, lambda _, s, __: _number(s.errors), "calls on its sockets that failed"),
    Column("in", 6, lambda _, s, __: _bytes(s.bytes_in), "bytes received on its sockets"),
    Column("out", 6, lambda _, s, __: _bytes(s.bytes_out), "bytes sent on its sockets"),
    Column("container", 13, _container, "the container it runs in", right=False),
)
_ORDER: Final = (
    "pid user sockets listen conns in/s out/s calls/s blocked errors in out finds container"
).split()
_BY_NAME: Final = {column.name: column for column in COLUMNS}


class Layout(NamedTuple):
    """Which columns there is room for."""

    name: int
    """Columns of the screen for the tree itself."""
    columns: tuple[Column, ...]
    command: int
    """What is left for command lines; 0: nothing."""


@lru_cache(maxsize=64)
def layout(width: int) -> Layout:
    """Choose columns for a screen of this width."""
    room = width - _NAME
    chosen: set[str] = set()
    for column in COLUMNS:
        kept = 0 if len(chosen) < _FIRST else _NAME_WIDE - _NAME
        if column.width + 1 > room - kept:
            break
        chosen.add(column.name)
        room -= column.width + 1
    columns = tuple(_BY_NAME[name] for name in _ORDER if name in chosen)
    more = min(max(room, 0), _NAME_MOST - _NAME)
    left = room - more - 2
    return Layout(_NAME + more, columns, left if left >= _COMMAND else 0)


def header(width: int, sort: str, *, turned: bool, down: bool) -> Spans:
    """The titles, the one that is sorted by with an arrow."""
    arrow = "▼" if down != turned else "▲"
    chosen = layout(width)
    line: list[Span] = []
    for name, wide, right in (
        ("process", chosen.name, False),
        *((column.name, column.width, column.right) for column in chosen.columns),
    ):
        sorted_by = name == sort
        title = pad(f"{name}{arrow}" if sorted_by else name, wide, right=right)
        line += [(title, "accent" if sorted_by else "heading"), (" ", "plain")]
    if chosen.command:
        line.append((pad(" command", chosen.command + 1), "heading"))
    return line


def help_of(name: str) -> str:
    """What a column tells, in a few words."""
    column = _BY_NAME.get(name)
    return "" if column is None else column.help


def column_at(x: int, width: int) -> str | None:
    """The name of the column at a place of the screen."""
    chosen = layout(width)
    edge = chosen.name
    if x < edge:
        return "process"
    for column in chosen.columns:
        edge += column.width + 1
        if x < edge:
            return column.name
    return None


def line(row: Branch, told: Sums, around: Surroundings, width: int) -> Spans:
    """One row."""
    chosen = layout(width)
    person = row.person
    faint = person.ended is not None or person.fitting <= 0
    badge = _BY_NAME["finds"] not in chosen.columns
    spans = _name(row, chosen.name, told.worst if badge else None)
    for column in chosen.columns:
        text, role = column.cell(row, told, around)
        spans += [
            (" ", "plain"),
            (
                pad(text, column.width, right=column.right),
                "faint" if faint and column.name in {"pid", "user"} else role,
            ),
        ]
    if chosen.command:
        spans += [("  ", "plain"), (pad(command(person), chosen.command), "faint")]
    return spans


def sign_at(row: Branch, width: int) -> int | None:
    """The column of the sign that says whether a branch is folded; None: it has none."""
    return len(_guide(row, layout(width).name)) if row.below else None


def _guide(row: Branch, width: int) -> str:
    most = width // _DEEPEST
    return row.guide if len(row.guide) <= most else "…" + row.guide[1 - most :]


def _name(row: Branch, width: int, worst_: str | None) -> list[Span]:
    person = row.person
    guide = _guide(row, width)
    sign = "▸" if row.folded else "▾" if row.below else " " if guide else ""
    name = printable(person.comm or "?", LONGEST)
    more = f" +{row.below}" if row.folded else ""
    end = f" {_end(person)}" if person.ended is not None else ""
    faint = person.ended is not None or person.fitting <= 0
    mark = SEVERITIES[worst_] if worst_ is not None else None
    badge: Span = ("", "plain") if mark is None else (mark.glyph + " ", mark.role)
    text = pad(name + more + end, width - len(guide) - len(sign) - len(badge[0]))
    return [(guide + sign, "faint"), badge, (text, "faint" if faint else "process")]


def _end(person: Person) -> str:
    """The same in a word: "ended", "exit 1", "SIGKILL"."""
    life = person.life
    if life is not None and life.signal is not None:
        return printable(life.signal, LONGEST)
    return f"exit {life.exit_code}" if life is not None and life.exit_code else "ended"


def ending(person: Person) -> str:
    """How it ended: "ended, status 1", "ended by SIGKILL"."""
    life = person.life
    if life is None or life.ended is None:
        return ""
    if life.signal is not None:
        return f"ended by {printable(life.signal, LONGEST)}"
    return f"ended, status {life.exit_code}" if life.exit_code else "ended"


def command(person: Person) -> str:
    """Its command line."""
    words = None if person.life is None else person.life.cmdline
    return printable(" ".join(words)[:400], 400) if words else ""
