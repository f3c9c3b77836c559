"""What is kept of each socket's calls, and what a page copies of a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from socktrace.lines import Blocked, Descriptor, Folded, Line, Process, Sample, Syscall, TcpEvent
from socktrace.model.world import World
from socktrace.view.life.entry import LINES_EACH, LINES_OPEN
from socktrace.view.life.kept import Kept
from socktrace.view.life.page import page_of
from socktrace.view.life.series import ERROR, IN, OUT, Series
from socktrace.view.look import RunSum
from tests.unit.life_samples import HERE, call, look_of, socket_line, state, world_of


class Calls:
    """A run of data calls, as the engine gives them, of sockets whose inodes are 1000 and more."""

    def __init__(self, lines: Iterable[Syscall]) -> None:
        self.told = list(lines)
        self.taken_apart = 0

    @property
    def size(self) -> int:
        """How many."""
        return len(self.told)

    def lines(self) -> Iterable[Syscall]:
        """Each of them."""
        self.taken_apart += len(self.told)
        return iter(self.told)

    def joined(self, others: Sequence[Self]) -> Self:
        """One of several."""
        return type(self)([*self.told, *(line for other in others for line in other.told)])

    def sums(self) -> Sequence[RunSum]:
        """One row a socket."""
        numbers = sorted({line.socket for line in self.told if line.socket is not None})
        return [self._sum(number) for number in numbers]

    def _sum(self, number: int) -> RunSum:
        of = [line for line in self.told if line.socket == number]
        last = of[-1]
        return RunSum(
            last.call, last.pid, last.tid, last.comm, 3, (number,), len(of),
            sum(line.ret for line in of), {}, of[0].t, last.t + last.dur,
            sum(line.dur for line in of),
        )  # fmt: skip

    def singles(self, row: RunSum, most: int) -> Iterable[Syscall]:
        """Those of one row."""
        return [line for line in self.told if line.socket in row.sockets][:most]

    def inodes(self) -> Iterable[int]:
        """Inodes of the sockets."""
        return {1000 + line.socket for line in self.told if line.socket is not None}

    def of(self, inodes: Iterable[int]) -> Calls:
        """Those on some of them."""
        chosen = set(inodes)
        self.parts = Calls(line for line in self.told if 1000 + (line.socket or 0) in chosen)
        return self.parts


def kept_of(lines: Iterable[Line], **fields: Any) -> Kept:
    """What is kept after some lines."""
    kept = Kept(**fields)
    kept.take(look_of(lines))
    return kept


def test_the_latest_are_kept() -> None:
    """Two hundred of a socket whose page is not open."""
    kept = kept_of([socket_line(), *(call("read", t, 1, 1) for t in range(LINES_EACH + 50))])
    entry = kept.entry(1)
    assert entry is not None
    assert len(entry.lines) == LINES_EACH == len(kept)
    assert entry.lines[-1].t == LINES_EACH + 49


def test_more_are_kept_of_watched_sockets() -> None:
    """From when a page is opened until it is left."""
    world = world_of([socket_line()])
    kept = Kept()
    kept.open(1, world)
    lines: list[Line] = [call("read", t, 1, 1) for t in range(LINES_EACH * 3)]
    kept.take(look_of(lines, world))
    entry = kept.entry(1)
    assert entry is not None
    assert len(entry.lines) == LINES_EACH * 3 == len(kept)
    assert len(kept.series) == LINES_EACH * 3
    assert LINES_OPEN > LINES_EACH
    kept.open(None, world)
    assert len(entry.lines) == LINES_EACH == len(kept)


def test_a_page_knows_what_was_before_it() -> None:
    """The calls that were kept are counted when it opens."""
    world = World()
    kept = Kept()
    kept.take(look_of([socket_line(), call("read", 5, 10, 7), call("write", 20, 10, 7)], world))
    kept.open(1, world)
    drawn = kept.series.drawn()
    assert drawn.starts.tolist() == [5, 20]
    assert drawn.flags.tolist() == [IN, OUT]


def test_the_oldest_socket_gives_way() -> None:
    """By sockets and by lines, but never one that is watched."""
    lines: list[Line] = [socket_line(number) for number in (1, 2, 3)]
    calls = [call("read", number, 1, 1, socket=number) for number in (1, 2, 3)]
    kept = Kept(sockets=2)
    world = World()
    kept.take(look_of([*lines, calls[0]], world))
    kept.watch((1,))
    kept.take(look_of([calls[1]], world))
    kept.take(look_of([calls[2]], world))
    assert [number for number in (1, 2, 3) if kept.entry(number)] == [1, 3]
    kept = Kept(lines=2)
    for line in calls:
        kept.take(look_of([line], world))
    assert [number for number in (1, 2, 3) if kept.entry(number)] == [2, 3]
    assert len(kept) == 2


def test_hidden_processes_leave_nothing() -> None:
    """Our own calls are not kept."""
    kept = Kept()
    kept.take(look_of([socket_line(), call("read", 1, 1, 1)], hidden=frozenset({7})))
    assert kept.entry(1) is None


def test_origin_of_accepted_and_paired() -> None:
    """accept(2) is told on the listener, socketpair(2) on the first of two."""
    accepting = call("accept4", 90, 10, 5, socket=1)
    pair = call("socketpair", 200, 10, socket=3, args={"sv": [3, 4]})
    kept = kept_of([
        socket_line(1),
        socket_line(2, 100, origin="accept", listener=1),
        accepting,
        socket_line(3, 210, origin="socketpair"),
        socket_line(4, 210, origin="socketpair", peer=3),
        pair,
    ])  # fmt: skip
    origins = {number: entry.origin for number in range(5) if (entry := kept.entry(number))}
    assert origins[2] is accepting
    assert origins[3] is pair
    assert origins[4] is pair
    assert origins[1] is None


def test_a_failed_accept_makes_nothing() -> None:
    """The socket before it keeps its own origin."""
    kept = kept_of([
        socket_line(1),
        socket_line(2, 100, origin="accept", listener=1),
        call("accept4", 150, 10, -1, socket=1, errno="EAGAIN"),
    ])  # fmt: skip
    entry = kept.entry(2)
    assert entry is None or entry.origin is None


def test_small_runs_are_taken_apart() -> None:
    """As long as there is room in one look."""
    run = Calls(call("read", t, 1, 1) for t in range(10))
    kept = Kept()
    look = look_of([socket_line()])
    kept.take(look._replace(fresh=[run]))
    entry = kept.entry(1)
    assert entry is not None
    assert len(entry.lines) == 10


def test_large_runs_are_added_up_but_for_watched_sockets() -> None:
    """Of others a sum is kept, so that what is counted has no holes."""
    world = world_of([socket_line(1), socket_line(2)])
    run = Calls(call("read", t, 1, 2, socket=1 + t % 2) for t in range(3000))
    kept = Kept()
    kept.open(1, world)
    kept.take(look_of([], world)._replace(fresh=[run]))
    assert run.taken_apart == 0
    assert run.parts.taken_apart == 1500
    one, two = kept.entry(1), kept.entry(2)
    assert one is not None
    assert two is not None
    assert len(one.lines) == 1500
    assert [(line.count, line.bytes) for line in two.lines if isinstance(line, Folded)] == [
        (1500, 3000)
    ]


def test_runs_too_large_for_anybody() -> None:
    """Even of a watched socket no more than some thousands are taken apart in one look."""
    world = world_of([socket_line(1)])
    run = Calls(call("read", t, 1, 2) for t in range(50_000))
    kept = Kept()
    kept.open(1, world)
    kept.take(look_of([], world)._replace(fresh=[run]))
    assert run.taken_apart == run.parts.taken_apart == 0
    assert len(kept.series) == 0
    assert [fold.count for fold in kept.series.folds] == [50_000]


def test_another_moment() -> None:
    """A reset forgets everything, and the page that is open goes on with what is told anew."""
    kept = Kept()
    world = World()
    kept.take(look_of([socket_line(), call("read", 1, 1, 1)], world))
    kept.open(1, world)
    kept.take(look_of([socket_line(), call("write", 2, 1, 1)], reset=True))
    assert kept.series.names == ["write"]
    entry = kept.entry(1)
    assert entry is not None
    assert len(entry.lines) == 1


def test_series_are_bounded() -> None:
    """The oldest calls give way, a fifth at a time."""
    series = Series(most=100)
    for t in range(500):
        series.add(call("read", t, 1, 1), None)
    assert 100 <= len(series) <= 120
    assert series.drawn().starts[-1] == 499
    assert (series.drawn().flags & ERROR).sum() == 0


def test_waits_are_kept_for_each_socket() -> None:
    """epoll_wait(2) and its like are about several; of very many, only for those watched."""
    wait = call("epoll_wait", 5, 10, 2, socket=None, sockets=[1, 2])
    wide = call("poll", 20, 10, 1, socket=None, sockets=list(range(1, 50)))
    world = world_of([socket_line(1), socket_line(2)])
    kept = Kept()
    kept.open(1, world)
    kept.take(look_of([wait, wide], world))
    one, two = kept.entry(1), kept.entry(2)
    assert one is not None
    assert two is not None
    assert list(one.waits) == [wait, wide]
    assert list(two.waits) == [wait]


def test_accepted_of_the_open_listener() -> None:
    """Those before the page was opened, and those since."""
    world = world_of([
        socket_line(1),
        state("listening", 1),
        socket_line(2, origin="accept", listener=1),
    ])  # fmt: skip
    kept = Kept()
    kept.open(1, world)
    kept.take(look_of([socket_line(3, origin="accept", listener=1)], world))
    assert list(kept.accepted) == [2, 3]
    kept.take(look_of([socket_line(3, origin="accept", listener=1)], world))
    assert list(kept.accepted) == [2, 3]
    page = page_of(look_of([], world), 1, kept)
    assert page is not None
    assert [life.socket for life in page.accepted] == [3, 2]


def test_a_page_is_a_copy() -> None:
    """What happens later does not change it."""
    world = World()
    kept = Kept()
    first: list[Line] = [
        Process(0, "seen", 7, comm="seven", ppid=1),
        socket_line(local=HERE),
        Descriptor(0, 1, 7, 3, "opened", "socket"),
        state("created", 0),
        call("read", 1, 1, -1, errno="EAGAIN"),
    ]
    look = look_of(first, world)
    kept.take(look)
    kept.open(1, world)
    page = page_of(look, 1, kept)
    assert page is not None
    kept.take(
        look_of(
            [
                call("read", 2, 1, -1, errno="EAGAIN"),
                Descriptor(9, 1, 7, 3, "closed", "close"),
                state("closed", 9),
            ],
            world,
        )
    )
    life = page.life
    assert life.closed is None
    assert len(life.states) == 1
    assert life.descriptors[0].closed is None
    assert life.calls["read"].errors == {"EAGAIN": 1}
    assert len(page.end.lines) == 1
    assert page.name_of(7) == "seven"
    assert page.parents == {7: 1}
    assert page_of(look, 99, kept) is None


def test_samples_are_kept_short() -> None:
    """Only the fields that are shown."""
    info = {"tcpi_rtt": 250, "tcpi_unknown": 1}
    kept = kept_of([socket_line(), Sample(5, 1, 10, 20, info), TcpEvent(6, 1, "retransmit")])
    entry = kept.entry(1)
    assert entry is not None
    reading = entry.readings[0]
    assert (reading.t, reading.receive_queue, reading.send_queue) == (5, 10, 20)
    assert 250 in reading.info
    assert 1 not in reading.info


def test_uses_beside_a_moment() -> None:
    """The call before and after another."""
    world = World()
    kept = Kept()
    look = look_of([socket_line(), *(call("read", t, 1, 1) for t in (10, 20, 30))], world)
    kept.take(look)
    page = page_of(look, 1, kept)
    assert page is not None
    assert page.use_beside(20, 1) == 30
    assert page.use_beside(20, -1) == 10
    assert page.use_beside(30, 1) is None
    assert page.end.unseen() == 0


def test_who_waits_is_known_better_from_the_calls() -> None:
    """Who is blocked is asked once a second: a call that has returned since blocks no more."""
    gone = Blocked(1000, 500, 7, 7, "seven", "read", 3, 1)
    waits = Blocked(1000, 600, 7, 9, "seven", "read", 3, 1)
    ours = Blocked(1000, 600, 66, 66, "socktrace", "read", 3, 1)
    world, kept = World(), Kept()
    look = look_of(
        [socket_line(), call("read", 500, 700, 5), call("read", 100, 500, 5, tid=9)],
        world,
        blocked={1: [gone, waits, ours]},
        hidden=frozenset({66}),
    )
    kept.take(look)
    page = page_of(look, 1, kept)
    assert page is not None
    assert page.end.blocked == (waits,)
    assert [use.call for use in page.end.uses(2000) if not use.done] == ["read"]


def test_a_page_is_copied_anew_only_if_something_was_told() -> None:
    """Times and waiting calls go on all the same."""
    world, kept = World(), Kept()
    look = look_of([socket_line(), call("read", 5, 5, 5)], world)
    kept.take(look)
    first = page_of(look, 1, kept)
    assert first is not None
    waits = Blocked(1000, 600, 7, 9, "seven", "read", 3, 1)
    later = page_of(look_of([], world, now=5000, blocked={1: [waits]}), 1, kept, first)
    assert later is not None
    assert later.life is first.life
    assert later.now == 5000
    assert later.end.blocked == (waits,)
    assert page_of(look_of([], world, now=9000), 1, kept, later) == first._replace(now=9000)
