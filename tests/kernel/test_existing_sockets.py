"""Sockets listed by `list_existing` against what this test opened, fstat(2), ss(8) and /proc."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from socktrace.events import Listed, Seen
from socktrace.host.existing import list_existing

TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_CLOSE, TCP_LISTEN = 1, 8, 7, 10
TCP_FIN_WAITS = {4, 5}
SHUT_RECEIVE, SHUT_SEND = 1, 2
NONBLOCK, INHERIT = False, True
HERE = os.getpid()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Close what a test opened."""
    with ExitStack() as opened:
        yield opened


def inode(sock: socket.socket) -> int:
    """Ask fstat(2) for the number by which /proc names the socket."""
    return os.fstat(sock.fileno()).st_ino


def list_mine() -> dict[int, Listed]:
    """List this process's sockets, by inode."""
    _, listed, _ = list_existing(time.monotonic_ns, only_pids={HERE})
    return {entry.info.inode: entry for entry in listed}


def tcp_pair(stack: ExitStack, host: str = "127.0.0.1") -> tuple[socket.socket, ...]:
    """Open a listener and both ends of a connection to it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = stack.enter_context(socket.create_server((host, 0), family=family, backlog=7))
    client = stack.enter_context(socket.create_connection(listener.getsockname()[:2]))
    server = stack.enter_context(listener.accept()[0])
    return listener, client, server


def test_tcp_listener_and_connection(stack: ExitStack) -> None:
    """States, addresses, holders, flags and queues of TCP sockets are those the test made."""
    listener, client, server = tcp_pair(stack)
    waiting = stack.enter_context(socket.create_connection(listener.getsockname()))
    client.sendall(b"x" * 100)
    server.setblocking(NONBLOCK)
    os.set_inheritable(client.fileno(), INHERIT)
    mine = list_mine()

    heard = mine[inode(listener)]
    assert heard.listening
    assert heard.info.tcp_state == TCP_LISTEN
    assert (heard.receive_queue, heard.send_queue) == (1, 7), "waiting connections, backlog"
    assert heard.local is not None
    assert (heard.local.ip, heard.local.port) == listener.getsockname()
    assert heard.remote is None

    told, served = mine[inode(client)], mine[inode(server)]
    assert told.info.tcp_state == served.info.tcp_state == TCP_ESTABLISHED
    assert told.local == served.remote == told.info.local
    assert told.remote == served.local == told.info.remote
    assert served.receive_queue == 100
    assert told.holders == ((HERE, client.fileno(), False, False),)
    assert served.holders == ((HERE, server.fileno(), True, True),)
    assert told.tcp_info is not None
    assert served.tcp_info is not None
    assert served.tcp_info["tcpi_bytes_received"] == told.tcp_info["tcpi_bytes_sent"] == 100
    assert told.info.netns == Path("/proc/self/ns/net").stat().st_ino
    assert mine[inode(waiting)].info.tcp_state == TCP_ESTABLISHED


def test_tcp_info_agrees_with_the_kernel_through_getsockopt(stack: ExitStack) -> None:
    """Fields by sock_diag are those of getsockopt(TCP_INFO), which another kernel path fills."""
    _, client, server = tcp_pair(stack)
    client.sendall(b"y" * 5000)
    server.recv(5000, socket.MSG_WAITALL)
    listed = list_mine()[inode(client)].tcp_info
    raw = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 512)
    assert listed is not None
    at = {"tcpi_snd_mss": 16, "tcpi_pmtu": 60, "tcpi_snd_cwnd": 80, "tcpi_advmss": 84}
    for name, offset in at.items():  # offsets in struct tcp_info, include/uapi/linux/tcp.h
        assert listed[name] == int.from_bytes(raw[offset : offset + 4], "little"), name
    assert listed["tcpi_state"] == raw[0]
    assert listed["tcpi_snd_wscale"] == raw[6] & 0xF
    assert listed["tcpi_rcv_wscale"] == raw[6] >> 4
    assert listed["tcpi_bytes_sent"] == int.from_bytes(raw[200:208], "little") == 5000


def test_half_closed_connection(stack: ExitStack) -> None:
    """Each end of a half-closed connection has its state and its half shut."""
    _, client, server = tcp_pair(stack, "::1")
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    mine = list_mine()
    told, served = mine[inode(client)], mine[inode(server)]
    assert told.info.tcp_state in TCP_FIN_WAITS, "1 until the FIN is acknowledged, then 2"
    assert told.shutdown == SHUT_SEND
    assert (served.info.tcp_state, served.shutdown) == (TCP_CLOSE_WAIT, SHUT_RECEIVE)
    assert served.info.family == socket.AF_INET6
    assert served.local is not None
    assert served.local.ip == "::1"


@pytest.mark.parametrize(
    ("family", "kind", "protocol"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP),
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP),
        (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP),
        (socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    ],
)
def test_socket_that_no_table_lists(
    stack: ExitStack, family: int, kind: int, protocol: int
) -> None:
    """A socket that was only created is listed with its kind, though sock_diag passes over it."""
    sock = stack.enter_context(socket.socket(family, kind))
    found = list_mine()[inode(sock)]
    assert (found.info.family, found.info.type, found.info.protocol) == (family, kind, protocol)
    assert found.info.tcp_state == TCP_CLOSE
    assert found.local is None
    assert not found.listening


def test_bound_only_tcp_socket_is_closed_with_an_address(stack: ExitStack) -> None:
    """sock_diag's pseudo-state for bound sockets is given as what the socket itself has."""
    sock = stack.enter_context(socket.socket())
    sock.bind(("127.0.0.1", 0))
    found = list_mine()[inode(sock)]
    assert found.info.tcp_state == TCP_CLOSE
    if found.local is not None:  # before Linux 6.8 no table lists it
        assert found.local.port == sock.getsockname()[1]


def test_udp_bound_and_connected(stack: ExitStack) -> None:
    """UDP sockets have their addresses; a connected one knows its peer."""
    receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.bind(("127.0.0.1", 0))
    sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.connect(receiver.getsockname())
    sender.send(b"hello")
    mine = list_mine()
    bound, connected = mine[inode(receiver)], mine[inode(sender)]
    assert bound.info.type == socket.SOCK_DGRAM
    assert bound.info.protocol == socket.IPPROTO_UDP
    assert bound.info.tcp_state == TCP_CLOSE
    assert connected.info.tcp_state == TCP_ESTABLISHED
    assert bound.receive_queue, "memory of an unread datagram"
    assert connected.remote == bound.local


@pytest.mark.parametrize("protocol", [socket.IPPROTO_ICMP, socket.IPPROTO_TCP])
def test_raw_socket(stack: ExitStack, protocol: int) -> None:
    """A raw socket has its protocol, from sock_diag or, where it has no handler, from /proc."""
    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol))
    sock.bind(("127.0.0.1", 0))
    found = list_mine()[inode(sock)]
    assert (found.info.family, found.info.type) == (socket.AF_INET, socket.SOCK_RAW)
    assert found.info.protocol == protocol
    assert found.local is not None
    assert (found.local.ip, found.local.port) == ("127.0.0.1", 0)


def test_unix_stream_listener_with_a_path(stack: ExitStack, tmp_path: Path) -> None:
    """A UNIX listener has its path and counts; both ends of a connection know each other."""
    path = str(tmp_path / "a socket")
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(path)
    listener.listen(3)
    client, late = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
    client.connect(path)
    server = stack.enter_context(listener.accept()[0])
    late.connect(path)
    client.sendall(b"12345")
    mine = list_mine()
    heard, told, served = (mine[inode(s)] for s in (listener, client, server))
    assert heard.listening
    assert heard.local is not None
    assert heard.local.path == path
    assert (heard.receive_queue, heard.send_queue) == (1, 3)
    assert (told.peer_inode, served.peer_inode) == (inode(server), inode(client))
    assert told.remote == heard.local
    assert told.local is not None
    assert told.local.unnamed
    assert served.receive_queue == 5
    assert not told.listening


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_socketpair(stack: ExitStack, kind: socket.SocketKind) -> None:
    """Both ends of a pair name each other, whatever its type."""
    left, right = (stack.enter_context(s) for s in socket.socketpair(socket.AF_UNIX, kind))
    right.shutdown(socket.SHUT_WR)
    mine = list_mine()
    assert mine[inode(left)].peer_inode == inode(right)
    assert mine[inode(right)].peer_inode == inode(left)
    assert mine[inode(left)].info.type == kind
    assert mine[inode(right)].shutdown & SHUT_SEND


def test_abstract_name_of_any_bytes(stack: ExitStack) -> None:
    """An abstract name is marked so, and bytes that are not UTF-8 are escaped."""
    sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    sock.bind(b"\0socktrace \xff\x1b[31m" + str(HERE).encode())
    found = list_mine()[inode(sock)]
    assert found.local is not None
    assert found.local.abstract
    assert found.local.path == f"socktrace \\xff\x1b[31m{HERE}"


def test_netlink_and_packet(stack: ExitStack) -> None:
    """Netlink sockets have their port id, packet sockets their protocol and interface."""
    netlink = stack.enter_context(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
    netlink.bind((0, 1))
    packet = stack.enter_context(
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x88B5))
    )
    packet.bind(("lo", 0x88B5))
    mine = list_mine()
    routed, captured = mine[inode(netlink)], mine[inode(packet)]
    assert routed.local is not None
    assert (routed.local.port_id, routed.local.groups) == netlink.getsockname()
    assert captured.info.type == socket.SOCK_DGRAM
    assert captured.local is not None
    assert captured.local.protocol == 0x88B5
    assert captured.local.ifindex == socket.if_nametoindex("lo")


def test_shared_by_fork(stack: ExitStack) -> None:
    """Both processes that hold a socket after fork(2) are its holders; one can be left out."""
    _, client, server = tcp_pair(stack)
    hold, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)
        os.read(hold, 1)
        os._exit(0)
    try:
        client.close()
        seen, listed, _ = list_existing(time.monotonic_ns, only_pids={HERE, child})
        shared = next(entry for entry in listed if entry.info.inode == inode(server))
        assert {(pid, fd) for pid, fd, _, _ in shared.holders} == {
            (HERE, server.fileno()),
            (child, server.fileno()),
        }
        assert {process.pid for process in seen} == {HERE, child}
        left_to_child = [entry for entry in listed if [h[0] for h in entry.holders] == [child]]
        assert len(left_to_child) == 1, "the client's socket lives on in the child"
        _, without, _ = list_existing(
            time.monotonic_ns, only_pids={HERE, child}, exclude_pids={child}
        )
        gone = left_to_child[0].info.inode
        assert gone not in {entry.info.inode for entry in without}
    finally:
        os.close(release)
        os.close(hold)
        os.waitpid(child, 0)


def test_agrees_with_ss(stack: ExitStack) -> None:
    """Every TCP, UDP and UNIX socket that ss(8) shows for this process is listed just so."""
    listener, *_ = tcp_pair(stack)
    udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    for end in socket.socketpair():
        stack.enter_context(end)
    mine = list_mine()
    text = subprocess.run(
        ["ss", "-H", "-a", "-n", "-e", "-O", "-t", "-u", "-p"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    checked = 0
    for line in text.splitlines():
        if f"pid={HERE}," not in line:
            continue
        words = line.split()
        number = next(int(word[4:]) for word in words if word.startswith("ino:"))
        entry = mine[number]
        assert entry.local is not None
        assert words[4] == f"{entry.local.ip}:{entry.local.port}"
        assert (int(words[2]), int(words[3])) == (entry.receive_queue, entry.send_queue)
        assert entry.listening == (words[1] == "LISTEN")
        assert f"pid={HERE},fd={entry.holders[0][1]})" in line
        checked += 1
    assert checked >= 4
    assert inode(listener) in mine


def test_agrees_with_proc() -> None:
    """On the whole machine every socket descriptor of a process that stays is listed."""
    seen, listed, _ = list_existing(time.monotonic_ns)
    held = {(pid, fd): entry.info.inode for entry in listed for pid, fd, _, _ in entry.holders}
    fds = Path(f"/proc/{HERE}/fd")
    for fd in fds.iterdir():
        try:
            target = str(fd.readlink())
        except FileNotFoundError:
            continue  # the descriptor by which the directory was read
        if target.startswith("socket:["):
            assert held[HERE, int(fd.name)] == int(target[8:-1])
    me = next(process for process in seen if process.pid == HERE)
    assert me.ppid == os.getppid()
    assert me.uid == os.getuid()
    assert me.cmdline
    assert isinstance(me, Seen)


def test_thousands_of_sockets_in_good_time(stack: ExitStack) -> None:
    """3,000 sockets are listed in well under a second, on a busy machine too."""
    for _ in range(1500):
        for end in socket.socketpair():
            stack.enter_context(end)
    started = time.perf_counter()
    mine = list_mine()
    assert time.perf_counter() - started < 1.0
    assert len(mine) >= 3000
