"""Saving what is shown: read again, it tells the same."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.engine.replaying import ReplayFeed
from socktrace.engine.saving import Saves, save, save_shown
from socktrace.lines import Blocked, End, Folded, Header, Line, Process, Socket, Syscall, TcpEvent
from socktrace.tracefile import RecordingError, open_recording
from socktrace.view.look import Look
from tests.scenarios.programs import run
from tests.scenarios.script import Told
from tests.screens.scripted import TRACES, ScriptedFeed, recorded
from tests.unit.test_retelling import known, world_of

NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl"))


def read(path: Path) -> tuple[Header, list[Line]]:
    """Read a recording of which nothing is to be complained about."""
    with open_recording(str(path)) as recording:
        lines = list(recording)
        assert recording.truncated is None
        assert recording.notes == []
        return recording.header, lines


def check(lines: list[Line], kept: list[Line], path: Path) -> None:
    """Save a world, and read it again."""
    world = world_of(lines)
    count = save(str(path), Look(world, world.t, (), ()), None, kept)
    _, told = read(path)
    assert len(told) == count
    again = world_of(told)
    assert again.sockets.keys() == world.sockets.keys()
    for number, life in world.sockets.items():
        assert known(again.sockets[number]) == known(life)
    assert again.processes.keys() == world.processes.keys()
    for pid, process in world.processes.items():
        assert again.processes[pid].appeared == process.appeared
    calls = [line for line in kept if isinstance(line, Syscall) and line.socket in world.sockets]
    assert [
        (each.t, each.tid) for each in told if isinstance(each, Syscall) and each.socket is not None
    ] == [(each.t, each.tid) for each in calls]
    path.unlink()


@pytest.mark.parametrize("name", NAMES)
def test_everything(name: str, tmp_path: Path) -> None:
    """With no call that was kept, with the latest, with all of them."""
    lines = recorded(name)
    calls: list[Line] = [line for line in lines if isinstance(line, Syscall)]
    calls.sort(key=lambda each: each.t + each.dur if isinstance(each, Syscall) else 0)
    for kept in ([], calls[-10:], calls):
        check(lines, kept, tmp_path / "t.jsonl")
    check(lines, calls[-5:], tmp_path / "t.json")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=20, max_size=80), st.integers(0, 100))
def test_any_program(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], share: int
) -> None:
    """Whatever programs do, and however many of their calls are still there."""
    lines = Told(*run(numbers, 60).events).lines
    calls = [line for line in lines if isinstance(line, Syscall)]
    calls.sort(key=lambda each: each.t + each.dur)
    kept: list[Line] = list(calls[len(calls) * share // 100 :])
    check(lines, kept, tmp_path_factory.mktemp("saved") / "t.jsonl")


def test_some_sockets(tmp_path: Path) -> None:
    """Those chosen, who had to do with them, what waits for them, and a note of it."""
    lines = recorded("fork_server")
    world = world_of(lines)
    number = next(life.socket for life in world.sockets.values() if life.role == "accepted")
    waits = Blocked(5, 4, 77, 78, "a", "poll", sockets=[number, 1])
    other = Blocked(5, 4, 77, 79, "a", "read", socket=1)
    look = Look(world, world.t, (), (), blocked={number: [waits], 1: [waits, other]})
    path = tmp_path / "t.jsonl"
    save(str(path), look, [number, 999], lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    header, told = read(path)
    assert header.filters == {"saved": "1 socket"}
    assert {each.socket for each in told if isinstance(each, Socket)} == {number}
    assert [each for each in told if isinstance(each, Blocked)] == [
        Blocked(world.t, 4, 77, 78, "a", "poll", sockets=[number, 1])
    ]
    assert not [each for each in told if isinstance(each, Folded)]
    assert 0 < len({each.pid for each in told if isinstance(each, Process)}) < len(world.processes)
    again = world_of(told)
    assert known(again.sockets[number]) == known(world.sockets[number])


def test_in_the_order_of_time(tmp_path: Path) -> None:
    """What is saved can be replayed: each line stands where it happened, calls before effects."""
    lines = recorded("tcp_echo")
    world = world_of(lines)
    path = tmp_path / "t.jsonl"
    save(str(path), Look(world, world.t, (), ()), None, lines)
    _, told = read(path)
    calls = [line for line in lines if isinstance(line, Syscall)]
    assert [line for line in told if isinstance(line, Syscall)] == calls
    replay = ReplayFeed(str(path))
    replay.start()
    assert replay.archive.wait(10)
    original = ReplayFeed(str(TRACES / "tcp_echo.jsonl"))
    original.start()
    assert original.archive.wait(10)
    for share in range(1, 11):
        t = (
            original.controls.start
            + (original.controls.end - original.controls.start) * share // 10
        )
        states = []
        for feed in (replay, original):
            feed.controls.seek(t)
            with feed.look() as look:
                states.append(
                    {
                        number: (life.api_state, life.bytes_in, life.bytes_out, life.local)
                        for number, life in look.world.sockets.items()
                    }
                )
        assert states[0] == states[1]
    replay.close()
    original.close()


def test_retransmits_that_were_kept(tmp_path: Path) -> None:
    """What TCP did on its own is told where the lines are still there."""
    lines: list[Line] = [
        Socket(5, 1, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket"),
        TcpEvent(9, 1, "retransmit"),
    ]
    world = world_of(lines)
    save(str(tmp_path / "t"), Look(world, 9, (), ()), None, lines)
    assert world_of(read(tmp_path / "t")[1]).sockets[1].retransmits == 1


def test_never_over_something(tmp_path: Path) -> None:
    """A file that exists stays as it is; so does a link."""
    world = world_of(recorded("udp_hello"))
    look = Look(world, world.t, (), ())
    path = tmp_path / "t.jsonl"
    path.write_text("mine")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "elsewhere")
    for name in ("t.jsonl", "link.jsonl"):
        with pytest.raises(RecordingError, match="exists"):
            save(str(tmp_path / name), look, None)
    assert path.read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.jsonl", "t.jsonl"]


def test_of_a_recording_its_own_lines(tmp_path: Path) -> None:
    """All of a replay is the recording again; of some sockets, what is about them."""
    feed = ReplayFeed(str(TRACES / "epoll_server.jsonl"))
    assert isinstance(feed, Saves)
    feed.start()
    assert feed.archive.wait(10)
    feed.controls.seek(feed.controls.start)
    lines = recorded("epoll_server")
    whole = tmp_path / "whole.jsonl"
    save_shown(feed, feed.look(), str(whole), None)
    header, told = read(whole)
    assert header == feed.archive.header
    assert told[:-1] == lines[:-1]
    number = next(line.sockets[0] for line in lines if isinstance(line, Syscall) and line.sockets)
    some = tmp_path / "some.jsonl"
    assert save_shown(feed, feed.look(), str(some), [number]) == len(read(some)[1])
    header, told = read(some)
    assert header.filters == {"saved": "1 socket"}
    about = [line for line in lines if getattr(line, "socket", None) == number]
    assert [line for line in told if getattr(line, "socket", None) == number] == about
    waits = [line for line in told if isinstance(line, Syscall) and line.call == "epoll_wait"]
    assert waits
    assert all(number in (line.sockets or ()) for line in waits)
    assert isinstance(told[-1], End)
    feed.close()


def test_of_a_live_source(tmp_path: Path) -> None:
    """What is known of this machine, under the name of its source."""
    feed = ScriptedFeed(recorded("udp_hello"))
    assert not isinstance(feed, Saves)
    path = tmp_path / "t.jsonl"
    save_shown(feed, feed.look(), str(path), None, recorded("udp_hello"))
    header, told = read(path)
    assert header.source == "scripted"
    assert [each for each in told if isinstance(each, Syscall)] == [
        each for each in recorded("udp_hello") if isinstance(each, Syscall)
    ]
