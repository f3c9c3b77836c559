"""A recording that is begun while somebody watches."""

from __future__ import annotations

import contextlib
import json
import resource
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from socktrace.engine.feeds.turnstile import Turnstile
from socktrace.engine.taking_down import TakingDown
from socktrace.lines import Blocked, Header, Line, Socket, Syscall
from socktrace.model.world import World
from socktrace.tracefile import RecordingError, open_recording
from socktrace.tracefile.encoding import encode
from socktrace.view.look import Look
from tests.screens.scripted import TRACES, recorded
from tests.unit.test_retelling import known, world_of
from tests.unit.tracefile_samples import HEADER

if TYPE_CHECKING:
    from socktrace.engine.datacalls import DataRun


class Source:
    """A live source, by hand."""

    def __init__(self) -> None:
        self.world = World()
        self.blocked: dict[int, list[Blocked]] = {}
        self.taking_down = TakingDown(self.hold, lambda: HEADER)

    @contextlib.contextmanager
    def hold(self) -> Iterator[Look]:
        """Let somebody look."""
        yield Look(self.world, self.world.t, (), (), blocked=self.blocked)

    def tell(self, *lines: Line) -> None:
        """These happened."""
        for line in lines:
            self.world.apply(line)
            if self.taking_down.path is not None:
                self.taking_down.take(line)

    def path(self) -> str | None:
        """The file that is being written."""
        return self.taking_down.path


class Run:
    """Data calls, as bytes."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    def encoded(self) -> Iterator[tuple[bytes, int]]:
        """Give them."""
        yield b"".join(encode(line) + b"\n" for line in self.lines), len(self.lines)


def read(path: Path) -> tuple[Header, list[Line]]:
    """Read a recording of which nothing is to be complained about."""
    with open_recording(str(path)) as recording:
        lines = list(recording)
        assert recording.truncated is None
        assert recording.notes == []
        return recording.header, lines


@pytest.mark.parametrize("name", sorted(path.stem for path in TRACES.glob("*.jsonl")))
def test_begun_in_the_middle(name: str, tmp_path: Path) -> None:
    """Whenever it begins, whoever reads it knows at its end what the source knows."""
    lines = recorded(name)[:-1]  # without its end
    for begin in range(0, len(lines), max(1, len(lines) // 7)):
        source, path = Source(), tmp_path / f"{begin}.jsonl"
        source.tell(*lines[:begin])
        source.taking_down.begin(str(path))
        source.tell(*lines[begin:])
        assert source.taking_down.end() == str(path)
        _, told = read(path)
        again = world_of(told)
        assert again.sockets.keys() == source.world.sockets.keys()
        for number, life in source.world.sockets.items():
            assert known(again.sockets[number]) == known(life)


def test_file_and_its_ends(tmp_path: Path) -> None:
    """It is ours alone, announces its moment first, and ends in good order."""
    source, path = Source(), tmp_path / "t.jsonl"
    lines = recorded("tcp_echo")
    source.tell(*lines[:30])
    now = source.world.t
    source.taking_down.begin(str(path))
    assert source.path() == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = json.loads(path.read_text().splitlines()[1])
    assert (first["kind"], first["event"], first["t"]) == ("process", "seen", now)
    call = next(line for line in lines if isinstance(line, Syscall) and line.socket == 1)
    source.blocked = {
        1: [Blocked(5, 4, 7, 8, "a", "poll", sockets=[1, 2])],
        2: [Blocked(5, 4, 7, 8, "a", "poll", sockets=[1, 2])],
    }
    source.taking_down.take_run(cast("DataRun", Run([call, call])))
    source.taking_down.end()
    assert source.path() is None
    assert source.taking_down.end() is None
    header, told = read(path)
    assert header == HEADER
    assert told[-3:-1] == [call, Blocked(now, 4, 7, 8, "a", "poll", sockets=[1, 2])]


def test_what_is_told_reaches_the_file_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a fifth of a second, without an end."""
    clock = [100.0]
    monkeypatch.setattr("socktrace.engine.taking_down.time.monotonic", lambda: clock[0])
    source, path = Source(), tmp_path / "t.jsonl"
    lines = recorded("tcp_echo")
    source.taking_down.begin(str(path))
    source.tell(lines[0])
    before = path.stat().st_size
    source.tell(lines[1])
    assert path.stat().st_size == before
    clock[0] += 0.2
    source.taking_down.tick()
    assert path.stat().st_size > before
    assert source.taking_down.events == 2


def test_while_the_source_goes_on(tmp_path: Path) -> None:
    """Begun and ended again and again by another thread: each is whole, and none waits."""
    source = Source()
    turnstile = Turnstile()

    @contextlib.contextmanager
    def hold() -> Iterator[Look]:
        with turnstile.looking():
            yield Look(source.world, source.world.t, (), ())

    source.taking_down = TakingDown(hold, lambda: HEADER)
    over = threading.Event()
    told = []

    def work() -> None:
        count = 0
        while not over.is_set():
            with turnstile.working():
                number, t = count % 300 + 1, count * 1000
                if number == count + 1:
                    source.tell(
                        Socket(t, number, number, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket")
                    )
                call = Syscall(t, 10, 7, 7, "a", "sendto", 5, {}, 3, number)
                source.world.apply(call)
                source.taking_down.take_run(cast("DataRun", Run([call])))
                count += 1
                turnstile.breathe()
            told.append(count)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(12):
            path = tmp_path / f"{number}.jsonl"
            source.taking_down.begin(str(path))
            before = len(told)
            while len(told) < before + 50:
                time.sleep(0.001)
            assert source.taking_down.end() == str(path)
    finally:
        over.set()
        worker.join()
    for number in range(12):
        _, lines = read(tmp_path / f"{number}.jsonl")
        sent = [life.bytes_out // 5 for life in world_of(lines).sockets.values()]
        # Each call once, be it among what was known or among what came: all in turn.
        assert sent
        assert max(sent) - min(sent) <= 1
        assert sent == sorted(sent, reverse=True)


def test_never_over_something(tmp_path: Path) -> None:
    """A file that exists stays, and so does a recording that is going on... in good order."""
    source = Source()
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(RecordingError, match="exists"):
        source.taking_down.begin(str(there))
    assert there.read_text() == "mine"
    assert source.path() is None
    for name in ("a.jsonl", "b.jsonl"):
        source.taking_down.begin(str(tmp_path / name))
    source.taking_down.end()
    read(tmp_path / "a.jsonl")
    read(tmp_path / "b.jsonl")


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Files must not grow (setrlimit(2))."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_it(tmp_path: Path) -> None:
    """The source goes on, and can be asked why; what was written stays, and the next one works."""
    source, path = Source(), tmp_path / "t.jsonl"
    lines = recorded("tcp_echo")[:-1]
    source.taking_down.begin(str(path))
    with no_room():
        source.tell(lines[0])
    assert source.path() is None
    assert source.taking_down.error is not None
    assert source.taking_down.error.why == "File too large"
    source.tell(*lines[1:5])
    assert source.taking_down.end() is None
    with open_recording(str(path)) as recording:
        list(recording)
    source.taking_down.begin(str(tmp_path / "next.jsonl"))
    with no_room(), pytest.raises(RecordingError, match="too large"):
        source.taking_down.end()
    assert source.path() is None
