"""The screen as a user has it: in a real terminal, over the real kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from socktrace.lines import Syscall
from socktrace.tracefile import open_recording
from tests.kernel.capturing import SOCKTRACE
from tests.kernel.terminal import Terminal
from tests.kernel.test_feeds import server

pytestmark = pytest.mark.usefixtures("_tmux")


Watched = tuple[Terminal, int, socket.socket]


@pytest.fixture
def _tmux(need: Callable[..., None]) -> None:
    need("tmux")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A shell in a terminal."""
    with Terminal(tmp_path) as shell:
        yield shell


@pytest.fixture
def watched(terminal: Terminal) -> Iterator[Watched]:
    """The screen over a server that has one connection: its port, and our end."""
    with server() as (pid, port):
        terminal.run(f"{SOCKTRACE} live --pid {pid}")
        terminal.shows(f":{port}", "listening", "eBPF")
        with socket.create_connection(("127.0.0.1", port)) as end:
            screen = terminal.shows(f"127.0.0.1:{end.getsockname()[1]}", "connected")
            assert f" {pid} " in screen
            yield terminal, port, end


def test_a_connection_appears_and_has_a_page(watched: Watched) -> None:
    """Filter, open, go back, show all again; its calls; quit at once, the terminal as it was."""
    terminal, port, end = watched
    here = end.getsockname()[1]
    end.sendall(b"x" * 5000)
    terminal.press("/")
    terminal.type(f"rport:{here}")
    terminal.press("Enter")
    terminal.shows("1 of 2 sockets", "1 hidden")
    terminal.press("g", "Enter")
    terminal.shows(f"127.0.0.1:{port} → 127.0.0.1:{here}", "accept4", "4.8 KiB in")
    terminal.press("Escape", "u")
    terminal.until(lambda screen: "2 sockets" in screen and "hidden" not in screen)
    terminal.press("4")
    terminal.shows("recvfrom")
    began = time.monotonic()
    terminal.press("q")
    terminal.until(lambda _: terminal.ask("alternate_on") == "0")
    assert time.monotonic() - began < 2
    assert terminal.is_restored()


def test_sort_and_pause(watched: Watched) -> None:
    """What is paused stands still, and goes on."""
    terminal, port, end = watched
    terminal.press("s")
    terminal.shows("▲")
    terminal.press("Space")
    terminal.shows("PAUSED")
    end.close()
    with socket.create_connection(("127.0.0.1", port)) as second:
        time.sleep(1)
        assert f":{second.getsockname()[1]}" not in terminal.screen()
        terminal.press("Space")
        terminal.until(lambda screen: "PAUSED" not in screen)
        terminal.shows(f":{second.getsockname()[1]}")


def test_a_recording_is_made_and_replayed(watched: Watched, tmp_path: Path) -> None:
    """Recording begins and ends while one watches; what it holds is what was sent meanwhile."""
    terminal, port, end = watched
    end.sendall(b"x" * 5000)
    terminal.press("R")
    terminal.shows("Record from now on")
    terminal.press("C-u")
    terminal.type("watched.jsonl")
    terminal.press("Enter")
    terminal.shows("REC")
    end.sendall(b"y" * 3000)
    end.close()
    terminal.shows("closed")
    terminal.press("R")
    terminal.until(lambda screen: "REC" not in screen)
    terminal.press("q")
    assert terminal.is_restored()
    with open_recording(str(tmp_path / "watched.jsonl")) as recording:
        received = [
            line.ret
            for line in recording
            if isinstance(line, Syscall) and line.call == "recvfrom" and line.ret > 0
        ]
        assert sum(received) == 3000
        assert recording.notes == []
    terminal.run("clear")
    terminal.run(f"{SOCKTRACE} replay watched.jsonl")
    terminal.shows("watched.jsonl", f":{port}", "listening", "closed")
    terminal.press("q")
    assert terminal.is_restored()


def test_the_sizes_of_terminals(tmp_path: Path) -> None:
    """From 80x24 up to very wide, and back while it runs; help and quit stay in sight."""
    with server() as (pid, port), Terminal(tmp_path, 80, 24) as terminal:
        terminal.run(f"{SOCKTRACE} live --pid {pid}")
        for columns, rows in ((80, 24), (250, 60), (60, 15), (80, 24)):
            terminal.resize(columns, rows)
            screen = terminal.shows(str(port), "help", "quit")
            assert max(map(len, screen.splitlines())) <= columns
        terminal.press("q")
        assert terminal.is_restored()


def test_without_colour(tmp_path: Path) -> None:
    """NO_COLOR takes the colour, and leaves the words."""
    with server() as (pid, port), Terminal(tmp_path, environment={"NO_COLOR": "1"}) as terminal:
        terminal.run(f"{SOCKTRACE} live --pid {pid}")
        terminal.shows(str(port), "listening")
        terminal.press("q")
        assert terminal.is_restored()


def test_a_command_runs_in_a_pane_of_its_own(terminal: Terminal, tmp_path: Path) -> None:
    """What it prints shows, what is typed reaches it, and its sockets are there."""
    script = tmp_path / "asks.py"
    script.write_text(
        "import socket\npair = socket.socketpair()\npair[0].send(b'x')\nprint('got', input())\n"
    )
    terminal.run(f"{SOCKTRACE} live -- python3 asks.py")
    terminal.shows("unix", "connected")
    terminal.press("t")
    terminal.type("forty-two")
    terminal.press("Enter")
    terminal.shows("got forty-two", "ended with status 0")
    # For a second keys go to nobody: what was meant for the program must not be a command.
    time.sleep(1.5)
    terminal.press("q")
    assert terminal.is_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_in_order(terminal: Terminal, number: signal.Signals) -> None:
    """The terminal is restored, and the status tells."""
    terminal.run(f"{SOCKTRACE} live; echo status-$?")
    terminal.shows("eBPF")
    shell = int(terminal.ask("pane_pid"))
    done = subprocess.run(["pgrep", "-P", str(shell)], check=True, capture_output=True, text=True)
    os.kill(int(done.stdout.split()[0]), number)
    terminal.shows(f"status-{128 + number}")
    assert terminal.is_restored()


def test_without_rights_it_offers_what_there_is(terminal: Terminal) -> None:
    """As another user: what is missing, and the sockets that can be listed all the same."""
    terminal.run(f"setpriv --reuid=65534 --clear-groups -- {SOCKTRACE}")
    terminal.shows("uid 65534", "sudo", "sock_diag")
    terminal.press("2")
    terminal.shows("sock_diag only")
    terminal.press("q")
    assert terminal.is_restored()
