"""socktrace replay, in a real terminal and without one."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from socktrace.cli import main
from socktrace.commands import replay
from tests.screens.scripted import TRACES

SAMPLE = str(TRACES / "http_pair.jsonl")
_WITH_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, '-m', 'socktrace', *sys.argv[1:]])"
)
"""Makes its standard output the terminal that it was started in."""


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, leader: int, process: subprocess.Popen[bytes]) -> None:
        self.leader = leader
        self.process = process
        self.seen = b""

    def read_until(self, text: str, seconds: float = 30) -> None:
        """Read what it writes until this comes."""
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            if not select.select([self.leader], [], [], max(0, end - time.monotonic()))[0]:
                pytest.fail(f"no {text!r} in {self.seen[-2000:]!r}")
            try:
                self.seen += os.read(self.leader, 65_536)
            except OSError:  # it has ended: pty(7)
                break
        assert text.encode() in self.seen, self.seen[-2000:]

    def press(self, keys: str) -> None:
        """Type something."""
        os.write(self.leader, keys.encode())

    def end(self) -> int:
        """Wait for its end; the exit status."""
        with contextlib.suppress(OSError):
            while select.select([self.leader], [], [], 10)[0]:
                piece = os.read(self.leader, 65_536)
                if not piece:
                    break
                self.seen += piece
        return self.process.wait(20)


@contextlib.contextmanager
def terminal(*words: str, stdin: bytes | None = None) -> Iterator[Terminal]:
    """Run socktrace in a terminal; with stdin, that comes through a pipe."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _WITH_TERMINAL, *words],
        stdin=follower if stdin is None else subprocess.PIPE,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"},
    )
    os.close(follower)
    try:
        if stdin is not None and process.stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
        yield Terminal(leader, process)
    finally:
        process.kill()
        process.wait(10)
        os.close(leader)


def test_in_a_terminal() -> None:
    """It draws the recording, plays it at a key, quits at another, and restores the terminal."""
    with terminal("replay", SAMPLE) as shown:
        shown.read_until("at the end")
        shown.read_until("http_pair.jsonl")
        shown.press(" ")
        shown.read_until("playing")
        shown.press("q")
        assert shown.end() == 0
        assert b"\x1b[?1049h" in shown.seen
        assert shown.seen.rindex(b"\x1b[?1049l") > shown.seen.rindex(b"\x1b[?1049h")


def test_through_a_pipe() -> None:
    """The recording comes through standard input, and keys from the terminal all the same."""
    with terminal("replay", "-", "--at", "0.05", stdin=Path(SAMPLE).read_bytes()) as shown:
        shown.read_until("standard input")
        shown.read_until("0.050000 s")
        shown.press("q")
        assert shown.end() == 0


def test_playing_from_the_start() -> None:
    """--play and --speed, and a filter that is in force."""
    words = ["--play", "--speed", "1/64", "--family", "inet"]
    with terminal("replay", SAMPLE, *words) as shown:
        shown.read_until("playing")
        shown.read_until("1/64x")
        shown.read_until("family:inet")
        shown.press("q")
        assert shown.end() == 0


@pytest.mark.parametrize(
    ("content", "why"), [(None, "there is no such file"), (b"hello\n", "not a socktrace recording")]
)
def test_what_cannot_be_read(content: bytes | None, why: str, tmp_path: Path) -> None:
    """It is said before the screen opens."""
    path = tmp_path / "t.jsonl"
    if content is not None:
        path.write_bytes(content)
    with terminal("replay", str(path)) as shown:
        assert shown.end() == 2
        assert why.encode() in shown.seen
        assert b"\x1b[?1049h" not in shown.seen


def test_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to draw on: it says what to do instead."""
    assert main(["replay", SAMPLE]) == 2
    told = capsys.readouterr().err
    assert "is no terminal" in told
    assert f"socktrace show {SAMPLE}" in told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--at", "x"], "'x' is not a moment in seconds"),
        (["--at", "-1"], "'-1' is not a moment"),
        (["--at", "nan"], "'nan' is not a moment"),
        (["--speed", "0"], "'0' is not a speed"),
        (["--speed", "1/0"], "'1/0' is not a speed"),
        (["--speed", "2000"], "'2000' is not a speed"),
        (["--speed", "a/b"], "'a/b' is not a speed"),
        (["--where", "comm:"], "comm:"),
    ],
)
def test_options_that_make_no_sense(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each complaint names the value."""
    assert main(["replay", SAMPLE, *words]) == 2
    assert why in capsys.readouterr().err


def test_options_that_do() -> None:
    """Moments and speeds as people write them."""
    parser = argparse.ArgumentParser()
    replay.add_parser(parser.add_subparsers())
    args = parser.parse_args(["replay", "x", "--at", "12.5", "--speed", "1/4"])
    assert (args.at, args.speed) == (12_500_000_000, 0.25)
    assert parser.parse_args(["replay", "x", "--speed", "1e2"]).speed == 100
    assert parser.parse_args(["replay", "x"]).speed is None
