"""Reading the rings while something else takes its time, so that they do not fill."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.capture.source import RawBatch


class Meanwhile:
    """A thread that reads again and again; what it has read is kept in order.

    A context manager: the thread is gone at its end.

    Args:
        read: one reading.
        seconds: between two.
    """

    def __init__(self, read: Callable[[], RawBatch], seconds: float) -> None:
        self.batches: list[RawBatch] = []
        self._read = read
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rings")

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self.batches.append(self._read())

    def __enter__(self) -> Meanwhile:  # noqa: PYI034 - not meant to be derived from
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()
