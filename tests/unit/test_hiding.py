"""Who shows us is left out, with the other ends of its sockets, and nobody else."""

from __future__ import annotations

import os

import pytest

from socktrace.engine.hiding import Hiding
from socktrace.host.processes import ancestors
from socktrace.lines import Descriptor, Line, Process, Socket, Syscall
from socktrace.model.world import World

TERMINAL, VIEWER, OTHER = 10, 11, 12
"""A terminal multiplexer, its client, and a program of no concern."""


def _socket(number: int, pid: int, peer: int | None = None) -> list[Line]:
    return [
        Socket(
            t=1,
            socket=number,
            inode=number,
            family="AF_UNIX",
            type="SOCK_STREAM",
            protocol="0",
            origin="existing",
            peer=peer,
        ),
        Descriptor(t=1, socket=number, pid=pid, fd=3, event="opened", via="existing"),
    ]


def _call(pid: int, socket: int | None, sockets: list[int] | None = None) -> Syscall:
    return Syscall(
        t=2,
        dur=1,
        pid=pid,
        tid=pid,
        comm="c",
        call="poll" if sockets is not None else "recvmsg",
        ret=1,
        args={},
        socket=socket,
        sockets=sockets,
    )


@pytest.fixture
def world() -> World:
    """Socket 1 of the terminal is connected to 2 of its client; 3 is another program's."""
    made = World()
    for line in (*_socket(1, TERMINAL), *_socket(2, VIEWER, peer=1), *_socket(3, OTHER)):
        made.apply(line)
    return made


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (_call(TERMINAL, 1), False),
        (_call(TERMINAL, None), False),
        (_call(VIEWER, 2), False),
        (_call(VIEWER, None, [2]), False),
        (_call(VIEWER, None, [2, 3]), True),
        (_call(VIEWER, 3), True),
        (_call(OTHER, 3), True),
        (Process(t=1, event="exec", pid=TERMINAL), False),
        (Process(t=1, event="exec", pid=VIEWER), True),
        (_socket(1, TERMINAL)[0], False),
        (_socket(3, OTHER)[0], True),
    ],
)
def test_what_is_shown(line: Line, world: World, *, shown: bool) -> None:
    """Hidden are the processes, their sockets and the other ends of these."""
    told: list[Line] = []
    Hiding(frozenset({TERMINAL}), told.append, world).take(line)
    assert told == ([line] if shown else [])


def test_ancestors() -> None:
    """Our parent comes first; process 1 is everybody's and stays out."""
    found = [pid for pid, _ in ancestors(os.getpid())]
    assert found[:1] == ([os.getppid()] if os.getppid() > 1 else [])
    assert 1 not in found
