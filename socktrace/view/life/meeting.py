"""Which call of one end got what which call of the other gave.

Nobody tells that: it is concluded. On a stream bytes arrive in the order in which they were sent,
so that counting them on both sides says which call read which; datagrams arrive in order between
two sockets of one machine, if they arrive, and a message is known by its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from socktrace.view.life.uses import Use

_CLOSING: Final = frozenset({"close", "close_range", "dup2", "dup3", "exit"})
_SHUT_WRITE: Final = frozenset({"SHUT_WR", "SHUT_RDWR", "1", "2"})


class Meeting(NamedTuple):
    """Two uses that belong together, by their places in the sequences they were given in."""

    giver: int
    taker: int
    amount: int = 0
    """Bytes."""


class Span(NamedTuple):
    """Bytes of a stream that a use moved."""

    place: int
    first: int
    stop: int


def spans(uses: Sequence[Use], way: str, total: int) -> list[Span]:
    """The bytes each use moved, counted from the first byte of the stream.

    Counted back from the total, which is exact, so that calls that are no longer known do no harm.

    Args:
        uses: in order of their ends.
        way: "in" or "out".
        total: bytes moved that way so far.
    """
    found: list[Span] = []
    stop = total
    for place in range(len(uses) - 1, -1, -1):
        use = uses[place]
        if use.way == way and use.moved and use.done:
            found.append(Span(place, max(stop - use.moved, 0), stop))
            stop = max(stop - use.moved, 0)
    found.reverse()
    return found


def by_bytes(given: Sequence[Span], taken: Sequence[Span]) -> Iterator[Meeting]:
    """Pair giving and taking calls of a stream whose bytes overlap; few pairs, each call in one.

    A call that takes is paired with the last of those whose bytes it got; one that gives and is in
    no pair yet, with the first that got any of its bytes.
    """
    paired: set[int] = set()
    pairs: dict[tuple[int, int], int] = {}
    place = 0
    for taker in taken:
        while place < len(given) and given[place].stop <= taker.first:
            place += 1
        last = place
        while last + 1 < len(given) and given[last + 1].first < taker.stop:
            last += 1
        if last < len(given) and given[last].first < taker.stop:
            pairs[given[last].place, taker.place] = _overlap(given[last], taker)
            paired.add(given[last].place)
    at = 0
    for giver in given:
        if giver.place in paired:
            continue
        while at < len(taken) and taken[at].stop <= giver.first:
            at += 1
        if at < len(taken) and taken[at].first < giver.stop:
            pairs[giver.place, taken[at].place] = _overlap(giver, taken[at])
    for (giver_place, taker_place), amount in sorted(pairs.items()):
        yield Meeting(giver_place, taker_place, amount)


def _overlap(one: Span, other: Span) -> int:
    return min(one.stop, other.stop) - max(one.first, other.first)


def by_messages(givers: Sequence[Use], takers: Sequence[Use]) -> Iterator[Meeting]:
    """Pair datagrams: each that was received with the first sent of its size not yet paired."""
    waiting = [place for place, use in enumerate(givers) if use.way == "out" and _moves_one(use)]
    for taker_place, taker in enumerate(takers):
        if taker.way != "in" or not _moves_one(taker) or taker.peeked:
            continue
        for place in waiting:
            giver = givers[place]
            if giver.begin > taker.end:
                break
            if giver.amount == taker.amount:
                waiting.remove(place)
                yield Meeting(place, taker_place, taker.amount)
                break


def _moves_one(use: Use) -> bool:
    return use.done and use.errno is None and use.times == 1


def end_of_file(givers: Sequence[Use], takers: Sequence[Use]) -> Meeting | None:
    """Pair the call that ended what one end sends with the first that read the end of file."""
    taker = next((place for place, use in enumerate(takers) if use.eof), None)
    if taker is None or any(use.call == "reset-received" for use in takers[:taker]):
        return None
    ended = None
    for place, use in enumerate(givers):
        if use.begin > takers[taker].end or use.errno is not None:
            continue
        if use.call == "shutdown" and use.detail in _SHUT_WRITE:
            return Meeting(place, taker)
        if use.call in _CLOSING:
            ended = place
    return None if ended is None else Meeting(ended, taker)
