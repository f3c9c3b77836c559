"""What a recording says, held against what the kernel says: /proc, ss(8), and programs that count.

The program under test is stopped by SIGSTOP while /proc is read, so that both accounts are of one
moment; what the recording has till then must come to the same.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
import pytest

from tests.kernel.strace.observe import SOCKTRACE

PROGRAMS: Final = Path(__file__).parents[2] / "samples" / "programs"
Lines = list[dict[str, Any]]

_TCP_NAMES: Final = {
    "ESTAB": "ESTABLISHED",
    "LISTEN": "LISTEN",
    "SYN-SENT": "SYN-SENT",
    "SYN-RECV": "SYN-RECEIVED",
    "FIN-WAIT-1": "FIN-WAIT-1",
    "FIN-WAIT-2": "FIN-WAIT-2",
    "CLOSE-WAIT": "CLOSE-WAIT",
    "LAST-ACK": "LAST-ACK",
    "CLOSING": "CLOSING",
    "TIME-WAIT": "TIME-WAIT",
    "UNCONN": "CLOSED",
}
"""ss(8)'s words for the states of RFC 9293."""


class Books(NamedTuple):
    """What the kernel said at one moment."""

    moment: float
    """Seconds since the epoch."""
    descriptors: set[tuple[int, int, int]]
    """(pid, descriptor, inode)."""
    tcp: dict[int, str]
    """inode -> state."""


def open_descriptors(pids: list[int]) -> set[tuple[int, int, int]]:
    """Read /proc/PID/fd of each process."""
    found = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = str(entry.readlink())
            if target.startswith("socket:["):
                found.add((pid, int(entry.name), int(target[8:-1])))
    return found


def tcp_states(inodes: set[int]) -> dict[int, str]:
    """Ask ss for the TCP states of some sockets."""
    text = subprocess.run(["ss", "-Htane"], capture_output=True, text=True, check=True).stdout
    states = {}
    for line in text.splitlines():
        inode = re.search(r"\bino:(\d+)", line)
        if inode and int(inode[1]) in inodes:
            states[int(inode[1])] = _TCP_NAMES[line.split()[0]]
    return states


def tree(root: psutil.Process) -> list[int]:
    """Return a process and its descendants that still live."""
    living = []
    for member in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            if member.status() != psutil.STATUS_ZOMBIE:
                living.append(member.pid)
    return living


def send_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def stopped(root: psutil.Process) -> Iterator[list[int]]:
    """Hold a whole tree still, with those that were born while it was being stopped."""
    pids: list[int] = []
    try:
        while (now := tree(root)) != pids:
            send_all(now, signal.SIGSTOP)
            time.sleep(0.02)
            pids = now
        yield pids
    finally:
        send_all(pids, signal.SIGCONT)


def read_books(root: psutil.Process) -> Books:
    """Read the kernel's books of a tree that stands still."""
    with stopped(root) as pids:
        moment = time.time()
        descriptors = open_descriptors(pids)
        states = tcp_states({inode for _, _, inode in descriptors})
        time.sleep(0.01)
    return Books(moment, descriptors, states)


def recorded_until(lines: Lines, books: Books) -> tuple[set[tuple[int, int, int]], dict[int, str]]:
    """Fold a recording up to a moment: what is open, and the TCP states of that."""
    begin = datetime.fromisoformat(lines[0]["started_at"]).timestamp()
    inodes: dict[int, int] = {}
    held: set[tuple[int, int, int]] = set()
    states: dict[int, str] = {}
    for line in lines:
        if begin + line.get("t", 0) / 1e9 > books.moment:
            continue
        if line["kind"] == "socket":
            inodes[line["socket"]] = line["inode"]
        elif line["kind"] == "descriptor":
            entry = (line["pid"], line["fd"], line["socket"])
            (held.add if line["event"] == "opened" else held.discard)(entry)
        elif line["kind"] == "state" and line["layer"] == "tcp":
            states[line["socket"]] = line["to"]
    descriptors = {(pid, fd, inodes[number]) for pid, fd, number in held}
    # An inode number is used again: only what is open now is meant by it.
    now_open = {number for _, _, number in held}
    return descriptors, {inodes[number]: states[number] for number in now_open & states.keys()}


@contextmanager
def recording(output: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command under `socktrace record`; it has ended when the context is left."""
    with subprocess.Popen(
        [str(SOCKTRACE), "record", "-o", str(output), "--", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as recorder:
        try:
            yield recorder
        finally:
            if recorder.poll() is None:
                recorder.kill()


def program_under(recorder: subprocess.Popen[str], script: str) -> psutil.Process:
    """Wait for the traced program to appear."""
    for _ in range(250):
        for child in psutil.Process(recorder.pid).children(recursive=True):
            words = child.cmdline()
            # What writes the recording is a fork of the recorder, and has its command line.
            if "record" not in words and any(script in word for word in words):
                return child
        time.sleep(0.02)
    raise TimeoutError(f"{script} did not start: {recorder.communicate()}")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_open_descriptors_and_tcp_states_under_churn(tmp_path: Path, seed: int) -> None:
    """At random moments the recording's open sets and TCP states are the kernel's own."""
    output = tmp_path / "recording.jsonl"
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    with recording(output, sys.executable, str(PROGRAMS / "churn.py"), "3", str(seed)) as recorder:
        root = program_under(recorder, "churn.py")
        while not root.children():
            time.sleep(0.02)
        time.sleep(0.1)
        books = []
        for _ in range(5):
            time.sleep(draw.uniform(0.1, 0.4))
            books.append(read_books(root))
        _, errors = recorder.communicate(timeout=20)
    assert recorder.returncode == 0, errors
    lines = [json.loads(line) for line in output.read_bytes().splitlines()]
    assert lines[-1]["lost_events"] == 0, [line for line in lines if line["kind"] == "lost"]
    for book in books:
        descriptors, states = recorded_until(lines, book)
        assert book.descriptors, "the program had nothing open"
        assert descriptors ^ book.descriptors == set()
        assert {inode: states.get(inode) for inode in book.tcp} == book.tcp


def totals_of_lines(output: Path) -> dict[int, list[int]]:
    """Add up the results of the calls that moved bytes, as a reader of the lines would."""
    inodes: dict[int, int] = {}
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    ways = {"read": 0, "recvfrom": 0, "recv": 0, "write": 1, "sendto": 1, "sendmsg": 1}
    for line in map(json.loads, output.read_bytes().splitlines()):
        if line["kind"] == "socket":
            inodes[line["socket"]] = line["inode"]
        elif line["kind"] == "syscall" and line["call"] in ways and line["ret"] > 0:
            totals[inodes[line["socket"]]][ways[line["call"]]] += line["ret"]
    return totals


def totals_of_lives(output: Path) -> dict[int, list[int]]:
    """Take the totals that a document has for each socket's life."""
    document = json.loads(output.read_bytes())
    return {
        life["inode"]: [life.get("bytes_in", 0), life.get("bytes_out", 0)]
        for life in document["sockets"]
    }


@pytest.mark.parametrize(
    ("name", "totals_of"), [("r.jsonl", totals_of_lines), ("r.json", totals_of_lives)]
)
def test_byte_totals(
    tmp_path: Path, name: str, totals_of: Callable[[Path], dict[int, list[int]]]
) -> None:
    """A program that counts its own bytes, socket by socket, comes to the recording's totals."""
    output = tmp_path / name
    with recording(output, sys.executable, str(PROGRAMS / "counted.py")) as recorder:
        text, errors = recorder.communicate(timeout=20)
    assert recorder.returncode == 0, errors
    counted = {int(inode): total for inode, total in json.loads(text).items()}
    recorded = totals_of(output)
    assert counted
    assert {inode: recorded.get(inode) for inode in counted} == counted
