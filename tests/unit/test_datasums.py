"""Data calls added up for a screen: as exact as if each had been looked at."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.calls import NUMBER
from socktrace.engine.comms import Comms
from socktrace.engine.datacalls import DataCalls, DataRun
from socktrace.engine.datasums import APART
from socktrace.engine.templates import Templates
from socktrace.wire import DATA
from tests.unit.event_samples import Numbers, storm

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "pid": st.integers(1, 3),
            "inode": st.integers(0, 3),
            "call": st.sampled_from([NUMBER["read"], NUMBER["sendto"]]),
            "ret": st.sampled_from([0, 5, 64, -11, -104]),
            "start": st.integers(0, 2**40),
            "duration": st.integers(0, 2**30),
        }
    ),
    max_size=30,
)


def run_of(rows: list[dict[str, int]]) -> DataRun:
    """Build a run of these records."""
    records = np.zeros(len(rows), DATA)
    for record, row in zip(records, rows, strict=True):
        for name, value in row.items():
            record[name] = value
        record["tid"] = row["pid"]
    calls = DataCalls(records, Numbers(), Comms({1: "one"}), Templates())
    return DataRun(calls, 0, len(rows))


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_sums_are_those_of_the_lines(rows: list[dict[str, int]]) -> None:
    """Count, bytes, errors, times and sockets of each row, and no call left out or told twice."""
    run = run_of(rows)
    lines = list(run.lines())
    sums = run.sums()
    assert sum(row.calls for row in sums) == len(lines)
    for row in sums:
        of_it = [
            line
            for line in lines
            if (line.pid, line.call) == (row.pid, row.call)
            and ({line.socket} == set(row.sockets) or (line.socket is None and not row.sockets))
        ]
        assert row.calls == len(of_it)
        assert row.bytes == sum(max(line.ret, 0) for line in of_it)
        assert row.errors == Counter(line.errno for line in of_it if line.errno)
        assert row.time == sum(line.dur for line in of_it)
        assert row.first_t == min(line.t for line in of_it)
        assert row.last_t == max(line.t + line.dur for line in of_it)
        assert row.comm == ("one" if row.pid == 1 else "?")
        assert list(run.singles(row, 100)) == of_it
        assert list(run.singles(row, 2)) == of_it[:2]


def test_many_sockets_are_one_row() -> None:
    """A server with thousands of connections does not fill the screen at every tick."""
    run = storm(20_000, sockets=5_000)
    (row,) = run.sums()
    assert row.calls == 20_000
    assert len(row.sockets) == 5_000
    assert len(list(run.singles(row, 1_000))) == 1_000
    assert len(storm(1_000, sockets=APART).sums()) == APART
    assert len(storm(1_000, sockets=APART + 1).sums()) == 1


def test_runs_become_one() -> None:
    """As if their calls had come in one, in their order."""
    runs = [storm(10, start=place * 10_000).own() for place in range(3)]
    whole = runs[0].joined(runs[1:])
    assert whole.size == 30
    assert list(whole.lines()) == [line for run in runs for line in run.lines()]
    (row,) = whole.sums()
    assert row.calls == 30


def test_kept_calls_keep_the_numbers_of_their_sockets() -> None:
    """An inode that is used again later does not change whose call it was."""
    numbers = Numbers()
    records = np.zeros(4, DATA)
    records["inode"], records["call"] = [1, 1, 2, 0], NUMBER["read"]
    kept = DataRun(DataCalls(records, numbers, Comms({}), Templates()), 0, 4).own()
    numbers.socket_id = lambda _inode, /: 999  # type: ignore[method-assign]
    numbers.ensure_socket = lambda _inode, _t, /: 999  # type: ignore[method-assign]
    assert [line.socket for line in kept.lines()] == [101, 101, 102, None]
    assert {row.sockets for row in kept.sums()} == {(101,), (102,), ()}


def test_nothing_comes_to_nothing() -> None:
    """An empty run has no sums."""
    assert storm(5).calls.sums(2, 2) == []
