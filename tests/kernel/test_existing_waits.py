"""What /proc tells of epoll instances and of calls in progress, against programs that made them."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from subprocess import PIPE

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture
from socktrace.host.blocked import ThreadCall, calls_in_progress, descriptors_waited_for
from socktrace.host.epolls import list_epolls

POLL, PSELECT6, RECVFROM = 7, 270, 45
"""x86-64."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket pair."""
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def test_sockets_in_an_epoll_instance(pair: tuple[socket.socket, socket.socket]) -> None:
    """The interest list has the socket with its inode and data, and not the pipe."""
    left, _ = pair
    reading, writing = os.pipe()
    with select.epoll() as epoll:
        epoll.register(left, select.EPOLLIN)
        epoll.register(reading, select.EPOLLIN)
        found = [e for e in list_epolls([os.getpid()], 5) if e.epfd == epoll.fileno()]
    os.close(reading)
    os.close(writing)
    fd = left.fileno()
    ((target,),) = [event.targets for event in found]
    # Python fills the lower half of the data with the number and leaves the upper half as it is.
    assert (target[0], target[1], target[2] & 0xFFFFFFFF) == (fd, os.fstat(fd).st_ino, fd)
    assert found[0].t == 5


def _wait_in(number: int) -> tuple[int, ...]:
    """The arguments of the call of this number that a thread of ours is in, soon."""
    for _ in range(200):
        for call in calls_in_progress([os.getpid()]):
            if call.number == number and call.tid != os.getpid():
                return (call.inode, *call.args)
        time.sleep(0.01)
    pytest.fail(f"no thread in call {number}")


def test_a_blocked_receive(pair: tuple[socket.socket, socket.socket]) -> None:
    """A thread in recvfrom is found, with the inode of its socket."""
    left, right = pair
    thread = threading.Thread(target=left.recv, args=(1,))
    thread.start()
    try:
        assert _wait_in(RECVFROM)[0] == os.fstat(left.fileno()).st_ino
    finally:
        right.send(b"x")
        thread.join()


def test_a_blocked_poll(pair: tuple[socket.socket, socket.socket]) -> None:
    """What a blocked poll waits for is read from the program's memory."""
    left, right = pair
    poll = select.poll()
    poll.register(left, select.POLLIN)
    thread = threading.Thread(target=poll.poll)
    thread.start()
    try:
        _, *args = _wait_in(POLL)
        assert descriptors_waited_for(os.getpid(), "poll", tuple(args)) == [left.fileno()]
    finally:
        right.send(b"x")
        thread.join()


def test_a_blocked_select(pair: tuple[socket.socket, socket.socket]) -> None:
    """What a blocked select waits for is read from the program's memory."""
    left, right = pair
    thread = threading.Thread(target=select.select, args=([left], [], []))
    thread.start()
    try:
        _, *args = _wait_in(PSELECT6)
        assert descriptors_waited_for(os.getpid(), "pselect6", tuple(args)) == [left.fileno()]
    finally:
        right.send(b"x")
        thread.join()


RECEIVER = """
import signal, socket, sys, threading
left, right = socket.socketpair()
def receive():
    while left.recv(1) != b"e":
        left.send(b"+")
thread = threading.Thread(target=receive)
thread.start()
print(flush=True)
for line in sys.stdin:
    right.send(b"x")
    right.recv(1)
    print(flush=True)
right.send(b"e")
thread.join()
print(flush=True)
signal.pause()
"""


def _blocked_receive(pid: int) -> ThreadCall:
    for _ in range(200):
        for call in calls_in_progress([pid]):
            if call.number == RECVFROM and call.tid != pid:
                return call
        time.sleep(0.01)
    pytest.fail("no thread in recvfrom")


@pytest.fixture
def receiver() -> Iterator[subprocess.Popen[bytes]]:
    """A program with a thread that receives, and receives again whenever a line comes."""
    process = subprocess.Popen([sys.executable, "-c", RECEIVER], stdin=PIPE, stdout=PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("times", [0, 1])
def test_a_thread_is_adopted_once(receiver: subprocess.Popen[bytes], times: int) -> None:
    """A call from before is followed, unless its thread has returned and made it once more.

    Either way there is one call in progress, and nothing of the thread is left when it has ended.
    """
    assert receiver.stdin
    assert receiver.stdout
    receiver.stdout.readline()
    before = _blocked_receive(receiver.pid)
    with Capture(CaptureOptions(pids=frozenset({receiver.pid}))) as capture:
        capture.start()
        for _ in range(times):
            receiver.stdin.write(b"\n")
            receiver.stdin.flush()
            receiver.stdout.readline()
            assert _blocked_receive(receiver.pid) == before
        capture.adopt([before])
        calls = [call for call in capture.in_progress() if call.tid == before.tid]
        assert [call.began_before for call in calls] == [not times]
        receiver.stdin.close()
        receiver.stdin = None  # or communicate() would flush it
        receiver.stdout.readline()
        time.sleep(0.1)
        assert before.tid.to_bytes(4, "little") not in list(capture._crowded.keys())
