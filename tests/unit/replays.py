"""Recordings as sources, and what they are to show."""

from __future__ import annotations

from pathlib import Path

from socktrace.engine.replaying import ReplayFeed
from socktrace.lines import End, Finding, Folded, Line, Process, Socket, State, Syscall
from socktrace.tracefile.document_reader import told_at
from socktrace.tracefile.replay import whole_world
from socktrace.view.look import Look
from tests.screens.scripted import TRACES
from tests.unit.test_replaying_checkpoints import dump
from tests.unit.tracefile_samples import write

NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl"))


class Clock:
    """Time that stands still."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


_FEEDS: list[ReplayFeed] = []


def feed_of(path: Path | str, clock: Clock | None = None) -> ReplayFeed:
    """A recording that is closed when the test is over."""
    _FEEDS.append(ReplayFeed(str(path), clock=clock or Clock()))
    return _FEEDS[-1]


def opened(path: Path, clock: Clock | None = None) -> ReplayFeed:
    """One that has been read."""
    replay = feed_of(path, clock)
    replay.start()
    assert replay.archive.wait(20)
    return replay


def moments(lines: list[Line]) -> list[int]:
    """When each line was told."""
    latest, found = 0, []
    for line in lines:
        latest = max(latest, told_at(line))
        found.append(latest)
    return found


def expected(lines: list[Line], t: int) -> bytes:
    """The world at a moment, from the beginning on."""
    world = whole_world()
    for line, told in zip(lines, moments(lines), strict=True):
        if told <= t:
            world.apply(line)
    return dump(world)


def shown(replay: ReplayFeed) -> tuple[bytes, Look]:
    """What a look gives."""
    with replay.look() as look:
        return dump(look.world), look._replace(changed=set(look.changed), fresh=list(look.fresh))


def long_recording(tmp_path: Path, calls: int = 3_000) -> tuple[Path, list[Line]]:
    """A call every millisecond, then an hour of nothing, then an end; a finding in the middle."""
    lines: list[Line] = [
        Process(1_000_000_000, "seen", 7, comm="a"),
        Socket(1_000_000_000, 1, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket"),
    ]
    lines += [
        Syscall(
            1_001_000_000 + 1_000_000 * n, 100, 7, 7, "a", "sendto", -1 if n % 100 == 0 else 5, {},
            3, 1, errno="EPIPE" if n % 100 == 0 else None,
        )
        for n in range(calls)
    ]  # fmt: skip
    t = 3_601_000_000_000
    lines += [
        Folded(t - 5, t, 7, 7, "a", "sendto", 1000, 3, 1, 9),
        State(t, 1, "api", None, "closed", "kernel"),
        Finding(2_000_000_000, t, 1, "r", "note", "t", [], "a"),
        End(t + 1_000_000_000, calls + 1, 0, "done", folded=1000),
    ]
    return write(tmp_path / "long.jsonl", lines, None), lines


def close_all() -> None:
    """Close those that were opened."""
    while _FEEDS:
        _FEEDS.pop().close()
