"""The model against a simulated kernel: exact when all is told, sane when it is not."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.events import Call, Event, Loss
from socktrace.lines import Line, State
from socktrace.model.limits import Limits
from socktrace.model.states import is_allowed
from socktrace.model.tracker import Tracker
from socktrace.model.world import World
from tests.scenarios.programs import run
from tests.scenarios.simkernel import Kernel

_NUMBERS = st.lists(st.integers(0, 10_000), min_size=20, max_size=120)
_STEPS = st.integers(1, 120)


def _feed(events: list[Event], limits: Limits | None = None) -> tuple[Tracker, list[Line]]:
    lines: list[Line] = []
    tracker = Tracker(lines.append, whole_machine=True, limits=limits)
    for event in events:
        tracker.feed(event)
    return tracker, lines


def _uncounted(events: list[Event]) -> list[Event]:
    """Give the events as a source shows them that cannot read the kernel's reference counts."""
    replace = msgspec.structs.replace
    shown: list[Event] = []
    for event in events:
        if isinstance(event, Call):
            sock, other = (
                replace(info, refs=0) if info is not None else None
                for info in (event.sock, event.other)
            )
            shown.append(replace(event, sock=sock, other=other))
        else:
            shown.append(event)
    return shown


def _descriptors(world: World, kernel: Kernel) -> list[tuple[int, int, int]]:
    """Give (table, number, inode) of all holders, each as often as the model counts it."""
    found = []
    for life in world.open_sockets():
        for pid, fd in world.holders(life.socket):
            found.append((kernel.procs[pid].table.address, fd, life.inode))
    return sorted(found)


def _check_sane(world: World, lines: list[Line]) -> None:
    for life in [*world.open_sockets(), *world.closed_sockets()]:
        assert (life.api_state == "closed") == (life.closed is not None)
        if life.closed is not None:
            assert world.holders(life.socket) == []
            assert all(each.closed is not None for each in life.descriptors)
    told: dict[tuple[int, str], str] = {}
    for line in lines:
        if isinstance(line, State):
            key = (line.socket, line.layer)
            if key in told:
                assert line.from_ == told[key]
            assert line.inferred or is_allowed(line.layer, line.from_, line.to), line
            told[key] = line.to


def _replayed(lines: list[Line], limits: Limits | None = None) -> World:
    world = World(limits)
    for line in lines:
        world.apply(line)
    return world


def _dump(world: World) -> list[object]:
    """Give all that a world knows, for comparison; encoded, equal values may differ in form."""
    sockets = [*world.open_sockets(), *world.closed_sockets()]
    holders = {life.socket: world.holders(life.socket) for life in sockets}
    return [sockets, holders, world.processes, world.t, world.evicted]


@settings(max_examples=150, deadline=None)
@given(_NUMBERS, _STEPS, st.booleans())
def test_model_equals_kernel(numbers: list[int], steps: int, counted: bool) -> None:  # noqa: FBT001
    """With every event told in order, open sockets and descriptors are exactly the kernel's.

    Also where the events do not show how many references the kernel counts.
    """
    kernel = run(numbers, steps)
    tracker, lines = _feed(kernel.events if counted else _uncounted(kernel.events))
    world = tracker.world
    assert {life.inode for life in world.open_sockets()} == kernel.open_inodes()
    assert _descriptors(world, kernel) == sorted(kernel.descriptors())
    assert not [line for line in lines if getattr(line, "via", "") == "unknown"]
    assert not [
        line
        for line in lines
        if isinstance(line, State) and line.inferred and line.to != "TIME-WAIT"
    ]
    _check_sane(world, lines)


@settings(max_examples=60, deadline=None)
@given(_NUMBERS, _STEPS)
def test_tcp_states_equal_kernel(numbers: list[int], steps: int) -> None:
    """The TCP state of every open socket is the kernel's; TIME-WAIT stands for its mini-sock."""
    names = {1: "ESTABLISHED", 5: "FIN-WAIT-2", 8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN"}
    kernel = run(numbers, steps)
    tracker, _ = _feed(kernel.events)
    for file in kernel.files:
        number = tracker.socket_id(file.inode)
        if number is None or not file.tcp or not file.refs:
            continue
        state = tracker.world.life(number).tcp_state
        assert state == names.get(file.tcp_state, state)
        if file.tcp_state == 7:
            assert state in {"CLOSED", "TIME-WAIT"}


@settings(max_examples=40, deadline=None)
@given(_NUMBERS, _STEPS)
def test_replay_equals_live(numbers: list[int], steps: int) -> None:
    """The lines alone make the same world again, also after a trip through JSON."""
    tracker, lines = _feed(run(numbers, steps).events)
    assert _dump(_replayed(lines)) == _dump(tracker.world)
    decoder = msgspec.json.Decoder(Line)
    again = [decoder.decode(msgspec.json.encode(line)) for line in lines]
    assert _dump(_replayed(again)) == _dump(tracker.world)


@settings(max_examples=200, deadline=None)
@given(_NUMBERS, _STEPS, st.data())
def test_disturbed_order_is_survived(numbers: list[int], steps: int, data: st.DataObject) -> None:
    """Whatever is lost, late or told twice: no exception, no closed socket that is held."""
    events = run(numbers, steps).events
    chance = data.draw(st.sampled_from([0.02, 0.2]))
    random = data.draw(st.randoms(use_true_random=False))
    disturbed: list[tuple[float, Event]] = []
    for place, event in enumerate(events):
        if random.random() < chance:
            fate = random.choice(["lost", "late", "twice", "told lost"])
            if fate == "told lost":
                disturbed.append((place, Loss(event.t, 1, "ring full", ring="life")))
            if fate in {"late", "twice"}:
                disturbed.append((place + random.randint(1, 10) + 0.5, event))
            if fate != "twice":
                continue
        disturbed.append((place, event))
    tracker, lines = _feed([event for _, event in sorted(disturbed, key=lambda each: each[0])])
    _check_sane(tracker.world, lines)
    assert _dump(_replayed(lines)) == _dump(tracker.world)


@settings(max_examples=30, deadline=None)
@given(_NUMBERS)
def test_bounded_memory_replays(numbers: list[int]) -> None:
    """With hardly any room, old sockets and processes go, live and in a replay alike."""
    limits = Limits(
        closed_sockets=2,
        unheld_sockets=4,
        gone_processes=1,
        history=6,
        embryos=1,
        passing=1,
    )
    tracker, lines = _feed(run(numbers, 120).events, limits)
    world = tracker.world
    assert len(world.closed_sockets()) <= 2
    assert sum(each.ended is not None for each in world.processes.values()) <= 1
    assert all(len(life.states) <= 6 for life in world.sockets.values())
    assert _dump(_replayed(lines, limits)) == _dump(world)
