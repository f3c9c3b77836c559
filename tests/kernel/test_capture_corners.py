"""Corners of the kernel's interface: signals, threads that exec and die, other ways into a call."""

from __future__ import annotations

import errno
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from socktrace.capture.source import _SLOT, Capture, SlotView
from socktrace.events import Call, Exec, Exit, Fork
from tests.kernel.capturing import Captured, Row, compiled, run


@pytest.fixture(scope="module")
def corners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the program of the corners."""
    return compiled("corners.c", tmp_path_factory.mktemp("corners") / "corners")


def told(captured: Captured) -> list[tuple[str, int]]:
    """Name and result of each call, in order of return."""
    return [(call.call, call.ret) for call in captured.told()]


def test_a_handler_makes_a_call_while_another_is_interrupted(corners: Path) -> None:
    """The interrupted call has returned (EINTR inside) before its handler's call begins."""
    captured = run([corners, "interrupted"])
    calls = told(captured)
    assert calls[-2:] == [("accept", -512), ("write", 1)]
    accept, write = captured.told()[-2:]
    assert isinstance(accept, Call)
    assert isinstance(write, Row)
    assert accept.t + accept.dur <= write.start
    assert captured.output == "-1\n"
    assert accept.dur > 30_000_000


def test_a_restarted_call_is_told_each_time(corners: Path) -> None:
    """With SA_RESTART: ERESTARTSYS, the handler's call, and the call again with its result."""
    captured = run([corners, "restarted"])
    mine = [call for call in captured.told() if call.pid == captured.pid]
    names = [(call.call, call.ret) for call in mine]
    assert names[-3:] == [("accept", -512), ("write", 1), ("accept", int(captured.output))]


def test_exec_by_a_thread_that_is_not_the_leader(corners: Path) -> None:
    """The thread takes its leader's number: later calls are the leader's, the process goes on."""
    captured = run([corners, "exec"])
    (thread,) = map(int, captured.output.split())
    assert thread != captured.pid
    kinds = [call for call in captured.told() if call.call in {"socket", "shutdown"}]
    assert [(call.call, call.tid) for call in kinds] == [
        ("socket", thread), ("socket", captured.pid), ("shutdown", captured.pid),
    ]  # fmt: skip
    assert len(captured.of(Exec)) == 2
    ends = [event for event in captured.of(Exit) if event.last_thread]
    assert [(event.pid, event.code) for event in ends] == [(captured.pid, 0)]
    assert ends[0].t == max(event.t for event in captured.of(Exit))


def _owned(capture: Capture) -> list[SlotView]:
    """Return the slots of threads that are of interest."""
    raw = capture._slots.values() + capture._crowded.values()
    slots = [SlotView(*_SLOT.unpack(one)) for one in raw]
    return [slot for slot in slots if slot.owner and not slot.stranger]


def test_slots_go_with_their_threads(corners: Path) -> None:
    """When all threads have ended, by exec too, no call is left behind as being in progress."""
    left: list[SlotView] = []
    for name in ("exec", "killed", "interrupted"):
        captured = run([corners, name], at_end=lambda capture: left.extend(_owned(capture)))
        assert len(captured.told()) > 1
    assert left == []


def test_a_call_by_the_gate_of_32_bit_programs(corners: Path) -> None:
    """int 0x80 from a 64-bit program: the numbers and the registers are those of i386."""
    captured = run([corners, "int80"])
    assert captured.output.split() == ["0", str(-errno.EINVAL)]
    (bind,) = captured.calls("bind")
    assert (bind.abi32, bind.ret) == (True, 0)
    assert bind.addr is not None
    assert bind.addr.ip == "127.0.0.1"
    assert told(captured) == [("socketpair", 0), ("socket", bind.fd), ("bind", 0)]


def test_numbers_beyond_the_table(corners: Path) -> None:
    """An x32 number is no call of ours where the kernel knows none; upper bits are ignored."""
    captured = run([corners, "x32"])
    first, number, second = map(int, captured.output.split())
    if first >= 0:
        pytest.skip("this kernel has the x32 ABI")
    assert number == errno.ENOSYS
    # do_syscall_64() takes the lower 32 bits of the register for the number.
    assert [call.ret for call in captured.calls("socket")] == [second]


def test_calls_that_seccomp_stops(corners: Path) -> None:
    """A call that was refused before it was made is not told; a killed one ends its process."""
    captured = run([corners, "filtered"])
    assert captured.output.split() == ["-1", str(errno.EPERM)]
    assert Counter(call.call for call in captured.calls())["listen"] == 1, "the one that was made"
    assert not captured.calls("getsockname")
    assert captured.status == 128 + 31
    ends = [event for event in captured.of(Exit) if event.last_thread]
    assert [event.code & 0x7F for event in ends] == [31]


@pytest.mark.parametrize("everyone", [False, True])
def test_each_process_ends_once(corners: Path, everyone: bool) -> None:  # noqa: FBT001
    """Of threads that end at the same moment exactly one is told as the last."""
    options: dict[str, Any] = {"pids": None, "follow": False, "uid": 0} if everyone else {}
    captured = run([corners, "group"], **options)
    mine = {captured.pid} | {event.child for event in captured.of(Fork)
                             if event.pid == captured.pid}  # fmt: skip
    ends = Counter(event.pid for event in captured.of(Exit) if event.last_thread)
    assert {pid: ends[pid] for pid in mine} == dict.fromkeys(mine, 1)
    assert len(mine) == 41


def test_a_thread_that_dies_in_its_call(corners: Path) -> None:
    """SIGKILL ends a blocked call: it is told as interrupted, then the thread's end."""
    captured = run([corners, "killed"])
    assert captured.status == 128 + 9
    (row,) = [row for row in captured.rows if row.call == "read"]
    assert row.ret == -512
    ends = {event.tid: event for event in captured.of(Exit)}
    assert {row.tid, captured.pid} <= ends.keys()
    assert row.end <= ends[row.tid].t


def test_vfork(corners: Path) -> None:
    """The child of vfork is followed from its first call; its exec and end are its own."""
    captured = run([corners, "vfork"])
    child = int(captured.output)
    (fork,) = captured.of(Fork)
    assert (fork.pid, fork.child) == (captured.pid, child)
    assert fork.files != fork.child_files
    assert [call.call for call in captured.told() if call.pid == child] == [
        "socketpair", "socket", "shutdown",
    ]  # fmt: skip
    assert [event.pid for event in captured.of(Exit)] == [child, captured.pid]
