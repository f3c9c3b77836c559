"""A recording while it is read; in any form; and damaged."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from socktrace.engine.replaying import ReplayFeed, archive
from socktrace.lines import Blocked, Finding, Folded, Line, Socket, Syscall
from socktrace.tracefile import RecordingError, write_document
from socktrace.view.look import Feed
from tests.screens.scripted import TRACES, recorded
from tests.unit.replays import (
    close_all,
    expected,
    feed_of,
    long_recording,
    opened,
    shown,
)
from tests.unit.test_taking_down import no_room
from tests.unit.tracefile_samples import HEADER, write


@pytest.fixture(autouse=True)
def _all_closed() -> Iterator[None]:
    yield
    close_all()


class Slowly:
    """Lets an archive take in so many pieces of lines, and no more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.allowed = 2
        self.taken = 0
        add = archive.Archive._add

        def slowly(reading: archive.Archive, piece: list[Line]) -> None:
            add(reading, piece)
            self.taken += 1
            while self.taken > self.allowed and not reading._over.is_set():
                time.sleep(0.001)

        monkeypatch.setattr(archive.Archive, "_add", slowly)

    def wait(self) -> None:
        """Wait until they are taken in."""
        while self.taken <= self.allowed:
            time.sleep(0.001)


def test_what_was_read_can_be_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says how far it is; a moment that comes later is waited for; then all is there."""
    path, lines = long_recording(tmp_path)
    slowly = Slowly(monkeypatch)
    replay = feed_of(path)
    assert replay.status().phase == "starting"
    replay.start()
    slowly.wait()
    _, look = shown(replay)
    assert len(look.world.sockets) == 1
    assert look.now == replay.controls.end < 2_000_000_000
    assert not look.reset
    assert replay.status().doing.startswith("reading: ")
    replay.controls.wait_for(3_000_000_000)
    world, look = shown(replay)
    assert world == expected(lines, replay.controls.end)
    slowly.allowed = 1000
    assert replay.archive.wait(20)
    world, look = shown(replay)
    assert look.now == 3_000_000_000
    assert world == expected(lines, 3_000_000_000)
    assert replay.status().doing == ""


def test_back_to_what_is_being_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From an earlier moment to the end, which goes on."""
    path, lines = long_recording(tmp_path)
    slowly = Slowly(monkeypatch)
    replay = feed_of(path)
    replay.start()
    slowly.wait()
    player = replay.controls
    player.seek(1_200_000_000)
    assert shown(replay)[0] == expected(lines, 1_200_000_000)
    player.seek(player.end)
    world, look = shown(replay)
    assert look.reset
    assert world == expected(lines, look.now)
    slowly.allowed = 1000
    assert replay.archive.wait(20)
    world, look = shown(replay)
    assert look.now == player.end == 3_602_000_000_000
    assert world == expected(lines, look.now)


def test_after_reading_no_line_is_missing(tmp_path: Path) -> None:
    """Whoever looked on while it was read sees the last lines without a hole."""
    path, lines = long_recording(tmp_path, 6_000)
    replay = feed_of(path)
    replay.start()
    looks = []
    while replay.archive.reading:
        looks.append(shown(replay)[1])
    looks.append(shown(replay)[1])
    (last,) = [look for look in looks if look.reset]
    assert last.fresh == lines[-2_000:]
    assert not shown(replay)[1].reset
    assert replay.status().calls == 7_000


@pytest.mark.parametrize("form", ["json", "gz"])
def test_other_forms(form: str, tmp_path: Path) -> None:
    """A document, and a compressed one, are the same recording."""
    lines = recorded("http_pair")
    path = tmp_path / f"t.{form}"
    if form == "json":
        write_document(str(path), HEADER, lines)
    else:
        path.write_bytes(gzip.compress((TRACES / "http_pair.jsonl").read_bytes()))
    replay = opened(path)
    assert replay.failure() is None
    world, _ = shown(replay)
    assert json.dumps(sorted(map(str, replay.archive.lines()))) == json.dumps(
        sorted(map(str, lines))
    )
    assert world == expected(list(replay.archive.lines()), replay.controls.end)


def test_damage(tmp_path: Path) -> None:
    """What comes before it can be looked at, and it is said why there is no more."""
    data = (TRACES / "tcp_echo.jsonl").read_bytes().splitlines(keepends=True)
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(data[:20]) + b'{"kind":"state"}\n' + b"".join(data[20:]))
    replay = opened(path)
    failure = replay.failure()
    assert isinstance(failure, RecordingError)
    assert "line 21" in failure.why
    assert replay.status().phase == "failed"
    world, _ = shown(replay)
    assert world == expected(recorded("tcp_echo")[:19], 10**18)
    replay.controls.step(-1)
    assert replay.controls.now < replay.controls.end


def test_no_room_for_what_was_read(tmp_path: Path) -> None:
    """It is said where there was none, and what came before can be looked at."""
    path, _ = long_recording(tmp_path)
    replay = feed_of(path)
    with no_room():
        replay.start()
        assert replay.archive.wait(20)
    failure = replay.failure()
    assert isinstance(failure, RecordingError)
    assert "TMPDIR" in failure.next_step
    with replay.look() as look:
        assert len(look.world.sockets) == 1
    replay.controls.seek(0)
    shown(replay)


def test_nonsense(tmp_path: Path) -> None:
    """Values of the right type that no program made do no harm; moments have a bound."""
    huge = 2**64 - 1
    lines: list[Line] = [
        Socket(5, huge, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket"),
        Syscall(huge, huge, 7, 7, "a", "read", 5, {}, 3, huge),
        Syscall(3, 50, 7, 7, "a", "read", 5, {}, 3, huge),
        Folded(1, huge, 7, 7, "a", "read", huge, 3, huge),
        Finding(huge, 0, 1, "r", "note", "t", [], "a"),
        Blocked(huge, huge, 1, 1, "a", "read"),
    ]
    replay = opened(write(tmp_path / "t.jsonl", lines, None))
    assert replay.failure() is None
    replay.controls.marks(80)
    for step in (-1, -1, 1, 1, 1):
        replay.controls.step(step)
        with replay.look() as look:
            assert 5 <= look.now <= 2**62


def test_cut_short_and_empty(tmp_path: Path) -> None:
    """A recording without an end says so; one without lines has one moment."""
    replay = opened(write(tmp_path / "t.jsonl", [], None))
    assert "no end line" in replay.status().notes[0]
    _, look = shown(replay)
    assert (look.now, len(look.world.sockets)) == (0, 0)
    replay.controls.step(1)
    replay.controls.step(-1)
    replay.controls.play()
    assert sum(replay.controls.marks(5).calls) == 0
    assert shown(replay)[1].now == 0


def test_what_is_no_recording(tmp_path: Path) -> None:
    """It is said before anything begins."""
    path = tmp_path / "x"
    path.write_text("hello")
    with pytest.raises(RecordingError, match="not a socktrace recording"):
        ReplayFeed(str(path))
    with pytest.raises(RecordingError, match="no such file"):
        ReplayFeed(str(tmp_path / "y"))


def test_closing_at_any_time(tmp_path: Path) -> None:
    """Before it began, in the middle, at the end: at once, and no descriptor is left."""
    path, _ = long_recording(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    unstarted = ReplayFeed(str(path))
    unstarted.close()
    middle = ReplayFeed(str(path))
    middle.start()
    middle.close()
    assert middle.archive.wait(5)
    done = opened(path)
    done.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_it_is_a_feed() -> None:
    """For the type checker, and its name is safe to show."""
    replay: Feed = ReplayFeed(str(TRACES / "errors.jsonl"), "a\x1b[31m")
    assert replay.source == r"recording a\x1b[31m"
    replay.close()
