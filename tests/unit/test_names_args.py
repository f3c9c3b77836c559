"""A call's registers and bytes become arguments by their man-page names, whatever they hold."""

from __future__ import annotations

import fcntl
import select
import socket
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.calls import CALLS, Kind
from socktrace.events import Call, SocketInfo
from socktrace.lines import Address
from socktrace.names.args import data_args, named_args

_HERE = Address(family="AF_INET", ip="127.0.0.1", port=80)
_MINUS_ONE = 2**64 - 1
_SOCK = SocketInfo(inode=1, sk=0, family=2, type=1, protocol=6, tcp_state=1)


def _call(name: str, *raw: int, ret: int = 0, **more: Any) -> Call:
    return Call(
        t=0, dur=1, pid=1, tid=1, comm="x", call=name, fd=3, ret=ret, raw=tuple(raw), **more
    )


def _sets(*members: set[int]) -> bytes:
    return b"".join(sum(1 << m for m in each).to_bytes(32, "little") for each in members)


_SOCKOPT = ("setsockopt", 3, socket.SOL_SOCKET)
_INT1 = struct.pack("=i", 1)

CASES: list[tuple[Call, dict[str, Any]]] = [
    (
        _call("socket", 2, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0),
        {
            "domain": "AF_INET",
            "type": ["SOCK_STREAM", "SOCK_CLOEXEC"],
            "protocol": "IPPROTO_TCP",
        },
    ),
    (
        _call("socketpair", 1, 1, 0, 0x7FFF, blob=struct.pack("=ii", 5, 6)),
        {"domain": "AF_UNIX", "type": ["SOCK_STREAM"], "protocol": "0", "sv": [5, 6]},
    ),
    (_call("bind", 3, 0x7FFF, 16, addr=_HERE), {"addr": _HERE, "addrlen": 16}),
    (_call("listen", 3, 0xFFFF_FFFF), {"backlog": -1}),
    (_call("accept", 3, 0x7FFF, 0x7FFF, ret=4, addr=_HERE), {"addr": _HERE}),
    (_call("accept4", 3, 0, 0, 0o4000), {"flags": ["SOCK_NONBLOCK"]}),
    (_call("shutdown", 3, 1), {"how": "SHUT_WR"}),
    (_call("shutdown", 3, 7), {"how": "7"}),
    (
        _call(*_SOCKOPT, socket.SO_REUSEADDR, 0x7FFF, 4, blob=_INT1),
        {"level": "SOL_SOCKET", "optname": "SO_REUSEADDR", "optval": 1, "optlen": 4},
    ),
    (
        _call(*_SOCKOPT, socket.SO_LINGER, 0x7FFF, 8, blob=struct.pack("=ii", 1, 5)),
        {
            "level": "SOL_SOCKET",
            "optname": "SO_LINGER",
            "optval": {"onoff": 1, "linger": 5},
            "optlen": 8,
        },
    ),
    (
        _call(*_SOCKOPT, socket.SO_RCVTIMEO, 0x7FFF, 16, blob=struct.pack("=qq", 2, 500_000)),
        {
            "level": "SOL_SOCKET",
            "optname": "SO_RCVTIMEO",
            "optval": {"tv_sec": 2, "tv_usec": 500_000},
            "optlen": 16,
        },
    ),
    (
        _call(*_SOCKOPT, socket.SO_SNDTIMEO, 1, 8, blob=struct.pack("=ii", 2, 5), abi32=True),
        {
            "level": "SOL_SOCKET",
            "optname": "SO_SNDTIMEO",
            "optval": {"tv_sec": 2, "tv_usec": 5},
            "optlen": 8,
        },
    ),
    (
        _call("getsockopt", 3, 1, socket.SO_ERROR, 1, 1, blob=struct.pack("=i", 111)),
        {"level": "SOL_SOCKET", "optname": "SO_ERROR", "optval": "ECONNREFUSED"},
    ),
    (
        _call("getsockopt", 3, 1, socket.SO_ERROR, 1, 1, blob=bytes(4)),
        {"level": "SOL_SOCKET", "optname": "SO_ERROR", "optval": 0},
    ),
    (
        _call("getsockopt", 3, 1, 38, 1, 1, blob=struct.pack("=i", 6), sock=_SOCK),
        {"level": "SOL_SOCKET", "optname": "SO_PROTOCOL", "optval": "IPPROTO_TCP"},
    ),
    (
        _call("getsockopt", 3, 1, socket.SO_PEERCRED, 1, 1, blob=struct.pack("=iII", 9, 0, 5)),
        {
            "level": "SOL_SOCKET",
            "optname": "SO_PEERCRED",
            "optval": {"pid": 9, "uid": 0, "gid": 5},
        },
    ),
    (
        _call("getsockopt", 3, 6, socket.TCP_CONGESTION, 1, 1, blob=b"cubic\0\0\0"),
        {"level": "IPPROTO_TCP", "optname": "TCP_CONGESTION", "optval": "cubic"},
    ),
    (
        _call("getsockopt", 3, 6, socket.TCP_INFO, 1, 1, blob=b"\x01\x02\x03"),
        {"level": "IPPROTO_TCP", "optname": "TCP_INFO", "optval": "010203"},
    ),
    (
        _call("getsockopt", 3, 1, socket.SO_ERROR, 1, 1, ret=-9, blob=_INT1),
        {"level": "SOL_SOCKET", "optname": "SO_ERROR"},
    ),
    (_call("close", 3), {}),
    (
        _call("close_range", 3, 0xFFFF_FFFF, 4),
        {"first": 3, "last": 0xFFFF_FFFF, "flags": ["CLOSE_RANGE_CLOEXEC"]},
    ),
    (_call("dup2", 3, 9), {"newfd": 9}),
    (_call("dup3", 3, 9, 0o2000000), {"newfd": 9, "flags": ["O_CLOEXEC"]}),
    (
        _call("fcntl", 3, fcntl.F_SETFL, 0o4002),
        {"cmd": "F_SETFL", "arg": ["O_RDWR", "O_NONBLOCK"]},
    ),
    (_call("fcntl", 3, fcntl.F_SETFD, 1), {"cmd": "F_SETFD", "arg": ["FD_CLOEXEC"]}),
    (_call("fcntl", 3, fcntl.F_DUPFD_CLOEXEC, 10), {"cmd": "F_DUPFD_CLOEXEC", "arg": 10}),
    (_call("fcntl", 3, fcntl.F_GETFL, 0x7FFF), {"cmd": "F_GETFL"}),
    (_call("fcntl64", 3, fcntl.F_SETOWN, 0xFFFF_FFFE), {"cmd": "F_SETOWN", "arg": -2}),
    (_call("ioctl", 3, 0x5421, 0x7FFF, blob=_INT1), {"request": "FIONBIO", "arg": 1}),
    (_call("ioctl", 3, 0x541B, 1, blob=bytes([9, 0, 0, 0])), {"request": "FIONREAD", "arg": 9}),
    (_call("ioctl", 3, 0x541B, 1, ret=-25, blob=_INT1), {"request": "FIONREAD"}),
    (_call("ioctl", 3, 0x5451, 0), {"request": "FIOCLEX"}),
    (_call("ioctl", 3, 0xDEAD, 0), {"request": "0xdead"}),
    (
        _call("epoll_ctl", 4, 1, 3, 0x7FFF, blob=struct.pack("=IQ", 1 | 1 << 31, 77)),
        {
            "epfd": 4,
            "op": "EPOLL_CTL_ADD",
            "event": {"events": ["EPOLLIN", "EPOLLET"], "data": 77},
        },
    ),
    (
        _call("epoll_ctl", 4, 2, 3, 0x7FFF, blob=struct.pack("=IQ", 1, 77)),
        {"epfd": 4, "op": "EPOLL_CTL_DEL"},
    ),
    (
        _call("epoll_wait", 4, 0x7FFF, 8, _MINUS_ONE, ret=1, blob=struct.pack("=IQ", 1, 7)),
        {
            "epfd": 4,
            "events": [{"events": ["EPOLLIN"], "data": 7}],
            "maxevents": 8,
            "timeout": -1,
        },
    ),
    (
        _call("epoll_pwait2", 4, 1, 8, 0, 0, ret=0),
        {"epfd": 4, "events": [], "maxevents": 8, "timeout_ns": None},
    ),
    (
        _call(
            "poll", 1, 1, 1000, ret=1, blob=struct.pack("=ihh", 3, select.POLLIN, select.POLLHUP)
        ),
        {
            "fds": [{"fd": 3, "events": ["POLLIN"], "revents": ["POLLHUP"]}],
            "nfds": 1,
            "timeout": 1000,
        },
    ),
    (_call("ppoll", 0, 0, 1, 0, timeout=5), {"nfds": 0, "timeout_ns": 5}),
    (_call("ppoll", 0, 0, 1, 0), {"nfds": 0}),
    (
        _call("select", 6, 1, 0, 0, 0, ret=1, blob=_sets({3, 5}, set(), set(), {5}, set(), set())),
        {"nfds": 6, "readfds": [3, 5], "ready": {"readfds": [5]}, "timeout_ns": None},
    ),
    (
        _call(
            "sendmsg", 3, 1, 0x4000, ret=5, addr=_HERE, blob=struct.pack("=QIIII", 5, 9, 0, 0, 5)
        ),
        {"msg": {"len": 5, "controllen": 0}, "addr": _HERE, "flags": ["MSG_NOSIGNAL"]},
    ),
    (
        _call("recvmsg", 3, 1, 0, ret=5, blob=struct.pack("=QIIII", 9, 0x20, 24, 0, 5)),
        {"msg": {"len": 9, "controllen": 24, "msg_flags": ["MSG_TRUNC"]}, "flags": []},
    ),
    (
        _call("recvmsg", 3, 1, 0, ret=-11, blob=struct.pack("=QIIII", 9, 0x20, 24, 0, 5)),
        {"msg": {"len": 9, "controllen": 24}, "flags": []},
    ),
    (
        _call("recvmmsg", 3, 1, 2, 0, 0, ret=2, blob=struct.pack("=QIIII", 9, 0, 0, 1, 5)),
        {
            "msgvec": {"len": 9, "controllen": 0, "msg_flags": [], "index": 1, "msg_len": 5},
            "vlen": 2,
            "flags": [],
            "timeout_ns": None,
        },
    ),
    (_call("pidfd_getfd", 7, 3, 0), {"pidfd": 7, "targetfd": 3, "flags": []}),
    (_call("no_such_call", 1, 2), {}),
    (_call("connect"), {}),
]


@pytest.mark.parametrize(("call", "expected"), CASES, ids=lambda v: getattr(v, "call", ""))
def test_known_calls(call: Call, expected: dict[str, Any]) -> None:
    """Each kind of argument, in the order of its man page."""
    told = named_args(call)
    assert told == expected
    assert [key for key in told if key != "ready"] == [k for k in expected if k != "ready"]


def test_every_call_has_a_case() -> None:
    """No call outside the data path is left untested, apart from those that share a layout."""
    same = {"getsockname", "getpeername", "dup", "sendmmsg", "_newselect", "epoll_pwait"}
    same |= {"pselect6", "pselect6_time64", "ppoll_time64", "recvmmsg_time64"}
    seen = {call.call for call, _ in CASES} | same
    assert {spec.name for spec in CALLS if spec.kind is not Kind.DATA} <= seen


_calls = st.builds(
    Call,
    t=st.just(0),
    dur=st.just(0),
    pid=st.just(1),
    tid=st.just(1),
    comm=st.just("x"),
    call=st.sampled_from([spec.name for spec in CALLS]),
    fd=st.integers(-1, 2**31 - 1),
    ret=st.integers(-4095, 2**31 - 1) | st.integers(-(2**63), 2**63 - 1),
    raw=st.lists(st.integers(0, 300) | st.integers(0, 2**64 - 1) | st.integers(), max_size=7).map(
        tuple
    ),
    sock=st.none() | st.just(_SOCK),
    addr=st.none() | st.just(_HERE),
    blob=st.binary(max_size=200) | st.binary(min_size=192, max_size=192),
    timeout=st.none() | st.integers(0, 2**63),
    abi32=st.booleans(),
)


@given(_calls)
def test_never_fails(call: Call) -> None:
    """Whatever registers and bytes hold, arguments come out and can be written to a recording."""
    msgspec.json.encode(named_args(call))


_DATA = [spec for spec in CALLS if spec.kind is Kind.DATA]


@given(
    st.sampled_from(_DATA),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**32 - 1),
    st.none() | st.just(_HERE),
)
def test_data_args_agree(spec: Any, length: int, flags: int, addr: Address | None) -> None:
    """The short way for data calls tells the very same as the long way."""
    named = {"count": length, "len": length, "iovcnt": length, "flags": flags}
    named |= {"fd_in": 8, "fd_out": 3, "in_fd": 8}
    addr = addr if "addr" in spec.args else None
    call = _call(spec.name, *(named.get(arg, 0) for arg in spec.args), addr=addr)
    short = data_args(spec.name, length, flags, addr, fd_in=8, fd_out=3)
    assert short == named_args(call)
    assert list(short) == list(named_args(call))


def test_splice_direction() -> None:
    """Of splice's two descriptors the one that is known is told: it says which way bytes went."""
    assert data_args("splice", 9, 1, None, fd_out=3) == {
        "fd_out": 3,
        "len": 9,
        "flags": ["SPLICE_F_MOVE"],
    }


def test_compat_sizes() -> None:
    """A 32-bit program's length is 32 bits wide, whatever the upper half of the register holds."""
    assert named_args(_call("read", 3, 0, _MINUS_ONE, abi32=True)) == {"count": 2**32 - 1}
