"""Descriptor tables: who holds a socket, when it closes, and how wrong beliefs are mended."""

from __future__ import annotations

import pytest

from socktrace.events import Call, Exec, Exit, Fork, Loss, Passed
from tests.scenarios.script import PID, TABLE, Told, call, sock

MADE = call(10, "socket", -1, 3, (2, 1, 0), sock=sock(1))
CLOEXEC = 0o2000000


def _close(t: int, fd: int = 3, *, refs: int = 0, pid: int = PID, files: int = TABLE) -> Call:
    return call(t, "close", fd, 0, sock=sock(1, refs=refs), pid=pid, files=files)


def _fork(t: int, child: int, files: int) -> Fork:
    return Fork(t, PID, PID, child, "prog", TABLE, files)


def _exit(t: int, pid: int, files: int, users: int = 1, *, last: bool = True) -> Exit:
    return Exit(t, pid, pid, "prog", files, users, last, 9)


def _passed(t: int, fd: int, *, received: bool, pid: int = PID, files: int = TABLE) -> Passed:
    return Passed(t, pid, pid, fd, received, sock(1, refs=2), files)


def test_closed_with_the_last_descriptor() -> None:
    """A copy keeps a socket open; the last close ends it."""
    told = Told(MADE, call(30, "dup", 3, 4, sock=sock(1)), _close(50))
    assert told.life(1).closed is None
    assert told.holders(1) == [(PID, 4)]
    told.feed(_close(70, 4))
    assert told.life(1).closed == 80
    assert [each.closed_via for each in told.life(1).descriptors] == ["close", "close"]


@pytest.mark.parametrize(
    ("make", "kept"),
    [
        (call(10, "socket", -1, 3, (2, 1 | CLOEXEC, 0), sock=sock(1)), False),
        (MADE, True),
        (call(30, "fcntl", 3, 0, (3, 2, 1), sock=sock(1)), False),
        (call(30, "ioctl", 3, 0, (3, 0x5451), sock=sock(1)), False),
        (call(30, "close_range", -1, 0, (3, 9, 4)), False),
        (call(30, "fcntl", 3, -9, (3, 2, 1), sock=sock(1)), True),
    ],
)
def test_close_on_exec(make: Call, kept: bool) -> None:  # noqa: FBT001 - a column of the table
    """Every way to mark a descriptor counts at exec; a call that failed marks nothing."""
    first = [] if make.call == "socket" else [MADE]
    told = Told(*first, make, Exec(90, PID, PID, "other", TABLE))
    assert (told.life(1).closed is None) == kept
    assert told.tracker.world.processes[PID].comm == "other"


def test_copies_are_not_close_on_exec_unless_asked() -> None:
    """The mark belongs to the number: dup(2) and F_DUPFD clear it, F_DUPFD_CLOEXEC sets it."""
    told = Told(
        call(10, "socket", -1, 3, (2, 1 | CLOEXEC, 0), sock=sock(1)),
        call(30, "dup", 3, 4, sock=sock(1)),
        call(50, "fcntl", 3, 5, (3, 1030, 0), sock=sock(1)),
        call(70, "fcntl", 3, 6, (3, 0, 0), sock=sock(1)),
        call(90, "dup3", 3, 7, (3, 7, CLOEXEC), sock=sock(1)),
        Exec(120, PID, PID, "other", TABLE),
    )
    assert told.holders(1) == [(PID, 4), (PID, 6)]


def test_fork_copies_and_both_must_close() -> None:
    """A child with a table of its own is a holder of its own."""
    told = Told(MADE, _fork(30, 11, 0x2000), _close(50, refs=2))
    assert told.life(1).closed is None
    assert told.holders(1) == [(11, 3)]
    told.feed(_exit(70, 11, 0x2000))
    assert told.life(1).states[-1].cause == "exit"
    assert told.tracker.world.processes[11].signal == "SIGKILL"


def test_shared_table_counts_once() -> None:
    """With CLONE_FILES a close by either process closes for both."""
    told = Told(MADE, _fork(30, 11, TABLE))
    assert told.holders(1) == [(PID, 3)]
    told.feed(_close(50, pid=11))
    assert told.life(1).closed is not None


def test_shared_table_outlives_one_process() -> None:
    """What the one who ends held is the other's, who shares the table."""
    told = Told(MADE, _fork(30, 11, TABLE), _exit(50, PID, TABLE, 2))
    assert told.holders(1) == [(11, 3)]
    assert told.life(1).closed is None
    told.feed(_exit(70, 11, TABLE))
    assert told.life(1).closed == 70


def test_exec_leaves_a_shared_table() -> None:
    """execve(2) unshares: the other process keeps what close-on-exec takes from this one."""
    told = Told(
        call(10, "socket", -1, 3, (2, 1 | CLOEXEC, 0), sock=sock(1)),
        _fork(30, 11, TABLE),
        Exec(50, PID, PID, "other", 0x3000),
    )
    assert told.holders(1) == [(11, 3)]


def test_thread_that_ends_closes_nothing() -> None:
    """Other users of the table go on."""
    told = Told(MADE, _exit(50, PID, TABLE, 2, last=False))
    assert told.holders(1) == [(PID, 3)]
    assert told.tracker.world.processes == {}


def test_last_thread_closes_even_while_others_are_ending() -> None:
    """Threads that end at the same moment are still counted as users of the table."""
    told = Told(MADE, _exit(50, PID, TABLE, 3))
    assert told.life(1).closed == 50


def test_dup2_closes_what_the_number_named() -> None:
    """The socket that is replaced loses its descriptor by dup2; onto itself changes nothing."""
    told = Told(
        MADE,
        call(30, "socket", -1, 4, (2, 1, 0), sock=sock(2)),
        call(50, "dup2", 3, 3, (3, 3), sock=sock(1), other=sock(1), other_fd=3),
        call(70, "dup2", 3, 4, (3, 4), sock=sock(1), other=sock(2, refs=1), other_fd=4),
    )
    assert told.life(2).closed == 80
    assert told.life(2).descriptors[0].closed_via == "dup2"
    assert told.holders(1) == [(PID, 3), (PID, 4)]


def test_dup2_of_a_file_onto_a_socket() -> None:
    """The old descriptor need not be a socket for the new one to be closed."""
    told = Told(MADE, call(30, "dup2", 7, 3, (7, 3), other=sock(1, refs=1), other_fd=3))
    assert told.life(1).closed == 40


def test_close_range_unshares_first() -> None:
    """CLOSE_RANGE_UNSHARE: what is closed stays open for the process that shared the table."""
    told = Told(
        MADE,
        _fork(30, 11, TABLE),
        call(50, "close_range", -1, 0, (3, 0xFFFF_FFFF, 2), files=0x3000),
    )
    assert told.holders(1) == [(11, 3)]


def test_in_flight_descriptor_keeps_the_socket_open() -> None:
    """unix(7): a message on its way holds a reference until it is received."""
    told = Told(MADE, _passed(30, 3, received=False), _close(50, refs=2))
    assert told.life(1).closed is None
    assert told.holders(1) == []
    told.feed(_passed(70, 5, received=True, pid=11, files=0x2000))
    assert told.holders(1) == [(11, 5)]
    assert told.life(1).descriptors[-1].via == "SCM_RIGHTS"
    told.feed(_close(90, 5, refs=1, pid=11, files=0x2000))
    assert told.life(1).closed == 100


def test_message_goes_with_the_queue_it_waits_in() -> None:
    """The receiving end is closed before the message was received: its sockets end with it."""
    ends = {"family": 1, "protocol": 0}
    told = Told(
        call(
            10,
            "socketpair",
            4,
            0,
            (1, 1, 0, 0),
            sock=sock(8, **ends),
            other=sock(9, **ends),
            other_fd=5,
        ),
        call(30, "socket", -1, 3, (2, 1, 0), sock=sock(1)),
        _passed(50, 3, received=False),
        call(50, "sendmsg", 4, 1, (4, 0, 0), sock=sock(8, **ends)),
        _close(70, refs=2),
    )
    assert told.life(1).closed is None
    told.feed(call(90, "close", 5, 0, sock=sock(9, refs=1, **ends)))
    assert told.life(1).closed == 100


def test_message_that_was_not_sent_holds_nothing() -> None:
    """A sendmsg that failed put no reference on its way."""
    told = Told(
        MADE,
        _passed(30, 3, received=False),
        call(30, "sendmsg", 4, -11, (4, 0, 0), sock=sock(2)),
        _close(50),
    )
    assert told.life(1).closed == 60


def test_received_from_an_unwatched_process() -> None:
    """Its origin says so, and nobody is named as its maker; who sent it may still hold it."""
    told = Told(_passed(30, 5, received=True), _close(50, 5, refs=2))
    assert told.life(1).origin == "received"
    assert told.life(1).pid is None
    assert told.life(1).closed is None


def test_pidfd_getfd_is_close_on_exec() -> None:
    """pidfd_getfd(2): the new descriptor has the flag set."""
    told = Told(
        call(30, "pidfd_getfd", 9, 5, (9, 3, 0), sock=sock(1)), Exec(90, PID, PID, "x", TABLE)
    )
    assert told.life(1).descriptors[0].via == "pidfd_getfd"
    assert told.holders(1) == []


def test_last_reference_ends_every_doubt() -> None:
    """The kernel counted one reference: other holders that we believe in are not there."""
    told = Told(MADE, _fork(30, 11, 0x2000), _close(50, refs=1))
    assert told.life(1).closed == 60
    line = told.descriptors()[-1]
    assert (line.pid, line.event, line.via, line.inferred) == (11, "closed", "unknown", True)


def test_further_references_are_calls_in_progress() -> None:
    """A thread blocked in a call holds the file, not a descriptor: close(2) ends the socket."""
    told = Told(MADE, _close(50, refs=2))
    assert told.life(1).closed == 60


def test_after_a_loss_somebody_unknown_may_hold_it() -> None:
    """A fork may have been lost: references that are left mean a holder that we do not know."""
    told = Told(MADE, Loss(20, 1, "ring full", ring="life"), _close(50, refs=2))
    assert told.life(1).closed is None
    assert told.tracker.world.lost == 1


def test_number_that_names_another_socket_is_corrected() -> None:
    """A close was lost and the number used again: the kernel is right."""
    told = Told(
        MADE,
        call(30, "socket", -1, 4, (2, 1, 0), sock=sock(2)),
        call(50, "getsockname", 3, 0, sock=sock(2)),
    )
    assert told.life(1).closed == 50
    assert told.holders(2) == [(PID, 4), (PID, 3)]
    assert [line.inferred for line in told.descriptors()] == [False, False, True, True]


def test_call_that_began_before_a_close_opens_nothing() -> None:
    """A thread blocked in recv tells of its number after another has closed it."""
    told = Told(
        MADE, _close(50, refs=1), call(30, "recvfrom", 3, 0, (3, 0, 9, 0), sock=sock(1), dur=100)
    )
    assert told.holders(1) == []
    assert told.life(1).closed == 60


def test_close_that_returns_after_its_number_is_used_again() -> None:
    """SO_LINGER: close blocks, another thread gets the number; its socket stays."""
    told = Told(
        MADE,
        call(60, "socket", -1, 3, (2, 1, 0), sock=sock(2)),
        call(50, "close", 3, 0, sock=sock(1, refs=1), dur=500),
    )
    assert told.holders(2) == [(PID, 3)]
    assert told.life(1).closed is not None
    assert told.life(2).closed is None


def test_late_birth_opens_no_closed_number() -> None:
    """A socket told after its close stays closed."""
    told = Told(_close(50, refs=1), MADE)
    assert (told.life(1).origin, told.life(1).pid) == ("socket", PID)
    assert told.holders(1) == []
    assert told.life(1).closed is not None


def test_closed_socket_that_is_used_was_not_closed() -> None:
    """A socket named by a descriptor after its end is open again, and that is inferred."""
    told = Told(MADE, _close(50), call(90, "listen", 6, 0, (6, 5), sock=sock(1)))
    life = told.life(1)
    assert life.closed is None
    assert told.api(1) == ["created", "closed", "created", "listening"]
    assert life.states[2].inferred


def test_table_address_is_used_again() -> None:
    """A table of a process whose exit was lost is given to a new child: the old one is gone."""
    told = Told(MADE, Fork(50, 77, 77, 11, "prog", 0x9000, TABLE))
    assert told.life(1).closed == 50
    assert told.descriptors()[-1].inferred


def test_late_fork_gives_no_closed_number_back() -> None:
    """The child has closed the number before its fork was told."""
    told = Told(MADE, _close(50, refs=2, pid=11, files=0x2000), _fork(30, 11, 0x2000))
    assert told.holders(1) == [(PID, 3)]


def test_events_of_an_ended_process_open_nothing() -> None:
    """A call that is told after its process has ended gives it no descriptors."""
    told = Told(MADE, _exit(90, PID, TABLE), call(50, "dup", 3, 4, sock=sock(1)))
    assert told.holders(1) == []
    assert told.life(1).closed == 90


def test_inode_number_is_used_again() -> None:
    """A socket made with the inode of an older one is another, with a number of its own."""
    told = Told(MADE, call(50, "socket", -1, 4, (2, 1, 0), sock=sock(1)))
    assert [line.socket for line in told.sockets()] == [1, 2]
    assert told.tracker.world.life(1).closed is not None
    assert told.holders(1) == [(PID, 4)]
