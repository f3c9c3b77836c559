"""From what a source has told to entries of the list: in reading order, or added up in a storm."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeGuard

from socktrace.calls import CALLS, WAITS, Kind
from socktrace.lines import Cause, Descriptor, Line, Process, Socket, State, Syscall
from socktrace.text.introductions import Introductions
from socktrace.text.ordering import Placed, ReadingOrder
from socktrace.view.events.entries import TOLD, Entry, Listed, Sum, moment_of, sockets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from socktrace.view.events.entries import Told
    from socktrace.view.look import Run, RunSum

SMALLEST_SUM: Final = 32
"""Calls in a run up to which each is a line."""
MOST_SINGLE: Final = 500
"""Lines made of runs in one look: 2 us each."""
MOST_ORDERED: Final = 2_000
"""Lines in one look that are brought into reading order: 2 us each. In a storm nobody reads."""
SPAN: Final = 100_000_000
"""ns: calls that are further apart are not added up."""
STORM: Final = 256
"""Calls of `_FOLDING` within `SPAN` from which on those that repeat are added up."""
IDLE: Final = 4
"""The same for a wait that is about no socket."""
MOST_LISTED: Final = 120
"""Lines in one look about what was there before, up to which each is told."""
PATIENCE: Final = 50_000_000
"""ns without a new line after which the last ones are no longer kept for what belongs to them."""
REPEATED: Final = 16
"""Times that a call comes within `SPAN` until it is added up."""
_ASKING: Final = frozenset(
    "getsockname getpeername getsockopt setsockopt fcntl fcntl64 ioctl epoll_ctl".split()
)
_FOLDING: Final = _ASKING | {spec.name for spec in CALLS if spec.kind is not Kind.LIFE}
"""Calls after which a socket is what it was before: of those that come by the thousand, one is as
good as another."""


class Gatherer:
    """Makes entries of what comes. Lines may wait here a while for the call that they came of."""

    def __init__(self) -> None:
        self._order = ReadingOrder()
        self._introductions = Introductions()
        self._now = self._latest = -1

    def take(self, fresh: Iterable[Line | Run], now: int) -> list[Entry]:
        """Give the entries that can be told now.

        Args:
            fresh: as `Look.fresh`.
            now: as `Look.now`.
        """
        items, told = _apart(fresh)
        entries: list[Entry] = []
        summed: dict[int, tuple[int, int]] = {}
        if told > MOST_ORDERED:
            entries += _placed(self._order.rest())
            entries += [item for item in items if not isinstance(item, Line) or _has_place(item)]
        else:
            for item in items:
                if isinstance(item, Sum):
                    entries.append(item)
                    summed[item.tid] = (item.t, item.until)
                elif isinstance(item, Listed):
                    entries.append(item)
                elif isinstance(item, State) and _is_within(item, summed):
                    entries.append(Placed(item, apart=True))
                else:
                    for line in self._introductions.take(item):
                        entries += _placed(self._order.take(line))
            entries += _placed(self._overdue(told, now))
        self._now = now
        return fold_storms(entries)

    def _overdue(self, told: int, now: int) -> Iterable[Placed]:
        """What has waited long enough for its call.

        While time stands still, nothing comes that it could wait for.
        """
        if told:
            self._latest = now
        if not told and now == self._now:
            return self._order.rest()
        return self._order.late(now) if now - self._latest > PATIENCE else ()


def _is_within(line: State, summed: dict[int, tuple[int, int]]) -> bool:
    """Whether the call that a change came of has no line of its own: nothing is waited for."""
    if not isinstance(line.cause, Cause):
        return False
    first, last = summed.get(line.cause.tid, (1, 0))
    return first <= line.cause.t <= last


def _is_listing(line: Told) -> bool:
    """Whether a line tells of what was there before we looked."""
    if isinstance(line, Socket):
        return line.origin == "existing"
    if isinstance(line, Descriptor):
        return line.via == "existing"
    return isinstance(line, State) and line.from_ is None and line.cause == "unknown"


def _shorter(items: list[Line | Sum | Listed]) -> list[Line | Sum | Listed]:
    """A machine has thousands of sockets when we begin: they are one entry, not three each."""
    there = [item for item in items if isinstance(item, TOLD) and _is_listing(item)]
    if len(there) <= MOST_LISTED:
        return items
    known = set(map(id, there))
    count = sum(isinstance(item, Socket) for item in there)
    rest = [item for item in items if id(item) not in known]
    return [Listed(there[0].t, count), *rest] if count else rest


def _apart(fresh: Iterable[Line | Run]) -> tuple[list[Line | Sum | Listed], int]:
    """Small runs as lines, large ones and what is too much as sums; and how many lines came."""
    items: list[Line | Sum | Listed] = []
    crowd: list[Run] = []
    place, room, told = 0, MOST_SINGLE, 0
    for item in fresh:
        if isinstance(item, TOLD):
            items.append(item)
            told += 1
        elif isinstance(item, Line):
            continue  # it has no place in the list
        elif item.size <= min(SMALLEST_SUM, room):
            items += item.lines()
            room -= item.size
            told += item.size
        else:
            place = place if crowd else len(items)
            crowd.append(item)
    if crowd:
        run = crowd[0].joined(crowd[1:]) if len(crowd) > 1 else crowd[0]
        items[place:place] = [_sum_of(run, row) for row in run.sums()]
    shorter = _shorter(items)
    return shorter, told - len(items) + len(shorter)


def _sum_of(run: Run, row: RunSum) -> Sum:
    return Sum(
        t=row.first_t,
        until=row.last_t,
        pid=row.pid,
        tid=row.tid,
        comm=row.comm,
        call=row.call,
        fd=row.fd if len(row.sockets) == 1 else None,
        sockets=row.sockets,
        count=row.calls,
        bytes_=row.bytes,
        errors=dict(row.errors),
        time=row.time,
        singles=lambda most: list(run.singles(row, most)),
    )


def _placed(lines: Iterable[Placed]) -> Iterator[Entry]:
    """Entries; a line that stands below what it came of needs no more than itself."""
    return (placed if placed.apart else placed.line for placed in lines if _has_place(placed.line))


def _has_place(line: Line | Told) -> TypeGuard[Told]:
    if isinstance(line, Process):
        return line.event != "seen" or line.inferred
    return isinstance(line, TOLD)


def fold_storms(entries: list[Entry]) -> list[Entry]:
    """Add up calls that come again and again within a short time, if there are very many.

    Waits that are about no socket are added up even if they are few: they tell of a loop, no more.
    """
    if len(entries) < IDLE:
        return entries
    folded: list[Entry] = []
    begin = 0
    while begin < len(entries):
        first = _end(entries[begin])
        stop = begin + 1
        while stop < len(entries) and abs(_end(entries[stop]) - first) <= SPAN:
            stop += 1
        folded += _fold(entries[begin:stop])
        begin = stop
    return folded


def _end(entry: Entry) -> int:
    """When it was, or was over: that is the order in which entries come."""
    end: int = entry.t + entry.dur if isinstance(entry, Syscall) else moment_of(entry)
    return end


def _fold(entries: list[Entry]) -> Sequence[Entry]:
    keys = [
        (entry.pid, entry.call, tuple(sockets_of(entry)))
        if isinstance(entry, Syscall) and entry.call in _FOLDING
        else None
        for entry in entries
    ]
    counts = Counter(key for key in keys if key is not None)
    repeated = REPEATED if counts.total() > STORM else len(entries) + 1
    folding = {
        key
        for key, count in counts.items()
        if count >= repeated or (count >= IDLE and not key[2] and key[1] in WAITS)
    }
    if not folding:
        return entries
    groups: dict[tuple[int, str, tuple[int, ...]], list[Syscall]] = {}
    kept: list[Entry] = []
    places: list[tuple[int, list[Syscall]]] = []
    for key, entry in zip(keys, entries, strict=True):
        if key is None or key not in folding:
            kept.append(entry)
            continue
        group = groups.get(key)
        if group is None:
            group = groups[key] = []
            places.append((len(kept), group))
        group.append(entry)  # type: ignore[arg-type] # only calls have a key
    for place, group in reversed(places):
        kept.insert(place, _sum_up(group))
    return kept


def _sum_up(lines: list[Syscall]) -> Sum:
    last = lines[-1]
    return Sum(
        t=min(line.t for line in lines),
        until=max(line.t + line.dur for line in lines),
        pid=last.pid,
        tid=last.tid,
        comm=last.comm,
        call=last.call,
        fd=last.fd,
        sockets=tuple(sockets_of(last)),
        count=len(lines),
        bytes_=sum(moved(line) for line in lines),
        errors=dict(Counter(line.errno for line in lines if line.errno is not None)),
        time=sum(line.dur for line in lines),
        singles=lambda most: lines[:most],
    )


_MOVING: Final = frozenset(
    spec.name for spec in CALLS if spec.kind is Kind.DATA or spec.name in {"sendmsg", "recvmsg"}
)


def moved(line: Syscall) -> int:
    """Bytes that a call moved: its result, where that is a number of bytes."""
    return max(line.ret, 0) if line.call in _MOVING else 0
