"""One at a time: a thread that works on the model all the time, and those who look at it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Final

_PATIENCE: Final = 1.0
"""Seconds after which the worker asks again: nobody who wants to look waits that long."""


class Turnstile:
    """A lock that a worker gives up in the middle of its work whenever somebody wants to look.

    A plain lock would not do: the worker lets go of it for an instant only, and has it back before
    whoever waits has woken up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served = threading.Condition()
        self._waiting = 0

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """For the worker: it may change the model."""
        with self._lock:
            yield

    def breathe(self) -> None:
        """For the worker, between two small steps: those who wait may look now."""
        if not self._waiting:
            return
        self._lock.release()
        try:
            with self._served:
                self._served.wait_for(lambda: not self._waiting, _PATIENCE)
        finally:
            self._lock.acquire()

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """For everybody else: nothing changes meanwhile."""
        with self._served:
            self._waiting += 1
        with self._lock:
            with self._served:
                self._waiting -= 1
                if not self._waiting:
                    # The worker wakes up now, and waits for the lock itself.
                    self._served.notify_all()
            yield
