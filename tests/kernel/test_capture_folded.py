"""Calls that the kernel side only adds up: every one of them is in exactly one sum."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.engine.session import Session
from socktrace.host.launch import Child
from socktrace.lines import Folded, Line, SocketLife, Syscall
from socktrace.tracefile.replay import replay, whole_world
from tests.kernel.capturing import python

pytestmark = pytest.mark.kernel

PROGRAM: Final = r"""
import json, os, socket, sys, time

made = {}

def count(call, moved=0, error=""):
    one = made.setdefault(f"{call} {os.getpid()}", {"count": 0, "bytes": 0, "errors": {}})
    one["count"] += 1
    one["bytes"] += moved
    if error:
        one["errors"][error] = one["errors"].get(error, 0) + 1

def send(end, data):
    count("sendto", end.send(data))

def receive(end, room, flags=0):
    try:
        data = end.recv(room, flags)
    except BlockingIOError:
        count("recvfrom", 0, "EAGAIN")
        return b""
    count("recvfrom", len(data))
    return data

# A stream: its bytes, calls that would block, bytes looked at twice, its end.
here, there = socket.socketpair()
for _ in range(2000):
    send(here, b"0123456789")
    receive(there, 4096)
for _ in range(5):
    receive(there, 10, socket.MSG_DONTWAIT)
send(here, b"seen twice")
for _ in range(3):
    receive(there, 4, socket.MSG_PEEK)
receive(there, 100)
for _ in range(40):
    count("write", os.write(here.fileno(), b"abc"))
    count("read", len(os.read(there.fileno(), 3)))

# Another process goes on with the same socket.
back, forth = os.pipe()
child = os.fork()
if not child:
    made.clear()
    for _ in range(100):
        send(here, b"child")
    os.write(forth, json.dumps(made).encode())
    os._exit(0)
os.waitpid(child, 0)
made |= json.loads(os.read(back, 1000))
for _ in range(100):
    receive(there, 5)
here.close()
receive(there, 100)

# Datagrams: some cut, one empty.
box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
box.bind(("127.0.0.1", 0))
for data in [b"message"] * 250 + [b""]:
    count("sendto", box.sendto(data, box.getsockname()))
for room in [100] * 200 + [3] * 50 + [100]:
    flags = socket.MSG_TRUNC if room == 3 else 0
    count("recvfrom", box.recv_into(bytearray(room), room, flags))

# Sockets that are gone before anybody looks.
for _ in range(50):
    one, other = socket.socketpair()
    send(one, b"short")
    receive(other, 10)
    one.close()
    other.close()

time.sleep(float(sys.argv[2]))
for _ in range(10):
    receive(box, 1, socket.MSG_DONTWAIT)
with open(sys.argv[1], "w") as out:
    json.dump(made, out)
"""
CALLS: Final = {"sendto", "recvfrom", "read", "write"}


class Told:
    """What a session told of the program."""

    def __init__(self, lines: list[Line], made: dict[str, Any], lost: int) -> None:
        self.lines = lines
        self.made = made
        """The program's own count, by call and process."""
        self.lost = lost
        self.folded = [line for line in lines if isinstance(line, Folded)]
        world = whole_world()
        for _ in replay(lines, world):
            pass
        self.lives = list(world.sockets.values())

    def life(self, type_: str, **calls: int) -> SocketLife:
        """Find the socket of a type with so many of each of these calls."""
        (found,) = (
            life
            for life in self.lives
            if life.type == type_
            and {name: life.calls[name].count for name in calls if name in life.calls} == calls
        )
        return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The program, captured; it outlives the first sums, so that there are several of a kind."""
    counts = Path(tmp_path_factory.mktemp("folded")) / "counts.json"
    lines: list[Line] = []
    child = Child(python(PROGRAM, str(counts), "0.8"))
    try:
        options = CaptureOptions(pids=frozenset({child.pid}), follow=True, events="lifecycle")
        with Session(options, lines.append) as session:
            session.start(child.pid)
            child.release()
            until = time.monotonic() + 30
            while not child.ended() and time.monotonic() < until:
                session.step()
                time.sleep(0.01)
            lost = session.finish().lost
        assert child.exit_status == 0
    finally:
        child.abandon()
    return Told(lines, json.loads(counts.read_text()), lost)


def test_the_sums_are_the_programs_own_count(told: Told) -> None:
    """Calls, bytes and errors of each process are what it counted itself, to the last one."""
    sums: dict[str, dict[str, Any]] = {}
    for line in told.folded:
        if line.call not in CALLS:
            continue
        one = sums.setdefault(f"{line.call} {line.pid}", {"count": 0, "bytes": 0, "errors": {}})
        one["count"] += line.count
        one["bytes"] += line.bytes
        for name, times in line.errors.items():
            one["errors"][name] = one["errors"].get(name, 0) + times
    assert sums == told.made
    assert told.lost == 0


def test_no_call_that_moves_bytes_has_a_line(told: Told) -> None:
    """A call is told one way or the other; calls that change a socket's life have their lines."""
    calls = {line.call for line in told.lines if isinstance(line, Syscall)}
    assert not calls & CALLS
    assert calls >= {"socketpair", "socket", "bind", "close"}


def test_the_lives_have_all_that_sums_say(told: Told) -> None:
    """End of file, what was only looked at, cut and empty messages: read from the lines alone."""
    reader = told.life("SOCK_STREAM", recvfrom=2000 + 5 + 3 + 1 + 100 + 1, read=40)
    assert reader.eof is not None
    assert reader.bytes_in == 20_000 + 10 + 120 + 500
    assert reader.calls["recvfrom"].bytes == 20_000 + 10 + 12 + 500
    assert (reader.bytes_out, reader.empty_datagrams) == (0, 0)
    writer = told.life("SOCK_STREAM", sendto=2000 + 1 + 100, write=40)
    assert (writer.bytes_out, writer.bytes_in, writer.eof) == (reader.bytes_in, 0, None)
    box = told.life("SOCK_DGRAM", sendto=251, recvfrom=261)
    assert (box.truncated, box.empty_datagrams, box.eof) == (50, 1, None)
    assert box.calls["recvfrom"].errors == {"EAGAIN": 10}


def test_sums_of_short_lives_find_their_socket(told: Told) -> None:
    """Told after their socket closed, they are counted there, and it stays closed."""
    short = [life for life in told.lives if life.bytes_in + life.bytes_out == len("short")]
    assert len(short) == 2 * 50
    assert sum(life.calls["sendto"].count for life in short if life.bytes_out) == 50
    assert sum(life.calls["recvfrom"].count for life in short if life.bytes_in) == 50
    assert all(life.api_state == "closed" for life in short)


def test_a_socket_in_use_has_several_lines(told: Told) -> None:
    """Sums come as time goes by, not once at the end; they do not overlap."""
    box = told.life("SOCK_DGRAM", sendto=251)
    lines = [line for line in told.folded if (line.socket, line.call) == (box.socket, "recvfrom")]
    assert len(lines) > 1
    for before, after in pairwise(lines):
        assert before.t <= before.until <= after.t
