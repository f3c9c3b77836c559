"""Which sockets a call that waits is about, and that the others are left out."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from socktrace.events import Call, Fork, Listed, SocketInfo, Watched
from socktrace.lines import Line, Syscall
from socktrace.model.tracker import Tracker

PID = 7


def _info(inode: int) -> SocketInfo:
    return SocketInfo(inode=inode, sk=0, family=1, type=1, protocol=0, tcp_state=1)


@pytest.fixture
def lines() -> list[Line]:
    """What the tracker told."""
    return []


@pytest.fixture
def tracker(lines: list[Line]) -> Tracker:
    """A tracker that knows two sockets of one process: 3 is inode 30, 4 is inode 40."""
    made = Tracker(lines.append)
    for fd in (3, 4):
        holders = ((PID, fd, False, False),)
        made.feed(Listed(t=0, info=_info(fd * 10), holders=holders))
    return made


def _wait(name: str, raw: tuple[int, ...], blob: bytes, ret: int = 1, fd: int = -1) -> Call:
    return Call(
        t=5, dur=1, pid=PID, tid=PID, comm="c", call=name, fd=fd, ret=ret, raw=raw, blob=blob
    )


def _poll(*descriptors: int, asked: int | None = None) -> Call:
    blob = b"".join(struct.pack("=ihh", fd, 1, 1) for fd in descriptors)
    return _wait("poll", (0, len(descriptors) if asked is None else asked, 0), blob)


def _select(*descriptors: int) -> Call:
    asked = sum(1 << fd for fd in descriptors).to_bytes(32, "little")
    return _wait("select", (max(descriptors) + 1, 1, 0, 0, 0), asked + bytes(160))


def _control(operation: int, fd: int, data: int) -> Call:
    return Call(
        t=3,
        dur=1,
        pid=PID,
        tid=PID,
        comm="c",
        call="epoll_ctl",
        fd=fd,
        ret=0,
        raw=(9, operation, fd, 1),
        sock=_info(fd * 10),
        blob=struct.pack("=IQ", 1, data),
    )


def _ready(data: int, pid: int = PID) -> Call:
    blob = struct.pack("=IQ", 1, data)
    return Call(
        t=6,
        dur=1,
        pid=pid,
        tid=pid,
        comm="c",
        call="epoll_wait",
        fd=9,
        ret=1,
        raw=(9, 1, 8, 0),
        blob=blob,
    )


def _told(lines: list[Line], name: str) -> list[Syscall]:
    return [line for line in lines if isinstance(line, Syscall) and line.call == name]


@pytest.mark.parametrize("make", [_poll, _select])
def test_sockets_among_the_descriptors_are_named(
    make: Callable[..., Call], tracker: Tracker, lines: list[Line]
) -> None:
    """A wait for a socket and a pipe names the socket."""
    call = make(3, 5)
    tracker.feed(call)
    (line,) = _told(lines, call.call)
    assert line.sockets == [tracker.socket_id(30)]


@pytest.mark.parametrize("make", [_poll, _select])
def test_a_wait_for_no_socket_is_left_out(
    make: Callable[..., Call], tracker: Tracker, lines: list[Line]
) -> None:
    """Waiting for terminals and pipes is no business of sockets."""
    call = make(0, 5)
    tracker.feed(call)
    assert not _told(lines, call.call)


def test_a_list_too_long_to_be_seen_whole_is_told(tracker: Tracker, lines: list[Line]) -> None:
    """A socket may be among what the event had no room for."""
    tracker.feed(_poll(5, 6, asked=500))
    assert len(_told(lines, "poll")) == 1


def test_a_process_without_sockets_waits_for_none(lines: list[Line]) -> None:
    """However long the list is."""
    Tracker(lines.append).feed(_poll(5, 6, asked=500))
    assert not _told(lines, "poll")


def test_epoll_names_what_was_ready(tracker: Tracker, lines: list[Line]) -> None:
    """Readiness is told by data, which epoll_ctl tied to a socket."""
    tracker.feed(_control(1, 3, 0xAAAA))
    tracker.feed(_control(1, 4, 0xBBBB))
    tracker.feed(_ready(0xBBBB))
    (line,) = _told(lines, "epoll_wait")
    assert line.sockets == [tracker.socket_id(40)]


def test_a_socket_taken_out_is_ready_no_more(tracker: Tracker, lines: list[Line]) -> None:
    """EPOLL_CTL_DEL ends the tie; the instance is one of sockets still."""
    tracker.feed(_control(1, 3, 0xAAAA))
    tracker.feed(_control(2, 3, 0))
    tracker.feed(_ready(0xAAAA))
    (line,) = _told(lines, "epoll_wait")
    assert line.sockets == []


def test_an_instance_without_sockets_is_left_out(tracker: Tracker, lines: list[Line]) -> None:
    """An epoll of timers and pipes is no business of sockets."""
    tracker.feed(_ready(1))
    assert not _told(lines, "epoll_wait")


def test_a_child_waits_on_the_same_instance(tracker: Tracker, lines: list[Line]) -> None:
    """After fork both name one instance: what the child adds, the parent sees ready."""
    tracker.feed(_control(1, 3, 0xAAAA))
    tracker.feed(Fork(t=4, pid=PID, tid=PID, child=8, comm="c", files=1, child_files=2))
    tracker.feed(_ready(0xAAAA, pid=8))
    (line,) = _told(lines, "epoll_wait")
    assert line.sockets == [tracker.socket_id(30)]


def test_an_instance_from_before_is_known(tracker: Tracker, lines: list[Line]) -> None:
    """What /proc tells of an instance counts like epoll_ctl."""
    tracker.feed(Watched(t=1, pid=PID, epfd=9, targets=((3, 30, 0xCCCC),)))
    tracker.feed(_ready(0xCCCC))
    (line,) = _told(lines, "epoll_wait")
    assert line.sockets == [tracker.socket_id(30)]
    assert tracker.sockets_watched(PID, 9) == [tracker.socket_id(30)]
