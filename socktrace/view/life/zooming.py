"""Which stretch of a life the time line shows: closer, farther, to and fro."""

from __future__ import annotations

from typing import Final, NamedTuple

from socktrace.lines import SocketLife
from socktrace.view.life.axis import Window, whole

MARGIN: Final = 9
"""Columns of the titles at the left."""
_LEAST: Final = 8
"""Columns of time, at the least."""
_CLOSEST: Final = 100
"""ns: the shortest stretch that can be shown."""


class View(NamedTuple):
    """Which part of a life is shown."""

    zoom: int = 0
    """Each step shows half as much of it."""
    centre: int | None = None
    """The moment in the middle; None: the end."""


WHOLE: Final = View()


def window_of(life: SocketLife, now: int, width: int, view: View) -> Window:
    """What is shown in so many columns, the margin not counted."""
    full = whole(life.created, end_of(life, now), max(width - MARGIN, _LEAST))
    if view.zoom <= 0:
        return full
    span = max(full.span >> view.zoom, _CLOSEST)
    middle = full.end - span // 2 if view.centre is None else view.centre
    start = max(full.start, min(middle - span // 2, full.end - span))
    return Window(start, start + span, full.width)


def zoomed(life: SocketLife, now: int, view: View, step: int) -> View:
    """Show half as much (step 1) or twice as much (step -1), with the same middle."""
    full = whole(life.created, end_of(life, now), _LEAST)
    zoom = max(view.zoom + step, 0)
    if (full.end - full.start) >> zoom < _CLOSEST and step > 0:
        return view
    return View(zoom, view.centre) if zoom else WHOLE


def panned(life: SocketLife, now: int, view: View, part: float) -> View:
    """Move what is shown by a part of itself: to the right if that is above zero."""
    if view.zoom <= 0:
        return view
    window = window_of(life, now, 100 + MARGIN, view)
    full = whole(life.created, end_of(life, now), 100)
    half = window.span // 2
    middle = window.start + half + int(window.span * part)
    if middle >= full.end - half:
        return View(view.zoom)
    return View(view.zoom, max(middle, full.start + half))


def end_of(life: SocketLife, now: int) -> int:
    """The moment up to which a life is drawn: now, or its end and what TCP did after that."""
    last = max((state.t for state in life.states[-8:]), default=0)
    end = now if life.closed is None else max(life.closed, last)
    return max(end, life.created)
