"""Losses forced by rings of a page: all is counted, located in time, and mended."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeGuard

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.engine.session import Session
from socktrace.lines import Descriptor, Healed, Line, Lost, Process, Socket, SocketLife, State
from socktrace.model.world import World
from tests.kernel.capturing import SOCKTRACE, python, run, running

Need = Callable[..., None]

# Waits for a line, makes a storm of births and ends in two processes, and tells what was when; then
# waits again, holding some of it in every way.
CHURN: Final = """
import os, socket, sys, time
now = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(64)
old = [socket.socketpair() for _ in range(4)]
print("begun", flush=True); sys.stdin.readline()
begin, early, kept = now(), None, []
def pair():
    far = socket.create_connection(l.getsockname()); near, _ = l.accept(); return far, near
for i in range(400):
    far, near = pair()
    if i == 30: early = now()
    if i % 20: far.close(); near.close(); continue
    kept.append((far, near))
    if i % 40 == 0: far.shutdown(socket.SHUT_WR)
    if i % 100 == 0: near.close()
copies = [os.dup(far.fileno()) for far, _ in kept[:5]]
old[0][0].close(); old[1][1].close(); old[2][0].close(); old[2][1].close()
os.dup2(kept[1][0].fileno(), old[3][0].fileno())
late = socket.socket(); late.bind(("127.0.0.1", 0)); late.listen()
child = os.fork()
if child == 0:
    os.close(copies[0]); kept[2][0].close(); mine = socket.socket(socket.AF_UNIX)
    time.sleep(60); os._exit(0)
gone = os.fork()
if gone == 0: os._exit(0)
os.waitpid(gone, 0)
time.sleep(0.05)
print(child, begin, early, now(), flush=True)
sys.stdin.readline()
os.kill(child, 9); os.waitpid(child, 0)
"""


class Mended:
    """A storm of which nearly all was lost; what was believed after a look, and what was so."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        """From the storm to the end of the first look after it."""
        self.pid = self.child = 0
        self.begin = self.early = self.end = 0
        """The storm, by the program: its beginning, soon after that, its end."""
        self.held: set[tuple[int, int, int]] = set()
        """(pid, descriptor, inode) of all that was believed to be open."""
        self.truth: set[tuple[int, int, int]] = set()
        """The same by /proc, for the two processes."""
        self.tcp: dict[int, str | None] = {}
        """Inode -> TCP state, believed."""
        self.ss = ""
        """Output of ss(8) at that moment."""
        self.left: list[SocketLife] = []
        """What was still believed to be open when both processes had ended."""
        self.alive: set[int] = set()
        """Processes that were believed to live then."""

    @property
    def lost(self) -> list[Lost]:
        """What was lost since the storm began."""
        return [
            line
            for line in self.lines
            if isinstance(line, Lost) and line.until is not None and line.until >= self.begin
        ]

    @property
    def healed(self) -> Healed:
        """The first look after the storm."""
        return next(line for line in self.lines if self.is_look(line))

    def is_look(self, line: Line) -> TypeGuard[Healed]:
        """Whether this is a look that was begun after the storm."""
        return isinstance(line, Healed) and line.t >= self.end

    def compare(self, world: World) -> None:
        """Take down what is believed, and what is so."""
        pids = {self.pid, self.child}
        self.held = {
            (pid, fd, life.inode)
            for life in world.open_sockets()
            for pid, fd in world.holders(life.socket)
            if pid in pids
        }
        self.tcp = {
            life.inode: life.tcp_state
            for life in world.open_sockets()
            if life.protocol == "IPPROTO_TCP"
        }
        self.truth = {entry for pid in pids for entry in in_proc(pid)}
        if shutil.which("ss"):
            command = ["ss", "-tanHe"]
            self.ss = subprocess.run(command, capture_output=True, text=True, check=True).stdout


def in_proc(pid: int) -> set[tuple[int, int, int]]:
    """(pid, descriptor, inode) of the sockets that a process holds, by /proc."""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        match = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        if match:
            found.add((pid, int(entry.name), int(match[1])))
    return found


def until(session: Session, done: Callable[[], bool], seconds: float = 40) -> None:
    """Step a session until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never came"
        session.step()
        time.sleep(0.02)


@pytest.fixture(scope="module", params=[False, True], ids=["one process", "whole machine"])
def after_loss(request: pytest.FixtureRequest) -> Mended:
    """Run the storm while nobody reads a ring of one page; let it be mended; let it all end."""
    found = Mended()
    whole_machine: bool = request.param
    with running([sys.executable, "-I", "-S", "-c", CHURN]) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        found.pid = process.pid
        pids = None if whole_machine else frozenset({process.pid})
        options = CaptureOptions(pids=pids, follow=pids is not None, life_pages=1)
        with Session(options, found.lines.append) as session:
            session.start()
            session.step()
            process.stdin.write("go\n")
            process.stdin.flush()
            found.child, *times = (int(word) for word in process.stdout.readline().split())
            found.begin, found.early, found.end = (t - session.capture.base for t in times)
            until(session, lambda: any(found.is_look(line) for line in found.lines))
            found.compare(session.world)
            told = list(found.lines)
            process.stdin.write("end\n")
            process.stdin.flush()
            process.wait(10)
            session.finish()
            inodes = {inode for _, _, inode in found.truth}
            found.left = [life for life in session.world.open_sockets() if life.inode in inodes]
            lives = session.world.processes.items()
            found.alive = {pid for pid, life in lives if life.ended is None}
            found.lines = told
    return found


def test_nearly_all_was_lost_and_counted(after_loss: Mended) -> None:
    """The ring has room for a handful of records: the rest is told to be lost, by its reason."""
    assert {(line.reason, line.ring) for line in after_loss.lost} == {("ring full", "life")}
    assert sum(line.count for line in after_loss.lost) > 2000


def test_the_gap_is_where_the_storm_was(after_loss: Mended) -> None:
    """The loss lies between two moments: soon after the storm began, and not before it ended."""
    since = min(line.since for line in after_loss.lost if line.since is not None)
    end = max(line.until for line in after_loss.lost if line.until is not None)
    assert since <= after_loss.early
    assert end >= after_loss.end - 60_000_000, "it slept for 50 ms before it said so"
    assert after_loss.healed.since <= since


def test_sockets_and_descriptors_are_those_of_the_kernel(after_loss: Mended) -> None:
    """What two processes hold after the storm is what /proc says."""
    assert len(after_loss.truth) > 60
    assert after_loss.held == after_loss.truth


def test_states_are_those_that_ss_shows(after_loss: Mended, need: Need) -> None:
    """TCP's states after the storm, by an observer of its own: ss(8)."""
    need("ss")
    names = {
        "LISTEN": "LISTEN", "ESTAB": "ESTABLISHED", "CLOSE-WAIT": "CLOSE-WAIT",
        "FIN-WAIT-2": "FIN-WAIT-2", "FIN-WAIT-1": "FIN-WAIT-1", "LAST-ACK": "LAST-ACK",
    }  # fmt: skip
    shown = {
        int(match[2]): names[match[1]]
        for match in re.finditer(r"^(\S+) .*? ino:(\d+) ", after_loss.ss, re.MULTILINE)
        if match[1] in names
    }
    inodes = {inode for _, _, inode in after_loss.truth} & after_loss.tcp.keys()
    # What ss does not show is in no table: closed, but for a small sock in TIME-WAIT without inode.
    believed = {
        inode: "CLOSED" if after_loss.tcp[inode] == "TIME-WAIT" else after_loss.tcp[inode]
        for inode in inodes
    }
    assert len(believed) > 30
    assert {"LISTEN", "ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-2"} <= set(believed.values())
    assert believed == {inode: shown.get(inode, "CLOSED") for inode in believed}


def test_what_was_concluded_is_marked(after_loss: Mended) -> None:
    """Sockets found have an unknown origin; descriptors and states that came of it are inferred."""
    healed = after_loss.healed
    upto = after_loss.lines.index(healed)
    concluded = [line for line in after_loss.lines[:upto] if getattr(line, "t", 0) == healed.t]
    assert healed.found == sum(isinstance(line, Socket) for line in concluded) > 10
    assert all(line.origin == "unknown" for line in concluded if isinstance(line, Socket))
    marked = [line for line in concluded if isinstance(line, State | Descriptor | Process)]
    assert len(marked) > 30
    assert all(line.inferred for line in marked)


def test_nothing_is_left_open_at_the_end(after_loss: Mended) -> None:
    """When the processes have ended, nothing of theirs is believed to live on."""
    assert not after_loss.alive.intersection({after_loss.pid, after_loss.child})
    held = {inode for _, _, inode in after_loss.held}
    assert not [life for life in after_loss.left if life.inode in held and not may_live_on(life)]


def may_live_on(life: SocketLife) -> bool:
    """Whether a stranger could hold it, for all that is known where only some are traced."""
    return life.origin == "unknown" and life.tcp_state in {None, "CLOSED", "TIME-WAIT"}


SHORT: Final = """
import socket
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(64)
for i in range(600):
    far = socket.create_connection(l.getsockname()); near, _ = l.accept(); far.close(); near.close()
raise SystemExit(7)
"""


def record(target: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Record a script, as a user would."""
    command: list[str | Path] = [SOCKTRACE, "record", "-o", target, *options, "--", *python(script)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def kinds(target: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of a recording by their kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for text in target.read_text().splitlines():
        line = json.loads(text)
        found.setdefault(line["kind"], []).append(line)
    return found


def test_strict_fails_and_says_why(tmp_path: Path) -> None:
    """With --strict a loss is exit status 3, with its kind and what to do; the file says it too."""
    target = tmp_path / "t.jsonl"
    ended = record(target, SHORT, "--rings", "life=4K", "--strict")
    assert ended.returncode == 3
    assert "lost: the life ring was full" in ended.stderr
    assert "--rings life=16K" in ended.stderr
    lines = kinds(target)
    assert lines["header"][0]["rings"]["life"] == 4096
    assert lines["end"][0]["lost_events"] == sum(line["count"] for line in lines["lost"]) > 500
    assert lines["healed"]
    shown = subprocess.run(
        [SOCKTRACE, "show", target], capture_output=True, text=True, check=True
    ).stdout
    assert "lost: the life ring was full" in shown
    assert "looked again after the loss" in shown
    said = {int(word.replace(",", "")) for word in re.findall(r"([\d,]+) lost", ended.stderr)}
    assert said == {lines["end"][0]["lost_events"]}


def test_without_strict_the_status_is_the_command_s(tmp_path: Path) -> None:
    """A loss is told, and changes nothing else."""
    ended = record(tmp_path / "t.jsonl", SHORT, "--rings", "life=4K")
    assert ended.returncode == 7
    assert "lost: the life ring was full" in ended.stderr


def test_with_room_enough_nothing_is_lost(tmp_path: Path) -> None:
    """The same program with the rings that are chosen for this machine."""
    ended = record(tmp_path / "t.jsonl", SHORT, "--strict")
    assert ended.returncode == 7
    assert "none lost" in ended.stderr
    assert "healed" not in kinds(tmp_path / "t.jsonl")


STORM: Final = """
import json, os, socket
def storm():
    left, right = socket.socketpair(type=socket.SOCK_DGRAM)
    right.setblocking(False)
    inodes = [os.fstat(each.fileno()).st_ino for each in (left, right)]
    failed = moved = 0
    for i in range(60_000):
        piece = b"x" * (i % 40 + 1)
        left.send(piece); right.recv(100); moved += len(piece)
        if i % 10 == 0:
            try: right.recv(1)
            except BlockingIOError: failed += 1
    return {f"{inodes[0]} sendto": [60_000, 0, moved],
            f"{inodes[1]} recvfrom": [60_000 + failed, failed, moved]}
reader, writer = os.pipe()
children = []
for cpu in sorted(os.sched_getaffinity(0)):
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {cpu})
        os.write(writer, (json.dumps(storm()) + "\\n").encode())
        os._exit(0)
    children.append(pid)
for pid in children: os.waitpid(pid, 0)
os.close(writer)
print(os.read(reader, 100_000).decode(), end="")
"""


def test_overload_of_every_cpu_is_accounted_for_to_the_last_call(tmp_path: Path) -> None:
    """Storms on all CPUs, a tiny ring: what came and what was lost is what the storms counted."""
    target = tmp_path / "t.jsonl"
    ended = record(target, STORM, "--rings", "data=4K")
    assert ended.returncode == 0
    counted: dict[str, list[int]] = {}
    for text in ended.stdout.splitlines():
        counted |= json.loads(text)
    lines = kinds(target)
    inodes = {line["socket"]: line["inode"] for line in lines["socket"]}
    totals: dict[str, Counter[int]] = {}

    def add(line: dict[str, Any], count: int, errors: int, moved: int) -> None:
        key = f"{inodes[line['socket']]} {line['call']}"
        totals.setdefault(key, Counter()).update({0: count, 1: errors, 2: moved})

    for line in lines["syscall"]:
        if line.get("socket") in inodes:
            add(line, 1, line["ret"] < 0, max(line["ret"], 0))
    for line in lines["lost"]:
        add(line, line["count"], line.get("errors", 0), line.get("bytes", 0))
    told = {key: [sums[0], sums[1], sums[2]] for key, sums in totals.items() if key in counted}
    assert told == counted
    assert sum(line["count"] for line in lines["lost"]) > 10_000, "too weak to prove anything"
    assert {(line["reason"], line["ring"]) for line in lines["lost"]} == {("ring full", "data")}
    for line in lines["lost"]:
        assert 0 <= line["since"] <= line["until"] <= line["t"]


def test_the_books_are_even_after_an_overload() -> None:
    """Attempted is delivered and lost, for each ring, after the same storms with all rings tiny."""
    captured = run(python(STORM), data_pages=1, wide_pages=1, life_pages=1, timeout=60)
    books = captured.counters
    assert books.data_lost > 10_000, "too weak to prove anything"
    assert books.data_attempted == len(captured.rows) + books.data_lost
    full = books.life_attempted + books.wide_attempted - books.life_lost - books.wide_lost
    renamed = full - len(captured.events)
    assert 0 <= renamed <= 3, "a rename is told but is no event"
    assert sum(loss.count for loss in captured.losses) == books.lost


def test_rings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """Before the command is run, with what to type instead."""
    ended = record(tmp_path / "t.jsonl", "print('ran')", "--rings", "lief=4K")
    assert ended.returncode == 2
    assert "there is no ring 'lief'" in ended.stderr
    assert "did you mean life?" in ended.stderr
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []
