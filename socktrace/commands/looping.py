"""Going round until a capture is over, and what signals mean to it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Final, Protocol

from socktrace.engine.gathering import TICK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from socktrace.host.launch import Child

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _in_foreground() -> bool:
    """Whether Ctrl-C reaches our process group from its terminal, and so the command too.

    Standard streams say nothing of that: they may all be redirected (termios(3), tcgetpgrp(3)).
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


class Steps(Protocol):
    """A capture: `Session` or `Recorder` of `socktrace.engine`."""

    def step(self) -> bool:
        """Take in what has come. True if there is likely more at once."""


class Loop:
    """Steps a session until its time is up, the command has ended, or somebody says stop."""

    def __init__(self, session: Steps, child: Child | None, duration: float | None) -> None:
        """Prepare; nothing runs before `run`."""
        self._session = session
        self._child = child
        self._duration = duration
        self._until: float | None = None
        self._signals: list[int] = []
        self.reason = ""
        """Why it ended: "command exited", "duration", "interrupted"."""

    @contextlib.contextmanager
    def heeding(self) -> Iterator[None]:
        """Heed signals from here on: one that comes before `run` ends that at its first step."""
        # One that was ignored when we started, as by nohup(1), is not ours to heed.
        before = {
            number: signal.signal(number, self._note)
            for number in _ENDING
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, each_tick: Callable[[], None] = lambda: None) -> None:
        """Go round: read, feed, `each_tick`, wait."""
        if self._duration is not None:
            self._until = time.monotonic() + self._duration
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        previous = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        poller = select.poll()
        poller.register(woken, select.POLLIN)
        if self._child is not None:
            poller.register(self._child.pidfd, select.POLLIN)
        try:
            with self.heeding():
                while not self._over():
                    busy = self._session.step()
                    each_tick()
                    wait = 0 if busy else self._wait_ms()
                    if any(fd == woken for fd, _ in poller.poll(wait)):
                        os.read(woken, 64)
        finally:
            signal.set_wakeup_fd(previous)
            os.close(woken)
            os.close(wake)

    def _wait_ms(self) -> int:
        wait = TICK_SECONDS
        if self._until is not None:
            wait = min(wait, max(0.0, self._until - time.monotonic()))
        return max(1, int(wait * 1000))

    def _note(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    def _over(self) -> bool:
        if self._child is not None and self._child.ended():
            self.reason = "command exited"
            return True
        if self._until is not None and time.monotonic() >= self._until:
            self.reason = "duration"
            return True
        if not self._signals:
            return False
        number = self._signals.pop(0)
        if self._child is None or self._signals or self.reason == "interrupted":
            self.reason = "interrupted"
            return True
        # The command decides: it may have its own answer to Ctrl-C. A terminal has sent it the
        # signal already, anybody else has sent it to us alone.
        self.reason = "interrupted"
        if number != signal.SIGINT or not _in_foreground():
            self._child.send(number)
        return False
