"""A sequence diagram before it is drawn.

Two lifelines, events on them, and arrows between events: a text, a picture or a story can be made
of it. `diagram` makes it, `sequence.text_of` draws it in a terminal.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from socktrace.view.life.uses import Use

Side = Literal[0, 1]
"""0: the socket whose diagram it is; 1: its other end."""
What = Literal["data", "handshake", "end", "reset", "again"]
"""What an arrow carries; "again": a segment that TCP sends again."""
By = Literal["bytes", "messages", "accepts", ""]
"""What arrows are made by: counting bytes, order and size of messages, what accept(2) returned;
or nothing, where the other end is not seen."""


class Event(NamedTuple):
    """What happened on one lifeline."""

    side: Side
    use: Use
    notable: bool
    """It stands for itself: an error, a change of state, a long wait."""


class Arrow(NamedTuple):
    """From one event to another, or to and from an end that cannot be seen."""

    source: int | None
    """Place among the events; None: the end that cannot be seen."""
    target: int | None
    what: What
    amount: int = 0
    inferred: bool = True
    """Concluded from counts and times."""


class Diagram(NamedTuple):
    """Two lifelines and what went to and fro."""

    both: bool
    """The other end is a socket on this machine; if not, its calls are not seen."""
    events: tuple[Event, ...]
    arrows: tuple[Arrow, ...]
    unseen: int = 0
    """Calls before these that are not known one by one."""
    by: By = ""
