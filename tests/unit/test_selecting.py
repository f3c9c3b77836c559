"""A filter's choice: each socket that fits with its whole story, and nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from socktrace.engine import selecting
from socktrace.engine.selecting import Selecting
from socktrace.lines import (
    Address,
    Cause,
    Descriptor,
    Header,
    Host,
    Line,
    Lost,
    Process,
    Socket,
    State,
    Syscall,
)
from socktrace.model.filters import parse
from socktrace.model.limits import Limits
from socktrace.model.world import World


class Played:
    """Lines through a world and a choice, as a session sends them."""

    def __init__(self, expression: str | None, limits: Limits | None = None) -> None:
        self.world = World(limits)
        self.selecting = Selecting(parse(expression) if expression else None, limits)
        self.selecting.world = self.world
        self.out: list[Line] = []
        self.selecting.sink = self.out.append

    def play(self, *lines: Line) -> None:
        """Send lines."""
        for line in lines:
            self.world.apply(line)
            self.selecting.take(line)


def process(event: Any, pid: int, t: int = 0, **values: Any) -> Process:
    """Build a line of a process."""
    return Process(t=t, event=event, pid=pid, **values)


def socket(number: int, pid: int = 10, t: int = 1) -> Socket:
    """Build the first line of a socket."""
    return Socket(
        t=t, socket=number, inode=100 + number, family="AF_INET", type="SOCK_STREAM",
        protocol="IPPROTO_TCP", origin="socket", pid=pid,
    )  # fmt: skip


def call(number: int | None, t: int, name: str = "read", pid: int = 10) -> Syscall:
    """Build a line of a call."""
    return Syscall(t=t, dur=1, pid=pid, tid=pid, comm="c", call=name, ret=1, args={}, socket=number)


def state(number: int, t: int, to: str, **values: Any) -> State:
    """Build a line of a state."""
    return State(
        t=t, socket=number, layer="api", from_="created", to=to, cause=Cause(t, 10), **values
    )


def bound(number: int, t: int, port: int) -> State:
    """Build the line by which a port is known."""
    return state(number, t, "bound", local=Address(family="AF_INET", ip="0.0.0.0", port=port))


def test_without_a_filter_everything_passes() -> None:
    """No filter, nothing held back."""
    lines: list[Line] = [process("seen", 1), socket(1), call(1, 2), Lost(t=3, count=1, reason="x")]
    played = Played(None)
    played.play(*lines)
    assert played.out == lines


def test_what_came_before_it_fitted_comes_with_it() -> None:
    """A socket's story is whole though its port was known late; other sockets are not shown."""
    played = Played("port:80")
    mine: list[Line] = [socket(1), call(1, 2), bound(1, 3, 80), call(1, 4)]
    others: list[Line] = [socket(2), call(2, 2), bound(2, 3, 81), call(2, 4)]
    for line, other in zip(mine, others, strict=True):
        played.play(line, other)
    assert played.out == mine


def test_once_chosen_always_chosen() -> None:
    """A socket that fitted once is followed to its end, whatever its state is then."""
    played = Played("state:bound")
    mine: list[Line] = [socket(1), bound(1, 2, 80), state(1, 3, "closed"), call(1, 4)]
    played.play(*mine)
    assert played.out == mine


def test_processes_come_with_their_first_socket() -> None:
    """Of processes, those are told that have a socket that fits, before it; the rest are not."""
    played = Played("port:80")
    seen, forked, stranger = process("seen", 10), process("exec", 10, 1), process("seen", 20)
    played.play(seen, stranger, forked, socket(1), call(1, 2), bound(1, 3, 80))
    assert played.out[:3] == [seen, forked, socket(1)]
    end, other_end = process("exit", 10, 9), process("exit", 20, 9)
    played.play(end, other_end)
    assert played.out[-1] == end
    assert stranger not in played.out


def test_calls_without_a_socket() -> None:
    """poll and its kin come if their process has a socket that fits."""
    played = Played("port:80")
    early, late, foreign = call(None, 1, "poll"), call(None, 9, "poll"), call(None, 9, "poll", 99)
    played.play(early, socket(1), bound(1, 3, 80), late, foreign)
    assert early not in played.out
    assert late in played.out
    assert foreign not in played.out


def test_header_and_losses_always_come() -> None:
    """What is lost may be of a socket that fits: it is told whatever the filter."""
    played = Played("port:80")
    host = Host(hostname="h", kernel="6.1", arch="x86_64", boot_id="b")
    header = Header(
        format="socktrace", version=1, started_at="", host=host, source="ebpf", filters={}
    )
    loss = Lost(t=1, count=3, reason="ring full")
    played.play(header, loss)
    assert played.out == [header, loss]


def test_finish_asks_once_more() -> None:
    """What changed without a line of the socket's own is found out at the end."""
    played = Played("addr:10.0.0.1")
    played.play(socket(1), socket(2))
    played.world.life(1).local = Address(family="AF_INET", ip="10.0.0.1", port=1)
    assert played.out == []
    played.selecting.finish()
    assert played.out == [socket(1)]


def test_a_long_held_story_keeps_its_beginning() -> None:
    """When too much is held back, calls go, the oldest first; the socket's own lines stay."""
    played = Played("port:80", Limits(held_calls=5))
    birth = socket(1)
    opened = Descriptor(t=1, socket=1, pid=10, fd=3, event="opened", via="socket")
    calls = [call(1, t) for t in range(2, 30)]
    fits = bound(1, 40, 80)
    played.play(birth, opened, *calls, fits)
    assert played.out == [birth, opened, *calls[-5:], fits]
    assert played.selecting.evictions == {"held_calls": 23, "held_sockets": 0}


def test_a_long_held_life_is_bounded_too() -> None:
    """A socket that is connected anew for ever is held back by its first line and its latest."""
    played = Played("port:80", Limits(held_calls=5))
    changes = [state(1, t, "connected") for t in range(2, 30)]
    fits = bound(1, 40, 80)
    played.play(socket(1), *changes, fits)
    assert played.out == [socket(1), *changes[-4:], fits]
    assert played.selecting.evictions["held_calls"] == 24


def test_closed_sockets_that_never_fitted_are_let_go() -> None:
    """On a busy machine with a narrow filter the memory does not fill with others' sockets."""
    played = Played("port:80", Limits(held_sockets=3))
    for number in range(1, 50):
        played.play(socket(number), call(number, 2), state(number, 3, "closed"), call(number, 4))
    assert len(played.selecting._held) <= 4
    assert played.selecting.evictions == {"held_calls": 0, "held_sockets": 46}
    assert played.out == []
    played.play(socket(99), bound(99, 5, 80))
    assert played.out == [socket(99), bound(99, 5, 80)]


def test_sockets_that_the_world_forgot_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were chosen, and those that were held back, do not stay for ever."""
    monkeypatch.setattr(selecting, "_PRUNE_EVERY", 8)
    played = Played("port:80", Limits(closed_sockets=3, unheld_sockets=3))
    for number in range(1, 200):
        played.play(socket(number))
        if number % 2:
            played.play(bound(number, 2, 80), state(number, 3, "closed"))
    kept = len(played.selecting._chosen) + len(played.selecting._held)
    assert kept <= 2 * len(played.world.sockets) + 8
    assert sum(isinstance(line, Socket) for line in played.out) == 100


class Run:
    """Data calls that say how they were asked for."""

    def __init__(self, *lines: Syscall) -> None:
        self._lines = lines
        self.size = len(lines)

    def lines(self) -> Iterator[Syscall]:
        """Give them one by one."""
        yield from self._lines

    def encoded(self) -> Iterator[tuple[bytes, int]]:
        """Give them as bytes."""
        yield b"bytes", len(self._lines)


def test_without_a_filter_calls_pass_in_bulk() -> None:
    """Nobody looks at them; where bytes are not wanted, they come as lines."""
    played = Played(None)
    run: Any = Run(call(1, 5), call(2, 6))
    played.selecting.take_data(run)
    assert played.out == [call(1, 5), call(2, 6)]
    taken: list[tuple[bytes, int]] = []
    played.selecting.bulk = lambda *piece: taken.append(piece)
    played.selecting.take_data(run)
    assert taken == [(b"bytes", 2)]
    assert len(played.out) == 2
