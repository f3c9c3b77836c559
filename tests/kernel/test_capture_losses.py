"""When a ring is too small: nothing is lost silently, and totals by socket stay exact."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from socktrace.events import Call
from tests.kernel.capturing import Captured, python, run

STORM = """
import json, os, socket
left, right = socket.socketpair(type=socket.SOCK_DGRAM)
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen()
far = socket.create_connection(tcp.getsockname()); near, _ = tcp.accept()
far.setblocking(False)
totals = {}
def count(sock, call, ret):
    entry = totals.setdefault(f"{os.fstat(sock.fileno()).st_ino} {call}", [0, 0, 0])
    entry[0] += 1
    entry[1 if ret < 0 else 2] += 1 if ret < 0 else ret
for i in range(4000):
    piece = b"x" * (i % 50 + 1)
    count(left, "sendto", left.send(piece))
    count(right, "read", len(os.read(right.fileno(), 100)))
    count(near, "sendmsg", near.sendmsg([piece, piece]))
    count(far, "recvfrom", len(far.recv(1000)))
    try: far.recv(1)
    except BlockingIOError: count(far, "recvfrom", -1)
print(json.dumps(totals))
"""


def told(captured: Captured) -> dict[str, list[int]]:
    """Add up what was delivered and what was told to be lost, by socket and call."""
    totals: dict[str, list[int]] = {}

    def add(inode: int, call: str, calls: int, errors: int, bytes_: int) -> None:
        entry = totals.setdefault(f"{inode} {call}", [0, 0, 0])
        for index, value in enumerate((calls, errors, bytes_)):
            entry[index] += value

    for row in captured.rows:
        add(row.inode, row.call, 1, row.ret < 0, max(row.ret, 0))
    for _, event in captured.events:
        if isinstance(event, Call) and event.sock is not None:
            add(event.sock.inode, event.call, 1, event.ret < 0, max(event.ret, 0))
    for loss in captured.losses:
        if loss.inode:
            add(loss.inode, loss.call, loss.count, loss.errors, loss.bytes)
    return totals


@pytest.fixture(scope="module", params=["data ring", "wide ring", "payload"])
def storm(request: pytest.FixtureRequest) -> Captured:
    """Run a storm of calls with one ring too small for it."""
    options: dict[str, dict[str, Any]] = {
        "data ring": {"data_pages": 2},
        "wide ring": {"wide_pages": 2},
        "payload": {"wide_pages": 2, "payload": 8},
    }
    return run(python(STORM), **options[request.param])


def test_totals_are_exact_in_spite_of_losses(storm: Captured) -> None:
    """Calls, errors and bytes of each socket and call are those that the program counted."""
    counted = json.loads(storm.output)
    seen = told(storm)
    assert storm.counters.lost > 500, "the storm was too weak to prove anything"
    assert {key: seen.get(key) for key in counted} == counted


def test_attempted_is_delivered_and_lost(storm: Captured) -> None:
    """The kernel's books are even, and all that they call lost was told."""
    books = storm.counters
    assert books.data_attempted == len(storm.rows) + books.data_lost
    delivered = len(storm.events)
    difference = books.life_attempted + books.wide_attempted - books.life_lost - books.wide_lost
    assert 0 <= difference - delivered <= 3, "a rename is told but is no event"
    assert books.life_lost == 0, "what lives hang on is not crowded out"
    assert sum(loss.count for loss in storm.losses) == books.lost
    reasons = Counter(loss.reason for loss in storm.losses)
    assert reasons.keys() == {"ring full"}


def test_the_life_of_sockets_is_whole(storm: Captured) -> None:
    """However the data is lost, each birth, connection and end is told."""
    calls = Counter(call.call for call in storm.calls())
    for name in ("socketpair", "bind", "listen", "connect", "accept4"):
        assert calls[name] == 1
