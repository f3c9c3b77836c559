"""Filters over many data calls at once choose what they choose one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.calls import NUMBER
from socktrace.capture.source import Batch
from socktrace.engine import selecting
from socktrace.engine.pipeline import Pipeline
from socktrace.engine.selecting import Selecting
from socktrace.events import Call, Fork, SocketInfo
from socktrace.lines import Line, Syscall
from socktrace.model.filters import parse
from socktrace.model.limits import Limits
from socktrace.model.tracker import Tracker
from socktrace.tracefile.encoding import encode
from socktrace.wire import DATA

if TYPE_CHECKING:
    from socktrace.events import Event

STREAM, DATAGRAM, UNKNOWN = 101, 102, 103
"""Inodes; nobody tells of the birth of the last."""
KINDS = {STREAM: 1, DATAGRAM: 2}


class Chosen:
    """What a filter lets through, with or without a sink that takes bytes."""

    def __init__(self, expression: str, *, bulk: bool, limits: Limits | None = None) -> None:
        self.lines: list[bytes] = []
        self.selecting = Selecting(parse(expression), limits)
        tracker = Tracker(self.selecting.take, whole_machine=True)
        self.selecting.world = tracker.world
        self.selecting.sink = self.line
        if bulk:
            self.selecting.bulk = self.many
        comms = {1: "one", 2: "two"}
        self.pipeline = Pipeline(tracker, self.selecting.take, comms, self.selecting.take_data)

    def line(self, line: Line) -> None:
        """Keep one."""
        self.lines.append(encode(line))

    def many(self, text: bytes, count: int) -> None:
        """Keep many."""
        assert text.count(b"\n") == count
        self.lines += text.splitlines()

    def of_calls(self) -> list[bytes]:
        """Give the lines of data calls in their order."""
        return [line for line in self.lines if b'"call":"sendto"' in line]


def births() -> list[tuple[int, Event]]:
    """Build the events of processes and sockets that begin."""
    events: list[tuple[int, Event]] = [(1, Fork(1, 9, 9, pid, "x", 9, pid)) for pid in (1, 2)]
    for inode, kind in KINDS.items():
        info = SocketInfo(inode, inode, 2, kind, 0, 7)
        made = Call(2, 1, 1, 1, "one", "socket", inode, inode, (2, kind, 0, 0, 0, 0), 1, info)
        events.append((3, made))
    return events


def calls(rows: list[tuple[int, int, int]], begin: int) -> np.ndarray[Any, Any]:
    """Build records from (inode, pid, result)."""
    records = np.zeros(len(rows), DATA)
    for place, (record, (inode, pid, ret)) in enumerate(zip(records, rows, strict=True)):
        record["start"], record["inode"], record["ret"] = begin + 10 * place, inode, ret
        record["pid"] = record["tid"] = pid
        record["call"], record["length"], record["fd"] = NUMBER["sendto"], 16, inode
    return records


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls are sorted by socket: the tests need not make dozens."""
    monkeypatch.setattr(selecting, "_MANY", 2)


ROWS = st.lists(
    st.tuples(
        st.sampled_from([STREAM, DATAGRAM, UNKNOWN]), st.sampled_from([1, 2]),
        st.sampled_from([16, 900, -11]),
    ),
    max_size=12,
)  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(["type:dgram", "bytes>1k", "age>100ns", "family:inet6", "comm:two"]),
    st.lists(ROWS, max_size=4),
)
def test_the_same_lines_come_in_bulk(
    expression: str, batches: list[list[tuple[int, int, int]]]
) -> None:
    """Of sockets that fit at once, later, or never."""
    one_by_one, bulk = (Chosen(expression, bulk=bulk) for bulk in (False, True))
    for each in (one_by_one, bulk):
        each.pipeline.take(Batch(births(), calls([], 0), []))
        for number, rows in enumerate(batches):
            each.pipeline.take(Batch([], calls(rows, 1000 * (number + 1)), []))
        each.selecting.finish()
    assert sorted(bulk.lines) == sorted(one_by_one.lines)


def test_calls_of_a_chosen_socket_are_never_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are those of sockets that were let go: only what waits is kept one by one."""
    limits = Limits()._replace(held_sockets=0)
    chosen = Chosen("type:dgram", bulk=True, limits=limits)
    chosen.pipeline.take(Batch(births(), calls([], 0), []))
    made: list[Line] = []
    monkeypatch.setattr(chosen.selecting, "take", made.append)
    rows = [(DATAGRAM, 2, 16), (STREAM, 1, 16), (DATAGRAM, 1, 900)]
    chosen.pipeline.take(Batch([], calls(rows, 100), []))
    assert len(chosen.of_calls()) == 2
    assert not [line for line in made if isinstance(line, Syscall)]


def test_processes_come_before_their_calls() -> None:
    """Bulk or not, who made a call is introduced before it."""
    chosen = Chosen("type:dgram", bulk=True)
    chosen.pipeline.take(Batch(births(), calls([(DATAGRAM, 2, 16), (STREAM, 2, 16)], 100), []))
    forks = [place for place, line in enumerate(chosen.lines) if b'"event":"fork"' in line]
    (called,) = (place for place, line in enumerate(chosen.lines) if b'"call":"sendto"' in line)
    assert len(forks) == 2
    assert max(forks) < called


def test_calls_on_no_socket_come_with_their_process() -> None:
    """Those of processes that had to do with what is chosen, and of no others."""
    chosen = Chosen("type:dgram", bulk=True)
    chosen.pipeline.take(Batch(births(), calls([(DATAGRAM, 2, 16)] * 2, 100), []))
    chosen.pipeline.take(Batch([], calls([(0, 2, -9), (0, 3, -9)], 200), []))
    assert [b'"pid":2' in line for line in chosen.of_calls()] == [True] * 3
