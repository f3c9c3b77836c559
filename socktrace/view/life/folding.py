"""Adding up calls of a diagram where there are thousands, and putting its events in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from socktrace.view.life.lifelines import Arrow, Event, Side

MOST_IN_A_ROW: Final = 10
"""Calls that only move data, with nothing of note among them: of more, those amid are added up."""
_AT_AN_EDGE: Final = 3
"""Of these, so many stay single at each end."""
LATEST: Final = 60
"""Events that stay single whatever they are: those that happened last."""


def ordered(events: Sequence[Event], arrows: Sequence[Arrow]) -> tuple[list[Event], list[Arrow]]:
    """Put the events in order of their beginnings."""
    order = sorted(range(len(events)), key=lambda place: (events[place].use.begin, place))
    new = {old: place for place, old in enumerate(order)}
    return [events[place] for place in order], [_moved(arrow, new) for arrow in arrows]


def _moved(arrow: Arrow, new: dict[int, int]) -> Arrow:
    return arrow._replace(
        source=None if arrow.source is None else new[arrow.source],
        target=None if arrow.target is None else new[arrow.target],
    )


def folded(events: Sequence[Event], arrows: Sequence[Arrow]) -> tuple[list[Event], list[Arrow]]:
    """Add up data calls amid long stretches of nothing else, but for the latest."""
    marked = {
        place
        for arrow in arrows
        if arrow.what != "data"
        for place in (arrow.source, arrow.target)
        if place is not None
    }
    kept: list[Event] = []
    new: dict[int, int] = {}
    stretch: list[int] = []
    # By their ends: what was got was given before.
    order = sorted(range(len(events)), key=lambda place: (events[place].use.end, place))
    latest = len(order) - LATEST
    for rank, place in enumerate(order):
        if rank >= latest or events[place].notable or place in marked:
            _flush(events, stretch, kept, new)
            new[place] = len(kept)
            kept.append(events[place])
        else:
            stretch.append(place)
    _flush(events, stretch, kept, new)
    moved: dict[tuple[int | None, int | None, str], Arrow] = {}
    for arrow in arrows:
        after = _moved(arrow, new)
        key = (after.source, after.target, after.what)
        before = moved.get(key)
        amount = after.amount + (before.amount if before is not None else 0)
        moved[key] = after._replace(amount=amount)
    return kept, list(moved.values())


def _flush(
    events: Sequence[Event], stretch: list[int], kept: list[Event], new: dict[int, int]
) -> None:
    """Keep a stretch of data calls: its edges as they are, one sum of each kind in between."""
    long = len(stretch) > MOST_IN_A_ROW
    amid = stretch[_AT_AN_EDGE:-_AT_AN_EDGE] if long else []
    for place in stretch[:_AT_AN_EDGE] if long else stretch:
        new[place] = len(kept)
        kept.append(events[place])
    if amid:
        sums = _sums([events[place] for place in amid])
        at = {key: len(kept) + i for i, key in enumerate(sums)}
        kept += sums.values()
        for place in amid:
            new[place] = at[events[place].side, events[place].use.call]
        for place in stretch[-_AT_AN_EDGE:]:
            new[place] = len(kept)
            kept.append(events[place])
    stretch.clear()


def _sums(events: Sequence[Event]) -> dict[tuple[Side, str], Event]:
    """One event for the calls of each kind on each side, those that give first.

    They stand where the first of them ended: what it was made of had begun before.
    """
    begin, end = min(e.use.end for e in events), max(e.use.end for e in events)
    sums: dict[tuple[Side, str], Event] = {}
    for event in sorted(events, key=lambda event: event.use.way != "out"):
        key = (event.side, event.use.call)
        before = sums.get(key)
        use = event.use._replace(begin=begin, end=end)
        if before is not None:
            amount, times = before.use.amount + use.amount, before.use.times + use.times
            use = before.use._replace(amount=amount, times=times)
        sums[key] = event._replace(use=use)
    return sums
