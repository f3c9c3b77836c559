"""A sequence diagram as text: two lifelines, calls beside them, arrows where they meet."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from socktrace.escape import printable
from socktrace.text.columns import fit, pad, width_of
from socktrace.text.numbers import SECOND, duration, moment, plural, size
from socktrace.view.life.lanes import Line, gap
from socktrace.view.life.rows import Row, Target, text_row
from socktrace.view.life.uses import AGAIN
from socktrace.view.spans import cut

if TYPE_CHECKING:
    from socktrace.view.life.lifelines import Arrow, Diagram, Event
    from socktrace.view.life.uses import Use
    from socktrace.view.spans import Role, Span

_TIME: Final = 10
"""Columns of the time at the left, and a space, at the least."""
_NARROWEST: Final = 11
_WIDEST: Final = 41
_LONGEST: Final = 24
_WORDS: Final = {
    "handshake": "handshake",
    "end": "end of file",
    "reset": "reset",
    "again": "sent again",
}
_DATA: Final = {
    "accepts": "how long a connection waited from the end of its handshake till accept",
    "bytes": "which call read which bytes is inferred, by counting them at both ends",
    "messages": "which call got which message is inferred, from their order and their sizes",
    "": "the other end is not on this machine, or not known: its calls are not seen",
}

_TIMES: Final = "\u00d7"
"""The sign of multiplication."""

Part = Literal["whole", "begin", "end"]


class Slot(NamedTuple):
    """A row: an event, its beginning or its end."""

    t: int
    event: int
    part: Part


def text_of(
    diagram: Diagram,
    titles: tuple[str, str],
    origin: int,
    width: int,
) -> list[Row]:
    """Draw a diagram.

    Args:
        diagram: it.
        titles: what the lifelines are called; printable.
        origin: the moment from which times are counted: ns since time 0 of the source.
        width: columns of the screen.
    """
    between = max(_NARROWEST, min(width // 5, _WIDEST))
    slots = slots_of(diagram.events)
    write = moment if any(slot.t - origin >= SECOND for slot in slots) else duration
    times = [write(slot.t - origin) for slot in slots]
    margin = max([_TIME, *(width_of(text) + 1 for text in times)])
    side = max((width - margin - between - 2) // 2, 8)
    where = _rows_of(slots)
    lines = [line for arrow in diagram.arrows if (line := _line(arrow, diagram, where)) is not None]
    drawn = gap(lines, len(slots), between)
    painter = _Painter(diagram, where, side)
    head = pad(titles[0], side, right=True) + " " * (between + 2) + fit(titles[1], side)
    head = fit(" " * margin + head.rstrip(), width)
    rows = [Row(((head, "heading"),), key="titles")]
    if diagram.unseen:
        text = f"{plural(diagram.unseen, 'call')} before these: not known one by one"
        rows.append(text_row(fit(" " * margin + text, width), "faint"))
    for place, slot in enumerate(slots):
        use = diagram.events[slot.event].use
        spans: list[Span] = [(pad(times[place], margin - 1, right=True) + " ", "faint")]
        spans += painter.paint(place, slot, drawn.rows[place])
        key = ("use", use.begin, use.tid, use.call, slot.part, diagram.events[slot.event].side)
        rows.append(Row(tuple(cut(spans, width)), Target("event", use.begin), key))
    if not slots:
        rows.append(text_row(fit("No call of it is known one by one.", width), "faint"))
    unit = "seconds since its birth" if write is moment else "times are since its birth"
    return [*rows, *_legend(diagram, unit, drawn.left_out, width)]


def slots_of(events: Sequence[Event]) -> list[Slot]:
    """Give each event a row, or two if something else happened while it lasted."""
    times = sorted(
        t
        for event in events
        for t in ((event.use.begin, event.use.end) if event.use.done else (event.use.begin,))
        if event.use.times == 1 or t == event.use.begin
    )
    slots: list[Slot] = []
    for place, event in enumerate(events):
        begin, end = event.use.begin, event.use.end
        during = bisect_left(times, end) - bisect_right(times, begin)
        if event.use.done and (event.use.times > 1 or during <= 0):
            slots.append(Slot(begin, place, "whole"))
        else:
            slots += [Slot(begin, place, "begin"), Slot(end, place, "end")]
    last = len(events)
    return sorted(
        slots,
        key=lambda slot: (slot.t, 0 if events[slot.event].use.done else last, slot.event),
    )


def _rows_of(slots: Sequence[Slot]) -> dict[int, tuple[int, int]]:
    """Event -> the rows in which it begins and ends."""
    where: dict[int, tuple[int, int]] = {}
    for row, slot in enumerate(slots):
        first, _ = where.get(slot.event, (row, row))
        where[slot.event] = (first, row)
    return where


def _line(arrow: Arrow, diagram: Diagram, where: dict[int, tuple[int, int]]) -> Line | None:
    """Where an arrow starts and lands; None: it would go back in time."""
    label = _WORDS.get(arrow.what) or (size(arrow.amount) if arrow.amount else "")
    if arrow.source is None:
        assert arrow.target is not None  # noqa: S101 - an arrow has an end
        row = where[arrow.target][1]
        return Line(row, row, rightward=False, label=label)
    rightward = diagram.events[arrow.source].side == 0
    if arrow.target is None:
        row = where[arrow.source][0]
        return Line(row, row, rightward, label)
    begin, end = where[arrow.source]
    row = where[arrow.target][1]
    if arrow.what == "reset":  # the kernel may tell of its arrival first
        return Line(row, row, rightward, label)
    if row < begin:
        return None
    return Line(min(end, row), row, rightward, label)


class _Painter:
    """Draws one row after another."""

    def __init__(self, diagram: Diagram, where: dict[int, tuple[int, int]], side: int) -> None:
        self._events = diagram.events
        self._side = side
        self._many = [
            len({e.use.tid for e in diagram.events if e.side == of and e.use.tid}) > 1
            for of in (0, 1)
        ]
        self._both = diagram.both
        self._bars: list[list[tuple[int, int, bool]]] = [[], []]
        for place, (first, last) in where.items():
            event = diagram.events[place]
            if not event.use.kernel:
                self._bars[event.side].append((first, last, event.use.blocked))
        for bars in self._bars:
            bars.sort()
        self._next = [0, 0]
        self._active: list[list[tuple[int, int, bool]]] = [[], []]

    def paint(self, row: int, slot: Slot, between: str) -> list[Span]:
        """One row, the time apart; rows must come in order."""
        event = self._events[slot.event]
        text, role = _label(event.use, slot.part)
        if self._many[event.side] and event.use.tid:
            text = f"{event.use.tid} {text}"
        left = pad(text, self._side - 1, right=True) + " " if event.side == 0 else " " * self._side
        spans: list[Span] = [(left, role), self._lifeline(0, row)]
        spans += [(between, "bar"), self._lifeline(1, row)]
        if event.side == 1:
            spans.append((" " + fit(text, self._side - 1), role))
        elif event.use.other and not self._both and slot.part != "begin":
            spans.append((" " + fit(event.use.other, self._side - 1), "address"))
        return spans

    def _lifeline(self, side: Literal[0, 1], row: int) -> Span:
        bars, active = self._bars[side], self._active[side]
        while self._next[side] < len(bars) and bars[self._next[side]][0] <= row:
            active.append(bars[self._next[side]])
            self._next[side] += 1
        active[:] = [bar for bar in active if bar[1] >= row]
        if not active:
            return ("│" if side == 0 or self._both else "┊", "faint")
        return ("┃", "waiting" if any(bar[2] for bar in active) else "plain")


def _label(use: Use, part: Part) -> tuple[str, Role]:
    name = printable(use.call, _LONGEST)
    if part == "begin":
        return f"{name} …", "waiting" if use.blocked else "plain"
    if not use.done:
        return f"{name} waits {duration(use.end - use.begin)}", "waiting"
    if use.kernel:
        text = "ended: all holders gone" if use.call == "exit" else f"TCP {name.replace('-', ' ')}"
        good = use.call.startswith("established")
        return f"{text} {use.detail}".rstrip(), "good" if good else "warning"
    error = printable(use.errno, _LONGEST) if use.errno else ""
    role: Role = "waiting" if use.blocked else "plain"
    if error:
        role = "faint" if use.errno in AGAIN else "error"
    elif use.eof:
        role = "accent"
    if use.times > 1:
        sums = [size(use.amount)] if use.amount else []
        return ", ".join(
            [f"{_TIMES} {use.times:,} {name}", *sums, *([error] if error else [])]
        ), role
    waited = f" after {duration(use.end - use.begin)}" if use.blocked else ""
    return f"{name}{_did(use, error)}{waited}", role


def _did(use: Use, error: str) -> str:
    """What a call got or gave."""
    if error:
        return f" {error}"
    if use.eof:
        return ": end of file"
    detail = f" {printable(use.detail, _LONGEST)}" if use.detail else ""
    detail += f" {size(use.amount)}" if use.way else ""
    return f"{detail}, peeked" if use.peeked else detail


def _legend(diagram: Diagram, unit: str, left_out: int, width: int) -> list[Row]:
    words = ["┃ a call lasts", unit, f"──▶ {_DATA[diagram.by]}"]
    if left_out:
        words.append(f"{plural(left_out, 'arrow')} not drawn: too many at once")
    rows, line = [Row(())], ""
    for word in words:
        if line and width_of(line) + 3 + width_of(word) > width:
            rows.append(text_row(fit(line, width), "faint"))
            line = ""
        line = f"{line}   {word}" if line else word
    return [*rows, text_row(fit(line, width), "faint")]
