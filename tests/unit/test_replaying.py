"""Any moment of a recording: what is shown is what was known then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.engine.replaying import archive, feed, latest
from socktrace.lines import Blocked, End, Finding, Line, Sample, Socket, State, Syscall
from socktrace.view.look import lines_of
from tests.screens.scripted import TRACES, recorded
from tests.unit.replays import (
    NAMES,
    Clock,
    close_all,
    expected,
    long_recording,
    moments,
    opened,
    shown,
)
from tests.unit.tracefile_samples import write


@pytest.fixture(autouse=True)
def _all_closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


@pytest.fixture
def few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that depends on how long a recording is happens in short ones."""
    monkeypatch.setattr(archive, "_SPACING", 16)
    monkeypatch.setattr(archive, "_PIECE", 8)
    monkeypatch.setattr(feed, "FRESH", 10)
    monkeypatch.setattr(latest, "FRESH", 10)
    monkeypatch.setattr(feed, "_FAR", 20)


@pytest.mark.usefixtures("few_lines")
@pytest.mark.parametrize("name", NAMES)
def test_every_moment(name: str) -> None:
    """To and fro: the world is that of the moment, and after a jump so are the lines before it."""
    lines, replay = recorded(name), opened(TRACES / f"{name}.jsonl")
    told = moments(lines)
    every = sorted(set(told))
    assert replay.controls.start == every[0]
    assert replay.controls.end == every[-1]
    assert shown(replay)[0] == expected(lines, every[-1])
    for place in range(0, 3 * len(every), 3):
        t = every[place * 31 % len(every)] + place % 2
        replay.controls.seek(t)
        world, look = shown(replay)
        assert replay.controls.now == look.now == min(t, every[-1])
        assert world == expected(lines, t)
        before = [line for line, at in zip(lines, told, strict=True) if at <= t]
        if look.reset:
            assert look.fresh == before[-10:]
            assert look.changed == set(look.world.sockets)
        else:
            assert look.fresh == before[len(before) - len(look.fresh) :]
        waiting = {
            (line.tid, line.t)
            for line, at in zip(lines, told, strict=True)
            if isinstance(line, Syscall) and line.t <= look.now < at and line.dur >= 20_000
        }
        found = {(each.tid, each.since) for calls in look.blocked.values() for each in calls}
        assert found <= waiting | {
            (each.tid, each.since) for each in lines if isinstance(each, Blocked)
        }
    replay.close()


@pytest.mark.usefixtures("few_lines")
def test_step_by_step_there_and_back(clock: Clock) -> None:
    """Each step is a call or a change, with all that came of it, and each has its way back."""
    lines = recorded("tcp_echo")
    replay = opened(TRACES / "tcp_echo.jsonl", clock)
    player = replay.controls
    player.seek(player.start)
    seen = [player.now]
    collected: list[Line] = []
    shown(replay)
    while True:
        player.step(1)
        if player.now == seen[-1]:
            break
        seen.append(player.now)
        world, look = shown(replay)
        assert not look.reset
        assert world == expected(lines, player.now)
        collected += lines_of(look.fresh)
        assert all(each in look.changed for each in _sockets(look.fresh))
    assert collected == [
        line for line, at in zip(lines, moments(lines), strict=True) if seen[0] < at <= seen[-1]
    ]
    assert len(seen) > 30
    for t in reversed(seen[:-1]):
        player.step(-1)
        assert player.now == t
        assert shown(replay)[0] == expected(lines, t)
    player.step(-1)
    assert player.now == player.start
    player.step(3)
    assert player.now == seen[3]


def _sockets(lines: object) -> Iterator[int]:
    assert isinstance(lines, list)
    for line in lines:
        if getattr(line, "socket", None) is not None:
            yield line.socket


def test_waiting_calls() -> None:
    """A call that returned later was waiting till then; one that never did waits at the end."""
    replay = opened(TRACES / "stuck.jsonl")
    lines = recorded("stuck")
    for number, line in enumerate(lines):
        if isinstance(line, Syscall) and line.socket is not None and line.dur > 1_000_000:
            inside = [at for at in moments(lines[:number]) if line.t <= at]
            if inside:
                replay.controls.seek(inside[0])
                _, look = shown(replay)
                waits = [each for each in look.blocked[line.socket] if each.tid == line.tid]
                assert [(each.call, each.since, each.t) for each in waits] == [
                    (line.call, line.t, look.now)
                ]
                replay.controls.seek(line.t + line.dur)
                _, look = shown(replay)
                assert line.tid not in {each.tid for each in look.blocked.get(line.socket, ())}
                break
    else:
        pytest.fail("the sample has a call that waits")


def test_calls_that_never_returned(tmp_path: Path) -> None:
    """They wait from their beginning to the end, for each socket that they wait for."""
    lines: list[Line] = [
        Socket(5, 1, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket"),
        Socket(5, 2, 10, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket"),
        State(40, 1, "api", None, "created", "kernel"),
        Blocked(90, 20, 7, 8, "a", "poll", sockets=[1, 2]),
        Blocked(90, 30, 7, 9, "a", "read", fd=3, socket=2),
        End(90, 0, 0, "done"),
    ]
    replay = opened(write(tmp_path / "t.jsonl", lines, None))

    def waiting() -> dict[int, list[tuple[int, int, str]]]:
        with replay.look() as look:
            return {
                number: [(each.t, each.since, each.call) for each in calls]
                for number, calls in look.blocked.items()
            }

    poll, read = (90, 20, "poll"), (90, 30, "read")
    assert waiting() == {1: [poll], 2: [poll, read]}
    replay.controls.seek(25)
    assert waiting() == {1: [(25, 20, "poll")], 2: [(25, 20, "poll")]}
    replay.controls.seek(10)
    assert waiting() == {}


def test_playing_goes_by_the_clock(tmp_path: Path, clock: Clock) -> None:
    """As fast as it happened, faster or slower; it pauses, and ends at the end."""
    path, lines = long_recording(tmp_path)
    replay = opened(path, clock)
    player = replay.controls
    player.play()
    assert player.now == player.start == 1_000_000_000
    assert shown(replay)[1].reset
    clock.now += 0.5
    world, look = shown(replay)
    assert look.now == 1_500_000_000
    assert not look.reset
    assert len(look.fresh) == 499
    assert world == expected(lines, 1_500_000_000)
    player.speed = 2
    clock.now += 0.25
    assert shown(replay)[1].now == 2_000_000_000
    player.pause()
    clock.now += 100
    assert shown(replay)[1].now == 2_000_000_000
    player.speed = 1 / 16
    player.play()
    clock.now += 1.6
    assert shown(replay)[1].now == 2_100_000_000
    player.speed = 10_000
    assert player.speed == 1024
    clock.now += 1
    assert shown(replay)[1].skipped == 0
    clock.now += 10
    world, look = shown(replay)
    assert not player.playing
    assert look.now == player.end == 3_602_000_000_000
    assert world == expected(lines, player.end)
    player.play()
    assert player.now == player.start


def test_idle_time_can_be_skipped(tmp_path: Path, clock: Clock) -> None:
    """An hour of nothing takes half a second."""
    path, _ = long_recording(tmp_path, 10)
    replay = opened(path, clock)
    player = replay.controls
    player.skip_idle = True
    player.seek(player.start)
    player.play()
    shown(replay)
    clock.now += 0.1
    assert shown(replay)[1].now == 3_600_500_000_000
    clock.now += 0.6
    assert shown(replay)[1].now == 3_601_100_000_000


def test_marks_count_everything(tmp_path: Path) -> None:
    """In any number of parts, each event is in the one of its moment."""
    path, _ = long_recording(tmp_path)
    player = opened(path).controls
    for parts in (1, 2, 7, 120):
        marks = player.marks(parts)
        assert {len(each) for each in marks} == {parts}
        assert sum(marks.calls) == 4_000
        assert sum(marks.errors) == 30
        assert (sum(marks.born), sum(marks.closed), sum(marks.findings)) == (1, 1, 1)
    marks = player.marks(3_601)
    assert marks.calls[:3] == [999, 1000, 1000]
    assert marks.calls[3_600] == 1_000
    assert marks.born[0] == 1
    assert marks.findings[1] == 1
    assert player.next_finding() == 2_000_000_000
    assert player.birth(1) == 1_000_000_000
    assert player.birth(2) is None


def test_again_is_no_error_mark() -> None:
    """Calls that say "later" are not marked; those that fail are."""
    lines = recorded("errors")
    player = opened(TRACES / "errors.jsonl").controls
    failed = [line for line in lines if isinstance(line, Syscall) and line.errno is not None]
    again = [line for line in failed if line.errno in {"EAGAIN", "EINPROGRESS"}]
    assert sum(player.marks(10).errors) == len(failed) - len(again) > 5
    assert again


@pytest.mark.usefixtures("few_lines")
def test_findings_are_told_anew_after_a_jump(tmp_path: Path, clock: Clock) -> None:
    """However long ago they were: they still hold. Later ones are not told yet."""
    found = [Finding(t, t, 1, "rule", "note", f"at {t}", [], "") for t in (5, 95)]
    states = [Sample(t, 1, t, t) for t in range(10, 90)]
    born = Socket(1, 1, 7, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket")
    lines: list[Line] = [born, found[0], *states, found[1]]
    replay = opened(write(tmp_path / "t.jsonl", lines, None), clock)
    with replay.look():
        pass
    replay.controls.seek(80)
    with replay.look() as look:
        assert look.reset
        assert [line for line in look.fresh if isinstance(line, Finding)] == found[:1]
        assert len(look.fresh) < 20  # of the others the latest


def test_more_than_there_is_room_for(tmp_path: Path, clock: Clock) -> None:
    """What passes too fast is counted, not told; after a jump it is told again."""
    path, _ = long_recording(tmp_path, 5_000)
    replay = opened(path, clock)
    player = replay.controls
    player.seek(player.start)
    shown(replay)
    player.play()
    clock.now += 10
    _, look = shown(replay)
    assert len(look.fresh) == 2_000
    assert look.skipped == 3_000
    player.seek(player.start + 4_900_000_000)
    assert not shown(replay)[1].skipped


class SlowClock(Clock):
    """Each look at the clock takes its time."""

    step = 0.0

    def __call__(self) -> float:
        """Seconds."""
        self.now += self.step
        return self.now


def test_a_long_way_takes_several_looks(tmp_path: Path) -> None:
    """The screen is not held for long: it says how far it is, and ends where it was sent."""
    path, lines = long_recording(tmp_path, 5_000)
    clock = SlowClock()
    replay = opened(path, clock)
    player = replay.controls
    player.seek(player.start)
    shown(replay)
    clock.step = 0.09
    player.seek(player.end - 5)
    _, look = shown(replay)
    assert look.reset
    assert player.start < look.now < player.now
    doing = replay.status().doing
    assert doing.startswith("going to 3601.99")
    for _ in range(10):
        world, look = shown(replay)
        if look.now == player.now:
            break
    assert look.reset
    assert len(look.fresh) == 2_000
    assert world == expected(lines, player.end - 5)
    assert replay.status().doing == ""


def test_playing_waits_for_a_slow_machine(tmp_path: Path) -> None:
    """Where lines cannot be taken in as fast as they came, none is left out: time goes slower."""
    path, _ = long_recording(tmp_path, 5_000)
    clock = SlowClock()
    replay = opened(path, clock)
    player = replay.controls
    player.seek(player.start)
    player.speed = 1024
    shown(replay)
    player.play()
    clock.step = 0.2
    _, first = shown(replay)
    _, second = shown(replay)
    assert first.now < 2_000_000_000
    assert len(first.fresh) + len(second.fresh) <= 2_048
    assert first.now < second.now < 3_000_000_000


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("seek step play".split()), st.integers(-9, 99))))
def test_any_way_leads_there(ways: list[tuple[str, int]]) -> None:
    """However one came to a moment, it is that moment."""
    clock = Clock()
    lines = recorded("half_close")
    replay = opened(TRACES / "half_close.jsonl", clock)
    player = replay.controls
    for way, number in ways:
        if way == "seek":
            player.seek(player.start + (player.end - player.start) * number // 100)
        elif way == "step":
            player.step(number % 7 - 3)
        else:
            player.play()
            clock.now += number / 10_000
        world, look = shown(replay)
        assert look.now == player.now
        assert world == expected(lines, look.now)
    replay.close()
