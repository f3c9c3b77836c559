"""An entry as a line of the screen: time, process, a sign, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from socktrace.lines import (
    Blocked,
    Cause,
    Finding,
    Folded,
    Healed,
    Lost,
    Process,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.text.calls import has_blocked
from socktrace.text.columns import fit, pad, width_of
from socktrace.text.numbers import moment, plural
from socktrace.text.ordering import Placed
from socktrace.text.stream import INDENT, TIME_WIDTH, format_line, process_name
from socktrace.view.events.calling import call_spans, error_role, sum_spans
from socktrace.view.events.entries import Entry, Listed, Skipped, Sum, bare
from socktrace.view.events.layout import SIGN, Layout
from socktrace.view.events.painting import PAINTING, spans_of
from socktrace.view.spans import Role, Span

if TYPE_CHECKING:
    from socktrace.lines import SocketLife
    from socktrace.text.stream import Lives

FAILED: Final[Span] = ("✗ ", "error")
NOT_YET: Final[Span] = ("- ", "waiting")
WAITED: Final[Span] = ("◷ ", "warning")
_LEAST: Final = 6
"""Columns that the name of a process keeps before its thread is told."""
_NOTHING: Final[Span] = ("  ", "plain")
_FAULTS: Final[dict[str, Role]] = {"note": "faint", "warning": "warning", "critical": "critical"}
SIGNS: Final = ((FAILED, "failed"), (NOT_YET, "would have waited"), (WAITED, "waited"))
"""What the signs before a line mean."""


class NoLives:
    """What is known of sockets when nobody can be asked: nothing."""

    def life(self, socket_id: int, /) -> SocketLife:
        """There is none."""
        raise KeyError(socket_id)


def entry_spans(
    entry: Entry, layout: Layout, lives: Lives, *, apart: bool = False, room: int | None = None
) -> list[Span]:
    """Write an entry.

    Args:
        entry: It.
        layout: Where things stand.
        lives: What is known of the sockets.
        apart: It is a sum that is taken apart below.
        room: Columns into which a call has to fit; None: it is written whole.
    """
    told = bare(entry)
    if isinstance(told, Syscall):
        return _call(told, layout, lives, room)
    if isinstance(told, Sum | Folded):
        sign = next((FAILED for name in told.errors if error_role(name) == "error"), _NOTHING)
        return [*_who(told, layout), sign, *sum_spans(told, apart=apart)]
    return _other(told, entry, layout, lives)


def single_spans(
    call: Syscall, layout: Layout, lives: Lives, room: int | None = None
) -> list[Span]:
    """Write one of the calls of a sum, below it."""
    time = f"{moment(call.t):>{layout.time}}"
    thread = f"  thread {call.tid}" if call.tid != call.pid else "  ·"
    return [
        (f"{time}  ", "faint"),
        (pad(thread, layout.process + 1), "faint"),
        _sign(call, None),
        *call_spans(call, _life(call.socket, lives), _room(room, layout)),
    ]


def what_spans(entry: Entry, lives: Lives) -> list[Span]:
    """Write what happened, without time, process and sign."""
    told = bare(entry)
    if isinstance(told, Syscall):
        return call_spans(told, _life(told.socket, lives))
    if isinstance(told, Sum | Folded):
        return sum_spans(told)
    return _text(told, entry, lives)[1]


def _call(call: Syscall, layout: Layout, lives: Lives, room: int | None) -> list[Span]:
    life = _life(call.socket, lives)
    what = call_spans(call, life, _room(room, layout))
    return [*_who(call, layout), _sign(call, life), *what]


def _room(room: int | None, layout: Layout) -> int | None:
    return None if room is None else room - layout.margin - SIGN


def _sign(call: Syscall, life: SocketLife | None) -> Span:
    if call.errno is not None:
        return FAILED if error_role(call.errno) == "error" else NOT_YET
    return WAITED if has_blocked(call, life) else _NOTHING


def _who(told: Any, layout: Layout) -> list[Span]:
    """The first columns, for what a process does; its number stays when its name is cut."""
    number = f"({told.pid})"
    name = process_name(told.comm, told.pid).removesuffix(number)
    thread = f"/{told.tid}" if told.tid != told.pid else ""
    if width_of(name) + len(number + thread) > layout.process:
        if layout.process - len(number + thread) < _LEAST:
            thread = ""
        name = fit(name, max(layout.process - len(number + thread), 1))
    name += number + thread
    return [
        (f"{moment(told.t):>{layout.time}}  ", "faint"),
        (pad(name, layout.process) + " ", "process"),
    ]


def _other(told: Any, entry: Entry, layout: Layout, lives: Lives) -> list[Span]:
    timed, spans = _text(told, entry, lives)
    first = moment(told.t) if timed else ""
    room = layout.process + 1
    if isinstance(told, Process | Blocked):
        return [*_who(_Named(told), layout), _NOTHING, *spans]
    return [(f"{first:>{layout.time}}  ", "faint"), (" " * room, "plain"), _NOTHING, *spans]


class _Named:
    """A process, with a thread as calls have one."""

    def __init__(self, told: Process | Blocked) -> None:
        self.t, self.pid, self.comm = told.t, told.pid, told.comm
        self.tid = getattr(told, "tid", told.pid)


def _text(told: Any, entry: Entry, lives: Lives) -> tuple[bool, list[Span]]:
    """What happened, as `socktrace.text` writes it, and whether it has a time of its own."""
    if isinstance(told, Listed):
        text = (
            f"* {plural(told.count, 'socket')} {'was' if told.count == 1 else 'were'} there before"
        )
        return True, [(text, "plain")]
    if isinstance(told, Skipped):
        text = f"! {plural(told.count, 'line')} skipped here: too many came at once"
        return True, [(text, "warning")]
    apart = isinstance(entry, Placed)
    text = format_line(told, lives, PAINTING, apart=apart) or ""
    timed = not text.startswith(INDENT)
    text = text[TIME_WIDTH + 2 :].lstrip(" ") if timed else text.strip(" ")
    if isinstance(told, Process | Blocked):
        text = text.removeprefix(process_name(told.comm, told.pid)).lstrip(" ")
    return timed, spans_of(text, _role(told))


def _role(told: Any) -> Role:
    if isinstance(told, Finding):
        return _FAULTS.get(told.severity, "warning")
    if isinstance(told, Lost | Healed):
        return "warning"
    if getattr(told, "inferred", False):
        return "inferred"
    if isinstance(told, Socket | Process | TcpEvent):
        return "plain"
    if isinstance(told, State) and not isinstance(told.cause, Cause):
        return "plain"
    return "faint"


def _life(socket: int | None, lives: Lives) -> SocketLife | None:
    if socket is None:
        return None
    try:
        return lives.life(socket)
    except KeyError:
        return None
