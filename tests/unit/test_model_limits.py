"""Nothing that is remembered grows without end; what goes for want of room is counted exactly."""

from __future__ import annotations

import gc
import struct
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Self

import numpy as np
import pytest

from socktrace import wire
from socktrace.decoder import Decoder
from socktrace.events import (
    Event,
    Exit,
    Fork,
    Listed,
    Passed,
    SocketInfo,
    TcpState,
)
from socktrace.lines import Folded, Holding, Syscall
from socktrace.model import options, totals
from socktrace.model.core import Core
from socktrace.model.folds import DataFold
from socktrace.model.limits import Limits, counted
from socktrace.model.totals import NO_CALLS, NO_ERRORS
from socktrace.model.tracker import Tracker
from socktrace.names.addresses import inet_address
from socktrace.text.evicted import WHAT
from tests.scenarios.script import PID, TABLE, Told, call, inet, sock, tcp, udp

FEW = 10
TIMES = 10 * FEW
"""Ten times as many of each as there is room for."""


def _closed(i: int) -> Iterator[Event]:
    t = i * 100
    yield call(t, "socket", -1, 3, (2, 1, 0), sock=sock(i))
    yield call(t + 20, "close", 3, 0, sock=sock(i, refs=1))


def _unheld(i: int) -> Iterator[Event]:
    yield Listed(i, sock(i))


def _gone(i: int) -> Iterator[Event]:
    child = 1_000 + i
    yield Fork(i * 100, PID, PID, child, "x", TABLE, 0x10_0000 + i)
    yield Exit(i * 100 + 10, child, child, "x", 0x10_0000 + i, 1, last_thread=True, code=0)


def _reconnected(i: int) -> Iterator[Event]:
    if i == 1:
        yield call(1, "socket", -1, 3, (2, 2, 0), sock=udp(1))
    to = inet(1_000 + i)
    yield call(i * 100, "connect", 3, 0, sock=udp(1, remote=to), addr=to)


def _reopened(i: int) -> Iterator[Event]:
    if i == 1:
        yield call(1, "socket", -1, 3, (2, 2, 0), sock=udp(1))
    yield call(i * 100, "dup", 3, 9, sock=udp(1))
    yield call(i * 100 + 20, "close", 9, 0, sock=udp(1, refs=2))


def _embryo(i: int) -> Iterator[Event]:
    info = sock(0, sk=0xFF00 + i * 8, local=inet(80), remote=inet(2_000 + i))
    yield tcp(i, info, 10, 3)


def _passing(i: int) -> Iterator[Event]:
    yield Passed(i, PID, 500 + i, 3, received=False, sock=sock(1), files=TABLE)


def _in_message(i: int) -> Iterator[Event]:
    unix = {"family": 1, "protocol": 0}
    if i == 1:
        pair = {"sock": sock(1, **unix), "other": sock(2, **unix), "other_fd": 4}
        yield call(1, "socketpair", -1, 0, (1, 1, 0, 0), blob=struct.pack("=ii", 3, 4), **pair)
    t = i * 100
    yield Passed(t, PID, PID, 5, received=False, sock=sock(9), files=TABLE)
    yield call(t, "sendmsg", 3, 1, (3, 0, 0), sock=sock(1, **unix))


def _epoll(i: int) -> Iterator[Event]:
    blob = struct.pack("=IQ", 1, 3)
    raw = (100 + i, 1, 3, 0, 0, 0)
    yield call(i * 100, "epoll_ctl", 3, 0, raw, sock=sock(1), blob=blob)


def _queued(core: Core) -> int:
    return len(core.by_number[2].queue or ())


def _kept_of(told: Told, limit: str) -> int:
    """Count what is kept under a limit, where it is kept."""
    tracker, world, core = told.tracker, told.tracker.world, told.tracker._core
    kept: dict[str, Callable[[], int]] = {
        "closed_sockets": lambda: len(world.sockets),
        "unheld_sockets": lambda: len(world.sockets),
        "gone_processes": lambda: sum(p.ended is not None for p in world.processes.values()),
        "history": lambda: max(
            len(told.life(1).states),
            sum(each.closed is not None for each in told.life(1).descriptors),
        ),
        "embryos": lambda: len(tracker._embryos._by_sk),
        "passing": lambda: len(tracker._passing._by_tid),
        "in_messages": lambda: _queued(core),
        "epolls": lambda: sum(map(len, tracker._epolls._by_pid.values())),
    }
    return kept[limit]()


@pytest.mark.parametrize(
    ("limit", "make", "dropped"),
    [
        ("closed_sockets", _closed, TIMES - FEW),
        ("unheld_sockets", _unheld, TIMES - FEW),
        ("gone_processes", _gone, TIMES - FEW),
        ("history", _reconnected, None),
        ("history", _reopened, None),
        ("embryos", _embryo, TIMES - FEW),
        ("passing", _passing, TIMES - FEW),
        ("in_messages", _in_message, TIMES - FEW),
        ("epolls", _epoll, TIMES - FEW),
    ],
)
def test_each_limit_bounds(
    limit: str, make: Callable[[int], Iterator[Event]], dropped: int | None
) -> None:
    """Of ten times as many there are never more than allowed, and what went is counted."""
    told = Told(limits=Limits(**{limit: FEW}))
    for i in range(1, TIMES + 1):
        told.feed(*make(i))
        if i > 1:
            assert _kept_of(told, limit) <= FEW
    evictions = told.tracker.evictions
    if dropped is None:  # of a history, half goes at a time
        life = told.life(1)
        begun = sum(line.event == "opened" for line in told.descriptors())
        dropped = len(told.states()) - len(life.states) + begun - len(life.descriptors)
        assert dropped > TIMES // 2
    assert evictions[limit] == dropped
    assert counted(evictions) == {limit.replace("_", "-"): dropped}


def test_names_of_threads_are_bounded() -> None:
    """Threads whose end is out of sight do not fill the memory with their names."""
    decoder = Decoder(0, thread_names=FEW)
    records = np.zeros(FEW, wire.full_record(0))
    records["head"]["kind"] = wire.KIND_RENAME
    for batch in range(10):
        records["head"]["tid"] = np.arange(FEW) + 1 + batch * FEW
        decoder.events(records)
        assert len(decoder.comms) <= 2 * FEW
    assert decoder.forgotten == TIMES - len(decoder.comms)
    assert TIMES in decoder.comms


def test_every_limit_has_words() -> None:
    """No bound is forgotten where people are told of it."""
    assert list(WHAT) == [field.replace("_", "-") for field in Limits._fields]


def test_no_core_table_outlives_its_sockets() -> None:
    """What finds sockets by inode, sock, address or port goes with them."""
    told = Told(limits=Limits(closed_sockets=FEW))
    for i in range(1, TIMES + 1):
        told.feed(*_connection(i))
    core = told.tracker._core
    for table in (core.by_number, core.by_inode, core.by_sk, core.by_endpoint, core.listeners):
        assert len(table) <= FEW
    assert len(core.former) == TIMES - FEW


def _connection(i: int) -> Iterator[Event]:
    """Connect a socket and close it, each with a port and a sock of its own."""
    t, ends = i * 1_000, {"local": inet(10_000 + i), "remote": inet(80)}
    yield call(t, "socket", -1, 3, (2, 1, 0), sock=sock(i))
    yield tcp(t + 22, sock(i, tcp_state=2, **ends), 7, 2, "connect", t + 20)
    yield tcp(t + 24, sock(i, tcp_state=1, **ends), 2, 1)
    yield call(t + 20, "connect", 3, 0, sock=sock(i, tcp_state=1, **ends), addr=inet(80))
    yield call(t + 40, "close", 3, 0, sock=sock(i, refs=1, tcp_state=1, **ends))


def test_an_unheld_socket_that_comes_back_is_another() -> None:
    """It was forgotten before it closed: nothing of what is new is told of what was old."""
    told = Told(limits=Limits(unheld_sockets=1))
    told.feed(Listed(1, sock(1)), Listed(1, sock(2)))
    told.feed(call(50, "getsockname", 3, 0, sock=sock(1)))
    assert [(line.socket, line.inode, line.origin) for line in told.sockets()] == [
        (1, 1, "existing"),
        (2, 2, "existing"),
        (3, 1, "unknown"),
    ]
    assert [line.socket for line in told.lines if isinstance(line, Syscall)] == [3]


def test_late_data_find_the_number_of_a_forgotten_socket() -> None:
    """Sums and records of calls made before its end come after it was closed and forgotten."""
    told = Told(limits=Limits(closed_sockets=1))
    told.feed(*_closed(1), *_closed(2))
    fold = DataFold(1, "read", 3, 70, 30, {}, 115, 118, PID, PID, fd=3, files=TABLE)
    told.tracker.feed_folded([fold], lambda _tid, _pid: "x")
    assert [line.socket for line in told.lines if isinstance(line, Folded)] == [1]
    assert told.tracker.ensure_socket(1, 110) == 1
    assert len(told.sockets()) == 2
    # After its end the same inode is another's.
    assert told.tracker.ensure_socket(1, 5_000) == 3


def test_a_socket_with_many_holders_closes_the_right_one() -> None:
    """Beyond a few, holders are found by an index: it says what a search would say."""
    told = Told(call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)))
    world, number = told.tracker.world, told.life(1).socket
    for child in range(100, 200):
        told.feed(Fork(child, PID, PID, child, "x", TABLE, 0x10_0000 + child))
    assert world.holders(number) == [(PID, 3), *((child, 3) for child in range(100, 200))]
    for child in range(199, 99, -2):
        told.feed(call(child * 10, "close", 3, 0, pid=child, files=0x10_0000 + child, sock=sock(1)))
    left = [(PID, 3), *((child, 3) for child in range(100, 200, 2))]
    assert world.holders(number) == left
    open_ones = [each for each in told.life(1).descriptors if each.closed is None]
    assert [(each.pid, each.fd) for each in open_ones] == left
    assert all(isinstance(each, Holding) for each in open_ones)


def test_a_listener_with_many_slots_lets_each_go() -> None:
    """The chain of a socket's descriptors holds from whichever end it is taken apart."""
    told = Told(call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)))
    track = told.tracker._core.by_inode[1]
    for fd in range(4, 10):
        told.feed(call(fd * 10, "dup", 3, fd, sock=sock(1)))
    assert {slot.fd for slot in track.slots} == set(range(3, 10))
    for t, fd in zip(count(1_000, 20), (3, 9, 6, 5, 7), strict=False):
        told.feed(call(t, "close", fd, 0, sock=sock(1, refs=9)))
        assert fd not in {slot.fd for slot in track.slots}
    assert {slot.fd for slot in track.slots} == {4, 8}


def test_what_all_sockets_share_stays_empty() -> None:
    """The empty tables that stand for none are never written to."""
    told = Told()
    for i in range(1, 5):
        told.feed(*_connection(i))
    on = struct.pack("=i", 1)
    told.feed(
        call(9_000, "socket", -1, 3, (2, 1, 0), sock=sock(9)),
        call(9_020, "setsockopt", 3, 0, (3, 1, 2, 0, 4), sock=sock(9), blob=on),
        call(9_040, "bind", 3, -98, sock=sock(9), addr=inet(80)),
    )
    assert told.life(9).options == {"SO_REUSEADDR": 1}
    assert told.life(9).calls["bind"].errors == {"EADDRINUSE": 1}
    assert (NO_CALLS, NO_ERRORS, options.NO_OPTIONS) == ({}, {}, {})
    assert told.life(9).calls["socket"].errors is totals.NO_ERRORS


# --- memory ------------------------------------------------------------------------------------

SOCKETS = 4_000


def _listed(i: int) -> Iterator[Event]:
    """List one end of a connection on this machine, as sock_diag(7) and /proc tell of it."""
    client, server = inet_address(2, bytes([127, 0, i // 2 % 200, 1]), 20_000 + i // 2), inet(80)
    local, remote = (server, client) if i % 2 else (client, server)
    info = SocketInfo(5_000_000 + i, 0, 2, 1, 6, 1, netns=4_026_531_992)
    holders = ((1_000 + i % 50, 3 + i // 50, True, True),)
    yield Listed(
        10**9,
        info,
        local=local,
        remote=remote,
        holders=holders,
        receive_queue=0,
        send_queue=0,
    )


def _used(i: int) -> Iterator[Event]:
    """Make a socket, connect it and set an option, as most clients do."""
    t, pid, fd = 10**10 + i * 100_000, 1_000 + i % 50, 3 + i // 50
    inode, sk = 6_000_000 + i, 0xFFFF_8880_0000_0000 + i * 2048
    local, remote = inet_address(2, bytes([127, 0, 0, 1]), 1_024 + i), inet(80)
    ends: dict[str, Any] = {"netns": 4_026_531_992, "local": local, "remote": remote}
    by: dict[str, Any] = {"pid": pid, "files": 0xFFFF_9990_0000_0000 + pid * 512}
    made = SocketInfo(inode, sk, 2, 1, 6, 7, netns=4_026_531_992, refs=1)
    connecting = SocketInfo(inode, sk, 2, 1, 6, 2, **ends)
    connected = SocketInfo(inode, sk, 2, 1, 6, 1, **ends)
    yield call(t, "socket", -1, fd, (2, 1, 0), sock=made, **by)
    yield TcpState(t + 2_000, connecting, 7, 2, pid, pid, True, "connect", t + 1_500)  # noqa: FBT003
    yield TcpState(t + 3_000, connected, 2, 1, pid, pid, True, "connect", t + 1_500)  # noqa: FBT003
    yield call(t + 1_500, "connect", fd, 0, (fd, 0, 16), sock=connected, addr=remote, **by)
    on = struct.pack("=i", 1)
    yield call(t + 6_000, "setsockopt", fd, 0, (fd, 6, 1, 0, 4), sock=connected, blob=on, **by)


class _Measured:
    """What is allocated within, and still there at the end, without the slack of malloc(3)."""

    def __enter__(self) -> Self:
        gc.collect()
        tracemalloc.start()
        self._before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *_: object) -> None:
        gc.collect()
        self.bytes = tracemalloc.get_traced_memory()[0] - self._before
        tracemalloc.stop()


@pytest.mark.parametrize(("events_of", "most"), [(_listed, 1_900), (_used, 3_200)])
def test_memory_of_a_live_socket(events_of: Callable[[int], Iterable[Event]], most: int) -> None:
    """Under 2 kB for one that was there before; half as much again for one that was much used.

    In the tracker and its world together; used means four states, three kinds of calls, an option.
    """
    tracker = Tracker(lambda _line: None, whole_machine=True)
    with _Measured() as measured:
        for i in range(SOCKETS):
            for event in events_of(i):
                tracker.feed(event)
    each = measured.bytes / SOCKETS
    assert len(tracker.world.open_sockets()) == SOCKETS
    assert each < most, each


def test_calls_are_not_remembered() -> None:
    """Ten thousand calls on one socket leave sums, and no more."""
    tracker = Tracker(lambda _line: None)
    tracker.feed(call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)))
    event = call(30, "setsockopt", 3, 0, (3, 1, 2, 0, 4), sock=sock(1), blob=b"\1\0\0\0")
    tracker.feed(event)
    with _Measured() as measured:
        for _ in range(10_000):
            tracker.feed(event)
    assert measured.bytes < 2_000
