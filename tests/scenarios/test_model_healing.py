"""After losses the model is healed by a look at the kernel, and is right from then on."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.events import Event, Loss
from socktrace.lines import Descriptor, Healed, Line, Lost, Process, State
from socktrace.model.states import is_allowed
from socktrace.model.tracker import Tracker
from socktrace.model.world import World
from tests.scenarios.programs import Run
from tests.scenarios.simkernel import Kernel
from tests.scenarios.simlook import Look

_NUMBERS = st.lists(st.integers(0, 10_000), min_size=20, max_size=120)
_STEPS = st.integers(1, 120)
_FEW = st.integers(0, 12)
_TCP = {1: "ESTABLISHED", 5: "FIN-WAIT-2", 8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN"}


def _tracker() -> tuple[Tracker, list[Line]]:
    lines: list[Line] = []
    return Tracker(lines.append, whole_machine=True), lines


def _feed_some(tracker: Tracker, events: list[Event], random: Random, chance: float) -> None:
    """Feed what is left when each event is lost by chance; a loss is told when it is known."""
    lost = 0
    for event in events:
        if random.random() < chance:
            lost += 1
        else:
            tracker.feed(event)
    if lost:
        tracker.feed(Loss(_last(events), lost, "ring full", ring="life"))


def _last(events: list[Event]) -> int:
    return max((event.t for event in events), default=0)


def _held(world: World, kernel: Kernel) -> set[tuple[int, int, int]]:
    """Give (table, number, inode) of all holders; a pid that is not there any more fails."""
    return {
        (kernel.procs[pid].table.address, fd, life.inode)
        for life in world.open_sockets()
        for pid, fd in world.holders(life.socket)
    }


def _check(tracker: Tracker, kernel: Kernel, in_flight: set[int] | None = None) -> None:
    """The model is what the kernel is; ``in_flight``: sockets that the look could not show.

    But for sockets that are in a message on its way and nowhere else: these no /proc shows, so one
    whose events were lost cannot be found; and sock_diag(7) shows inet sockets only while they are
    bound, so whether such a message was received cannot be known either.
    """
    world = tracker.world
    held = {inode for _, _, inode in kernel.descriptors()}
    believed = {life.inode: life for life in world.open_sockets()}
    assert held <= believed.keys()
    for inode in believed.keys() - kernel.open_inodes():
        life = believed[inode]
        assert not world.holders(life.socket)
        if life.origin == "received":
            continue  # Out of a message that nobody saw sent: a stranger may hold it still.
        assert life.family == "AF_INET"
        assert life.local is None or life.tcp_state in {None, "CLOSED", "TIME-WAIT"}
    assert _held(world, kernel) == kernel.descriptors()
    alive = {pid for pid, life in world.processes.items() if life.ended is None}
    assert alive == set(kernel.procs)
    for file in kernel.files:
        number = tracker.socket_id(file.inode)
        if number is None or not file.refs or not file.tcp:
            continue
        state = world.life(number).tcp_state
        if file.tcp_state in _TCP and file.inode in held - (in_flight or set()):
            assert state == _TCP[file.tcp_state]


def _check_inferred(lines: list[Line]) -> None:
    """What stands between a loss and the end of its healing is marked where it was concluded."""
    told: dict[tuple[int, str], str] = {}
    for line in lines:
        if isinstance(line, Descriptor) and line.via == "unknown":
            assert line.inferred
        if isinstance(line, State):
            before = told.get((line.socket, line.layer))
            assert before is None or line.from_ == before
            assert line.inferred or is_allowed(line.layer, line.from_, line.to), line
            told[line.socket, line.layer] = line.to


@settings(max_examples=80, deadline=None)
@given(_NUMBERS, _STEPS, st.sampled_from([0.02, 0.2, 0.7, 1]), st.randoms(use_true_random=False))
def test_healed_model_equals_kernel(
    numbers: list[int], steps: int, chance: float, random: Random
) -> None:
    """Whatever is lost: after a look, sockets, descriptors, processes, states are the kernel's."""
    kernel = Run(numbers).go(steps)
    tracker, lines = _tracker()
    _feed_some(tracker, kernel.events, random, chance)
    tracker.feed(Look(kernel).end())
    _check(tracker, kernel)
    _check_inferred(lines)
    assert isinstance(lines[-1], Healed)


@settings(max_examples=50, deadline=None)
@given(_NUMBERS, _STEPS, st.randoms(use_true_random=False))
def test_kernels_that_do_not_tell_who_shares_a_table(
    numbers: list[int], steps: int, random: Random
) -> None:
    """Where kcmp(2) is missing, sockets and descriptors are still those of the kernel."""
    kernel = Run(numbers).go(steps)
    tracker, lines = _tracker()
    _feed_some(tracker, kernel.events, random, 0.3)
    tracker.feed(Look(kernel).end(shared=False))
    held = {(fd, inode) for _, fd, inode in kernel.descriptors()}
    assert {(fd, inode) for _, fd, inode in _held(tracker.world, kernel)} == held
    _check_inferred(lines)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_NUMBERS, _STEPS, _STEPS, st.randoms(use_true_random=False))
def test_model_is_exact_after_healing(
    numbers: list[int], steps: int, later: int, random: Random
) -> None:
    """What follows a healing without loss is taken in as if nothing had ever been lost.

    But for processes that share one descriptor table (clone(2), CLONE_FILES) whose address no event
    has shown: when one of them then gets a table of its own, it cannot be told which moved.
    """
    run = Run(numbers, sharing=False)
    kernel = run.go(steps)
    tracker, _ = _tracker()
    _feed_some(tracker, kernel.events, random, 0.3)
    tracker.feed(Look(kernel).end())
    in_flight = {file.inode for file in kernel.flight}
    done = len(kernel.events)
    run.go(later)
    for event in kernel.events[done:]:
        tracker.feed(event)
    _check(tracker, kernel, in_flight)


@settings(max_examples=80, deadline=None)
@given(_NUMBERS, _STEPS, _FEW, _FEW, st.randoms(use_true_random=False))
def test_live_events_win(
    numbers: list[int], steps: int, first: int, second: int, random: Random
) -> None:
    """A look takes a while; what is seen to happen meanwhile is not overruled by what is older."""
    run = Run(numbers)
    kernel = run.go(steps)
    tracker, _ = _tracker()
    _feed_some(tracker, kernel.events, random, 0.1)
    done = len(kernel.events)
    look = Look(kernel)
    run.go(first)
    look.at_some(2)
    run.go(second)
    healing = look.end()
    for event in kernel.events[done:]:
        tracker.feed(event)
    tracker.feed(healing)
    tracker.feed(Look(kernel, since=healing.began).end())
    _check(tracker, kernel)


@settings(max_examples=50, deadline=None)
@given(_NUMBERS, _STEPS, _FEW, _FEW)
def test_healing_what_is_right_changes_nothing(
    numbers: list[int], steps: int, first: int, second: int
) -> None:
    """Without loss a look finds the model right, also if things happen while it lasts."""
    run = Run(numbers)
    kernel = run.go(steps)
    look = Look(kernel)
    run.go(first)
    look.at_some(1)
    run.go(second)
    healing = look.end()
    tracker, lines = _tracker()
    for event in kernel.events:
        tracker.feed(event)
    before = len(lines)
    tracker.feed(healing)
    told = [line for line in lines[before:] if not isinstance(line, Process)]
    assert len(told) == 1, told
    (healed,) = told
    assert isinstance(healed, Healed)
    assert (healed.closed, healed.found, healed.descriptors, healed.states) == (0, 0, 0, 0)


def test_a_loss_says_between_which_moments() -> None:
    """What a source knows of the time of a loss goes into its line."""
    tracker, lines = _tracker()
    tracker.feed(Loss(900, 5, "ring full", ring="life", since=100, until=800))
    assert lines == [Lost(t=900, count=5, reason="ring full", ring="life", since=100, until=800)]
