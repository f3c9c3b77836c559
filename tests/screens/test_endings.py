"""However the screen ends, the terminal is as it was: tried in a real one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.screens.terminal import terminal

PROGRAM = """
import sys, time
from socktrace.tui.app import SocktraceApp
from tests.screens.scripted import ScriptedFeed, recorded
feed = ScriptedFeed(recorded("tcp_echo"))
app = SocktraceApp(feed)
{prelude}
app.run()
sys.exit(app.return_code)
"""
SHOWN = b"socktrace"


@pytest.mark.parametrize("keys", [b"q", b"\x11", b"\x03", b"/abcq\x11", b"?\x11"])
def test_a_key_ends_it_at_once(keys: bytes) -> None:
    """Wherever the focus is, within a moment."""
    with terminal(PROGRAM.format(prelude="")) as running:
        running.wait_for(b"quit")
        running.type(keys)
        status, took = running.status()
        assert status == 0
        assert took < 2
        assert running.is_restored


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (b"/port:1\r", b"filter: port:1"),
        (b":pause\r", b"PAUSED"),
        (b"?/svg", b"SVG picture"),
        (b"W\x15/nowhere/x\r", b"cannot"),
    ],
)
def test_keys_that_come_at_once_go_where_they_are_meant_to(keys: bytes, shown: bytes) -> None:
    """Who types fast is not served worse: no letter reaches what was focused before."""
    with terminal(PROGRAM.format(prelude="")) as running:
        running.wait_for(b"quit")
        since = len(running.shown)
        running.type(keys)
        running.wait_for(shown, since)
        running.type(b"\x11")
        assert running.status()[0] == 0


def test_a_source_that_is_slow_to_close_does_not_keep_the_terminal() -> None:
    """The screen is gone while the source still lets go of what it has."""
    slow = "feed.close = lambda: (print('closing', flush=True), time.sleep(2))"
    with terminal(PROGRAM.format(prelude=slow)) as running:
        running.wait_for(b"quit")
        running.type(b"q")
        running.wait_for(b"closing")
        # The last of what restores the screen: a thread of Textual's writes it.
        running.wait_for(b"\x1b[?1004l")
        assert running.is_restored
        status, took = running.status()
        assert status == 0
        assert took > 1, "it was still closing"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    """The exit status is what a shell would tell."""
    with terminal(PROGRAM.format(prelude="")) as running:
        running.wait_for(b"quit")
        os.kill(running.pid, number)
        assert running.status()[0] == 128 + number
        assert running.is_restored


def test_a_terminal_that_goes_away_ends_it() -> None:
    """As when a connection by ssh breaks: nothing is left running."""
    with terminal(PROGRAM.format(prelude="")) as running:
        running.wait_for(b"quit")
        os.close(running.master)
        _, status = os.waitpid(running.pid, 0)
        running.pid = 0
        assert os.WIFEXITED(status)


def test_a_fault_of_ours_is_told_in_a_few_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What, why, the next step; the whole story is in a file that only we can read."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    broken = "app.action_names = lambda: 1 / 0"
    with terminal(PROGRAM.format(prelude=broken)) as running:
        running.wait_for(b"quit")
        running.type(b"D")
        assert running.status()[0] == 2
        assert running.is_restored
        told = running.shown[running.shown.rfind(b"\x1b[?1049l") :].decode()
    assert "this is a fault in socktrace" in told
    assert "ZeroDivisionError: division by zero" in told
    assert len(told.splitlines()) < 10
    (kept,) = tmp_path.glob("socktrace-failure-*")
    assert "Traceback" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
