"""A look at this machine after a loss, and who shares a descriptor table."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import msgspec
import pytest

from socktrace.events import Told
from socktrace.host.looking_again import look_again
from socktrace.host.shared_tables import sharing


def test_threads_share_a_table_and_processes_do_not() -> None:
    """kcmp(2) on what is known: a thread has its process's table, a forked child has its own."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        me, tid = os.getpid(), thread.native_id
        assert tid is not None
        found = sharing([[me, child, tid]])
        if found is None:
            pytest.skip("this kernel has no kcmp(2)")
        assert [set(group) for group in found] == [{me, tid}]
        assert sharing([[me, child], [tid]]) == ()
    finally:
        done.set()
        thread.join()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_look_shows_what_we_hold_ourselves() -> None:
    """Our own sockets with their descriptors, our process among those that were looked at."""
    pauses = []
    one, other = socket.socketpair()
    with socket.socket() as listener, one, other:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        inodes = {os.fstat(each.fileno()).st_ino for each in (listener, one)}
        before = time.monotonic_ns()
        seen = look_again(
            time.monotonic_ns, 5, only_pids={os.getpid()}, pause=lambda: pauses.append(1)
        )
        held = {
            listed.info.inode: listed.holders[0][:2]
            for listed in seen.listed
            if listed.info.inode in inodes
        }
        assert held == {
            os.fstat(each.fileno()).st_ino: (os.getpid(), each.fileno()) for each in (listener, one)
        }
    assert before <= seen.began <= min(listed.t for listed in seen.listed) <= seen.t
    assert seen.since == 5
    assert seen.looked == (os.getpid(),)
    assert [process.pid for process in seen.seen] == [os.getpid()]
    assert {1, os.getpid()} <= set(seen.pids)
    assert inodes <= set(seen.alive)
    assert seen.single == (() if threading.active_count() > 1 else (os.getpid(),))
    assert pauses, "the rings must be read meanwhile"
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=Told)
    assert again == seen, "it goes through the spool"


def test_processes_that_are_gone_are_looked_at_in_vain() -> None:
    """One that has ended holds nothing, and is not among those that exist."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    seen = look_again(time.monotonic_ns, 0, only_pids={child})
    assert seen.listed == ()
    assert seen.seen == ()
    assert child not in seen.pids
