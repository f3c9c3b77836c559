"""Who wants to look is let in within the work, however busy the worker is."""

from __future__ import annotations

import threading
import time
from typing import Self

from socktrace.engine.feeds.turnstile import Turnstile


class Worker:
    """Works without a pause, in small steps."""

    def __init__(self) -> None:
        self.turnstile = Turnstile()
        self.steps = 0
        self.over = threading.Event()
        self.inside = False
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with self.turnstile.working():
            while not self.over.is_set():
                self.inside = True
                time.sleep(0.001)
                self.steps += 1
                self.inside = False
                self.turnstile.breathe()

    def __enter__(self) -> Self:
        """Begin."""
        self.thread.start()
        while not self.steps:
            time.sleep(0.001)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.over.set()
        self.thread.join()


def test_a_look_waits_for_one_step_only() -> None:
    """The worker is out of its step, and stays out, while somebody looks."""
    with Worker() as worker:
        began = time.monotonic()
        for _ in range(20):
            with worker.turnstile.looking():
                assert not worker.inside
                before = worker.steps
                time.sleep(0.003)
                assert worker.steps == before
        assert time.monotonic() - began < 2
        while worker.steps == before:  # it goes on
            time.sleep(0.001)


def test_two_who_look_at_once_both_get_in() -> None:
    """Each has it alone."""
    seen: list[int] = []
    alone = threading.Lock()
    with Worker() as worker:

        def look() -> None:
            for _ in range(20):
                with worker.turnstile.looking():
                    assert alone.acquire(blocking=False)
                    seen.append(worker.steps)
                    alone.release()

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert len(seen) == 40
