"""Calls by the thousand: added up to rows that can be taken apart."""

from __future__ import annotations

from socktrace.lines import (
    Cause,
    State,
    Syscall,
)
from socktrace.text.ordering import Placed
from socktrace.view.events.entries import Sum, bare, call_of
from socktrace.view.events.gathering import IDLE, REPEATED, SMALLEST_SUM, STORM
from socktrace.view.events.log import MOST_SINGLES, EventLog
from tests.unit.event_logs import entries, log_of
from tests.unit.event_samples import SECOND, call, look_at, storm


def test_a_large_run_is_a_row_for_each_socket() -> None:
    """Thousands of data calls are told by their sums, and can be taken apart."""
    log = log_of(storm(5_000, sockets=2))
    one, other = entries(log)
    assert isinstance(one, Sum)
    assert isinstance(other, Sum)
    assert (one.count, one.bytes, one.socket) == (2_500, 40_000, 101)
    assert [line.socket for line in other.singles(10)] == [102] * 10
    assert len(one.singles(10_000)) == 2_500


def test_a_small_run_is_told_call_by_call() -> None:
    """As long as somebody can read them."""
    log = log_of(storm(SMALLEST_SUM), storm(SMALLEST_SUM + 1))
    kinds = [type(bare(entry)) for entry in entries(log)]
    assert kinds.count(Syscall) == SMALLEST_SUM
    assert kinds.count(Sum) == 1


def test_many_small_runs_become_sums_together() -> None:
    """A storm with other lines in between comes as many small runs."""
    runs = [storm(20, start=place * 100_000).own() for place in range(200)]
    log = log_of(*runs)
    sums = [entry for entry in entries(log) if isinstance(entry, Sum)]
    assert sum(each.count for each in sums) + len(log) - len(sums) == 4_000
    assert len(log) < 600


def test_successive_sums_become_one_row_for_a_second() -> None:
    """Ten ticks a second do not make ten rows a second."""
    log = EventLog()
    for tick in range(25):
        log.update(look_at(storm(1_000, start=tick * SECOND // 10)))
    counts = [entry.count for entry in entries(log) if isinstance(entry, Sum)]
    assert counts == [10_000, 10_000, 5_000]
    first = log[0]
    assert isinstance(first, Sum)
    assert len(first.singles(3_000)) == 3_000
    assert first.kept == 10_000


def test_a_sum_that_was_forgotten_does_not_grow() -> None:
    """Calls are never added to a row that nobody sees any more."""
    log = EventLog(10)
    log.update(look_at(storm(100)))
    log.extend([call(t) for t in range(20)])
    log.update(look_at(storm(100, start=200_000)))
    last = log[log.stop - 1]
    assert isinstance(last, Sum)
    assert last.count == 100


def test_there_is_an_end_to_what_can_be_taken_apart() -> None:
    """Old sums keep their figures and lose their calls."""
    log = EventLog()
    for tick in range(6):
        log.update(look_at(storm(100_000, start=tick * 2 * SECOND)))
    sums = [entry for entry in entries(log) if isinstance(entry, Sum)]
    assert [each.count for each in sums] == [100_000] * 6
    assert sum(each.kept for each in sums) <= MOST_SINGLES
    assert sums[0].singles(5) == []
    assert len(sums[-1].singles(5)) == 5


def test_a_sum_that_lost_its_calls_may_have_others_again() -> None:
    """And these are counted, too: memory has its limit whatever comes."""
    log = EventLog()
    log.update(look_at(storm(100)))
    first = log[0]
    assert isinstance(first, Sum)
    log.update(look_at(storm(MOST_SINGLES, pid=9, start=1)))
    assert first.kept == 0
    log.update(look_at(storm(100, start=10**6)))
    assert (first.count, first.kept) == (200, 100)
    assert log._singles == sum(e.kept for e in entries(log) if isinstance(e, Sum))


def test_calls_that_repeat_are_added_up_in_a_storm() -> None:
    """Full records come one by one: the same wait thousands of times is one row as well."""
    lines = [call(t * 100, "epoll_wait", fd=4, sockets=[1]) for t in range(STORM)]
    lines += [call(t * 100, "read", socket=2, errno="EAGAIN", ret=-1) for t in range(STORM)]
    lines += [call(50_000 + t, "connect", socket=3 + t) for t in range(3)]
    log = log_of(*lines)
    sums = [entry for entry in entries(log) if isinstance(entry, Sum)]
    assert [(each.call, each.count) for each in sums] == [("epoll_wait", STORM), ("read", STORM)]
    assert sums[1].errors == {"EAGAIN": STORM}
    assert sums[1].bytes == 0
    assert sums[0].singles(2) == lines[:2]
    assert [call_of(entry) for entry in entries(log)].count("connect") == 3


def test_a_change_by_a_call_in_a_sum_does_not_wait_for_it() -> None:
    """The first message binds a socket: that is told at once, with the call's time."""
    bound = State(1_500, 101, "api", "created", "bound", Cause(1_000, 8))
    log = EventLog()
    log.update(look_at(storm(100), bound))
    told = log[1]
    assert isinstance(told, Placed)
    assert told == Placed(bound, apart=True)
    log.update(look_at(storm(100), State(1, 1, "api", "created", "bound", Cause(1, 9))))
    assert len(log) == 2


def test_questions_by_the_thousand_are_added_up() -> None:
    """Asking a socket for its address changes nothing of it."""
    asked = [call(t, "getsockname", socket=2) for t in range(STORM + 1)]
    made = [call(10**6 + t, "socket", socket=2) for t in range(STORM)]
    log = log_of(*asked, *made)
    assert [call_of(entry) for entry in entries(log)].count("getsockname") == 1
    assert [call_of(entry) for entry in entries(log)].count("socket") == STORM


def test_a_loop_that_waits_for_nothing_is_one_row() -> None:
    """Waits that are about no socket, even a few of them; those about sockets are told each."""
    idle = [call(t * 1_000, "epoll_wait", ret=0, dur=900) for t in range(IDLE)]
    about = [call(10**5 + t, "epoll_wait", sockets=[2]) for t in range(IDLE)]
    log = log_of(*idle, *about)
    assert [type(bare(entry)) for entry in entries(log)] == [Sum] + [Syscall] * IDLE
    assert len(log_of(*idle[1:])) == IDLE - 1


def test_a_storm_is_seen_beside_calls_that_took_long() -> None:
    """What counts is when they returned."""
    lines = [call(10 * SECOND + t, "read", socket=2) for t in range(2 * STORM)]
    for place in range(0, 400, 40):
        lines.insert(place, call(SECOND, "accept", socket=1, dur=9 * SECOND))
    log = log_of(*lines, most=5_000)
    assert len(log) == 11


def test_what_comes_slowly_is_not_added_up() -> None:
    """A recording of an hour, all in one look: only what was close together is one row."""
    slow = [call(t * SECOND // 100, "read", socket=2) for t in range(2 * STORM)]
    assert not any(isinstance(entry, Sum) for entry in entries(log_of(*slow)))
    few = [call(t, f"read{t}", socket=2) for t in range(2 * STORM)]
    assert not any(isinstance(entry, Sum) for entry in entries(log_of(*few)))
    assert REPEATED < STORM


# --- what is chosen ---
