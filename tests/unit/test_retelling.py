"""A world told again by lines: the same in all that lines can tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.lines import (
    Address,
    Descriptor,
    Folded,
    Line,
    Lost,
    Process,
    Sample,
    Socket,
    SocketLife,
    Syscall,
)
from socktrace.model.retelling import retell
from socktrace.model.world import World
from socktrace.tracefile.replay import whole_world
from tests.scenarios.programs import run
from tests.scenarios.script import Told
from tests.screens.scripted import TRACES, recorded

NOT_TOLD = (
    "options",
    "nonblocking",
    "connect_error",
    "pending_error",
    "retransmits",
    "resets",
)
"""What the module says that it leaves out."""


def world_of(lines: Iterable[Line]) -> World:
    """The world that takes in some lines."""
    world = whole_world()
    for line in lines:
        world.apply(line)
    return world


def known(life: SocketLife) -> dict[str, Any]:
    """All that is to be told of a socket."""
    told = {
        name: msgspec.json.decode(msgspec.json.encode(getattr(life, name)))
        for name in life.__struct_fields__
        if name not in NOT_TOLD
    }
    told["calls"] = sorted(told["calls"].items())
    return told


def check(lines: Iterable[Line]) -> World:
    """Tell a world again; what is told again of that is the same once more."""
    world = world_of(lines)
    again = world_of(retell(world, None, world.t))
    assert again.sockets.keys() == world.sockets.keys()
    for number, life in world.sockets.items():
        assert known(again.sockets[number]) == known(life)
        assert sorted(again.holders(number)) == sorted(world.holders(number))
    assert again.lost == world.lost
    assert [each.socket for each in again.open_sockets()] == [
        each.socket for each in sorted(world.open_sockets(), key=lambda each: each.socket)
    ]
    for pid, process in world.processes.items():
        other = again.processes[pid]
        assert (other.comm, other.cmdline, other.uid, other.ppid, other.cgroup, other.netns) == (
            process.comm, process.cmdline, process.uid, process.ppid, process.cgroup, process.netns,
        )  # fmt: skip
        assert (other.ended, other.exit_code, other.signal) == (
            process.ended,
            process.exit_code,
            process.signal,
        )
    return again


@pytest.mark.parametrize("name", sorted(path.stem for path in TRACES.glob("*.jsonl")))
def test_samples(name: str) -> None:
    """At each tenth line of real programs."""
    lines = recorded(name)
    for stop in range(0, len(lines) + 10, 10):
        check(lines[:stop])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=20, max_size=120), st.integers(1, 120))
def test_any_program(numbers: list[int], steps: int) -> None:
    """Whatever programs do."""
    check(Told(*run(numbers, steps).events).lines)


def test_what_only_sums_tell() -> None:
    """Losses, peeked and cut messages, splice both ways, queues."""
    local = Address("AF_INET", ip="127.0.0.1", port=53)
    lines: list[Line] = [
        Process(1, "seen", 9, ppid=1, comm="dns", uid=5),
        Socket(2, 1, 77, "AF_INET", "SOCK_DGRAM", "IPPROTO_UDP", "existing", local=local),
        Socket(2, 2, 78, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "existing", pid=9),
        Descriptor(3, 1, 9, 3, "opened", "existing"),
        Folded(
            4, 9, 9, 10, "dns", "recvmsg", 6, socket=1, bytes=600, time=5, errors={"EAGAIN": 2},
            empty=1, peeked=100, truncated=2,
        ),
        Folded(4, 8, 9, 10, "dns", "sendto", 3, socket=1, bytes=90),
        Folded(5, 20, 9, 9, "dns", "read", 3, socket=2, bytes=50, eof=19),
        Folded(5, 21, 9, 9, "dns", "splice", 3, socket=2, bytes=70, outgoing=True),
        Folded(5, 21, 9, 9, "dns", "splice", 2, socket=2, bytes=11),
        Lost(22, 4, "ring full", socket=1, call="sendto", bytes=12, errors=1),
        Lost(22, 1, "ring full", socket=2),
        Lost(22, 7, "map full"),
        Sample(23, 2, receive_queue=4, send_queue=5),
    ]  # fmt: skip
    world = check(lines)
    udp, tcp = world.sockets[1], world.sockets[2]
    assert (udp.bytes_in, udp.bytes_out, udp.empty_datagrams, udp.truncated) == (500, 102, 1, 2)
    assert udp.calls["sendto"].lost == 4
    assert (tcp.bytes_in, tcp.bytes_out, tcp.eof) == (61, 70, 19)
    assert tcp.sample is not None
    assert udp.born_before
    assert world.lost == 12


def test_only_some() -> None:
    """Of some sockets, with the processes that have to do with them and no others."""
    world = world_of(recorded("fork_server"))
    number = next(life.socket for life in world.sockets.values() if life.role == "accepted")
    lines = list(retell(world, [number, 999], world.t))
    assert {each.socket for each in lines if isinstance(each, Socket)} == {number}
    pids = {each.pid for each in lines if isinstance(each, Process)}
    assert {each.pid for each in world.sockets[number].descriptors} <= pids
    assert len(pids) < len(world.processes)
    assert not [each for each in lines if isinstance(each, Syscall)]
