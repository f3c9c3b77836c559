"""What was told since the last look: once, in order, and not more than there is room for."""

from __future__ import annotations

from typing import Any

import numpy as np

from socktrace.calls import NUMBER
from socktrace.engine.datacalls import DataCalls, DataRun
from socktrace.engine.feeds.fresh import Fresh
from socktrace.engine.templates import Templates
from socktrace.lines import Sample, Syscall
from socktrace.wire import DATA


class Sockets:
    """Every inode is a socket of that number plus 100."""

    def socket_id(self, inode: int) -> int | None:
        """Give it."""
        return inode + 100

    def ensure_socket(self, inode: int, _: int) -> int:
        """Give it."""
        return inode + 100


class Names:
    """Every thread is called "c"."""

    def of(self, _tid: int, _pid: int) -> str:
        """Give it."""
        return "c"


def run_of(*inodes: int) -> DataRun:
    """A run of one call on each."""
    records: np.ndarray[Any, Any] = np.zeros(len(inodes), DATA)
    records["inode"], records["call"], records["ret"] = inodes, NUMBER["write"], 5
    records["start"] = range(len(inodes))
    calls = DataCalls(records, Sockets(), Names(), Templates())
    return DataRun(calls, 0, len(inodes))


def test_what_was_told_is_given_once() -> None:
    """The next look gets only what came after."""
    fresh = Fresh()
    line = Sample(1, 7, 1, 2)
    fresh.take(line)
    fresh.touch([9])
    told = fresh.handed_over()
    assert (told.changed, list(told.lines), told.skipped) == ({7, 9}, [line], 0)
    told = fresh.handed_over()
    assert (told.changed, list(told.lines), told.skipped) == (set(), [], 0)


def test_a_wait_changes_all_that_it_is_about() -> None:
    """A poll has no socket of its own."""
    fresh = Fresh()
    fresh.take(Syscall(0, 1, 2, 2, "c", "poll", 1, {}, sockets=[3, 4]))
    assert fresh.handed_over().changed == {3, 4}


def test_data_calls_are_kept_together() -> None:
    """Many calls are one item, and tell of their sockets."""
    fresh = Fresh()
    fresh.take_data(run_of(1, 2, 1))
    told = fresh.handed_over()
    assert told.changed == {101, 102}
    (run,) = told.lines
    assert isinstance(run, DataRun)
    assert [(line.socket, line.ret) for line in run.lines()] == [(101, 5), (102, 5), (101, 5)]


def test_a_kept_run_does_not_keep_its_batch() -> None:
    """The records of a run are its own."""
    whole = run_of(*range(100))
    part = DataRun(whole.calls, 10, 12).own()
    assert [line.socket for line in part.lines()] == [110, 111]
    assert part.calls.distinct("inode", 0, part.size) == [10, 11]
    assert part.size == 2
    assert len(part.calls._records) == 2


def test_the_oldest_go_when_there_is_no_room() -> None:
    """What is skipped is counted call by call."""
    fresh = Fresh(most=10)
    fresh.take_data(run_of(*range(8)))
    for number in range(5):
        fresh.take(Sample(number, number, 1, 1))
    told = fresh.handed_over()
    assert told.skipped == 8
    assert [line.t for line in told.lines if isinstance(line, Sample)] == [0, 1, 2, 3, 4]


def test_one_run_that_is_too_large_stays() -> None:
    """Something is better than nothing."""
    fresh = Fresh(most=3)
    fresh.take_data(run_of(1, 2, 3, 4, 5))
    told = fresh.handed_over()
    assert (len(told.lines), told.skipped) == (1, 0)
