"""Reading order: what a call caused stands below it, and nothing waits for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.lines import (
    Blocked,
    Cause,
    Descriptor,
    Line,
    Process,
    Socket,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.text.introductions import Introductions
from socktrace.text.ordering import MOST_LINES, PATIENCE, Placed, ReadingOrder, reading_order
from socktrace.tracefile import open_recording

TRACES: Final = Path(__file__).parents[2] / "samples" / "traces"


def call(t: int, dur: int = 10, tid: int = 7, name: str = "connect", socket: int = 1) -> Syscall:
    """Make a call."""
    return Syscall(t=t, dur=dur, pid=7, tid=tid, comm="x", call=name, ret=0, args={}, socket=socket)


def tcp(t: int, cause: Cause | str, to: str = "SYN-SENT", socket: int = 1) -> State:
    """Make a change of TCP's state."""
    return State(t=t, socket=socket, layer="tcp", from_="CLOSED", to=to, cause=cause)


def born(t: int, socket: int = 1) -> Socket:
    """Make a socket's first line."""
    return Socket(t, socket, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", pid=7)


def received(t: int, fd: int = 3) -> Descriptor:
    """Make a descriptor out of a message."""
    return Descriptor(t=t, socket=1, pid=7, fd=fd, event="opened", via="SCM_RIGHTS")


def read(*lines: Line) -> list[Line]:
    """Lines in reading order."""
    return [placed.line for placed in reading_order(lines)]


def test_a_change_stands_below_the_call_that_caused_it() -> None:
    """With the kernel's own that followed it before the call returned, in their order."""
    sent, made = tcp(3, Cause(2, 7)), tcp(5, "kernel", "ESTABLISHED")
    connect, other = call(2), call(4, 1, tid=8, socket=2)
    assert read(sent, other, made, connect) == [other, connect, sent, made]


def test_what_was_made_stands_below_its_maker() -> None:
    """Both sockets of a pair; and a socket whose maker is not in the recording stays in place."""
    pair = call(2, 8, name="socketpair")
    first, second = born(10, 1), born(10, 2)
    assert read(first, second, pair) == [pair, first, second]
    later = call(20)
    assert read(first, later) == [first, later]


@pytest.mark.parametrize("told", [2, 12])
def test_descriptors_stand_below_the_call_that_received_them(told: int) -> None:
    """They may be told with the call's beginning or its end, with others' lines in between."""
    got = [received(told, 3), received(told, 4)]
    recvmsg, other = call(2, 10, name="recvmsg"), call(1, 4, tid=9, socket=5)
    assert read(*got, recvmsg) == [recvmsg, *got]
    assert read(*got, other, recvmsg) == [other, recvmsg, *got]


def test_what_an_exit_closed_stands_below_it() -> None:
    """Descriptors, and the states that follow from them."""
    gone = Descriptor(t=5, socket=1, pid=7, fd=3, event="closed", via="exit")
    closed = State(t=5, socket=1, layer="api", from_="connected", to="closed", cause="exit")
    end = Process(t=5, event="exit", pid=7, exit_code=0)
    assert read(gone, closed, end) == [end, gone, closed]


def test_a_call_that_did_not_return_has_what_it_caused_below_it() -> None:
    """Told as blocked when the recording ends."""
    sent = tcp(3, Cause(2, 7))
    blocked = Blocked(t=90, since=2, pid=7, tid=7, comm="x", call="connect", socket=1)
    assert list(reading_order([sent, blocked])) == [Placed(blocked), Placed(sent)]


def test_nothing_waits_longer_than_its_patience() -> None:
    """In the recording's time, by later lines or by the clock of a live view."""
    sent = tcp(3, Cause(2, 7))
    other = call(PATIENCE + 10, 1, tid=8, socket=2)
    assert list(reading_order([sent, other])) == [Placed(sent, apart=True), Placed(other)]
    order = ReadingOrder()
    assert order.take(sent) == []
    assert order.late(PATIENCE) == []
    assert order.late(PATIENCE + 4) == [Placed(sent, apart=True)]
    assert order.rest() == []
    assert order.take(received(5)) == []
    order.take(call(6, 1, tid=8))
    assert order.late(3 * PATIENCE) == [Placed(received(5))]


def test_nothing_waits_for_more_than_so_many_lines() -> None:
    """However little time passes."""
    order = ReadingOrder()
    order.take(tcp(3, Cause(2, 7)))
    given = [placed for n in range(MOST_LINES + 1) for placed in order.take(call(4, 1, tid=8 + n))]
    assert any(placed.apart for placed in given)


def test_a_call_whose_line_is_missing_is_not_waited_for_longer_than_its_thread_is_in_it() -> None:
    """A thread is in one call at a time: the next one means that the line will not come."""
    sent, later = tcp(3, Cause(2, 7)), call(20)
    assert list(reading_order([sent, later])) == [Placed(sent, apart=True), Placed(later)]
    end = Process(t=9, event="exit", pid=7)
    assert list(reading_order([sent, end])) == [Placed(sent, apart=True), Placed(end)]


def test_what_comes_after_its_call_does_not_wait() -> None:
    """As the changes of the API's state do."""
    connected = State(
        t=12, socket=1, layer="api", from_="created", to="connected", cause=Cause(2, 7)
    )
    order = ReadingOrder()
    order.take(call(2))
    assert order.take(connected) == [Placed(connected)]


def test_states_of_a_socket_never_change_places() -> None:
    """Two threads, one closing what the other is connecting: order goes before neatness."""
    sent, gone = tcp(3, Cause(2, 7)), tcp(5, Cause(4, 8), "CLOSED")
    connect, close = call(2, 30), call(4, 2, tid=8, name="close")
    assert read(sent, gone, close, connect) == [sent, close, gone, connect]


def test_what_the_kernel_does_alone_stays_where_it_is() -> None:
    """A segment, a timer, a retransmission."""
    alone: list[Line] = [tcp(3, "kernel"), TcpEvent(t=4, socket=1, event="retransmit"), call(1)]
    assert read(*alone) == alone


CAUSES = st.sampled_from([Cause(t, tid) for t in (1, 5, 9) for tid in (7, 8)])
ANY: st.SearchStrategy[Line] = st.one_of(
    st.builds(tcp, st.integers(0, 20), st.one_of(CAUSES, st.just("kernel")),
              st.sampled_from(["A", "B"]), st.integers(1, 2)),
    st.builds(call, st.sampled_from([1, 5, 9]), st.integers(0, 4), st.integers(7, 8)),
    st.builds(born, st.integers(0, 20), st.integers(1, 2)),
    st.builds(received, st.integers(0, 20)),
    st.builds(lambda t: Process(t=t, event="exit", pid=7), st.integers(0, 20)),
)  # fmt: skip


@given(st.lists(ANY, max_size=30))
def test_every_line_comes_out_once_and_tcp_states_in_order(lines: list[Line]) -> None:
    """Whatever comes in, in whatever order."""
    out = read(*lines)
    assert sorted(map(id, out)) == sorted(map(id, lines))
    for socket in (1, 2):
        changes = [[id(x) for x in seq if isinstance(x, State) and x.socket == socket]
                   for seq in (lines, out)]  # fmt: skip
        assert changes[0] == changes[1]
    calls = [[id(x) for x in seq if isinstance(x, Syscall)] for seq in (lines, out)]
    assert calls[0] == calls[1]


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_in_real_recordings_every_effect_stands_below_its_call(path: Path) -> None:
    """No state, socket or received descriptor above the call that it came of, but by a long one."""
    told: set[tuple[int, int]] = set()
    ends: set[int] = set()
    effects = 0
    with open_recording(str(path)) as recording:
        whole = [line for line in recording if isinstance(line, Syscall)]
        known = {(line.t, line.tid) for line in whole}
        made = {line.t + line.dur for line in whole}
        for line, apart in reading_order(recording):
            if isinstance(line, Syscall):
                told.add((line.t, line.tid))
                ends.add(line.t + line.dur)
            elif isinstance(line, State) and isinstance(line.cause, Cause) and not apart:
                cause = (line.cause.t, line.cause.tid)
                assert cause in told or cause not in known, line
                effects += 1
            elif isinstance(line, Socket) and line.t in made:
                assert line.t in ends, line
                effects += 1
    assert effects


def test_processes_that_touch_no_socket_are_left_out() -> None:
    """The others enter just before the first thing they do."""
    cast = Introductions()
    lines: list[Line] = [
        Process(t=1, event="fork", pid=5, ppid=1), Process(t=2, event="exec", pid=5),
        Process(t=3, event="fork", pid=7, ppid=1), Process(t=4, event="exit", pid=5), call(6),
        Process(t=9, event="exit", pid=7),
    ]  # fmt: skip
    told = [out for line in lines for out in cast.take(line)]
    assert told == [lines[2], lines[4], lines[5]]
