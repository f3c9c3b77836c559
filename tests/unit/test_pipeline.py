"""Order: lines of data calls among those of events, and sums before the event that needs them."""

from __future__ import annotations

from typing import Any

import numpy as np

from socktrace.calls import NUMBER
from socktrace.capture.source import Batch
from socktrace.engine.pipeline import Pipeline
from socktrace.events import Call, Event, Exec, Exit, SocketInfo
from socktrace.lines import Line, Syscall
from socktrace.model.folds import DataFold
from socktrace.model.tracker import Tracker
from socktrace.wire import DATA

ONE, TWO = 101, 102
"""Inodes."""


class Journal(Tracker):
    """A real tracker that writes down in which order it was fed."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.journal: list[Any] = []
        super().__init__(self.lines.append, whole_machine=True)

    def feed(self, event: Event) -> None:
        """Note an event."""
        self.journal.append(event)
        super().feed(event)

    def feed_data(self, rows: Any) -> None:
        """Note sums."""
        rows = list(rows)
        self.journal.append(rows)
        super().feed_data(rows)


def data(*rows: tuple[int, int, str, int, int]) -> np.ndarray[Any, Any]:
    """Build fixed records from (start, duration, call, inode, ret)."""
    records = np.zeros(len(rows), DATA)
    for record, (start, duration, call, inode, ret) in zip(records, rows, strict=True):
        record["start"], record["duration"], record["inode"] = start, duration, inode
        record["call"], record["ret"], record["length"] = NUMBER[call], ret, 100
        record["pid"] = record["tid"] = inode
        record["fd"] = 3
    return records


def call(name: str, t: int, dur: int, inode: int, **values: Any) -> tuple[int, Event]:
    """Build a full record of a call."""
    sock = SocketInfo(inode, inode, 2, 1, 6, 7)
    fields: dict[str, Any] = {
        "t": t, "dur": dur, "pid": inode, "tid": inode, "comm": "c", "call": name, "fd": 3,
        "ret": 0, "raw": (3, 0, 0, 0, 0, 0), "files": inode * 16, "sock": sock,
    }  # fmt: skip
    return t + dur, Call(**(fields | values))


def run(events: list[tuple[int, Event]], records: np.ndarray[Any, Any]) -> tuple[Journal, Pipeline]:
    """Feed one batch."""
    tracker = Journal()
    pipeline = Pipeline(tracker, tracker.lines.append, {ONE: "one", TWO: "two"})
    pipeline.take(Batch(events, records, []))
    return tracker, pipeline


def syscalls(tracker: Journal) -> list[tuple[str, int]]:
    """Return the calls' lines in their order: name and time of return."""
    return [(line.call, line.t + line.dur) for line in tracker.lines if isinstance(line, Syscall)]


def test_lines_come_in_order_of_return() -> None:
    """Lines of data calls stand between those of events by when they returned, not began."""
    events = [call("listen", 0, 10, ONE), call("shutdown", 5, 25, ONE), call("listen", 50, 1, ONE)]
    records = data((1, 8, "write", ONE, 1), (2, 9, "read", ONE, 2), (20, 9, "read", ONE, 3),
                   (40, 20, "write", ONE, 4))  # fmt: skip
    tracker, pipeline = run(events, records)
    assert syscalls(tracker) == [
        ("write", 9), ("listen", 10), ("read", 11), ("read", 29), ("shutdown", 30), ("listen", 51),
        ("write", 60),
    ]  # fmt: skip
    assert pipeline.calls == 7


def test_lines_have_name_result_and_errno() -> None:
    """A failed call has -1 and the name of its errno; threads have their names."""
    tracker, _ = run([], data((0, 1, "read", ONE, 5), (1, 1, "recvfrom", TWO, -11)))
    good, bad = (line for line in tracker.lines if isinstance(line, Syscall))
    assert (good.ret, good.errno, good.comm) == (5, None, "one")
    assert (bad.ret, bad.errno, bad.comm) == (-1, "EAGAIN", "two")


def folds(entry: Any) -> set[tuple[int, str]]:
    """Say of which sockets and calls a journal's entry has sums."""
    return {(row.inode, row.call) for row in entry} if isinstance(entry, list) else set()


def test_sums_come_before_the_event_that_needs_them() -> None:
    """A socket's sums are taken in before its next event; other sockets' wait for the end."""
    events = [call("setsockopt", 0, 5, TWO), call("shutdown", 20, 5, ONE)]
    records = data((1, 1, "write", ONE, 7), (6, 1, "read", TWO, 8), (3, 1, "read", ONE, 9))
    records = records[np.argsort(records["start"])]
    tracker, _ = run(events, records)
    kinds = [entry.call if isinstance(entry, Call) else folds(entry) for entry in tracker.journal]
    assert kinds == [
        "setsockopt", {(ONE, "write"), (ONE, "read")}, "shutdown", {(TWO, "read")},
    ]  # fmt: skip


def test_sums_are_taken_in_once() -> None:
    """However many events a socket has: each call is in one sum, and one sum only."""
    events = [call("setsockopt", 10 * i, 5, ONE) for i in range(1, 5)]
    tracker, _ = run(events, data(*((9 * i, 1, "write", ONE, 1) for i in range(1, 6))))
    sums: list[DataFold] = [
        row for entry in tracker.journal if isinstance(entry, list) for row in entry
    ]
    assert sum(row.count for row in sums) == 5
    number = tracker.socket_id(ONE)
    assert number is not None
    assert tracker.world.life(number).calls["write"].bytes == 5


def test_a_birth_does_not_take_in_sums_of_its_listener() -> None:
    """accept tells of a new socket: sums of the new one belong after its birth."""
    birth = call("accept", 0, 100, ONE, other=SocketInfo(TWO, TWO, 2, 1, 6, 10), ret=3)
    tracker, _ = run([birth], data((101, 1, "read", ONE, 7)))
    assert isinstance(tracker.journal[0], Call)
    assert folds(tracker.journal[1]) == {(ONE, "read")}


def test_the_end_of_a_process_finds_its_sums_done() -> None:
    """Before an exit or an exec the sums of calls that the process made last are taken in."""
    for event in (
        Exit(50, ONE, ONE, "one", ONE * 16, 1, last_thread=True, code=0),
        Exec(50, ONE, ONE, "one", ONE * 16),
    ):
        records = data((1, 1, "write", ONE, 7), (2, 1, "write", TWO, 7))
        tracker, _ = run([(50, event)], records)
        assert [folds(entry) for entry in tracker.journal] == [
            {(ONE, "write")}, set(), {(TWO, "write")},
        ]  # fmt: skip


def test_an_empty_datagram_is_no_end_of_file() -> None:
    """A result of 0 on a datagram socket made in the same batch is an empty message."""
    info = SocketInfo(ONE, ONE, 2, 2, 17, 7)
    born = call("socket", 0, 1, ONE, sock=info, ret=3, raw=(2, 2, 0, 0, 0, 0))
    tracker, _ = run([born], data((5, 1, "recvfrom", ONE, 0)))
    number = tracker.socket_id(ONE)
    assert number is not None
    life = tracker.world.life(number)
    assert life.type == "SOCK_DGRAM"
    assert life.empty_datagrams == 1


def test_the_end_of_a_stream_is_no_empty_datagram() -> None:
    """The same on a stream made in the same batch, or of a kind not known, is the end of file."""
    for kind in (1, 0):
        info = SocketInfo(ONE, ONE, 2, kind, 6, 7)
        born = call("accept", 0, 1, ONE, sock=info, ret=3)
        tracker, _ = run([born], data((5, 1, "recvfrom", ONE, 0)))
        life = tracker.world.life(tracker.socket_id(ONE) or 0)
        assert (life.eof, life.empty_datagrams) == (6, 0)


def test_an_empty_batch() -> None:
    """Nothing in, nothing out."""
    tracker, pipeline = run([], data())
    assert (tracker.lines, tracker.journal, pipeline.calls) == ([], [], 0)
