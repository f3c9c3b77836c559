"""One finding whole: what is wrong, what proves it, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Finding, Frame, SocketLife
from socktrace.text import addresses
from socktrace.text.columns import wrap
from socktrace.text.numbers import duration, moment, plural
from socktrace.text.stream import process_name
from socktrace.view.findings import LONGEST, SEVERITIES, sockets_of
from socktrace.view.sockets.states import face
from socktrace.view.spans import Role, Spans, plain

MOST_EVIDENCE: Final = 100
"""Pieces of evidence that are listed."""
MOST_SOCKETS: Final = 50
_INDENT: Final = "  "
_DEEPEST: Final = 4
"""Levels of a value that are written out; recordings may be altered."""

LifeOf = Callable[[int], SocketLife | None]


class Target(NamedTuple):
    """Where a line of the page leads to."""

    kind: str
    """"socket", "process" or "event"."""
    number: int
    """Number of the socket, pid, or moment."""


class Part(NamedTuple):
    """One line of the page."""

    spans: Spans
    target: Target | None = None


def page(finding: Finding, life_of: LifeOf, width: int) -> list[Part]:
    """Every line of a finding's page, for this width."""
    severity = SEVERITIES[finding.severity]
    return [
        *_text(printable(finding.title, LONGEST), "title", width),
        Part([(f"{severity.glyph} {finding.severity}", severity.role), _since(finding)]),
        *_who(finding, life_of),
        *_head("what to do"),
        *_text(printable(finding.advice, 4 * LONGEST), "plain", width, _INDENT),
        *_evidence(finding, width),
        *_where(finding.where or (), width),
        *_head("found by"),
        Part([(f"{_INDENT}rule {printable(finding.rule, LONGEST)}", "faint")]),
    ]


def ticket(finding: Finding, life_of: LifeOf) -> str:
    """The same as text that can be put into a ticket."""
    return "\n".join(plain(part.spans).rstrip() for part in page(finding, life_of, 100))


def first_moment(finding: Finding) -> int:
    """The moment of the first event that proves it; else when it was first true."""
    times = (_moment_in(piece) for piece in finding.evidence)
    return next((t for t in times if t is not None), finding.t)


class PageRows:
    """A finding's page as rows: `socktrace.tui.widgets.row_list.Rows`; keys are line numbers."""

    def __init__(self) -> None:
        self.finding: Finding | None = None
        self.lives: dict[int, SocketLife] = {}
        """The sockets that it is about."""
        self._parts: list[Part] = []
        self._width = 0

    def choose(self, finding: Finding | None, lives: dict[int, SocketLife]) -> None:
        """Show this one."""
        self.finding, self.lives = finding, lives
        self._lay_out(self._width)

    def target(self, index: Hashable) -> Target | None:
        """Where a line leads to."""
        known = isinstance(index, int) and 0 <= index < len(self._parts)
        return self._parts[index].target if known and isinstance(index, int) else None

    def text(self, index: Hashable) -> str:
        """A line as text."""
        if not isinstance(index, int) or not 0 <= index < len(self._parts):
            return ""
        return "".join(text for text, _ in self._parts[index].spans).strip()

    def _lay_out(self, width: int) -> None:
        self._width = width
        if self.finding is None or not width:
            self._parts = []
        else:
            self._parts = page(self.finding, self.lives.get, width)

    def __len__(self) -> int:
        """Lines of the page."""
        return len(self._parts)

    def key(self, index: int) -> int:
        """The number of the line."""
        return index

    def index(self, key: Hashable) -> int | None:
        """Where a line is."""
        return key if isinstance(key, int) and key < len(self._parts) else None

    def version(self, index: int) -> Hashable:
        """The line itself."""
        return tuple(self._parts[index].spans)

    def width(self, room: int) -> int:
        """As wide as there is room; lines are broken for that."""
        if room != self._width:
            self._lay_out(room)
        return room

    def header(self, width: int) -> None:
        """There is none."""
        del width

    def line(self, index: int, width: int) -> Spans:
        """One line; what Enter leads from has a sign."""
        del width
        return self._parts[index].spans


def _since(finding: Finding) -> tuple[str, Role]:
    times = f", {finding.count:,} times" if finding.count > 1 else ""
    lasted = finding.last - finding.t
    until = f" until {moment(finding.last)}, {duration(lasted)}" if lasted > 0 else ""
    return (f"  at {moment(finding.t)}{until}{times}", "plain")


def _head(title: str) -> Iterator[Part]:
    yield Part([])
    yield Part([(title, "heading")])


def _text(text: str, role: Role, width: int, indent: str = "") -> Iterator[Part]:
    for line in wrap(indent + text, max(width, 20), len(indent)):
        yield Part([(line, role)])


def _who(finding: Finding, life_of: LifeOf) -> Iterator[Part]:
    yield Part([])
    if finding.pid is not None:
        name = process_name(finding.comm, finding.pid)
        yield Part([("process  ", "faint"), (name, "process")], Target("process", finding.pid))
    numbers = sockets_of(finding)
    for number in numbers[:MOST_SOCKETS]:
        life = life_of(number)
        told = "not known any more" if life is None else _socket(life)
        sign = f"{addresses.sign(number)}  "
        yield Part(
            [("socket   ", "faint"), (sign, "socket"), (told, "address")], Target("socket", number)
        )
    if len(numbers) > MOST_SOCKETS:
        yield Part(
            [(f"         and {plural(len(numbers) - MOST_SOCKETS, 'socket')} more", "faint")]
        )


def _socket(life: SocketLife) -> str:
    state = face(life.api_state, life.tcp_state, life.connect_error)
    return f"{addresses.kind(life)}  {addresses.ends(life.local, life.remote)}  {state.text}"


def _evidence(finding: Finding, width: int) -> Iterator[Part]:
    if not finding.evidence:
        return
    yield from _head("what proves it")
    for piece in finding.evidence[:MOST_EVIDENCE]:
        t = _moment_in(piece)
        target = None if t is None else Target("event", t)
        text = _INDENT + _piece(piece, t)
        for line in wrap(text, max(width, 20), 2 * len(_INDENT)):
            yield Part([(line, "plain")], target)
    if len(finding.evidence) > MOST_EVIDENCE:
        yield Part([(f"{_INDENT}and {len(finding.evidence) - MOST_EVIDENCE} more", "faint")])


def _moment_in(piece: Any) -> int | None:
    """The moment of the line that a piece of evidence refers to."""
    t = piece.get("t") if isinstance(piece, Mapping) else None
    return t if isinstance(t, int) else None


def _piece(piece: Any, t: int | None) -> str:
    if t is None:
        return _value(piece, 0)
    rest = {str(name): value for name, value in piece.items() if name != "t"}
    thread = f" by thread {rest.pop('tid')}" if isinstance(rest.get("tid"), int) else ""
    return f"→ at {moment(t)}{thread}{'  ' + _value(rest, 0) if rest else ''}"


def _value(value: Any, depth: int) -> str:
    """A sampled value as people read it: "receive queue 4096, state CLOSE_WAIT"."""
    if depth < _DEEPEST and isinstance(value, Mapping):
        return ", ".join(
            f"{printable(str(name), LONGEST).replace('_', ' ')} {_value(each, depth + 1)}"
            for name, each in value.items()
        )
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return ", ".join(_value(each, depth + 1) for each in value[:MOST_EVIDENCE])
    return printable(str(value), LONGEST)


def _where(frames: list[Frame] | tuple[()], width: int) -> Iterator[Part]:
    if not frames:
        return
    yield from _head("where in the code, innermost first")
    for frame in frames:
        yield from _text(frame_text(frame), "plain", width, _INDENT)


def frame_text(frame: Frame) -> str:
    """One frame of a stack: "serve (server.c:40)", "libc.so.6+0x1234"."""
    name = printable(frame.function or "", LONGEST)
    if frame.file is not None:
        line = "" if frame.line is None else f":{frame.line}"
        place = f"{printable(frame.file, LONGEST)}{line}"
    else:
        offset = "" if frame.offset is None else f"+0x{frame.offset:x}"
        place = f"{printable(frame.module or '?', LONGEST)}{offset}"
    return f"{name} ({place})" if name else place
