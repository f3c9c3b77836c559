"""Events that no kernel would send: whatever the fields say, the model stays in one piece."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.calls import CALLS
from socktrace.events import (
    Call,
    Event,
    Exec,
    Exit,
    Fork,
    Healing,
    Listed,
    Loss,
    Passed,
    Seen,
    SocketInfo,
    TcpSegment,
    TcpState,
)
from socktrace.lines import Address
from socktrace.model.folds import DataFold
from tests.scenarios.script import Told

_T = st.integers(0, 300)
_PID = st.integers(1, 3)
_FD = st.integers(-1, 5)
_FILES = st.sampled_from([0, 0x1000, 0x2000])
_ADDRESS = st.none() | st.builds(
    Address,
    st.sampled_from(["AF_INET", "AF_UNIX", "AF_UNSPEC"]),
    ip=st.sampled_from([None, "127.0.0.1", "::ffff:127.0.0.1"]),
    port=st.sampled_from([None, 0, 80, 81]),
)
_INFO = st.builds(
    SocketInfo,
    inode=st.integers(0, 4),
    sk=st.integers(0, 4),
    family=st.sampled_from([0, 1, 2, 10, 99]),
    type=st.sampled_from([0, 1, 2, 5]),
    protocol=st.sampled_from([0, 6, 17]),
    tcp_state=st.integers(0, 14),
    local=_ADDRESS,
    remote=_ADDRESS,
    peer_sk=st.integers(0, 4),
    refs=st.integers(0, 3),
)
_CALL = st.builds(
    Call,
    t=_T,
    dur=st.integers(0, 40),
    pid=_PID,
    tid=_PID,
    comm=st.just("x"),
    call=st.sampled_from([spec.name for spec in CALLS]) | st.just("mystery"),
    fd=_FD,
    ret=st.integers(-3, 6) | st.sampled_from([-115, -111, -106, -512]),
    raw=st.lists(st.integers(0, 7) | st.just(1030), max_size=6).map(tuple),
    files=_FILES,
    sock=st.none() | _INFO,
    other=st.none() | _INFO,
    other_fd=_FD,
    addr=_ADDRESS,
    blob=st.binary(max_size=30),
)
_LISTED = st.builds(
    Listed,
    _T,
    _INFO,
    local=_ADDRESS,
    remote=_ADDRESS,
    peer_inode=st.integers(0, 4),
    holders=st.lists(st.tuples(_PID, _FD, st.booleans(), st.booleans()), max_size=3).map(tuple),
    listening=st.booleans(),
    shutdown=st.integers(0, 3),
)
_SEEN = st.builds(Seen, _T, _PID, _PID, st.just("x"), st.just(()), _PID, st.just("/"), _PID)
_PIDS = st.lists(_PID, max_size=3).map(tuple)
_TCP_NUMBER = st.integers(0, 14)
_EVENT = st.one_of(
    _CALL,
    _CALL,
    _CALL,
    st.builds(Passed, _T, _PID, _PID, _FD, st.booleans(), _INFO, _FILES, st.booleans()),
    st.builds(Fork, _T, _PID, _PID, _PID, st.just("x"), _FILES, _FILES),
    st.builds(Exec, _T, _PID, _PID, st.just("x"), _FILES),
    st.builds(
        Exit,
        _T,
        _PID,
        _PID,
        st.just("x"),
        _FILES,
        st.integers(0, 3),
        st.booleans(),
        st.integers(0, 999),
    ),
    st.builds(
        TcpState,
        _T,
        _INFO,
        _TCP_NUMBER,
        _TCP_NUMBER,
        _PID,
        _PID,
        st.booleans(),
        st.sampled_from(["", "close", "connect", "sendto"]),
        _T,
        st.booleans(),
    ),
    st.builds(
        TcpSegment, _T, _INFO, st.sampled_from(["retransmit", "reset-sent", "reset-received", "?"])
    ),
    st.builds(
        Loss, _T, st.integers(0, 9), st.just("ring full"), st.sampled_from(["", "life", "data"])
    ),
    _LISTED,
    _SEEN,
    st.builds(
        Healing,
        _T,
        _T,
        _T,
        pids=_PIDS,
        looked=_PIDS,
        single=_PIDS,
        shared=st.none() | st.lists(_PIDS, max_size=2).map(tuple),
        alive=st.lists(st.integers(0, 4), max_size=4).map(tuple),
        orphans=st.lists(_INFO, max_size=2).map(tuple),
        listed=st.lists(_LISTED, max_size=4).map(tuple),
        seen=st.lists(_SEEN, max_size=3).map(tuple),
        tables=st.booleans(),
        complete=st.booleans(),
        again=st.booleans(),
    ),
)
_FOLD = st.builds(
    DataFold,
    inode=st.integers(1, 4),
    call=st.sampled_from(["read", "write", "splice"]),
    count=st.integers(0, 9),
    bytes=st.integers(0, 99),
    time=_T,
    errors=st.dictionaries(st.integers(1, 140), st.integers(1, 3), max_size=2),
    first_t=_T,
    last_t=_T,
    last_pid=_PID,
    last_tid=_PID,
    fd=_FD,
    files=_FILES,
    local_port=st.sampled_from([0, 80]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_EVENT | st.lists(_FOLD, max_size=3), max_size=40), st.booleans())
def test_nonsense_is_survived(feed: list[Event | list[DataFold]], whole_machine: bool) -> None:  # noqa: FBT001
    """No exception, and what is open and closed still agrees with who holds it."""
    told = Told(whole_machine=whole_machine)
    for item in feed:
        if isinstance(item, list):
            told.tracker.feed_data(item)
        else:
            told.feed(item)
    world = told.tracker.world
    for life in world.sockets.values():
        closed = life.api_state == "closed"
        assert closed == (life.closed is not None)
        assert not (closed and world.holders(life.socket))
        assert len(world.holders(life.socket)) == sum(d.closed is None for d in life.descriptors)
    held = sum(len(world.holders(number)) for number in world.sockets)
    tables = {id(t): t for ts in told.tracker._core.tables.by_pid.values() for t in ts}
    assert held == sum(len(table.held()) for table in tables.values())
