"""Lines of data calls as bytes: the same, to the byte, as if each had been written by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.calls import CALLS, NUMBER, Kind
from socktrace.capture.source import Batch
from socktrace.engine import datacalls, templates
from socktrace.engine.pipeline import Pipeline
from socktrace.events import Call, SocketInfo
from socktrace.lines import Line, Socket, Syscall
from socktrace.model.tracker import Tracker
from socktrace.tracefile.encoding import encode
from socktrace.wire import (
    DATA,
    FLAG_ABI32,
    FLAG_BEGAN_BEFORE,
    FLAG_OUTGOING,
    FLAG_UNREADABLE,
    ends,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.engine.datacalls import DataRun
    from socktrace.events import Event

FLAGS = (FLAG_ABI32, FLAG_UNREADABLE, FLAG_OUTGOING, FLAG_BEGAN_BEFORE)
HOSTILE = ['%d%s%%"\\', "\x1b[2J\n", "bad\udcff", "naïve ☃", "", ',"socket":0', '"ret":0', "nginx"]
FEW = st.integers(1, 4)
NAMES = st.dictionaries(FEW, st.sampled_from(HOSTILE), max_size=4)
RESULTS = st.one_of(
    st.integers(-4095, 2**31 - 1), st.sampled_from([0, -1, -11, -32, -512, -(2**31), 16])
)
LENGTHS = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 16, 2**31, 2**64 - 1]))
DESCRIPTORS = st.one_of(st.integers(-1, 9), st.integers(-(2**31), 2**31 - 1))
ADDRESSES = st.one_of(
    st.binary(min_size=16, max_size=16),
    st.sampled_from([bytes(16), b"\x7f\0\0\1" + bytes(12), bytes(15) + b"\1"]),
)
RECORDS = st.fixed_dictionaries(
    {
        "start": st.integers(0, 2**62),
        "duration": st.one_of(st.integers(0, 2**40), st.just(0)),
        "pid": st.one_of(FEW, st.integers(0, 2**32 - 1)),
        "tid": st.one_of(FEW, st.integers(0, 2**32 - 1)),
        "inode": st.integers(0, 5),
        "fd": DESCRIPTORS,
        "ret": RESULTS,
        "call": st.sampled_from([NUMBER[spec.name] for spec in CALLS if spec.kind is Kind.DATA]),
        "flags": st.sets(st.sampled_from(FLAGS)).map(sum),
        "length": LENGTHS,
        "msg_flags": st.one_of(st.sampled_from([0, 2, 0x20, 0x4040]), st.integers(0, 2**32 - 1)),
        "family": st.sampled_from([0, 0, 2, 10, 1, 0xFFFF]),
        "port": st.one_of(st.integers(0, 0xFFFF), st.just(443)),
        "ip": ADDRESSES,
        "sequence": st.integers(0, 2**32 - 1),
        "cpu": st.integers(0, 3),
    }
)


def array(rows: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
    """Build records of the wire's layout, in the order of their return."""
    records = np.zeros(len(rows), DATA)
    for record, row in zip(records, rows, strict=True):
        for name, value in row.items():
            record[name] = np.frombuffer(value, np.uint8) if name == "ip" else value
    return records[np.argsort(ends(records), kind="stable")]


def closing(t: int, inode: int) -> tuple[int, Event]:
    """Build the event of a socket's only descriptor being closed."""
    info = SocketInfo(inode, inode, 2, 1, 6, 7, refs=1)
    return t, Call(t, 0, 1, 1, "c", "close", 3, 0, (3, 0, 0, 0, 0, 0), 16, info)


class Kept:
    """A recording in memory, by either way."""

    def __init__(self, comms: dict[int, str], *, bulk: bool) -> None:
        self.text = b""
        self.counts: list[int] = []
        tracker = Tracker(self.line, whole_machine=True)
        taken = self.run if bulk else None
        self.pipeline = Pipeline(tracker, self.line, dict(comms), taken)

    def line(self, line: Line) -> None:
        """Keep one line."""
        self.text += encode(line) + b"\n"

    def run(self, run: DataRun) -> None:
        """Keep many as bytes."""
        for text, count in run.encoded():
            assert text.count(b"\n") == count
            self.text += text
            self.counts.append(count)


def both_ways(
    comms: dict[int, str], batches: list[Batch], **limits: int
) -> Iterator[tuple[Kept, Kept]]:
    """Take in batches both ways; give both recordings after each."""
    slow, fast = Kept(comms, bulk=False), Kept(comms, bulk=True)
    with (
        patch.object(datacalls, "PIECE", limits.get("piece", datacalls.PIECE)),
        patch.object(templates, "TEMPLATES_MOST", limits.get("most", templates.TEMPLATES_MOST)),
    ):
        for batch in batches:
            for each in (slow, fast):
                each.pipeline.take(batch)
            yield slow, fast


@settings(max_examples=120, deadline=None)
@given(
    batches=st.lists(
        st.tuples(
            st.lists(RECORDS, max_size=12),
            st.lists(st.tuples(st.integers(0, 2**62), st.integers(1, 5)), max_size=3),
        ),
        max_size=3,
    ),
    names=NAMES,
    piece=st.integers(1, 5),
    most=st.integers(1, 4),
)
def test_the_bytes_are_those_of_line_by_line(
    batches: list[tuple[list[dict[str, Any]], list[tuple[int, int]]]],
    names: dict[int, str],
    piece: int,
    most: int,
) -> None:
    """Whatever the records hold, and wherever sockets begin or close among them."""
    made = [
        Batch(sorted((closing(*each) for each in closed), key=lambda end: end[0]), array(rows), [])
        for rows, closed in batches
    ]
    for slow, fast in both_ways(names, made, piece=piece, most=most):
        assert fast.text == slow.text


def storm(count: int, **fields: int) -> np.ndarray[Any, Any]:
    """Build records of a program that sends the same over and over."""
    records = np.zeros(count, DATA)
    for name, value in ({"pid": 1, "tid": 1, "inode": 7, "fd": 3, "length": 16} | fields).items():
        records[name] = value
    records["call"], records["ret"] = NUMBER["sendto"], 16
    records["start"] = np.arange(count) * 1000
    return records


def test_many_lines_are_few_pieces() -> None:
    """A batch whose sockets are known is one piece; a socket that begins in it parts it in two."""
    records = storm(100)
    records["inode"][60:] = 8
    batches = [Batch([], records, []), Batch([], records, [])]
    (_, fast), _ = both_ways({1: "c"}, batches)
    assert fast.counts == [60, 40, 100]


def test_no_piece_is_larger_than_the_limit() -> None:
    """What a stalled reader finds in the rings does not become one text of a hundred megabytes."""
    ((slow, fast),) = both_ways({1: "c"}, [Batch([], storm(10_000), [])])
    assert fast.text == slow.text
    assert max(fast.counts) == datacalls.PIECE


def test_a_socket_begins_just_before_its_first_call() -> None:
    """The line of a socket that nobody announced stands between other calls and its first."""
    records = storm(3)
    records["inode"] = [7, 8, 7]
    ((_, fast),) = both_ways({1: "c"}, [Batch([], records, [])])
    kinds = [line.partition(b",")[0] for line in fast.text.splitlines()]
    told = [kind[9:-1].decode() for kind in kinds]
    assert [kind for kind in told if kind in {"socket", "syscall"}] == [
        "socket", "syscall", "socket", "syscall", "syscall"
    ]  # fmt: skip


def test_a_thread_is_named_as_in_its_batch() -> None:
    """A program that has another name in the next batch has it in the next batch's lines."""
    names = {1: "before"}
    fast = Kept(names, bulk=True)
    fast.pipeline.take(Batch([], storm(2), []))
    fast.pipeline.comms._shown[1] = "after"
    fast.pipeline.take(Batch([], storm(2), []))
    assert fast.text.count(b'"comm":"before"') == fast.text.count(b'"comm":"after"') == 2


@pytest.mark.parametrize("most", [3, 64])
def test_ever_new_addresses_do_not_fill_memory(most: int) -> None:
    """A server that answers thousands of clients: no more templates are kept than the limit."""
    records = storm(1000, family=2)
    records["ip"][:, 0] = np.arange(1000) & 0xFF
    records["port"] = np.arange(1000)
    ((slow, fast),) = both_ways({1: "c"}, [Batch([], records, [])], most=most)
    assert fast.text == slow.text
    kept = fast.pipeline._templates
    assert len(kept) <= most
    assert len(kept._without_address) == 1


def test_lines_are_not_made_to_be_thrown_away() -> None:
    """A sink that takes bytes is never handed a line of a data call."""
    lines: list[Line] = []
    tracker = Tracker(lines.append, whole_machine=True)
    Pipeline(tracker, lines.append, {}, lambda run: list(run.encoded())).take(
        Batch([], storm(5), [])
    )
    assert {type(line) for line in lines} >= {Socket}
    assert not any(isinstance(line, Syscall) for line in lines)
