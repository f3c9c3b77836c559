"""States as segments along a time line, one band for a layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.escape import printable
from socktrace.text.columns import fit, width_of

if TYPE_CHECKING:
    from socktrace.lines import SocketLife, State
    from socktrace.view.life.axis import Window
    from socktrace.view.spans import Role, Span

ROLES: Final[Mapping[str, Role]] = {
    "created": "plain",
    "bound": "plain",
    "listening": "good",
    "connecting": "waiting",
    "connected": "good",
    "shut-read": "warning",
    "shut-write": "warning",
    "shut-both": "warning",
    "closed": "faint",
    "LISTEN": "good",
    "SYN-SENT": "waiting",
    "SYN-RECEIVED": "waiting",
    "ESTABLISHED": "good",
    "FIN-WAIT-1": "waiting",
    "FIN-WAIT-2": "waiting",
    "CLOSING": "waiting",
    "TIME-WAIT": "faint",
    "CLOSE-WAIT": "warning",
    "LAST-ACK": "waiting",
    "CLOSED": "faint",
}
"""How each state looks; its name stands in its segment."""

ONE: Final = "│"
SEVERAL: Final = "┃"
SEEN: Final = "─"
GUESSED: Final = "╌"
_LONGEST: Final = 20


class Segment(NamedTuple):
    """A state, from one column up to the next change."""

    state: str
    """Not escaped."""
    column: int
    changes: int
    """How many changes fell in its first column: the state is the last of them."""
    inferred: bool


def layer(life: SocketLife, name: str) -> list[State]:
    """The changes of one layer, in order of time."""
    return sorted((each for each in life.states if each.layer == name), key=lambda each: each.t)


def segments(states: Iterable[State], window: Window) -> list[Segment]:
    """Place states in columns; of those that fall in one column, the last stays."""
    placed: list[Segment] = []
    for state in states:
        column = window.column(state.t)
        if column >= window.width:
            break
        changes = 1
        column = max(column, 0)
        if placed and placed[-1].column == column:
            before = placed.pop()
            changes = before.changes + 1
        placed.append(Segment(state.to, column, changes, state.inferred))
    return placed


def band(placed: Sequence[Segment], window: Window, until: int) -> list[Span]:
    """Draw the segments of one layer.

    Args:
        placed: as `segments` gives them.
        window: what is shown.
        until: the column after the last one; from there on nothing is known.
    """
    line: list[Span] = []
    at = 0
    for place, segment in enumerate(placed):
        end = placed[place + 1].column if place + 1 < len(placed) else max(until, 0)
        end = min(max(end, segment.column + 1), window.width)
        if segment.column > at:
            line.append((" " * (segment.column - at), "plain"))
        line.append((_segment(segment, end - segment.column), ROLES.get(segment.state, "plain")))
        at = end
    return line


def _segment(segment: Segment, width: int) -> str:
    text = SEVERAL if segment.changes > 1 else ONE
    room = width - 1
    name = printable(segment.state, _LONGEST)
    if room >= min(width_of(name), 4):
        text += fit(name, room)
    fill = GUESSED if segment.inferred else SEEN
    return text + fill * (width - width_of(text))
