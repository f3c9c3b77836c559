"""API states: bind, listen, connect in all its outcomes, shutdown."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from socktrace.events import Call, TcpSegment
from socktrace.lines import Address, Cause, Syscall
from tests.scenarios.script import Told, call, inet, sock, tcp, udp

MADE = call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1))
UDP_MADE = call(10, "socket", -1, 3, (2, 2, 0), sock=udp(1))
UNSPEC = Address("AF_UNSPEC")


def _connect(t: int, ret: int, **fields: Any) -> Call:
    return call(t, "connect", 3, ret, (3, 0, 16), **({"sock": sock(1), "addr": inet(80)} | fields))


def _so_error(t: int, errno: int) -> Call:
    blob = struct.pack("=i", errno)
    return call(t, "getsockopt", 3, 0, (3, 1, 4, 0, 0), sock=sock(1), blob=blob)


def test_order_of_lines() -> None:
    """A call's lines come in the order socket, syscall, descriptor, state."""
    told = Told(MADE)
    assert [type(line).__name__ for line in told.lines] == [
        "Socket",
        "Syscall",
        "Descriptor",
        "State",
    ]


def test_bind_tells_the_port_that_the_kernel_picked() -> None:
    """The address is the sock's, not the one that was asked for."""
    told = Told(
        MADE, call(30, "bind", 3, 0, sock=sock(1, local=inet(40001)), addr=inet(0, "0.0.0.0"))
    )
    assert told.life(1).local == inet(40001)
    assert told.api(1) == ["created", "bound"]


def test_failed_bind_changes_nothing() -> None:
    """EADDRINUSE leaves the socket as it was."""
    told = Told(MADE, call(30, "bind", 3, -98, sock=sock(1), addr=inet(80)))
    assert told.api(1) == ["created"]
    assert told.life(1).calls["bind"].errors == {"EADDRINUSE": 1}


def test_listen_without_bind() -> None:
    """The kernel picks the port; the socket is a listener."""
    told = Told(MADE, call(30, "listen", 3, 0, (3, 5), sock=sock(1, local=inet(40001, "0.0.0.0"))))
    assert told.api(1) == ["created", "listening"]
    assert told.life(1).local == inet(40001, "0.0.0.0")
    assert told.life(1).role == "listener"
    assert not any(state.inferred for state in told.states())


def test_blocking_connect() -> None:
    """A connect that returns 0 connects by itself; both addresses are known."""
    shown = sock(1, local=inet(5000), remote=inet(80))
    told = Told(
        MADE,
        tcp(31, shown, 7, 2, "connect", 30),
        tcp(35, shown, 2, 1, "connect", 30),
        _connect(30, 0, sock=shown),
    )
    life = told.life(1)
    assert told.api(1) == ["created", "connected"]
    assert (life.local, life.remote, life.role) == (inet(5000), inet(80), "connector")
    assert [s.cause for s in life.states if s.layer == "tcp"] == [Cause(30, 10), "kernel"]


def test_refused_blocking_connect() -> None:
    """The socket is as before, and knows why."""
    told = Told(MADE, _connect(30, -111))
    assert told.api(1) == ["created"]
    assert told.life(1).connect_error == "ECONNREFUSED"


def test_nonblocking_connect_is_completed_by_the_kernel() -> None:
    """EINPROGRESS connects later, on the kernel's account."""
    shown = sock(1, local=inet(5000), remote=inet(80))
    told = Told(MADE, tcp(31, shown, 7, 2, "connect", 30), _connect(30, -115, sock=shown))
    assert told.life(1).api_state == "connecting"
    told.feed(tcp(90, shown, 2, 1))
    last = told.life(1).states[-1]
    assert (last.to, last.cause, last.t) == ("connected", "kernel", 90)


def test_nonblocking_connect_that_is_done_before_it_returns() -> None:
    """On loopback the answer comes within the call; the order of states is still right."""
    shown = sock(1, local=inet(5000), remote=inet(80))
    told = Told(
        MADE,
        tcp(31, shown, 7, 2, "connect", 30),
        tcp(33, shown, 2, 1, "connect", 30),
        _connect(30, -115, sock=shown),
    )
    assert told.api(1) == ["created", "connecting", "connected"]
    assert told.life(1).states[-1].cause == "kernel"
    assert told.life(1).states[-1].t == 33


def test_nonblocking_connect_refused_then_so_error() -> None:
    """The call's own result and the connection's later fate are kept apart."""
    shown = sock(1, local=inet(5000), remote=inet(80))
    told = Told(
        MADE,
        tcp(31, shown, 7, 2, "connect", 30),
        _connect(30, -115, sock=shown),
        tcp(50, shown, 2, 7),
    )
    assert told.api(1) == ["created", "connecting", "created"]
    assert told.life(1).connect_error is None
    told.feed(_so_error(70, 111))
    life = told.life(1)
    assert life.connect_error == life.pending_error == "ECONNREFUSED"
    assert life.calls["connect"].errors == {"EINPROGRESS": 1}


def test_so_error_of_zero_is_no_error() -> None:
    """Reading SO_ERROR after a success leaves no error behind."""
    told = Told(MADE, _connect(30, -115), tcp(50, sock(1), 2, 1), _so_error(70, 0))
    assert told.life(1).pending_error is None
    assert told.life(1).connect_error is None


def test_error_told_by_the_next_call() -> None:
    """A write may be the first to tell why the attempt failed."""
    told = Told(
        MADE,
        tcp(31, sock(1), 7, 2, "connect", 30),
        _connect(30, -115),
        tcp(50, sock(1), 2, 7),
        call(60, "write", 3, -110, (3, 0, 5), sock=sock(1)),
    )
    assert told.life(1).connect_error == "ETIMEDOUT"


@pytest.mark.parametrize("error", [-106, 0])
def test_second_connect_completes(error: int) -> None:
    """Where nobody saw the handshake, a second connect tells that it has ended."""
    told = Told(MADE, _connect(30, -115), _connect(50, -114), _connect(70, error))
    assert told.api(1) == ["created", "connecting", "connected"]
    assert told.life(1).remote == inet(80)


@pytest.mark.parametrize("error", [4, 512, 516])
def test_interrupted_connect_goes_on(error: int) -> None:
    """A signal ends the call, not the attempt: connect(2), EINTR."""
    told = Told(MADE, tcp(31, sock(1), 7, 2, "connect", 30), _connect(30, -error))
    assert told.life(1).api_state == "connecting"
    assert told.life(1).connect_error is None


def test_unix_connect_that_would_block_changes_nothing() -> None:
    """EAGAIN of AF_UNIX is a failure: connect(2)."""
    unix = sock(1, family=1, protocol=0)
    address = Address("AF_UNIX", path="/tmp/x")  # noqa: S108
    told = Told(
        call(10, "socket", -1, 3, (1, 1, 0), sock=unix), _connect(30, -11, sock=unix, addr=address)
    )
    assert told.api(1) == ["created"]


def test_datagram_socket_is_connected_anew_and_dissolved() -> None:
    """A second connect changes the peer; AF_UNSPEC dissolves the association."""
    one = udp(1, local=inet(5000), remote=inet(80))
    two = udp(1, local=inet(5000), remote=inet(81))
    told = Told(
        UDP_MADE,
        _connect(30, 0, sock=one),
        _connect(50, 0, sock=two, addr=inet(81)),
        _connect(70, 0, sock=udp(1, local=inet(5000, "0.0.0.0")), addr=UNSPEC),
    )
    assert told.api(1) == ["created", "connected", "connected", "bound"]
    assert told.life(1).remote == UNSPEC
    assert not any(state.inferred for state in told.states())


def test_dissolved_datagram_socket_loses_a_port_it_did_not_ask_for() -> None:
    """__udp_disconnect gives back a port that only connect had taken."""
    told = Told(
        UDP_MADE,
        _connect(30, 0, sock=udp(1, local=inet(5000), remote=inet(80))),
        _connect(70, 0, sock=udp(1, local=inet(0, "0.0.0.0")), addr=UNSPEC),
    )
    assert told.api(1) == ["created", "connected", "created"]


def test_first_send_binds_a_datagram_socket() -> None:
    """The kernel picks a port at the first send: ip(7)."""
    shown = udp(1, local=inet(5000, "0.0.0.0"))
    told = Told(UDP_MADE, call(30, "sendto", 3, 4, (3, 0, 4, 0, 0, 0), sock=shown, addr=inet(53)))
    assert told.api(1) == ["created", "bound"]
    assert told.life(1).local == inet(5000, "0.0.0.0")
    assert told.life(1).role == "sender"


@pytest.mark.parametrize(
    ("hows", "states"),
    [
        ((0,), ["shut-read"]),
        ((1,), ["shut-write"]),
        ((2,), ["shut-both"]),
        ((1, 0), ["shut-write", "shut-both"]),
        ((0, 1), ["shut-read", "shut-both"]),
        ((1, 1), ["shut-write"]),
    ],
)
def test_shutdown_of_halves(hows: tuple[int, ...], states: list[str]) -> None:
    """Both halves together are shut-both, in whichever order."""
    told = Told(MADE, _connect(30, 0))
    for t, how in enumerate(hows, start=10):
        told.feed(call(t * 10, "shutdown", 3, 0, (3, how), sock=sock(1)))
    assert told.api(1)[2:] == states


def test_shutdown_of_a_tcp_listener_ends_listening() -> None:
    """inet_shutdown takes a listener back to where bind had left it."""
    bound = sock(1, local=inet(80))
    told = Told(
        MADE,
        call(30, "bind", 3, 0, sock=bound, addr=inet(80)),
        call(50, "listen", 3, 0, (3, 5), sock=bound),
        call(70, "shutdown", 3, 0, (3, 1), sock=bound),
    )
    assert told.life(1).api_state == "listening"
    told.feed(call(90, "shutdown", 3, 0, (3, 2), sock=bound))
    assert told.life(1).api_state == "bound"


def test_late_change_is_left_out() -> None:
    """A bind that is told after the connect that followed it does not undo the connect."""
    told = Told(MADE, _connect(50, 0), call(30, "bind", 3, 0, sock=sock(1), addr=inet(9)))
    assert told.api(1) == ["created", "connected"]
    assert told.tracker.late == 1


def test_failed_call_has_minus_one_and_a_name() -> None:
    """On failure the line says -1 and the errno by name."""
    line = Told(MADE, _connect(30, -111)).lines[-1]
    assert isinstance(line, Syscall)
    assert (line.ret, line.errno, line.fd, line.socket) == (-1, "ECONNREFUSED", 3, 1)


def test_retransmits_and_resets_are_counted() -> None:
    """Segments are told on the socket they are about."""
    told = Told(
        MADE, TcpSegment(20, sock(1), "retransmit"), TcpSegment(21, sock(1), "reset-received")
    )
    assert (told.life(1).retransmits, told.life(1).resets) == (1, 1)


def test_so_error_tells_how_the_attempt_ended() -> None:
    """Without TCP's own events (another source) SO_ERROR decides, and success is inferred."""
    failed = Told(MADE, _connect(30, -115), _so_error(70, 111))
    assert failed.api(1) == ["created", "connecting", "created"]
    assert failed.life(1).connect_error == "ECONNREFUSED"
    done = Told(MADE, _connect(30, -115), _so_error(70, 0))
    assert done.api(1) == ["created", "connecting", "connected"]
    assert done.life(1).states[-1].inferred


def test_so_error_of_zero_while_the_handshake_goes_on() -> None:
    """TCP says that the attempt has not ended: an impatient reader proves nothing."""
    told = Told(MADE, tcp(31, sock(1), 7, 2, "connect", 30), _connect(30, -115), _so_error(70, 0))
    assert told.life(1).api_state == "connecting"


def test_getsockname_tells_an_autobound_name() -> None:
    """unix(7): bind with a family alone lets the kernel choose a name; getsockname shows it."""
    unix = sock(1, family=1, protocol=0)
    name = Address("AF_UNIX", path="00001", abstract=True)
    told = Told(
        call(10, "socket", -1, 3, (1, 1, 0), sock=unix),
        call(30, "bind", 3, 0, sock=unix, addr=Address("AF_UNIX", unnamed=True)),
        call(50, "getsockname", 3, 0, sock=unix, addr=name),
        call(70, "getsockname", 3, 0, sock=unix, addr=name),
    )
    assert told.life(1).local == name
    assert told.api(1) == ["created", "bound", "bound"]
