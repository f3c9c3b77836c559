"""The real ring, as the kernel maps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture
from tests.kernel.capturing import Captured, python, run

COUNTS = """
import os, socket
a, b = socket.socketpair()
for i in range(3000):
    a.send(b"x" * (i % 97 + 1)); b.recv(100)
"""


@pytest.mark.parametrize("pages", [4, 64])
def test_nothing_is_lost_or_repeated_when_the_ring_goes_round(pages: int) -> None:
    """Many times round: what is delivered is in order, and with what was lost it is all."""
    captured = run(python(COUNTS), data_pages=pages)
    assert len(captured.rows) + captured.counters.data_lost == captured.counters.data_attempted
    sent = [row.ret for row in captured.rows if row.call == "sendto"]
    got = [row.ret for row in captured.rows if row.call == "recvfrom"]
    total = len(sent) + len(got) + captured.counters.data_lost
    assert total == 6000
    ends = [row.end for row in captured.rows]
    assert ends == sorted(ends)
    if not captured.counters.data_lost:
        assert sent == got == [i % 97 + 1 for i in range(3000)]


def test_a_ring_cannot_be_written_where_the_kernel_writes() -> None:
    """The data is mapped for reading: a stray write would be an error, not a wrong recording."""
    with Capture(CaptureOptions(pids=frozenset())) as capture:
        for area in (capture._rings["life"]._data, capture._data._records[0]):
            with pytest.raises(ValueError, match="read-only"):
                area[0] = area[1]
            del area
        assert capture.fill() == 0


def test_all_descriptors_are_given_back() -> None:
    """Opened and closed again and again, nothing accumulates: descriptors, mappings."""

    def held() -> tuple[int, int]:
        areas = sum("bpf" in line for line in Path("/proc/self/maps").read_text().splitlines())
        return len(list(Path("/proc/self/fd").iterdir())), areas

    before = held()
    for _ in range(2):
        with Capture(CaptureOptions(pids=frozenset())) as capture:
            capture.start()
            Captured().take(capture)
            assert held() > (before[0] + 50, before[1] + 5)
    assert held() == before
