"""One entry whole: every argument by name, structures as trees, what it came of and led to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from socktrace.escape import printable
from socktrace.lines import Cause, Folded, SocketLife, Syscall
from socktrace.names.manual import meaning_of, page_of
from socktrace.text.addresses import ends, kind, sign
from socktrace.text.calls import format_value
from socktrace.text.columns import fit, width_of
from socktrace.text.numbers import duration, moment, plural, size
from socktrace.text.stream import process_name
from socktrace.view.events.calling import (
    DESCRIPTORS,
    TIMES,
    error_role,
    name_of,
    names_of,
    result_spans,
)
from socktrace.view.events.carried import carried
from socktrace.view.events.entries import Entry, Sum, bare, moment_of, sockets_of
from socktrace.view.events.painting import wrapped
from socktrace.view.events.telling import what_spans
from socktrace.view.spans import Role, Span, Spans

if TYPE_CHECKING:
    from socktrace.text.stream import Lives

NAME: Final = 10
"""Columns of names before values."""
DEEPEST: Final = 6
MOST_ITEMS: Final = 64
"""Items shown of one structure."""
MOST_SOCKETS: Final = 8
LONGEST: Final = 4_000
_NARROWEST: Final = 30
_LEAST: Final = 16
"""Columns that a value has beside its name."""


class Around(NamedTuple):
    """What else is known where the entry stands."""

    lives: Lives
    cause: Entry | None = None
    """The call that it came of."""
    effects: Sequence[Entry] = ()
    """What it led to."""


class Then(NamedTuple):
    """A socket, and its states at a moment."""

    life: SocketLife
    api: str | None
    tcp: str | None


def detail(entry: Entry, around: Around, width: int) -> list[Spans]:
    """Write all that is known of an entry, in lines of at most so many columns."""
    page = _Page(max(width, _NARROWEST))
    told = bare(entry)
    if isinstance(told, Syscall):
        _call(page, told)
    elif isinstance(told, Sum | Folded):
        _sum(page, told)
    else:
        page.text("", what_spans(entry, around.lives))
        _fields(page, told)
    if around.cause is not None:
        page.heading("came of")
        page.text("", [(f"{moment(moment_of(around.cause))}  ", "faint")])
        page.more(what_spans(around.cause, around.lives))
    if around.effects:
        page.heading("led to")
        for effect in around.effects:
            page.text("", what_spans(effect, around.lives))
    end = moment_of(entry) + getattr(told, "dur", 0)
    for number in sockets_of(entry)[:MOST_SOCKETS]:
        _socket(page, number, end, around.lives)
    return page.lines


def socket_then(number: int, t: int, lives: Lives) -> Then | None:
    """Give a socket with its states at a moment; None when nothing is known of it (any more)."""
    try:
        life = lives.life(number)
    except KeyError:
        return None
    states = {"api": life.api_state, "tcp": life.tcp_state}
    for layer in states:
        history = [state for state in list(life.states) if state.layer == layer]
        if history:
            before = [state.to for state in history if state.t <= t]
            states[layer] = before[-1] if before else history[0].from_ or ""
    return Then(life, states["api"], states["tcp"])


class _Page:
    """Lines that grow, each cut into pieces where it is too long."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[Spans] = []

    def heading(self, text: str) -> None:
        """The title of what follows."""
        if self.lines:
            self.lines.append([])
        self.lines.append([(fit(text, self.width), "heading")])

    def text(self, name: str, spans: Iterable[Span], depth: int = 0) -> None:
        """A name and a value; a long value goes on in the next lines."""
        indent = 2 + 2 * depth
        head = f"{'':{indent}}{name:<{NAME}}" if name else " " * indent
        if name and not head.endswith(" "):
            head += " "
        column = width_of(head)
        if column > self.width - _LEAST:
            self.lines.append([(fit(head, self.width), "faint")])
            column = indent
            head = " " * indent
        for place, line in enumerate(wrapped(list(spans), self.width - column)):
            self.lines.append([(head if not place else " " * column, "faint"), *line])

    def more(self, spans: Iterable[Span]) -> None:
        """Go on in the last line, or below it."""
        last = list(self.lines.pop())
        self.text("", [*last[1:], *spans])


def _call(page: _Page, call: Syscall) -> None:
    thread = f", thread {call.tid}" if call.tid != call.pid else ""
    page.heading(name_of(call.call))
    page.text("process", [(process_name(call.comm, call.pid), "process"), (thread, "plain")])
    times = f"{moment(call.t)} to {moment(call.t + call.dur)}, {duration(call.dur)}"
    page.text("time", [(times, "plain")])
    page.text("result", _result(call))
    for name, told in (
        ("began", "before the recording: the time counts from then" if call.began_before else ""),
        ("by", f"a {call.abi} program" if call.abi else ""),
        ("memory", "part of the arguments could not be read" if call.unreadable else ""),
        ("stack", str(call.stack) if call.stack is not None else ""),
    ):
        if told:
            page.text(name, [(printable(told, LONGEST), "plain")])
    page.heading("arguments")
    names = names_of(call)
    shown = dict.fromkeys([*(name for name in names if _has(call, name)), *call.args])
    if not names and call.fd is not None:
        shown = {"fd": None, **shown}
    for name in shown:
        value = call.args.get(name, call.fd)
        if name in DESCRIPTORS and value == call.fd and call.socket is not None:
            told_value: list[Span] = [(format_value(value), "number"), (" ", "plain")]
            page.text(name, [*told_value, (sign(call.socket), "socket")])
        else:
            _tree(page, printable(name, 40), value, 0)
    if not shown:
        page.text("", [("none were read", "faint")])
    if call.payload is not None:
        page.heading("carried")
        page.lines += carried(call, page.width)


def _has(call: Syscall, name: str) -> bool:
    return name in call.args or (name in DESCRIPTORS and call.fd is not None and name in _MADE_ON)


_MADE_ON: Final = frozenset("sockfd fd oldfd epfd out_fd fd_in pidfd".split())
"""Names of the descriptor that a call is made on, which a line has as ``fd``."""


def _result(call: Syscall) -> list[Span]:
    if call.errno is not None:
        meaning = meaning_of(call.errno, call.call)
        return [*result_spans(call), (f": {meaning}" if meaning else "", "plain")]
    page = page_of(call.call)
    means = f"  ({page.returns})" if page is not None else ""
    return [*result_spans(call), (means, "faint")]


def _sum(page: _Page, told: Sum | Folded) -> None:
    page.heading(f"{told.count:,} {TIMES} {name_of(told.call)}")
    page.text("process", [(process_name(told.comm, told.pid), "process")])
    spent = f"{moment(told.t)} to {moment(told.until)}, {duration(max(told.until - told.t, 0))}"
    page.text("time", [(spent, "plain")])
    mean = told.time // told.count if told.count else 0
    page.text("in calls", [(f"{duration(told.time)}, {duration(mean)} each", "plain")])
    page.text("bytes", [(f"{size(told.bytes)} ({told.bytes:,})", "number")])
    for name, count in told.errors.items():
        meaning = meaning_of(name, told.call)
        spans: list[Span] = [(f"{count:,} {TIMES} {printable(name, 40)}", error_role(name))]
        page.text("failed", [*spans, (f": {meaning}" if meaning else "", "plain")])
    if isinstance(told, Folded):
        text = "only their sums were kept: there is no line for each"
    elif told.parts:
        text = f"{plural(told.kept, 'call')} can be shown one by one: e takes them apart"
    else:
        text = "there is no room any more for each by itself"
    page.text("", [(text, "faint")])


def _fields(page: _Page, told: Any) -> None:
    """Every field that says something, by its name in the recording."""
    page.heading("in the recording")
    for field in msgspec.structs.fields(told):
        value = getattr(told, field.name)
        if value is None or (value == field.default and field.name != "t"):
            continue
        if field.name in {"t", "since", "until", "last", "established"}:
            page.text(field.encode_name, [(moment(value), "number")])
        elif field.name == "accept_wait":
            page.text(field.encode_name, [(duration(value), "number")])
        elif isinstance(value, Cause):
            text = f"the call of thread {value.tid} that began at {moment(value.t)}"
            page.text(field.encode_name, [(text, "plain")])
        else:
            _tree(page, field.encode_name, value, 0)


def _tree(page: _Page, name: str, value: Any, depth: int) -> None:
    """A value, and below it what it consists of."""
    if isinstance(value, msgspec.Struct):
        value = {
            field.encode_name: getattr(value, field.name)
            for field in msgspec.structs.fields(value)
            if getattr(value, field.name) not in (None, False)
        }
    if depth < DEEPEST and isinstance(value, dict) and value:
        page.text(name, [], depth)
        for key, item in list(value.items())[:MOST_ITEMS]:
            _tree(page, printable(str(key), 40), item, depth + 1)
        _rest(page, len(value), depth)
    elif (
        depth < DEEPEST
        and isinstance(value, list)
        and any(isinstance(item, dict | list) for item in value)
    ):
        page.text(name, [(plural(len(value), "item"), "faint")], depth)
        for place, item in enumerate(value[:MOST_ITEMS]):
            _tree(page, f"[{place}]", item, depth + 1)
        _rest(page, len(value), depth)
    elif isinstance(value, str):
        page.text(name, [(printable(value, LONGEST), "plain")], depth)
    else:
        role: Role = "number" if isinstance(value, int) else "plain"
        page.text(name, [(format_value(value), role)], depth)


def _rest(page: _Page, count: int, depth: int) -> None:
    if count > MOST_ITEMS:
        page.text("", [(f"… and {count - MOST_ITEMS} more", "faint")], depth + 1)


def _socket(page: _Page, number: int, t: int, lives: Lives) -> None:
    then = socket_then(number, t, lives)
    page.heading(f"socket {sign(number)} then")
    if then is None:
        page.text("", [("nothing is known of it any more", "faint")])
        return
    life = then.life
    page.text("kind", [(f"{kind(life)}, {life.role}", "plain")])
    page.text("ends", [(ends(life.local, life.remote), "address")])
    page.text("state", list(_states(then)))
    if life.peer is not None:
        page.text("peer", [(sign(life.peer), "socket")])
    if life.listener is not None:
        page.text("listener", [(sign(life.listener), "socket")])
    if life.closed is not None:
        page.text("closed at", [(moment(life.closed), "number")])


def _states(then: Then) -> Iterator[Span]:
    yield printable(then.api or "not there yet", 40), "plain"
    if then.tcp:
        yield f", TCP {printable(then.tcp, 40)}", "plain"
