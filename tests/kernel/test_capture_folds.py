"""Calls that the kernel side adds up instead of telling: totals that a program counts itself."""

from __future__ import annotations

import errno
import json
from collections import Counter

import pytest

from socktrace.capture import source
from socktrace.events import Call
from tests.kernel.capturing import Captured, python, run

COUNTS = """
import json, os, select, socket, threading
left, right = socket.socketpair(type=socket.SOCK_DGRAM)
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen()
far = socket.create_connection(tcp.getsockname()); near, _ = tcp.accept()
far.setblocking(False)
totals, lock = {}, threading.Lock()
def count(sock, call, ret, peeked=0):
    with lock:
        entry = totals.setdefault(f"{os.fstat(sock.fileno()).st_ino} {call}", [0, 0, 0, 0])
        entry[0] += 1
        entry[1 if ret < 0 else 2] += 1 if ret < 0 else ret
        entry[3] += peeked
def talk(left, right):
    for i in range(2000):
        piece = b"x" * (i % 50 + 1)
        count(left, "sendto", left.send(piece))
        peeked = len(right.recv(100, socket.MSG_PEEK))
        count(right, "recvfrom", peeked, peeked)
        count(right, "read", len(os.read(right.fileno(), 100)))
def stream():
    for i in range(2000):
        count(near, "sendmsg", near.sendmsg([b"a" * i, b"b"]))
        got = 0
        while got <= i:
            try: part = len(far.recv(1000))
            except BlockingIOError: part = -1
            count(far, "recvfrom", part)
            got += max(part, 0)
threads = [threading.Thread(target=talk, args=socket.socketpair(type=socket.SOCK_DGRAM))
           for _ in range(3)] + [threading.Thread(target=stream)]
for thread in threads: thread.start()
for thread in threads: thread.join()
empty = socket.socketpair(type=socket.SOCK_DGRAM)
count(empty[0], "sendto", empty[0].send(b""))
count(empty[1], "recvfrom", len(empty[1].recv(10)))
near.close()
count(far, "recvfrom", len(far.recv(10)))
udp = socket.socket(type=socket.SOCK_DGRAM)
count(udp, "sendto", udp.sendto(b"four", ("127.0.0.1", 9)))
waits = select.poll(); waits.register(far, select.POLLIN)
for _ in range(300): waits.poll(0)
ends = [os.fstat(sock.fileno()).st_ino for sock in (far, empty[1], udp)]
print(json.dumps([totals, ends, udp.getsockname()[1]]))
"""


@pytest.fixture(scope="module", params=["places of their own", "all in one place"])
def captured(request: pytest.FixtureRequest) -> Captured:
    """Run the program with its data calls only added up."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "all in one place":
            # Every thread but one and every total but one has to make do with the slower tables.
            patch.setattr(source, "SLOTS", 1)
            patch.setattr(source, "FOLD_PLACES", 1)
        return run(python(COUNTS), events="lifecycle")


def test_totals_are_those_of_the_program(captured: Captured) -> None:
    """Calls, errors, bytes and peeked bytes of each socket and call are exact; nothing is lost."""
    counted, _, _ = json.loads(captured.output)
    told: dict[str, Counter[int]] = {}
    for fold in captured.folds:
        entry = told.setdefault(f"{fold.inode} {fold.call}", Counter())
        entry.update({
            0: fold.count, 1: sum(fold.errors.values()), 2: fold.bytes, 3: fold.peeked,
        })  # fmt: skip
        assert set(fold.errors) <= {errno.EAGAIN}
        assert fold.last_pid == captured.pid
        assert 0 <= fold.first_t <= fold.last_t
    assert {key: [told[key][at] for at in range(4)] for key in counted} == counted
    assert captured.counters.lost == 0
    assert captured.rows == []


def test_what_no_total_shows_is_kept(captured: Captured) -> None:
    """End of file, an empty datagram and the port that a send chose are found in the totals."""
    _, (far, empty, udp), port = json.loads(captured.output)
    of = {
        inode: [fold for fold in captured.folds if fold.inode == inode]
        for inode in (far, empty, udp)
    }
    assert [fold.eof_t is not None for fold in of[far]].count(True) == 1
    assert sum(fold.empty_datagrams for fold in of[empty]) == 1
    assert [fold.local_port for fold in of[udp]] == [port]


def test_waits_are_added_up_too(captured: Captured) -> None:
    """Polls have totals by process, of no one socket, and no record of their own."""
    assert sum(fold.count for fold in captured.folds if fold.call == "poll") == 300
    assert not captured.calls("poll")


def test_lives_are_told_one_by_one(captured: Captured) -> None:
    """What makes, names or ends a socket is told as ever."""
    calls = Counter(event.call for event in captured.of(Call))
    assert calls["socketpair"] == 5
    assert calls["accept4"] == 1
    assert calls["close"] >= 1
    assert not calls.keys() & {"sendto", "recvfrom", "read", "sendmsg"}
