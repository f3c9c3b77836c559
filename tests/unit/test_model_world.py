"""The world: totals, options, roles, sockets that were there before, bounds."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from socktrace.events import Call, Listed, Loss, Seen, SocketInfo
from socktrace.lines import CallTotals, Sample, Socket, Syscall
from socktrace.model.folds import DataFold
from socktrace.model.limits import Limits
from socktrace.model.world import World
from tests.scenarios.script import PID, TABLE, Told, call, inet, sock, tcp, udp

MADE = call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1))
UDP_MADE = call(10, "socket", -1, 3, (2, 2, 0), sock=udp(1))


def _message(length: int, flags: int = 0, index: int = 0, moved: int = 0) -> bytes:
    return struct.pack("=QIIII", length, flags, 0, index, moved)


def _recv(
    t: int,
    ret: int,
    length: int = 100,
    flags: int = 0,
    info: SocketInfo | None = None,
    **fields: Any,
) -> Call:
    info = info or sock(1)
    return call(t, "recvfrom", 3, ret, (3, 0, length, flags, 0, 0), sock=info, **fields)


def _fold(**fields: Any) -> DataFold:
    row: dict[str, Any] = {
        "inode": 1,
        "call": "read",
        "count": 3,
        "bytes": 70,
        "time": 30,
        "errors": {11: 1},
        "first_t": 50,
        "last_t": 90,
        "last_pid": PID,
        "last_tid": PID,
    }
    return DataFold(**(row | fields))


def test_totals_of_single_calls() -> None:
    """Counts, bytes, time and errors add up by call; who used it last is known."""
    told = Told(MADE, _recv(30, 60), _recv(50, -11), _recv(70, 10, pid=11, files=0))
    assert told.life(1).calls["recvfrom"] == CallTotals(3, 70, 30, {"EAGAIN": 1})
    assert told.life(1).bytes_in == 70
    assert (told.life(1).last_used, told.life(1).last_used_by) == (80, 11)


def test_fold_equals_single_calls() -> None:
    """Summed up beforehand, calls leave the same totals as told one by one."""
    one = Told(MADE, *(call(t, "read", 3, r, (3, 0, 99), sock=sock(1)) for t, r in _READS))
    many = Told(MADE)
    many.tracker.feed_data([_fold(fd=3, files=TABLE)])
    assert many.life(1) == one.life(1)
    assert len(many.lines) == 4


_READS = ((50, 60), (60, -11), (80, 10))


def test_fold_on_an_unknown_socket() -> None:
    """Data on a socket that nobody announced begins its life; what it is shows later."""
    told = Told()
    told.tracker.feed_data([_fold(fd=3, files=TABLE)])
    life = told.life(1)
    assert (life.origin, life.family, life.created) == ("existing", "AF_UNSPEC", 50)
    assert told.holders(1) == [(PID, 3)]
    told.feed(call(100, "getsockname", 3, 0, sock=sock(1)))
    assert (life.family, life.protocol) == ("AF_INET", "IPPROTO_TCP")
    assert [line.socket for line in told.sockets()] == [1, 1]


def test_fold_binds_a_datagram_socket() -> None:
    """The port that the kernel gave at the first send shows in the fold."""
    told = Told(UDP_MADE)
    told.tracker.feed_data([_fold(call="sendto", errors={}, local_port=5000)])
    assert told.api(1) == ["created", "bound"]
    assert told.life(1).local == inet(5000, "0.0.0.0")


def test_ensure_socket_is_the_same_number_every_time() -> None:
    """The recorder gets the number that the model uses."""
    told = Told()
    number = told.tracker.ensure_socket(9, 50)
    assert number == told.tracker.ensure_socket(9, 60) == told.tracker.socket_id(9)
    assert told.tracker.socket_id(8) is None


def test_end_of_file() -> None:
    """0 on a stream for a length above 0, and only that."""
    told = Told(MADE, _recv(30, 0, length=0), _recv(50, 0, flags=2))
    assert told.life(1).eof is None
    told.feed(_recv(70, 0), _recv(90, 0))
    assert told.life(1).eof == 80


def test_empty_and_truncated_datagrams() -> None:
    """An empty datagram ends nothing; one that did not fit is counted."""
    told = Told(
        UDP_MADE,
        _recv(30, 0, info=udp(1)),
        _recv(50, 300, length=100, flags=0x20, info=udp(1)),
        call(70, "recvmsg", 3, 10, (3, 0, 0), sock=udp(1), blob=_message(10, 0x20)),
    )
    life = told.life(1)
    assert (life.eof, life.empty_datagrams, life.truncated, life.role) == (None, 1, 2, "receiver")


def test_peeked_bytes_come_again() -> None:
    """MSG_PEEK moves nothing out of the queue."""
    told = Told(MADE, _recv(30, 60, flags=2), _recv(50, 60))
    assert told.life(1).bytes_in == 60
    assert told.life(1).calls["recvfrom"].bytes == 120


def test_messages_of_one_call_are_one_call() -> None:
    """sendmmsg comes once a message: bytes add up, the call counts once."""
    told = Told(
        UDP_MADE,
        *(
            call(30, "sendmmsg", 3, 2, (3, 0, 2, 0), sock=udp(1), blob=_message(9, 0, i, 7))
            for i in range(2)
        ),
    )
    totals = told.life(1).calls["sendmmsg"]
    assert (totals.count, totals.bytes, totals.time) == (1, 14, 10)
    assert told.life(1).bytes_out == 14


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (call(30, "fcntl", 3, 0, (3, 4, 0o4000), sock=sock(1)), True),
        (call(30, "ioctl", 3, 0, (3, 0x5421, 0), sock=sock(1), blob=struct.pack("=i", 1)), True),
        (call(30, "ioctl", 3, 0, (3, 0x5421, 0), sock=sock(1), blob=struct.pack("=i", 0)), False),
        (call(30, "fcntl", 3, 0, (3, 3), sock=sock(1)), False),
    ],
)
def test_nonblocking(event: Call, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """Each way to change it counts; reading it changes nothing."""
    assert Told(MADE, event).life(1).nonblocking is expected


def test_nonblocking_from_birth() -> None:
    """SOCK_NONBLOCK of socket and accept4 is the new socket's, not the listener's."""
    told = Told(
        MADE,
        call(30, "accept4", 3, 4, (3, 0, 0, 0o4000), sock=sock(7), other=sock(1), other_fd=3),
    )
    assert told.life(1).nonblocking is False
    assert told.life(7).nonblocking is True


def test_options_keep_the_last_value() -> None:
    """Options are kept by name; one that was refused is not."""
    on, off = struct.pack("=i", 1), struct.pack("=i", 0)
    told = Told(
        MADE,
        call(30, "setsockopt", 3, 0, (3, 1, 2, 0, 4), sock=sock(1), blob=on),
        call(50, "setsockopt", 3, 0, (3, 1, 9, 0, 4), sock=sock(1), blob=on),
        call(70, "setsockopt", 3, -22, (3, 1, 9, 0, 4), sock=sock(1), blob=off),
    )
    assert told.life(1).options == {"SO_REUSEADDR": 1, "SO_KEEPALIVE": 1}


def test_socketpair() -> None:
    """Both are connected, and peers of each other."""
    ends = {"family": 1, "protocol": 0}
    told = Told(
        call(
            10,
            "socketpair",
            -1,
            0,
            (1, 1, 0, 0),
            sock=sock(1, **ends),
            other=sock(2, **ends),
            other_fd=4,
            blob=struct.pack("=ii", 3, 4),
        )
    )
    assert (told.life(1).peer, told.life(2).peer) == (2, 1)
    assert told.holders(1) + told.holders(2) == [(PID, 3), (PID, 4)]
    assert told.life(2).role == "pair"
    assert told.api(2) == ["connected"]


def test_listed_sockets() -> None:
    """What existed is as sock_diag and /proc show it, and its past is unknown."""
    told = Told(
        Seen(5, 50, 1, "old", ("old", "-d"), 0, "/", 1),
        Listed(
            9,
            sock(1, tcp_state=10, sk=0),
            local=inet(80),
            holders=((50, 3, True, False), (51, 3, False, False)),
            receive_queue=2,
            send_queue=128,
            listening=True,
        ),
        Listed(9, sock(2, tcp_state=1, sk=0), local=inet(80), remote=inet(6000), shutdown=2),
    )
    life = told.life(1)
    assert (life.origin, life.born_before, life.pid, life.role) == (
        "existing",
        True,
        None,
        "listener",
    )
    assert (life.tcp_state, life.api_state, life.local) == ("LISTEN", "listening", inet(80))
    assert life.sample == Sample(9, 1, 2, 128)
    assert told.holders(1) == [(50, 3), (51, 3)]
    assert all(each.opened is None for each in life.descriptors)
    assert told.life(2).api_state == "shut-write"
    assert told.tracker.world.processes[50].cmdline == ["old", "-d"]


def test_listed_holders_that_share_a_table_count_once() -> None:
    """Two listed processes turn out to share a table when both have shown its address."""
    holders = ((50, 3, False, False), (51, 3, False, False))
    told = Told(Listed(9, sock(1), holders=holders))
    for t, pid in ((20, 50), (40, 51)):
        told.feed(call(t, "getsockname", 3, 0, sock=sock(1), pid=pid, files=0x5000))
    assert told.holders(1) == [(50, 3)]
    told.feed(call(60, "close", 3, 0, sock=sock(1, refs=1), pid=51, files=0x5000))
    assert told.life(1).closed == 70


def test_listing_gives_way_to_events() -> None:
    """What was closed while we listed stays closed."""
    told = Told(
        MADE,
        call(50, "close", 3, 0, sock=sock(1, refs=1)),
        Listed(40, sock(1), holders=((PID, 3, False, False),)),
    )
    assert told.life(1).closed == 60
    assert told.holders(1) == []


def test_existing_socket_may_be_held_by_others() -> None:
    """Inherited from who we do not watch: our close is not its end, unless it was the last."""
    told = Told(
        call(30, "close", 0, 0, sock=sock(1, refs=3)),
        call(50, "close", 1, 0, sock=sock(2, refs=1)),
        whole_machine=False,
    )
    assert told.life(1).closed is None
    assert told.life(2).closed == 60


def test_unix_sockets_find_their_peer_by_the_sock() -> None:
    """An accepted AF_UNIX socket shows its client's sock."""
    unix = {"family": 1, "protocol": 0}
    told = Told(
        call(10, "socket", -1, 4, (1, 1, 0), sock=sock(2, **unix)),
        call(
            30,
            "accept",
            3,
            5,
            (3, 0, 0),
            sock=sock(7, peer_sk=2 << 4, tcp_state=1, **unix),
            other=sock(1, tcp_state=10, **unix),
            other_fd=3,
        ),
    )
    assert (told.life(7).peer, told.life(2).peer) == (1, 3)


def test_losses_are_counted_where_they_belong() -> None:
    """What was counted in the kernel keeps the totals exact, and the loss is shown."""
    told = Told(MADE, Loss(30, 4, "ring full", "data", 1, "write", 1, 400))
    life = told.life(1)
    assert life.calls["write"] == CallTotals(4, 400, 0, {"unknown": 1}, 4)
    assert (life.lost, life.bytes_out, told.tracker.world.lost) == (4, 400, 4)


def test_closed_sockets_are_bounded() -> None:
    """The oldest closed socket goes, and the tracker forgets it, too."""
    told = Told(limits=Limits(closed_sockets=1))
    for inode in (1, 2):
        t = inode * 100
        told.feed(
            call(t, "socket", -1, 3, (2, 1, 0), sock=sock(inode)),
            call(t + 20, "close", 3, 0, sock=sock(inode, refs=1)),
        )
    assert [life.inode for life in told.tracker.world.closed_sockets()] == [2]
    assert told.tracker.world.evicted == 1
    assert told.tracker.socket_id(1) is None
    assert not [number for number in told.tracker._core.by_number if number == 1]


def test_lines_about_unknown_sockets_are_ignored() -> None:
    """A recording cut at its beginning still replays."""
    told = Told(
        MADE,
        call(30, "bind", 3, 0, sock=sock(1, local=inet(80)), addr=inet(80)),
        Loss(40, 1, "ring full", "data", 1, "write"),
        call(50, "close", 3, 0, sock=sock(1, refs=1)),
    )
    world = World()
    for line in told.lines:
        if not isinstance(line, Socket):
            world.apply(line)
    assert world.sockets == {}


def test_birth_that_is_told_late() -> None:
    """Data came first: the birth that was then told replaces what had to be guessed."""
    told = Told()
    told.tracker.feed_data([_fold(fd=3, files=TABLE)])
    told.feed(call(40, "socket", -1, 3, (2, 1, 0), sock=sock(1)))
    life = told.life(1)
    assert (life.origin, life.pid, life.born_before) == ("socket", PID, False)
    assert told.holders(1) == [(PID, 3)]


def test_sum_of_calls_on_no_socket() -> None:
    """A call on a number that names no socket makes none."""
    told = Told()
    told.tracker.feed_data([_fold(inode=0)])
    assert told.lines == []


def test_sum_does_not_say_who_holds_a_socket_that_somebody_holds() -> None:
    """Its calls may lie before and after a fork; the last process's number proves nothing."""
    told = Told(MADE)
    told.tracker.feed_data([_fold(last_pid=11, fd=9)])
    assert told.holders(1) == [(PID, 3)]


def test_altered_recording_is_read_as_far_as_it_makes_sense() -> None:
    """Arguments of wrong types are as good as none."""
    told = Told(UDP_MADE)
    for name in ("recvfrom", "recvmmsg", "fcntl", "socket", "getsockopt", "accept4"):
        for value in (5, "x", None, {"index": "x", "msg_len": "y", "len": [], "msg_flags": 7}):
            args = dict.fromkeys(("flags", "len", "msg", "msgvec", "arg", "type", "count"), value)
            args |= {"cmd": "F_SETFL", "optname": "SO_ERROR", "optval": value}
            told.tracker.world.apply(Syscall(50, 5, PID, PID, "x", name, 0, args, 3, 1))
    assert told.life(1).calls["getsockopt"].count == 4


def test_a_listed_connection_attempt_is_connecting() -> None:
    """SYN-SENT has both addresses and is no connection yet; the handshake makes it one."""
    info = sock(1, tcp_state=2, sk=0)
    told = Told(Listed(9, info, local=inet(40001), remote=inet(80)))
    assert told.api(1) == ["connecting"]
    told.feed(tcp(20, sock(1, tcp_state=1, local=inet(40001), remote=inet(80)), 2, 1))
    assert told.api(1) == ["connecting", "connected"]
