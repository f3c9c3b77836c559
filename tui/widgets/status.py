"""The line that tells how the source and we are doing."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.text.columns import fit
from socktrace.text.numbers import size
from socktrace.tui.pace import Cost
from socktrace.tui.widgets.line import Line, Piece, spread, width
from socktrace.view.look import Status
from socktrace.view.spans import Role

_GAP: Final = Piece("  ")
_LEAST: Final = 12
"""Columns in which the filter or what is being done still tells something."""
_BEHIND: Final = 0.5
"""Seconds from which on it is told that what is shown is not the latest."""
_PHASES: Final = {
    "starting": "starting",
    "listing": "listing what exists",
    "running": "",
    "ended": "ended",
    "failed": "failed",
}


class Facts(NamedTuple):
    """What the line tells."""

    status: Status
    rate: float | None
    """Calls a second; None: they are all there, as of a recording."""
    sockets: int
    paused: bool = False
    filter: str = ""
    cost: Cost | None = None
    slowed: bool = False
    """Ticks come less often than chosen, since they take long."""


def status_line(facts: Facts, room: int) -> list[Piece]:
    """Lay the line out: where there is no room for all, what matters least is left out."""
    right = _cost(facts)
    parts = _parts(facts)
    while parts and _wide(parts) + width(right) > room:
        if right:
            right = []
            continue
        parts.remove(max(parts, key=lambda part: part[0]))
    left = [Piece(" ")]
    flexible = _flexible(facts)
    for number, (_, piece) in enumerate(parts):
        left += [_GAP, piece] if number else [piece]
    rest = room - width(left) - width(right) - 1
    for piece in flexible:
        if rest > _LEAST:
            cut = piece._replace(text=fit(piece.text, rest - 2))
            left += [_GAP, cut]
            rest -= cut.width + 2
    return spread(left, right, room)


def _wide(parts: list[tuple[int, Piece]]) -> int:
    return sum(piece.width + 2 for _, piece in parts)


def _parts(facts: Facts) -> list[tuple[int, Piece]]:
    """What there is to tell, in order; the number says how soon it is left out."""
    status = facts.status
    parts = []
    if facts.paused:
        parts.append((0, Piece("‖ PAUSED", "accent", "pause")))
    if status.recording is not None:
        name = PurePath(printable(status.recording)).name
        parts.append((1, Piece(f"● REC {fit(name, 30)} {status.recorded:,}", "error", "record")))
    if _PHASES[status.phase]:
        role: Role = "error" if status.phase == "failed" else "waiting"
        parts.append((2, Piece(_PHASES[status.phase], role)))
    if facts.rate is None:
        parts.append((6, Piece(f"{status.calls:,} calls")))
    else:
        parts.append((6, Piece(f"{facts.rate:,.0f} calls/s")))
    noun = "socket" if facts.sockets == 1 else "sockets"
    parts.append((5, Piece(f"{facts.sockets:,} {noun} open")))
    if status.lost:
        parts.append((3, Piece(f"▲ {status.lost:,} LOST", "error", "sources")))
    else:
        parts.append((7, Piece("0 lost", "faint")))
    if status.behind >= _BEHIND:
        parts.append((4, Piece(f"▲ {status.behind:.1f} s behind", "warning", "sources")))
    if facts.slowed:
        parts.append((8, Piece("slowed down", "warning")))
    return parts


def _flexible(facts: Facts) -> list[Piece]:
    """What is cut to the room that is left."""
    pieces = []
    if facts.filter:
        pieces.append(Piece(f"filter: {printable(facts.filter)}", "accent", "filter"))
    if facts.status.doing:
        pieces.append(Piece(f"… {printable(facts.status.doing)}", "waiting"))
    return pieces


def _cost(facts: Facts) -> list[Piece]:
    if facts.cost is None:
        return []
    return [Piece(f"cpu {facts.cost.cpu:.0f} %  {size(facts.cost.memory)} ", "faint")]


class StatusLine(Line):
    """The line above the footer."""

    def lay_out(self, room: int) -> list[Piece]:
        """Ask the app."""
        app = self.tracer
        return status_line(app.facts(), room)
