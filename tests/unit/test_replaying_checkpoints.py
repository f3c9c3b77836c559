"""A world that comes from a checkpoint is the one that was there, whatever happened since."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.lines import Descriptor, Line, Socket
from socktrace.model.checkpoints import Checkpoints, concerned, copy_of
from socktrace.model.world import World
from socktrace.tracefile.replay import EVERYTHING, whole_world
from tests.scenarios.programs import run
from tests.scenarios.script import Told
from tests.screens.scripted import TRACES, recorded


def dump(world: World) -> bytes:
    """All that a world knows."""
    sockets = [*world.open_sockets(), *world.closed_sockets()]
    return msgspec.msgpack.encode(
        [
            sockets,
            [world.holders(life.socket) for life in sockets],
            list(world.sockets),
            list(world.processes.items()),
            world.books()._asdict() | {"unexplained": sorted(world.books().unexplained)},
        ],
    )


def check_every_moment(lines: list[Line], spacing: int, *, most: int = 10_000) -> None:
    """Go through lines with checkpoints, and come back to each of them in any order."""
    world = whole_world()
    kept = Checkpoints(spacing, most=most)
    were = {0: dump(world)}
    for position, line in enumerate(lines, 1):
        world.apply(line)
        kept.note(line, world)
        kept.reached(position, world)
        were[position] = dump(world)
    for wanted in sorted(were, key=lambda place: place * 7919 % len(were)):  # in no order
        at = kept.before(wanted)
        assert at <= wanted
        again = kept.world_at(at, EVERYTHING)
        assert dump(again) == were[at]
        for line in lines[at:wanted]:
            again.apply(line)
        assert dump(again) == were[wanted]


@pytest.mark.parametrize("name", sorted(path.stem for path in TRACES.glob("*.jsonl")))
@pytest.mark.parametrize("spacing", [1, 7])
def test_samples(name: str, spacing: int) -> None:
    """After each line, or after some, of real programs."""
    check_every_moment(recorded(name), spacing)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 10_000), min_size=20, max_size=80),
    st.integers(1, 9),
    st.sampled_from([2, 5, 1000]),
)
def test_any_program(numbers: list[int], spacing: int, most: int) -> None:
    """Whatever programs do, and however few checkpoints are kept."""
    check_every_moment(Told(*run(numbers, 60).events).lines, spacing, most=most)


def test_a_socket_with_many_holders() -> None:
    """A listener that forty workers inherit, and leave in another order."""
    lines: list[Line] = [Socket(1, 1, 7, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", pid=1)]
    lines += [Descriptor(n, 1, n, 3, "opened", "fork") for n in range(1, 41)]
    lines += [Descriptor(50 + n, 1, n * 7 % 41, 3, "closed", "exit") for n in range(1, 30)]
    lines += [Descriptor(90 + n, 1, n * 7 % 41, 3, "opened", "fork") for n in range(1, 15)]
    check_every_moment(lines, 9)


@pytest.mark.parametrize("name", ["fork_server", "town", "options"])
def test_a_copy_stays_as_it_is(name: str) -> None:
    """Whatever happens to the world that it is of."""
    lines = recorded(name)
    for stop in range(0, len(lines), len(lines) // 5):
        world = whole_world()
        for line in lines[:stop]:
            world.apply(line)
        twin = copy_of(world)
        was = dump(world)
        assert dump(twin) == was
        for line in lines[stop:]:
            world.apply(line)
        assert dump(twin) == was


def test_they_are_bounded_and_spread() -> None:
    """However long it goes on, so many and no more; and they are not all at one end."""
    world, kept = whole_world(), Checkpoints(10, most=8)
    line = Socket(0, 1, 7, "AF_UNIX", "SOCK_STREAM", "0", "socket")
    for position in range(1, 10_001):
        world.apply(line)
        kept.note(line, world)
        kept.reached(position, world)
    assert 4 <= len(kept) <= 8
    assert kept.before(10_000) > 10_000 - 2 * kept.spacing
    assert 0 < kept.before(5_000) > 5_000 - 2 * kept.spacing


def test_copies_of_sockets_are_bounded() -> None:
    """Where each moment has many sockets that change, there are fewer moments."""
    world, kept = whole_world(), Checkpoints(50, most=1000, copies=500)
    for position in range(1, 5_001):
        line = Socket(position, position % 100, 7, "AF_UNIX", "SOCK_STREAM", "0", "socket")
        world.apply(line)
        kept.note(line, world)
        kept.reached(position, world)
    assert len(kept) <= 10
    assert kept.before(5_000) > 3_000


def test_who_is_concerned() -> None:
    """A line about both ends of a pair changes both."""
    lines = recorded("pair_fork")
    world = whole_world()
    for line in lines:
        world.apply(line)
        if isinstance(line, Socket) and line.peer is not None:
            assert set(concerned(line, world)) == {line.socket, line.peer}
            return
    pytest.fail("the sample has a pair")
