"""When the machine is looked at again after losses."""

from __future__ import annotations

from socktrace.engine.mending import Mending
from socktrace.events import Healing, Loss

SECOND = 1_000_000_000
MS = 1_000_000


class Machine:
    """A clock, and looks that take a while."""

    def __init__(self) -> None:
        """Begin at one second."""
        self.now = SECOND
        self.takes = 10 * MS
        self.looks: list[tuple[int, int, bool]] = []
        self.mending = Mending(self.look)

    def look(self, since: int, again: bool) -> Healing:  # noqa: FBT001 - as `Mending` calls it
        """Look: note when and why."""
        began = self.now
        self.looks.append((began, since, again))
        self.now += self.takes
        return Healing(self.now, began, since, (), (), (), None, (), again=again)

    def run(self, duration: int, *, losing: bool = False) -> list[Healing]:
        """Let time pass; what came to be told."""
        told = []
        until = self.now + duration
        while self.now < until:
            ready = self.mending.ready(self.now)
            told += [ready] if ready is not None else []
            if losing:
                self.lose()
            self.mending.look_if_due(self.now)
            self.now += 20 * MS
        return told

    def lose(self, ring: str = "life", since: int | None = None) -> None:
        """Lose a record now."""
        self.mending.note([Loss(self.now, 1, "ring full", ring=ring, since=since)])


def test_without_losses_nobody_looks() -> None:
    """Nor after losses of calls that move bytes, which change nothing about what exists."""
    machine = Machine()
    machine.lose("data")
    machine.lose("wide")
    assert machine.run(5 * SECOND) == []
    assert machine.looks == []


def test_a_loss_is_followed_by_two_looks() -> None:
    """One at once, one a second later for what was born meanwhile; then there is peace."""
    machine = Machine()
    machine.lose(since=SECOND // 2)
    told = machine.run(5 * SECOND)
    assert [(since, again) for _, since, again in machine.looks] == [
        (SECOND // 2, False),
        (SECOND, True),
    ]
    assert machine.looks[0][0] == SECOND
    assert machine.looks[1][0] >= 2 * SECOND
    assert len(told) == 2


def test_looks_are_rare_while_losses_go_on() -> None:
    """Once a second at most; slow ones take no more than a twentieth of the time, up to 10 s."""
    machine = Machine()
    machine.run(5 * SECOND, losing=True)
    assert 4 <= len(machine.looks) <= 6
    slow = Machine()
    slow.takes = 500 * MS
    slow.run(60 * SECOND, losing=True)
    assert 4 <= len(slow.looks) <= 6
    slower = Machine()
    slower.takes = 5 * SECOND
    slower.run(60 * SECOND, losing=True)
    assert 4 <= len(slower.looks) <= 5


def test_when_losses_are_over_it_is_soon_seen() -> None:
    """However long a look takes: what is believed is wrong until then."""
    machine = Machine()
    machine.takes = 400 * MS
    machine.run(2 * SECOND, losing=True)
    before, over = len(machine.looks), machine.now
    machine.run(2 * SECOND)
    assert len(machine.looks) > before
    assert machine.looks[before][0] <= over + SECOND + machine.takes + 20 * MS


def test_what_else_is_done_meanwhile_does_not_count() -> None:
    """Only what a look itself takes makes it rare."""
    machine = Machine()
    machine.takes = 500 * MS
    machine.mending = Mending(machine.look, lambda: 490 * MS * len(machine.looks))
    machine.run(60 * SECOND, losing=True)
    assert len(machine.looks) > 30


def test_a_look_is_told_when_all_before_it_has_come() -> None:
    """Not after a reading that began before it had ended: that may lack what is older."""
    machine = Machine()
    machine.lose()
    machine.mending.look_if_due(machine.now)
    ended = machine.now
    assert machine.mending.ready(ended) is None
    assert machine.mending.ready(ended + 10 * MS) is None
    told = machine.mending.ready(ended + 20 * MS)
    assert told is not None
    assert machine.mending.ready(ended + SECOND) is None


def test_at_the_end_there_is_a_last_look() -> None:
    """However soon: what was lost since the last look would never be mended otherwise."""
    machine = Machine()
    machine.lose()
    machine.run(100 * MS)
    assert machine.mending.last() is None
    machine.lose()
    assert machine.mending.last() is not None
    assert len(machine.looks) == 2
