"""What record and live share: options into a capture's, signals into an end."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from socktrace.cli import Parser
from socktrace.commands import watching
from socktrace.commands.looping import Loop
from socktrace.commands.watching import capture_options, described, say, selection
from socktrace.errors import UsageError


def options(*words: str) -> argparse.Namespace:
    """Parse filters as the commands do."""
    parser = Parser()
    watching.add_filters(parser)
    parser.add_argument("--payload", type=int, default=0)
    return parser.parse_args(words)


class FakeChild:
    """A command that ends when told to."""

    pid = 4242

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.over = False
        self.pidfd = os.open(os.devnull, os.O_RDONLY)

    def ended(self) -> bool:
        """Whether it has ended."""
        return self.over

    def send(self, number: int) -> None:
        """Note a signal."""
        self.sent.append(number)


class FakeSession:
    """Counts steps."""

    def __init__(self, busy: int = 0) -> None:
        self.steps = 0
        self.busy = busy

    def step(self) -> bool:
        """Say whether there is more at once."""
        self.steps += 1
        return self.steps <= self.busy


@pytest.fixture
def child() -> Iterator[FakeChild]:
    """Give a command that runs."""
    fake = FakeChild()
    yield fake
    os.close(fake.pidfd)


def loop(session: FakeSession, command: FakeChild | None, duration: float | None) -> Loop:
    """Build a loop over stand-ins."""
    stand_ins: Any = session, command
    return Loop(stand_ins[0], stand_ins[1], duration)


def test_no_filter_is_the_whole_machine() -> None:
    """Nothing asked for, nothing left out."""
    chosen = capture_options(options(), None)
    assert (chosen.pids, chosen.uid, chosen.cgroup, chosen.follow) == (None, None, None, False)


def test_processes_and_users() -> None:
    """--pid may be given again; --user takes a name or a number."""
    mine, parent = os.getpid(), os.getppid()
    chosen = capture_options(options("--pid", str(mine), "--pid", str(parent)), None)
    assert (chosen.pids, chosen.follow) == (frozenset({mine, parent}), False)
    assert capture_options(options("--pid", str(mine), "--follow"), None).follow
    assert capture_options(options("--user", "root"), None).uid == 0
    assert capture_options(options("--user", "4294967294"), None).uid == (1 << 32) - 2


def test_a_command_is_followed(child: FakeChild) -> None:
    """With a command: it and all that it starts, beside processes that were asked for."""
    command: Any = child
    chosen = capture_options(options(), command)
    assert (chosen.pids, chosen.follow) == (frozenset({4242}), True)
    chosen = capture_options(options("--pid", str(os.getpid())), command)
    assert (chosen.pids, chosen.follow) == (frozenset({4242, os.getpid()}), True)


@pytest.mark.parametrize(
    "words",
    [
        ("--pid", "4194303"), ("--pid", "4194305"), ("--pid", "0"), ("--pid", "-5"),
        ("--user", "no such user"), ("--user", "4294967295"), ("--user", "9" * 30),
        ("--user", "a", "--user", "b"),
        ("--payload", "4097"), ("--payload", "-1"),
    ],
)  # fmt: skip
def test_what_cannot_be(words: tuple[str, ...]) -> None:
    """Each is refused with a reason and a next step."""
    with pytest.raises(UsageError) as caught:
        capture_options(options(*words), None)
    assert caught.value.why
    assert caught.value.next_step


def test_a_thread_is_told_whose_it_is() -> None:
    """The number of a thread would match no process: the error names the right number."""
    ready, done = threading.Event(), threading.Event()

    def wait() -> None:
        ready.set()
        done.wait(5)

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait(5)
    try:
        with pytest.raises(UsageError) as caught:
            capture_options(options("--pid", str(thread.native_id)), None)
        assert caught.value.next_step == f"use --pid {os.getpid()}"
    finally:
        done.set()
        thread.join()


def test_selection_and_description() -> None:
    """Filters over sockets are compiled; the header gets those that were given and no others."""
    assert selection(options()) is None
    assert selection(options("--user", "root")) is None, "the kernel side applies this one"
    assert selection(options("--port", "80", "--where", "state:listening")) is not None
    assert described(options("--port", "80", "--follow")) == {"port": ["80"], "follow": True}


def test_talk_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said goes to stderr, without escape sequences of others' making."""
    say("file \x1b[31m.jsonl")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("socktrace: file ")
    assert "\x1b" not in captured.err


def test_duration_ends_the_loop() -> None:
    """After its time it ends, having stepped all along and ticked after each step."""
    session, ticks = FakeSession(), []
    watched = loop(session, None, 0.1)
    begun = time.monotonic()
    watched.run(lambda: ticks.append(session.steps))
    assert 0.1 <= time.monotonic() - begun < 1
    assert watched.reason == "duration"
    assert ticks == list(range(1, session.steps + 1))
    assert session.steps > 1


def test_no_waiting_while_there_is_more() -> None:
    """A session that says there is more is stepped again at once."""
    session = FakeSession(busy=1000)
    watched = loop(session, None, 0.5)
    reached: list[float] = []
    begun = time.monotonic()
    watched.run(lambda: reached.append(time.monotonic() - begun))
    assert session.steps > 1000, "1,000 ticks of 20 ms would take 20 s"
    assert reached[999] < 0.5


def test_the_end_of_the_command_ends_the_loop(child: FakeChild) -> None:
    """When the command has ended, so has the loop, for that reason."""
    session = FakeSession()
    watched = loop(session, child, None)

    def tick() -> None:
        child.over = session.steps == 3

    watched.run(tick)
    assert (watched.reason, session.steps) == ("command exited", 3)


def signal_at(session: FakeSession, numbers: dict[int, int]) -> Any:
    """Send ourselves signals at given steps."""

    def tick() -> None:
        if session.steps in numbers:
            os.kill(os.getpid(), numbers[session.steps])

    return tick


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_loop(number: int) -> None:
    """Without a command one signal is enough, and it is heeded at once."""
    session = FakeSession()
    watched = loop(session, None, 5)
    watched.run(signal_at(session, {2: number}))
    assert (watched.reason, session.steps) == ("interrupted", 2)


def test_a_signal_before_the_loop_is_heeded() -> None:
    """One that comes while sockets are still being listed ends the loop at its first step."""
    session = FakeSession()
    watched = loop(session, None, 5)
    with watched.heeding():
        os.kill(os.getpid(), signal.SIGTERM)
        watched.run()
    assert (watched.reason, session.steps) == ("interrupted", 0)


def test_a_signal_goes_to_the_command_first(child: FakeChild) -> None:
    """With a command: the first is passed on, the second ends the recording."""
    session = FakeSession()
    watched = loop(session, child, 5)
    watched.run(signal_at(session, {2: signal.SIGTERM, 5: signal.SIGTERM}))
    assert (watched.reason, session.steps, child.sent) == ("interrupted", 5, [signal.SIGTERM])


def test_handlers_are_put_back() -> None:
    """After the loop signals do what they did before, and no descriptor is left open."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    fds = len(list(Path("/proc/self/fd").iterdir()))
    loop(FakeSession(), None, 0.01).run(lambda: None)
    assert [signal.getsignal(number) for number in numbers] == before
    assert len(list(Path("/proc/self/fd").iterdir())) == fds
    assert signal.set_wakeup_fd(-1) == -1


def test_an_ignored_signal_stays_ignored() -> None:
    """What nohup(1) had ignored for us does not end the loop."""
    script = (
        "import os, signal; from tests.unit.test_watching import *\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "session = FakeSession(); watched = loop(session, None, 0.2)\n"
        "watched.run(signal_at(session, {2: signal.SIGHUP})); print(watched.reason)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "duration\n"
