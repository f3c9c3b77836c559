"""Saving what is shown as a recording."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, runtime_checkable

from msgspec.structs import replace

from socktrace import __version__
from socktrace.engine.extracting import about, ended, write
from socktrace.host.machine import describe_host
from socktrace.lines import (
    FORMAT,
    VERSION,
    Blocked,
    Finding,
    Folded,
    Header,
    Line,
    Process,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.model.checkpoints import copy_of
from socktrace.model.retelling import life_lines, pids_of, process_lines, total_lines
from socktrace.text.numbers import plural
from socktrace.tracefile.document_reader import told_at
from socktrace.tracefile.replay import whole_world

if TYPE_CHECKING:
    from socktrace.lines import SocketLife
    from socktrace.model.world import World
    from socktrace.view.look import Feed, Look

_KEPT: Final = (Syscall, TcpEvent, Finding)
"""What is taken of lines that were kept: all else is told from what is known of the sockets."""
_RANKS: Final[dict[type, int]] = {Process: 0, Socket: 1, Syscall: 2}
"""In which order is told what happened at one moment."""
_LATER: Final = 3


class _Placed(NamedTuple):
    """A line, and where it belongs."""

    at: int
    rank: int
    line: Line


@runtime_checkable
class Saves(Protocol):
    """A source that has every line, and so knows best how to save some of them."""

    def saved(self, numbers: Collection[int] | None) -> tuple[Header, Iterable[Line]]:
        """A header, and the lines that are about these sockets; None: about all."""


def save_shown(
    feed: Feed,
    hold: AbstractContextManager[Look],
    path: str,
    numbers: Collection[int] | None,
    kept: Iterable[Line] = (),
) -> int:
    """Save sockets of a source: of a recording their own lines, else what is known of them.

    Args:
        feed: the source.
        hold: gives a look at it.
        path: see `save`.
        numbers: see `save`.
        kept: see `save`.

    Returns:
        How many lines were written.

    Raises:
        RecordingError: the file exists, or cannot be written.
    """
    if isinstance(feed, Saves):
        return write(path, *feed.saved(numbers))
    source = "ebpf" if feed.source == "eBPF" else feed.source
    with hold as look:
        # The source must not wait until all is written.
        known = look._replace(world=copy_of(look.world), blocked=dict(look.blocked))
    return save(path, known, numbers, kept, source=source)


def save(
    path: str,
    look: Look,
    numbers: Collection[int] | None,
    kept: Iterable[Line] = (),
    *,
    source: str = "ebpf",
) -> int:
    """Save what is known of some sockets of this machine, in the order in which it happened.

    Args:
        path: a file that does not exist: `.json` makes a document, any other name lines.
        look: the source, held.
        numbers: the sockets; None: all.
        kept: lines that are still there: calls among them are told one by one, the rest added up.
        source: what the header names as the source.

    Returns:
        How many lines were written.

    Raises:
        RecordingError: the file exists, or cannot be written.
    """
    world = look.world
    chosen = list(world.sockets) if numbers is None else sorted(set(numbers))
    lives = [world.sockets[number] for number in chosen if number in world.sockets]
    now = max(look.now, world.t)
    filters = {} if numbers is None else {"saved": plural(len(lives), "socket")}
    header = Header(
        format=FORMAT,
        version=VERSION,
        started_at=(datetime.now(UTC) - timedelta(microseconds=now // 1000)).isoformat(),
        host=describe_host(),
        source=source,
        filters=filters,
        generator=f"socktrace {__version__}",
    )
    lines = _told(world, lives, kept, everybody=numbers is None)
    waiting = _waiting(look, {life.socket for life in lives}, now)
    return write(path, header, ended([*lines, *waiting], now, "saved while watching"))


def _told(
    world: World, lives: list[SocketLife], kept: Iterable[Line], *, everybody: bool
) -> list[Line]:
    """All that is known of some sockets, by the time at which it happened."""
    created = {life.socket: life.created for life in lives}
    calls = [line for line in kept if isinstance(line, _KEPT) and about(line, created)]
    placed: list[_Placed] = []
    pids = {line.pid for line in calls if isinstance(line, Syscall)}
    for life in lives:
        latest = life.created
        for line in life_lines(life):
            at = max(told_at(line), life.created)
            if isinstance(line, State):
                # One that was told late stays behind those that were told before it.
                at = latest = max(at, latest)
            placed.append(_Placed(at, _RANKS.get(type(line), _LATER), line))
        pids |= pids_of(life)
    for pid, process in world.processes.items():
        if everybody or pid in pids:
            placed += [
                _Placed(told_at(line), 0, line) for line in process_lines(process, process.appeared)
            ]
    first: dict[int, int] = {}
    for line in calls:
        number = getattr(line, "socket", None)
        at = told_at(line)
        if number is not None:
            at = max(at, created[number])
            if isinstance(line, Syscall):
                first.setdefault(number, line.t)
        placed.append(_Placed(at, _RANKS.get(type(line), _LATER), line))
    placed.sort(key=lambda each: each[:2])
    placed += list(_added_up(world, lives, placed, first))
    placed.sort(key=lambda each: each[:2])
    return [each.line for each in placed]


def _added_up(
    world: World, lives: list[SocketLife], placed: list[_Placed], first: dict[int, int]
) -> Iterator[_Placed]:
    """What calls did that are not told one by one: they were made before those that are."""
    told = whole_world()
    for each in placed:
        told.apply(each.line)
    for life in lives:
        for line in total_lines(life, world, told.sockets[life.socket]):
            before = first.get(life.socket)
            if before is not None and isinstance(line, Folded):
                yield _Placed(
                    max(life.created, min(before, line.until)),
                    _RANKS[Syscall],
                    replace(line, t=min(line.t, before), until=min(before, line.until)),
                )
            else:
                yield _Placed(max(life.created, told_at(line)), _LATER, line)


def _waiting(look: Look, sockets: Collection[int], now: int) -> Iterator[Blocked]:
    """The calls that have not returned, each once."""
    told = set()
    for calls in look.blocked.values():
        for call in calls:
            if (call.tid, call.since) not in told and about(call, sockets):
                told.add((call.tid, call.since))
                yield replace(call, t=now)
