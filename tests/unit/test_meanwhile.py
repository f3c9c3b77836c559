"""The rings are read while sockets are listed."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from socktrace.capture.source import RawBatch
from socktrace.engine.meanwhile import Meanwhile

NOTHING: Any = np.empty(0)


def test_readings_go_on_while_something_else_does() -> None:
    """They are kept in order, and none is made after the end."""
    made: list[RawBatch] = []

    def read() -> RawBatch:
        made.append(RawBatch(NOTHING, NOTHING, NOTHING))
        return made[-1]

    with Meanwhile(read, 0.01) as meanwhile:
        until = time.monotonic() + 5
        while len(made) < 3 and time.monotonic() < until:
            time.sleep(0.005)
    assert len(made) >= 3
    assert all(one is other for one, other in zip(meanwhile.batches, made, strict=True))
    time.sleep(0.03)
    assert len(meanwhile.batches) == len(made)
    assert threading.active_count() == 1
