"""Who is shown: by process, tree, user and control group; and which calls."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture
from socktrace.events import Call, Exec, Fork
from tests.kernel.capturing import Captured, python, run, running

ON_DEMAND = """
import os, socket, sys
for line in sys.stdin:
    word = line.strip()
    if word == "fork":
        if os.fork() == 0:
            s = socket.socket(type=socket.SOCK_DGRAM); os._exit(0)
        os.wait()
    elif word.startswith("uid"):
        os.setresuid(int(word[3:]), int(word[3:]), 0)
    else:
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1); s.close()
    print("done", flush=True)
"""


def ask(process: subprocess.Popen[str], word: str = "socket") -> None:
    """Have a program on demand do something, and wait till it is done."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(word + "\n")
    assert process.stdout.readline() == "done\n"


@contextmanager
def captured_while(options: CaptureOptions) -> Iterator[tuple[Capture, Captured]]:
    """Capture during the context; what was told is there afterwards."""
    found = Captured()
    with Capture(options) as capture:
        capture.start()
        yield capture, found
        capture.stop()
        found.take(capture, everything=True)


def test_one_process_and_no_other() -> None:
    """--pid shows that process alone: not others, not what it forks."""
    with running(python(ON_DEMAND)) as mine, running(python(ON_DEMAND)) as other:
        with captured_while(CaptureOptions(pids=frozenset({mine.pid}))) as (_, found):
            ask(mine)
            ask(other)
            ask(mine, "fork")
        assert {call.pid for call in found.told()} == {mine.pid}
        assert {event.pid for _, event in found.events} == {mine.pid}  # type: ignore[union-attr]
        assert [event.pid for event in found.of(Fork)] == [mine.pid]


def test_following_what_it_forks() -> None:
    """With follow, a child is shown from its first call on; another process is not."""
    with running(python(ON_DEMAND)) as mine, running(python(ON_DEMAND)) as other:
        options = CaptureOptions(pids=frozenset({mine.pid}), follow=True)
        with captured_while(options) as (_, found):
            ask(other, "fork")
            ask(mine, "fork")
        (fork,) = found.of(Fork)
        assert [(call.pid, call.call) for call in found.told()] == [(fork.child, "socket")]


def test_a_process_added_while_capturing() -> None:
    """Processes can be added at any time."""
    with running(python(ON_DEMAND)) as first, running(python(ON_DEMAND)) as second:
        options = CaptureOptions(pids=frozenset({first.pid}))
        with captured_while(options) as (capture, found):
            ask(second)
            capture.add_process(second.pid)
            ask(second)
        assert [call.call for call in found.told()] == ["socket", "setsockopt", "close"]


def test_a_user() -> None:
    """Only processes whose user it is at the time of the call are shown."""
    with (
        running(python(ON_DEMAND)) as mine,
        captured_while(CaptureOptions(uid=64999)) as (_, found),
    ):
        ask(mine)
        ask(mine, "uid64999")
        ask(mine)
        ask(mine, "uid0")
        ask(mine)
    assert [(call.pid, call.call) for call in found.told()] == [
        (mine.pid, name) for name in ("socket", "setsockopt", "close")
    ]


def cgroup_mount() -> Path | None:
    """Where version 2 of control groups is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None


def test_a_control_group_and_those_below_it() -> None:
    """Processes of a cgroup and of its descendants are shown, others are not."""
    mount = cgroup_mount()
    if mount is None:
        pytest.skip("no cgroup2 file system is mounted")
    outer = mount / f"socktrace-test-{os.getpid()}"
    inner = outer / "inner"
    inner.mkdir(parents=True)
    try:
        with (
            running(python(ON_DEMAND)) as a,
            running(python(ON_DEMAND)) as b,
            running(python(ON_DEMAND)) as out,
        ):
            (outer / "cgroup.procs").write_text(str(a.pid))
            (inner / "cgroup.procs").write_text(str(b.pid))
            options = CaptureOptions(cgroup=(outer.stat().st_ino, 1))
            with captured_while(options) as (_, found):
                for process in (out, a, b):
                    ask(process)
            assert [call.pid for call in found.told()] == [a.pid] * 3 + [b.pid] * 3
            below = CaptureOptions(cgroup=(inner.stat().st_ino, 2), pids=frozenset({a.pid, b.pid}))
            with captured_while(below) as (_, found):
                for process in (out, a, b):
                    ask(process)
            assert {call.pid for call in found.told()} == {b.pid}
    finally:
        for _ in range(100):
            if not (outer / "cgroup.procs").read_text() + (inner / "cgroup.procs").read_text():
                break
            time.sleep(0.02)
        inner.rmdir()
        outer.rmdir()


def test_our_own_calls_are_never_shown() -> None:
    """Whoever captures the whole machine is not in the picture; others are."""
    import socket  # noqa: PLC0415 - made use of in this test alone

    with running(python(ON_DEMAND)) as other, captured_while(CaptureOptions()) as (_, found):
        left, right = socket.socketpair()
        with left, right:
            left.send(b"x")
        ask(other)
    pids = {call.pid for call in found.told()}
    assert os.getpid() not in pids
    assert other.pid in pids


def test_a_command_from_its_first_instruction() -> None:
    """Of a command: its exec, then every call, of its children too, and nobody else's."""
    script = "import os, socket, subprocess, sys; socket.socket(); subprocess.run(sys.argv[1:])"
    inner = python("import socket; socket.socket(type=socket.SOCK_DGRAM)")
    captured = run(python(script, *inner))
    (fork,) = captured.of(Fork)
    assert [(event.pid, event.cmdline[0]) for event in captured.of(Exec)] == [
        (captured.pid, sys.executable), (fork.child, sys.executable),
    ]  # fmt: skip
    assert captured.of(Exec)[0].cmdline[1:3] == ("-I", "-S")
    sockets = [(call.pid, call.raw[1] & 0xF) for call in captured.calls("socket")]
    assert sockets == [(captured.pid, 1), (fork.child, 2)]


def test_probes_are_switched_while_running() -> None:
    """A call that is switched off is not told, one that is switched on is, without a restart."""
    with running(python(ON_DEMAND)) as mine:
        options = CaptureOptions(pids=frozenset({mine.pid}), calls=frozenset({"socket"}))
        with captured_while(options) as (capture, found):
            ask(mine)
            capture.enable(frozenset({"close", "setsockopt"}))
            ask(mine)
            capture.enable(frozenset())
            ask(mine)
            capture.enable(None)
            ask(mine)
    assert [call.call for call in found.told()] == [
        "socket", "setsockopt", "close", "socket", "setsockopt", "close",
    ]  # fmt: skip


def test_a_call_that_is_switched_off_while_it_blocks() -> None:
    """It is not told, and not shown as in progress for ever either."""
    script = "import socket, sys; a, b = socket.socketpair(); sys.stdin.readline(); a.recv(1)"
    with running(python(script)) as mine:
        assert mine.stdin is not None
        options = CaptureOptions(pids=frozenset({mine.pid}))
        with captured_while(options) as (capture, found):
            mine.stdin.write("go\n")
            for _ in range(100):
                if blocked := capture.in_progress():
                    break
                time.sleep(0.01)
            capture.enable(frozenset({"close"}))
            assert [call.call.name for call in blocked] == ["recvfrom"]
            assert capture.in_progress() == []
    assert not found.rows


def test_two_at_the_same_time() -> None:
    """Two captures do not see, nor disturb, each other: both are told the same."""
    with running(python(ON_DEMAND)) as mine:
        options = CaptureOptions(pids=frozenset({mine.pid}))
        with captured_while(options) as (_, one), captured_while(options) as (_, two):
            ask(mine)
            ask(mine, "fork")
    names = [[call.call for call in found.told()] for found in (one, two)]
    assert names == [["socket", "setsockopt", "close"]] * 2
    inodes = [[event.sock.inode for event in found.of(Call) if event.sock] for found in (one, two)]
    assert inodes[0] == inodes[1]


def test_nothing_stays_behind() -> None:
    """After the end no program and no map of ours is in the kernel."""

    def ours() -> int:
        return sum(
            "bpf" in str(entry.readlink())
            for entry in Path("/proc/self/fd").iterdir()
            if entry.is_symlink()
        )

    before = ours()
    with captured_while(CaptureOptions(pids=frozenset())):
        assert ours() > before + 50
    assert ours() == before
