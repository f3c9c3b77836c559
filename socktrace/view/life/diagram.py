"""What went on between a socket and its other end: which call met which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from socktrace.lines import SocketLife
from socktrace.text.addresses import sign
from socktrace.view.life.folding import folded, ordered
from socktrace.view.life.lifelines import Arrow, By, Diagram, Event, Side, What
from socktrace.view.life.meeting import Meeting, by_bytes, by_messages, end_of_file, spans
from socktrace.view.life.uses import Use

_STREAMS: Final = frozenset({"SOCK_STREAM", "SOCK_SEQPACKET"})
_ACCEPTS: Final = frozenset({"accept", "accept4"})
_KERNEL: Final[Mapping[str, What]] = {
    "retransmit": "again",
    "reset-sent": "reset",
    "reset-received": "reset",
}
_LONGEST_WAITS: Final = 10
"""Calls of each end that are not added up because they waited longest."""


def diagram(  # noqa: PLR0913 - what is known of both ends
    life: SocketLife,
    uses: Sequence[Use],
    peer: SocketLife | None = None,
    peer_uses: Sequence[Use] = (),
    *,
    unseen: int = 0,
    fold: bool = True,
) -> Diagram:
    """Find out what belongs together.

    Args:
        life: the socket's.
        uses: of the socket, in any order.
        peer: the life of its other end, where that is on this machine.
        peer_uses: of the other end.
        unseen: how many calls before them are not known one by one.
        fold: add data calls up where there are many.
    """
    mine = _with_kernel(life, uses)
    theirs = _with_kernel(peer, peer_uses) if peer is not None else []
    events = [*_events(0, mine), *_events(1, theirs)]
    arrows: list[Arrow] = []
    by: By = ""
    if peer is None:
        arrows += _to_nowhere(mine)
    else:
        by = "bytes" if life.type == "SOCK_STREAM" else "messages"
        first = len(mine)
        for found, giver_at, taker_at, what in _meetings(life, mine, peer, theirs, by, first):
            source, target = giver_at + found.giver, taker_at + found.taker
            arrows.append(Arrow(source, target, what, found.amount))
    in_order, arrows = ordered(events, arrows)
    if fold:
        in_order, arrows = folded(in_order, arrows)
    return Diagram(peer is not None, tuple(in_order), tuple(arrows), unseen, by)


def accepting(uses: Sequence[Use], accepted: Sequence[SocketLife], *, unseen: int = 0) -> Diagram:
    """Find out how long connections waited for a listener to accept them.

    Args:
        uses: of the listener, in any order.
        accepted: the sockets that it gave.
        unseen: how many calls before these uses are not known one by one.
    """
    mine = sorted(uses, key=lambda use: use.end)
    first = len(mine)
    made = [life for life in accepted if life.established is not None]
    theirs = [
        Use(life.established or 0, life.established or 0, "established", 0, 0, "", kernel=True,
            detail=sign(life.socket))
        for life in made
    ]  # fmt: skip
    at = {use.end: place for place, use in enumerate(mine) if use.call in _ACCEPTS}
    arrows = [
        Arrow(first + place, at[life.created], "handshake", inferred=False)
        for place, life in enumerate(made)
        if life.created in at
    ]
    events = [*(Event(0, use, notable=True) for use in mine), *_events(1, theirs)]
    in_order, arrows = ordered(events, arrows)
    return Diagram(True, tuple(in_order), tuple(arrows), unseen, "accepts")  # noqa: FBT003


def _events(side: Side, uses: Sequence[Use]) -> Iterable[Event]:
    """Put uses on a lifeline; of those that waited, only the longest stand for themselves."""
    least = _long_wait([use.end - use.begin for use in uses if use.blocked and use.way])
    for use in uses:
        long = use.blocked and use.end - use.begin >= least
        alone = not use.way or bool(use.errno) or use.eof or not use.done or use.kernel
        yield Event(side, use, alone or long)


def _long_wait(waits: Sequence[int]) -> int:
    """From how long on a wait is one of the longest: a power of two, so that it seldom changes."""
    if len(waits) <= _LONGEST_WAITS:
        return 0
    return 1 << sorted(waits)[-_LONGEST_WAITS].bit_length()


def _with_kernel(life: SocketLife, uses: Sequence[Use]) -> list[Use]:
    """Add what no call did, in order of ends: the connection made, the last holder's end."""
    added = list(uses)
    if life.established is not None:
        added.append(Use(life.established, life.established, "established", 0, 0, "", kernel=True))
    closing = next((each for each in reversed(life.states) if each.to == "closed"), None)
    if closing is not None and closing.cause == "exit":
        by = life.last_used_by or 0
        added.append(Use(closing.t, closing.t, "exit", by, 0, "", kernel=True))
    return sorted(added, key=lambda use: use.end)


def _meetings(  # noqa: PLR0913, PLR0917 - both ends
    life: SocketLife,
    mine: Sequence[Use],
    peer: SocketLife,
    theirs: Sequence[Use],
    by: str,
    first: int,
) -> Iterable[tuple[Meeting, int, int, What]]:
    """Every pair, and where the places of its two ends begin."""
    ends = ((life, mine, 0, peer, theirs, first), (peer, theirs, first, life, mine, 0))
    for giver, given, giver_at, taker, taken, taker_at in ends:
        if by == "bytes":
            found = by_bytes(
                spans(given, "out", giver.bytes_out), spans(taken, "in", taker.bytes_in)
            )
        else:
            found = by_messages(given, taken)
        for meeting in found:
            if given[meeting.giver].begin <= taken[meeting.taker].end:
                yield meeting, giver_at, taker_at, "data"
        ended = end_of_file(given, taken)
        if ended is not None:
            yield ended, giver_at, taker_at, "end"
        made = _handshake(given, taken) if giver.type in _STREAMS else None
        if made is not None:
            yield made, giver_at, taker_at, "handshake"
        for reset in _resets(given, taken):
            yield reset, giver_at, taker_at, "reset"


def _handshake(given: Sequence[Use], taken: Sequence[Use]) -> Meeting | None:
    """The call that connected, and where the other end first knew of it."""
    connect = next(
        (
            place
            for place, use in enumerate(given)
            if use.call == "connect" and use.errno in {None, "EINPROGRESS"}
        ),
        None,
    )
    known = next(
        (
            place
            for place, use in enumerate(taken)
            if (use.kernel and use.call == "established") or use.call in _ACCEPTS
        ),
        None,
    )
    return None if connect is None or known is None else Meeting(connect, known)


def _resets(given: Sequence[Use], taken: Sequence[Use]) -> Iterable[Meeting]:
    """Resets that were sent, and those that were received."""
    sent = [place for place, use in enumerate(given) if use.call == "reset-sent"]
    received = [place for place, use in enumerate(taken) if use.call == "reset-received"]
    return map(Meeting, sent, received)


def _to_nowhere(uses: Sequence[Use]) -> Iterable[Arrow]:
    """Arrows to an end that cannot be seen, and from it."""
    for place, use in enumerate(uses):
        what = _carries(use)
        if what is None or use.errno is not None or not use.done:
            continue
        outward = use.way == "out" or use.call == "connect"
        source, target = (place, None) if outward else (None, place)
        yield Arrow(source, target, what, use.amount, inferred=False)


def _carries(use: Use) -> What | None:
    """What goes between a call and an end that cannot be seen."""
    if use.kernel:
        return _KERNEL.get(use.call)
    if use.call == "connect" or use.call in _ACCEPTS:
        return "handshake"
    if use.eof:
        return "end"
    return "data" if use.way and use.amount else None
