"""The TCP side: accepted connections, causes, TIME-WAIT, the two ends of a connection."""

from __future__ import annotations

import pytest

from socktrace.events import Call, SocketInfo, TcpSegment
from socktrace.lines import Cause
from socktrace.model.limits import Limits
from tests.scenarios.script import Told, call, inet, sock, tcp

SERVER, CLIENT = inet(80), inet(5000)
CHILD = SocketInfo(0, 0x777, 2, 1, 6, 3, local=SERVER, remote=CLIENT)
ACCEPTED = sock(7, sk=0x777, tcp_state=1, local=SERVER, remote=CLIENT)
LISTENER = sock(1, local=SERVER, tcp_state=10)


def _listening() -> Told:
    return Told(
        call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)),
        tcp(31, sock(1, local=SERVER), 7, 10, "listen", 30),
        call(30, "listen", 3, 0, (3, 5), sock=LISTENER),
    )


def _accept(t: int, dur: int = 10) -> Call:
    return call(
        t, "accept4", 3, 4, (3, 0, 0, 0), sock=ACCEPTED, other=LISTENER, other_fd=3, dur=dur
    )


def test_accepted_socket_knows_its_handshake() -> None:
    """What TCP did before accept is told at accept, with the time at which it happened."""
    told = _listening()
    told.feed(tcp(100, CHILD, 10, 3), tcp(120, CHILD, 3, 1), _accept(190))
    life = told.life(7)
    assert (life.established, life.accept_wait) == (120, 80)
    assert (life.listener, life.role, life.remote) == (told.life(1).socket, "accepted", CLIENT)
    assert [(s.t, s.from_, s.to) for s in life.states if s.layer == "tcp"] == [
        (100, "LISTEN", "SYN-RECEIVED"),
        (120, "SYN-RECEIVED", "ESTABLISHED"),
    ]


def test_connection_that_ends_before_accept() -> None:
    """It is counted at its listener and makes no socket."""
    told = _listening()
    told.feed(tcp(100, CHILD, 10, 3), tcp(120, CHILD, 3, 1), tcp(140, CHILD, 1, 7))
    assert len(told.sockets()) == 1
    assert told.tracker.never_accepted(told.life(1).socket) == 1


def test_segment_between_graft_and_return_of_accept() -> None:
    """The sock has its inode already, but its accept has not been told: no second socket."""
    told = _listening()
    told.feed(tcp(100, CHILD, 10, 3), tcp(120, CHILD, 3, 1), tcp(195, ACCEPTED, 1, 8), _accept(190))
    assert told.life(7).origin == "accept"
    assert told.tcp(7) == ["SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"]


def test_embryos_are_bounded() -> None:
    """Connections whose accept is never seen do not fill the memory."""
    told = Told(limits=Limits(embryos=2))
    for sk in range(1, 6):
        told.feed(tcp(sk, SocketInfo(0, sk, 2, 1, 6, 3), 10, 3))
    assert len(told.tracker._embryos._by_sk) == 2


def test_both_ends_know_each_other() -> None:
    """A connection within this machine joins the two sockets, whoever returns first."""
    told = _listening()
    shown = sock(2, local=CLIENT, remote=SERVER)
    told.feed(
        call(40, "socket", -1, 5, (2, 1, 0), sock=sock(2)),
        tcp(101, shown, 7, 2, "connect", 100),
        tcp(102, CHILD, 10, 3),
        tcp(103, shown, 2, 1, "connect", 100),
        tcp(104, CHILD, 3, 1),
        _accept(95, 15),
        call(100, "connect", 5, 0, (5, 0, 16), sock=shown, addr=SERVER, dur=30),
    )
    assert told.life(7).peer == told.life(2).socket
    assert told.life(2).peer == told.life(7).socket
    assert told.sockets()[-1].peer == told.life(2).socket


def test_ipv4_within_ipv6_finds_its_peer() -> None:
    """A dual-stack server shows mapped addresses: ipv6(7)."""
    mapped = sock(
        7, family=10, local=inet(80, "::ffff:127.0.0.1"), remote=inet(5000, "::ffff:127.0.0.1")
    )
    told = Told(
        call(10, "socket", -1, 5, (2, 1, 0), sock=sock(2)),
        call(30, "connect", 5, 0, (5,), sock=sock(2, local=CLIENT, remote=SERVER), addr=SERVER),
        call(60, "accept", 3, 4, (3, 0, 0), sock=mapped, other=LISTENER, other_fd=3),
    )
    assert told.life(7).peer == told.life(2).socket


def _ending(*steps: tuple[int, int], reset: bool = False) -> Told:
    told = Told(
        call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)),
        tcp(31, sock(1), 7, 2, "connect", 30),
        tcp(32, sock(1), 2, 1, "connect", 30),
        call(30, "connect", 3, 0, sock=sock(1), addr=SERVER),
        tcp(51, sock(1), 1, 4, "close", 50),
        call(50, "close", 3, 0, sock=sock(1, refs=1)),
    )
    gone = SocketInfo(0, sock(1).sk, 2, 1, 6, 5)
    for t, (old, new) in enumerate(steps, start=60):
        if reset and new == 7:
            told.feed(TcpSegment(t, gone, "reset-received"))
        told.feed(tcp(t, gone, old, new, "close", 50))
    return told


def test_connection_goes_on_after_close() -> None:
    """TCP's states are told till the end, found by the sock when no file names it."""
    told = _ending((4, 5), (5, 7))
    assert told.api(1)[-1] == "closed"
    assert told.tcp(1)[-3:] == ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]
    assert told.life(1).states[-1].inferred


def test_reset_ends_without_time_wait() -> None:
    """After a reset FIN-WAIT-2 goes to CLOSED, and that is seen, not inferred."""
    told = _ending((4, 5), (5, 7), reset=True)
    assert told.tcp(1)[-1] == "CLOSED"
    assert not told.life(1).states[-1].inferred


def test_only_what_calls_cause_names_a_call() -> None:
    """On loopback the peer's segments come within our own close: they are the kernel's."""
    told = _ending((4, 5))
    causes = {s.to: s.cause for s in told.life(1).states if s.layer == "tcp"}
    assert causes["FIN-WAIT-1"] == Cause(50, 10)
    assert causes["FIN-WAIT-2"] == "kernel"


def test_sock_address_is_used_again() -> None:
    """A new connection at the address of a sock that is gone is not the old one."""
    told = _ending((4, 5), (5, 7))
    told.feed(tcp(200, SocketInfo(0, sock(1).sk, 2, 1, 6, 3), 10, 3))
    assert told.tcp(1)[-1] == "TIME-WAIT"
    assert told.tracker._embryos.get(sock(1).sk) is not None


def test_lost_state_change_is_marked() -> None:
    """A change that does not follow on the last one is told as inferred."""
    told = Told(call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)), tcp(50, sock(1), 1, 8))
    last = told.life(1).states[-1]
    assert (last.from_, last.to, last.inferred) == ("CLOSED", "CLOSE-WAIT", True)


def test_late_state_change_is_left_out() -> None:
    """A change older than the last one told does not take the connection back."""
    told = Told(
        call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1)),
        tcp(50, sock(1), 2, 1),
        tcp(40, sock(1), 7, 2),
    )
    assert told.tcp(1) == ["ESTABLISHED"]


@pytest.mark.parametrize(("old", "state"), [(10, "listening"), (2, "connecting"), (1, "connected")])
def test_unannounced_socket_is_what_tcp_says(old: int, state: str) -> None:
    """A socket first seen by a change of state was, before, what that state says."""
    told = Told(tcp(50, sock(1), old, 7))
    assert told.api(1)[0] == state
    assert told.life(1).origin == "existing"
    assert told.life(1).pid is None


def test_strangers_stay_out_of_sight() -> None:
    """The kernel tells of all connections; a capture of some processes takes in theirs only."""
    strange = (tcp(50, sock(1), 2, 1), tcp(60, CHILD, 10, 3), tcp(70, sock(3), 7, 2, "connect", 69))
    told = Told(*strange, whole_machine=False)
    assert [line.inode for line in told.sockets()] == [3]
    assert told.tracker._embryos.get(CHILD.sk) is None


def test_state_that_is_set_anew_is_no_change() -> None:
    """close(2) after shutdown(2) sets FIN-WAIT-1 again."""
    told = Told(tcp(50, sock(1), 1, 4), tcp(60, sock(1), 4, 4))
    assert told.tcp(1) == ["ESTABLISHED", "FIN-WAIT-1"]


def test_end_by_a_holder_that_we_do_not_know() -> None:
    """The process that closed an inherited socket is out of sight; TCP's FIN tells of the end."""
    told = Told(call(30, "close", 0, 0, sock=sock(1, tcp_state=1, refs=3)), whole_machine=False)
    assert told.life(1).closed is None
    told.feed(tcp(90, sock(1), 1, 4, "close", 88))
    assert told.life(1).closed == 90
