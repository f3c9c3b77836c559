"""`socktrace record` under load, and what is left when somebody or something ends it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from socktrace.lines import Syscall
from socktrace.tracefile import open_recording
from tests.kernel.capturing import SOCKTRACE, python

BENCH = Path(__file__).parents[1] / "bench" / "programs"

LOOP = """
import socket, sys, time
a, b = socket.socketpair()
done = 0
while True:
    a.send(b"x"); b.recv(1); done += 1
    print(done, flush=True)
    time.sleep(0.001)
"""
"""Counts its rounds, each told once both of its calls have returned."""


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the benchmark: sends and receives as fast as it can, and counts."""
    target = tmp_path_factory.mktemp("storm") / "storm"
    subprocess.run(
        ["gcc", "-O2", "-o", target, BENCH / "storm.c", "-lpthread"],
        check=True, capture_output=True,
    )  # fmt: skip
    return target


def lines(path: Path) -> list[dict[str, Any]]:
    """Read a recording, each whole line of it."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def counted(path: Path) -> Counter[str]:
    """Count calls by name."""
    return Counter(line["call"] for line in lines(path) if line["kind"] == "syscall")


def told(path: Path) -> Counter[str]:
    """Count calls by name in a recording of any kind, as our own reader sees it."""
    with open_recording(str(path)) as recording:
        return Counter(line.call for line in recording if isinstance(line, Syscall))


def wait_for(path: Path, content: bytes) -> None:
    """Wait till a file has some content."""
    for _ in range(3000):
        if path.exists() and content in path.read_bytes():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


def wait_till_gone(path: Path) -> None:
    """Wait till a file is no more."""
    for _ in range(2000):
        if not path.exists():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


def converter_of(pid: int) -> int:
    """The process that writes the recording of a recorder: its first child."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return min(map(int, children))


class Run:
    """A recorder at work."""

    def __init__(self, output: Path, process: subprocess.Popen[str]) -> None:
        self.output = output
        self.spool = Path(f"{output}.spool")
        self.process = process

    @property
    def converter(self) -> int:
        """The process that writes the recording."""
        return converter_of(self.process.pid)


@contextlib.contextmanager
def recording(output: Path, *command: str, options: tuple[str, ...] = ()) -> Iterator[Run]:
    """Record a command; what is left of all of them is killed."""
    process = subprocess.Popen(
        [SOCKTRACE, "record", "-o", output, *options, "--", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    children: list[int] = []
    try:
        wait_for(output, b'"exec"')
        children = [
            int(word)
            for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        ]
        yield Run(output, process)
    finally:
        for pid in (process.pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=20)


def test_a_storm_is_recorded_whole(storm: Path, tmp_path: Path) -> None:
    """Every call that the program counts is in the recording, one line each; no spool is left."""
    output = tmp_path / "r.jsonl"
    run = subprocess.run(
        [SOCKTRACE, "record", "--strict", "-o", output, "--", storm, "150000"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    calls = int(run.stdout.split()[1])
    assert calls == 300_000
    found = counted(output)
    assert (found["sendto"], found["recvfrom"]) == (calls // 2, calls // 2)
    assert run.stderr.endswith(f"events in {output}, none lost\n")
    last = lines(output)[-1]
    assert last["events"] == sum(
        line["kind"] in {"syscall", "process", "tcp"} for line in lines(output)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def rounds_told(run: Run) -> int:
    """How many rounds the command says it has done, so far or before it was killed."""
    assert run.process.stdout
    return max(map(int, run.process.stdout.read().split()), default=0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_when_the_recorder_is_killed(tmp_path: Path, seed: int) -> None:
    """After kill -9 at any moment: all that was captured gets into the recording by itself."""
    output = tmp_path / "r.jsonl"
    with recording(output, *python(LOOP)) as run:
        time.sleep(random.Random(seed).uniform(0.1, 0.6))  # noqa: S311 - no secret
        converter = run.converter
        children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text()
        (command,) = set(map(int, children.split())) - {converter}
        os.kill(command, signal.SIGSTOP)
        time.sleep(0.15)  # more than a tick: all that it did is in the spool
        run.process.kill()
        wait_till_gone(run.spool)
        found = counted(output)
        os.kill(command, signal.SIGKILL)
        rounds = rounds_told(run)
    assert rounds > 20
    assert found["sendto"] >= rounds
    assert found["recvfrom"] >= rounds
    with open_recording(str(output)) as read:
        assert list(read)
        assert "no end line" in str(read.truncated)
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_nothing_is_lost_when_both_are_killed(tmp_path: Path) -> None:
    """What a crash of the machine leaves: `recover` makes of it what was captured."""
    output = tmp_path / "r.jsonl"
    with recording(output, *python(LOOP)) as run:
        time.sleep(0.2)
        converter = run.converter
        children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text()
        (command,) = set(map(int, children.split())) - {converter}
        os.kill(converter, signal.SIGSTOP)
        time.sleep(0.3)
        os.kill(command, signal.SIGSTOP)
        time.sleep(0.15)
        run.process.kill()
        os.kill(converter, signal.SIGKILL)
        before = counted(output)
        os.kill(command, signal.SIGKILL)
        rounds = rounds_told(run)
    assert before["sendto"] < rounds
    refused = subprocess.run(
        [SOCKTRACE, "record", "--force", "-o", output, "--", "touch", tmp_path / "ran"],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    assert refused.returncode == 2
    assert f"socktrace recover {run.spool}" in refused.stderr
    assert not (tmp_path / "ran").exists()
    recovered = subprocess.run(
        [SOCKTRACE, "recover", run.spool], capture_output=True, text=True, check=False, timeout=20
    )
    assert recovered.returncode == 0, recovered.stderr
    assert "cut short" in recovered.stderr
    found = counted(output)
    assert min(found["sendto"], found["recvfrom"]) >= rounds
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_the_converter_is_killed(tmp_path: Path) -> None:
    """Capture goes on and says so at once; at the end, how to get all, also what came later."""
    output = tmp_path / "r.jsonl"
    script = "import socket, time\nfor _ in range(60): socket.socket().close(); time.sleep(0.01)"
    with recording(output, *python(script)) as run:
        os.kill(run.converter, signal.SIGKILL)
        _, said = run.process.communicate(timeout=20)
        assert run.process.returncode == 2
    first, *_, last = said.splitlines()
    assert "capture goes on" in first
    assert last.endswith(f"socktrace recover {run.spool}")
    assert counted(output)["socket"] < 60
    subprocess.run([SOCKTRACE, "recover", run.spool], check=True, capture_output=True, timeout=20)
    assert counted(output)["socket"] == 60
    assert lines(output)[-1]["reason"] == "command exited"


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of so many bytes."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"mount is refused: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_the_command_outlives_a_disk_that_fills(storm: Path, tmp_path: Path, name: str) -> None:
    """The error names what failed and what to do; what was captured is there, or in the spool."""
    with small_disk(tmp_path / "disk", "6M") as disk:
        run = subprocess.run(
            [SOCKTRACE, "record", "-o", disk / name, "--", storm, "100000"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert run.returncode == 2
        assert "No space left on device" in run.stderr
        assert "Traceback" not in run.stderr
        assert int(run.stdout.split()[1]) == 200_000, "the command has come to its end"
        spool = Path(f"{disk / name}.spool")
        if not spool.exists():
            assert told(disk / name)["sendto"] > 1000
            return
        assert f"socktrace recover {spool}" in run.stderr
        elsewhere = tmp_path / "out.jsonl"
        subprocess.run(
            [SOCKTRACE, "recover", spool, "-o", elsewhere],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
    assert told(elsewhere)["sendto"] > 1000


def read_until(terminal: int, words: bytes, seen: bytes = b"") -> bytes:
    """Read from a terminal till it shows these words."""
    until = time.monotonic() + 20
    while words not in seen and time.monotonic() < until:
        seen += os.read(terminal, 4096)
    assert words in seen
    return seen


@pytest.mark.parametrize("again", [False, True])
def test_ctrl_c_while_the_recording_is_finished(tmp_path: Path, *, again: bool) -> None:
    """The first says what is going on, and how to go on; the second ends it, the spool is left."""
    output = tmp_path / "r.jsonl"
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["COLUMNS"] = "90"
        words = [str(SOCKTRACE), "record", "-o", str(output), "--", "sh", "-c", "sleep 0.5; exit 4"]
        os.execv(words[0], words)  # noqa: S606 - a shell would be one process more
    wait_for(output, b'"exec"')
    converter = converter_of(pid)
    os.kill(converter, signal.SIGSTOP)  # so that there is something left to do
    try:
        seen = read_until(terminal, b"writing [")
        os.write(terminal, b"\x03")
        seen = read_until(terminal, b"socktrace recover", seen)
        if again:
            os.write(terminal, b"\x03")
        else:
            os.kill(converter, signal.SIGCONT)
        with contextlib.suppress(OSError):  # EIO: the other side has closed (pty(7))
            while piece := os.read(terminal, 4096):
                seen += piece
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(converter, signal.SIGCONT)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    spool = Path(f"{output}.spool")
    assert b"Traceback" not in seen
    assert (status, spool.exists()) == ((130, True) if again else (4, False))
    if again:
        assert f"all that was captured is in {spool}".encode() in seen
        subprocess.run([SOCKTRACE, "recover", spool], check=True, capture_output=True, timeout=20)
    assert lines(output)[-1]["reason"] == "command exited"
    assert lines(output)[-2]["exit_code"] == 4


def test_waiting_is_told_without_a_terminal(tmp_path: Path) -> None:
    """One sentence says that there is more to write than a moment takes."""
    output = tmp_path / "r.jsonl"
    with recording(output, "sleep", "0.3") as run:
        converter = run.converter
        os.kill(converter, signal.SIGSTOP)
        assert run.process.stderr
        said = run.process.stderr.readline()
        os.kill(converter, signal.SIGCONT)
        assert run.process.wait(20) == 0
    assert "writing the recording" in said
    assert lines(output)[-1]["kind"] == "end"


def test_a_recording_can_be_followed(tmp_path: Path) -> None:
    """As with tail -f: a call is in the file within a moment of its return."""
    output = tmp_path / "r.jsonl"
    with recording(output, *python(LOOP)) as run:
        assert run.process.stdout
        behind = []
        for _ in range(10):
            told = int(run.process.stdout.readline())
            begun = time.monotonic()
            while counted(output)["recvfrom"] < told:
                time.sleep(0.01)
                assert time.monotonic() - begun < 20
            behind.append(time.monotonic() - begun)
    assert sorted(behind)[5] < 1, "0.3 s on a machine that is not busy"


@pytest.mark.parametrize("events", ["all", "lifecycle"])
def test_events_are_chosen(storm: Path, tmp_path: Path, events: str) -> None:
    """In lifecycle mode no single send is told; sums are, and they are what the program counted."""
    output = tmp_path / "r.jsonl"
    run = subprocess.run(
        [SOCKTRACE, "record", "--events", events, "-o", output, "--", storm, "5000"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert run.stdout.split()[1] == "10000"
    found = counted(output)
    assert found["bind"] == 1
    everything = lines(output)
    folded = sum(
        line["count"]
        for line in everything
        if line["kind"] == "folded" and line["call"] in {"sendto", "recvfrom"}
    )
    assert (found["sendto"] + found["recvfrom"], folded) == (
        (10_000, 0) if events == "all" else (0, 10_000)
    )
    assert everything[0]["filters"] == ({} if events == "all" else {"events": "lifecycle"})


def test_the_converter_is_not_in_the_recording() -> None:
    """Of the whole machine: neither we nor who works for us are told of, also through a socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [SOCKTRACE, "record", "-o", "-", "--duration", "1"],
            stdout=theirs.fileno(), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        theirs.close()
        pieces, pids = [], {process.pid}
        while piece := ours.recv(1 << 16):
            pieces.append(piece)
            with contextlib.suppress(OSError, ValueError):
                pids.add(converter_of(process.pid))
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert len(pids) == 2
    everything = [json.loads(line) for line in b"".join(pieces).splitlines()]
    assert everything[-1]["kind"] == "end"
    assert not [line for line in everything if line.get("pid") in pids]
