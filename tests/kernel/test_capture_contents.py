"""What calls carry: payload, descriptors, sets of descriptors, several messages."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest

from socktrace.events import Call, Passed
from tests.kernel.capturing import Captured, compiled, python, run

MOVES = """
import os, socket, ctypes
a, b = socket.socketpair()
data = bytes(i % 251 for i in range(6000))
def echo(send, receive):
    sent = send()
    receive(sent)
take = lambda n: b.recv(n)
for size in (3, 16, 17, 5000):
    piece = data[:size]
    os.write(a.fileno(), piece); os.read(b.fileno(), 10000)
    a.send(piece); b.recv(10000)
    a.sendmsg([piece]); b.recvmsg(10000)
parts = [data[i:i + 7] for i in range(0, 140, 7)]           # 20 buffers of 7 bytes
os.writev(a.fileno(), parts)
os.readv(b.fileno(), [bytearray(5) for _ in range(30)])
a.sendmsg([b"", data[:1], b"", data[1:5000]]); b.recvmsg_into([bytearray(1), bytearray(6000)])
u, v = socket.socketpair(type=socket.SOCK_DGRAM)
u.send(b""); v.recv(100); u.send(b"x" * 10); v.recv(4)
"""
DATA = bytes(i % 251 for i in range(6000))
PYTHON_DATA = {"read", "write", "sendto", "recvfrom", "sendmsg", "recvmsg", "readv", "writev"}


@pytest.mark.parametrize("limit", [16, 100, 4096])
def test_payload_is_the_first_bytes(limit: int) -> None:
    """Each call's payload is the beginning of what it moved, over many buffers too."""
    captured = run(python(MOVES), payload=limit)
    room = (limit + 7) // 8 * 8
    moves = [call for call in captured.calls(*PYTHON_DATA) if call.sock and call.sock.family == 1]
    assert captured.rows == [], "with payload, every data call is a full record"
    assert captured.counters.lost == 0
    assert len(moves) == 6 * 4 + 2 + 2 + 4
    for call in moves[:24]:
        assert call.payload == DATA[: min(call.ret, room)], call
    writev, readv, sendmsg, recvmsg, empty, none, ten, four = moves[24:]
    # Eight entries of an iovec are looked at.
    assert writev.payload == DATA[: min(56, room)]
    assert readv.payload == DATA[: min(40, room)]
    assert sendmsg.payload == recvmsg.payload == DATA[: min(5000, room)]
    assert (empty.payload, none.payload) == (b"", b"")
    assert (ten.payload, four.payload) == (b"x" * 10, b"x" * 4)


def test_no_payload_without_being_asked() -> None:
    """By default no byte of what was carried reaches us, not even in what lies behind a record."""
    captured = run(python(MOVES))
    assert all(call.payload == b"" for call in captured.calls())
    assert sum(row.ret for row in captured.rows if row.ret > 0) > 20_000


def test_a_failed_call_has_no_payload() -> None:
    """What was not sent was not carried; what a failed read left in its buffer neither."""
    script = """
import socket
a, b = socket.socketpair()
b.setblocking(False)
try: b.recv(10)
except BlockingIOError: pass
b.close()
try: a.send(b"secret", socket.MSG_NOSIGNAL)
except BrokenPipeError: pass
"""
    captured = run(python(script), payload=64)
    failed = [call for call in captured.calls("recvfrom", "sendto") if call.ret < 0]
    assert [(call.ret, call.payload) for call in failed] == [(-11, b""), (-32, b"")]


PASSES = """
import array, os, socket, sys
count = int(sys.argv[1])
a, b = socket.socketpair()
inner = [socket.socket() for _ in range(count)]
fds = array.array("i", [s.fileno() for s in inner])
null = os.open("/dev/null", 0)
fds[-1:] = array.array("i", [null]) if count == 3 else fds[-1:]
a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
_, control, _, _ = b.recvmsg(1, 100 + 4 * count, socket.MSG_CMSG_CLOEXEC)
got = array.array("i", control[0][2][:4 * count])
print([(s.fileno(), os.fstat(s.fileno()).st_ino) for s in inner[:count - (count == 3)]])
print([(fd, os.fstat(fd).st_ino) for fd in got[:count - (count == 3)]])
"""


@pytest.mark.parametrize("count", [1, 3, 253])
def test_descriptors_in_messages(count: int) -> None:
    """SCM_RIGHTS: each socket that was sent and received, before the call; what is none is not."""
    captured = run(python(PASSES, str(count)))
    sent: list[tuple[int, int]] = []
    received: list[tuple[int, int]] = []
    for event in captured.of(Passed):
        (received if event.received else sent).append((event.fd, event.sock.inode))
        assert event.cloexec == event.received
    lines = captured.output.splitlines()
    assert str(sent) == lines[0]
    assert str(received) == lines[1]
    order = [
        event.call if isinstance(event, Call) else "passed"
        for _, event in captured.events
        if isinstance(event, Passed) or (isinstance(event, Call) and "msg" in event.call)
    ]
    seen = len(sent)
    assert order == ["passed"] * seen + ["sendmsg"] + ["passed"] * seen + ["recvmsg"]
    assert captured.counters.lost == 0


def test_a_path_descriptor_of_a_socket_is_no_socket(tmp_path: Path) -> None:
    """O_PATH of a socket's name has the mode of a socket and is none: it is not taken for one."""
    script = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])
fd = os.open(sys.argv[1], os.O_PATH)
copy = os.dup(fd); os.close(copy); os.close(fd)
own = os.dup(s.fileno()); os.close(own)
print(fd, copy, own)
"""
    captured = run(python(script, str(tmp_path / "name")))
    own = int(captured.output.split()[-1])
    (dup,) = captured.calls("dup", "fcntl")
    assert dup.ret == own
    assert [call.fd for call in captured.calls("close")] == [own, 3]


WAITS = """
import select, socket
low, high = socket.socketpair()
import os
far = os.dup2(low.fileno(), 200)
beyond = os.dup2(high.fileno(), 300)
high.send(b"x")
r, w, x = select.select([low, far, beyond], [low, high], [high], 1.5)
p = select.poll(); p.register(low, select.POLLIN | select.POLLOUT); p.register(high, select.POLLIN)
p.poll(7)
many = select.poll()
for _ in range(1): many.register(low)
e = select.epoll()
e.register(low, select.EPOLLIN | select.EPOLLET); e.modify(low, select.EPOLLOUT)
e.poll(0.25, 5)
e.unregister(low)
print(low.fileno(), high.fileno(), e.fileno())
"""


@pytest.fixture(scope="module")
def waits() -> Captured:
    """Run a program that waits in all ways."""
    return run(python(WAITS))


def bits(words: bytes) -> set[int]:
    """Descriptors in a set."""
    return {i for i in range(8 * len(words)) if words[i // 8] >> i % 8 & 1}


def test_select_sets(waits: Captured) -> None:
    """The sets asked for and the ready ones are those of the call, up to descriptor 255."""
    low, high, _ = map(int, waits.output.split())
    (call,) = waits.calls("select", "pselect6")
    sets = [bits(call.blob[i : i + 32]) for i in range(0, 192, 32)]
    assert sets == [{low, 200}, {low, high}, {high}, {low, 200}, {low, high}, set()]
    assert call.ret == 4
    assert call.timeout == 1_500_000_000


def test_poll_descriptors(waits: Captured) -> None:
    """Each pollfd has what was asked for and what came of it."""
    low, high, _ = map(int, waits.output.split())
    (call,) = waits.calls("poll")
    assert list(struct.iter_unpack("=ihh", call.blob)) in (
        [(low, 5, 5), (high, 1, 0)],
        [(high, 1, 0), (low, 5, 5)],
    )
    assert (call.ret, call.raw[2]) == (1, 7)


def test_epoll(waits: Captured) -> None:
    """epoll_ctl is told of its target with the event; a wait with the events that it gave."""
    low, _, epoll = map(int, waits.output.split())
    controls = waits.calls("epoll_ctl")
    assert [(c.fd, c.raw[0], c.raw[1]) for c in controls] == [
        (low, epoll, 1), (low, epoll, 3), (low, epoll, 2),
    ]  # fmt: skip
    assert struct.unpack("=IQ", controls[0].blob) == (1 | 1 << 31, low)
    (wait,) = waits.calls("epoll_wait", "epoll_pwait")
    assert struct.unpack("=IQ", wait.blob) == (4, low)
    assert wait.raw[2] == 5


@pytest.mark.parametrize("bitness", ["64", "32"])
def test_several_messages_in_one_call(tmp_path: Path, bitness: str) -> None:
    """sendmmsg and recvmmsg come as one record a message; those after the 128th are added up."""
    program = compiled("messages.c", tmp_path / "m", *(["-m32"] if bitness == "32" else []))
    captured = run([program])
    lost = {loss.call: loss for loss in captured.losses}
    # The C library of i386 has times of 64 bits, and the calls that take them.
    for name in ("sendmmsg", "recvmmsg" if bitness == "64" else "recvmmsg_time64"):
        calls: dict[int, list[Call]] = {}
        for call in captured.calls(name):
            calls.setdefault(call.t, []).append(call)
        assert [len(messages) for messages in calls.values()] == [3, 128]
        for messages, count in zip(calls.values(), (3, 1000), strict=True):
            assert {call.ret for call in messages} == {count}
            indices, moved = zip(
                *(struct.unpack_from("=II", call.blob, 16) for call in messages), strict=True
            )
            assert indices == tuple(range(len(messages)))
            # The program sends i % 100 bytes in message i.
            assert moved == tuple(i % 100 for i in range(len(messages)))
            ports = {call.addr.port for call in messages if call.addr is not None}
            assert ports == {int(captured.output)}
        rest = sum(i % 100 for i in range(128, 1000))
        assert (lost[name].count, lost[name].bytes, lost[name].ring) == (872, rest, "wide")
    assert captured.counters.lost == 2 * 872
    assert len(captured.losses) == 2


def test_a_returned_address_ends_where_the_buffer_ends() -> None:
    """An address that was truncated for want of room is told no further than it was written."""
    script = """
import ctypes, socket
libc = ctypes.CDLL(None)
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); a.bind(("127.0.0.1", 0))
room = (ctypes.c_ubyte * 32)(*b"\\xAA" * 32)
length = ctypes.c_int(4)
libc.getsockname(a.fileno(), room, ctypes.byref(length))
a.sendto(b"x", a.getsockname())
length.value = 5
libc.recvfrom(a.fileno(), ctypes.create_string_buffer(9), 9, 0, room, ctypes.byref(length))
print(length.value)
"""
    captured = run(python(script))
    assert captured.output.split() == ["16"], "the kernel says how long it would have been"
    first = captured.calls("getsockname")[0]
    assert first.addr is not None
    assert first.addr.ip is None or "170" not in first.addr.ip
    got = [row for row in captured.rows if row.call == "recvfrom"]
    assert all(b"\xaa" not in row.ip for row in got)
    for call in captured.calls("recvfrom"):
        assert call.addr is None or call.addr.ip is None


def test_uninitialised_memory_is_not_told() -> None:
    """Fixed records with no address have zeros there: nothing of an earlier record."""
    script = """
import socket, time
v6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); v6.bind(("::1", 0))
a, b = socket.socketpair()
for _ in range(1000):
    v6.sendto(b"x", v6.getsockname()); v6.recvfrom(9)
    a.send(b"y"); b.recv(1)
    if _ % 100 == 0: time.sleep(0.02)
"""
    captured = run(python(script), data_pages=16)
    plain = [row for row in captured.rows if not row.family]
    assert len(plain) >= 100
    assert len([row for row in captured.rows if row.family == socket.AF_INET6]) >= 100
    assert {row.ip for row in plain} == {bytes(16)}


def test_blocked_calls_are_seen_while_they_block() -> None:
    """in_progress() names a call that has not returned, on which socket and since when."""
    script = """
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); s.settimeout(None)
sys.stdout.write(str(s.fileno()) + " " + str(__import__("os").fstat(s.fileno()).st_ino))
sys.stdout.flush()
import signal; signal.setitimer(signal.ITIMER_REAL, 0.3); s.accept()
"""
    seen: set[tuple[str, int, int]] = set()
    captured = run(
        python(script),
        while_running=lambda capture: seen.update(
            (call.call.name, call.fd, call.inode) for call in capture.in_progress()
        ),
    )
    fd, inode = map(int, captured.output.split())
    assert ("accept4", fd, inode) in seen
    assert captured.status == 128 + 14
    assert [call.ret for call in captured.calls("accept4")] == [-512], "ERESTARTSYS"
    assert os.getpid() != captured.pid
