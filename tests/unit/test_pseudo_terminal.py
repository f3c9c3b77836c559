"""Programs in a pseudo-terminal of their own."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from socktrace.host.launch import Child
from socktrace.host.pseudo_terminal import PseudoTerminal

_PATIENCE = 20.0


class Running:
    """A Python program in a terminal, let run."""

    def __init__(self, program: str, columns: int = 80, lines: int = 24) -> None:
        self.terminal = PseudoTerminal(columns, lines)
        self.child = Child([sys.executable, "-c", program], self.terminal)
        self.shown = b""
        self.child.release()

    def read_until(self, text: bytes | None) -> bytes:
        """Read until this has come; None: until nobody is at the other end."""
        end = time.monotonic() + _PATIENCE
        while text is None or text not in self.shown:
            assert time.monotonic() < end, self.shown
            select.select([self.terminal.master], [], [], 0.1)
            got = self.terminal.read(4096)
            if got is None:
                assert text is None, self.shown
                break
            self.shown += got
        return self.shown

    def close(self) -> None:
        """Hang up, and wait for its end."""
        self.terminal.close()
        self.child.send(signal.SIGKILL)
        self.child.wait()
        self.child.abandon()


@pytest.fixture
def running() -> Iterator[list[Running]]:
    """Programs to be ended at the end."""
    programs: list[Running] = []
    yield programs
    for program in programs:
        program.close()


def test_it_leads_a_session_in_its_terminal(running: list[Running]) -> None:
    """The program has a controlling terminal of the right size and kind, on 0, 1 and 2."""
    program = Running(
        "import os\n"
        "tty = os.open('/dev/tty', os.O_RDWR)\n"
        "print([os.isatty(n) for n in range(3)], os.getsid(0) == os.getpid(), "
        "os.tcgetpgrp(tty) == os.getpid(), os.get_terminal_size(tty), os.environ['TERM'], "
        "sorted(int(n) for n in os.listdir('/proc/self/fd'))[:5], flush=True)",
        columns=132,
        lines=43,
    )
    running.append(program)
    shown = program.read_until(None).decode()
    assert "[True, True, True] True True" in shown
    assert "columns=132, lines=43" in shown
    assert " linux " in shown
    assert "[0, 1, 2, 3, 4]" in shown
    program.child.wait()
    assert program.child.exit_status == 0


def test_another_size_is_told(running: list[Running]) -> None:
    """The program gets SIGWINCH, and sees the new size."""
    program = Running(
        "import os, signal\n"
        "signal.signal(signal.SIGWINCH, lambda *_: print(os.get_terminal_size(), flush=True))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    running.append(program)
    program.read_until(b"ready")
    program.terminal.resize(100, 50)
    program.read_until(b"columns=100, lines=50")


def test_keys_are_signals(running: list[Running]) -> None:
    """Ctrl-C interrupts it, as in any terminal, whatever we do with SIGINT ourselves."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        program = Running(
            "import signal, time\n"
            "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
            "print('ready', flush=True)\n"
            "time.sleep(60)"
        )
    finally:
        signal.signal(signal.SIGINT, before)
    running.append(program)
    program.read_until(b"ready")
    assert program.terminal.write(b"\x03")
    program.read_until(None)
    program.child.wait()
    assert program.child.exit_status == 128 + signal.SIGINT


def test_signals_are_as_in_a_terminal(running: list[Running]) -> None:
    """What we ignore for ourselves is not ignored there."""
    before = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGHUP, signal.SIGTTOU)}
    try:
        program = Running("print(open('/proc/self/status').read())")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    running.append(program)
    shown = program.read_until(None).decode()
    ignored = int(shown.partition("SigIgn:")[2].split()[0], 16)
    assert not any(ignored >> (number - 1) & 1 for number in before)


def test_hanging_up_ends_it(running: list[Running]) -> None:
    """When our end is closed the program gets SIGHUP."""
    program = Running("print('ready', flush=True)\nimport time\ntime.sleep(60)")
    running.append(program)
    program.read_until(b"ready")
    program.terminal.close()
    program.child.wait()
    assert program.child.exit_status == 128 + signal.SIGHUP


def test_what_is_typed_comes_back(running: list[Running]) -> None:
    """Lines are edited as in any terminal, characters of several bytes too."""
    program = Running("print('ready', flush=True)\nprint('got', repr(input()))")
    running.append(program)
    program.read_until(b"ready")
    program.terminal.write("aé\x7fb\r".encode())
    program.read_until(b"got 'ab'")


def test_a_program_that_does_not_read_cannot_fill_us() -> None:
    """What is typed is kept up to a bound, and goes on when there is room."""
    terminal = PseudoTerminal()
    try:
        typed = 0
        while terminal.write(b"x" * 65_536 + b"\n"):
            typed += 1
            assert typed < 100, "it takes without end"
        assert typed >= 15
        assert not terminal.flush()
    finally:
        terminal.close()


def test_nothing_yet_is_not_the_end() -> None:
    """Reading never waits; the end is told apart from nothing."""
    terminal = PseudoTerminal()
    assert terminal.read(100) == b""
    os.write(terminal.slave, b"hello")
    assert terminal.read(100) == b"hello"
    terminal.handed_over()
    assert terminal.read(100) is None
    terminal.resize(0, 1 << 20)
    terminal.close()
    terminal.close()


def test_without_a_terminal_it_shares_ours(tmp_path: Path) -> None:
    """A program that is given none is in our session."""
    told = tmp_path / "session"
    program = f"import os; open({str(told)!r}, 'w').write(str(os.getsid(0)))"
    child = Child([sys.executable, "-c", program])
    child.release()
    child.wait()
    child.abandon()
    assert told.read_text() == str(os.getsid(0))


def test_several_may_ask_whether_it_has_ended() -> None:
    """The screen and the engine both ask: whoever is second learns it, too."""
    child = Child([sys.executable, "-c", "raise SystemExit(7)"])
    child.release()

    def ask() -> int:
        end = time.monotonic() + _PATIENCE
        while not child.ended():
            assert time.monotonic() < end
        return child.exit_status

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(ask) for _ in range(4)]
        assert [each.result() for each in asked] == [7] * 4
    child.abandon()
