"""Reading a ring: runs of records, what is unfinished or given up, and going round.

The kernel's side is played by a stand-in with memory of the same layout; the real one is read in
tests/kernel.
"""

from __future__ import annotations

import mmap
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.capture.ring import BUSY, DISCARD, Ring

PAGE = mmap.PAGESIZE
RECORD = np.dtype([("number", "<u8"), ("more", "u1", (80,))])
STRIDE = RECORD.itemsize + 8


class Area(bytearray):
    """Memory that can be unmapped, as far as anybody knows."""

    def close(self) -> None:
        """Do nothing."""


class Kernel:
    """The producer: kernel/bpf/ringbuf.c in short."""

    def __init__(self, pages: int = 1) -> None:
        self.size = pages * PAGE
        self.consumer = Area(PAGE)
        self.shared = Area(PAGE + self.size)
        self.asked: list[tuple[int, int, int]] = []

    def mmap(self, fd: int, length: int, flags: int, prot: int, offset: int = 0) -> Area:
        """Stand in for mmap.mmap."""
        assert flags == mmap.MAP_SHARED
        self.asked.append((fd, prot, offset))
        area = self.shared if offset else self.consumer
        assert len(area) == length
        return area

    @property
    def position(self) -> int:
        """The producer's position."""
        position: int = struct.unpack_from("=Q", self.shared)[0]
        return position

    def _write(self, at: int, data: bytes) -> None:
        """Write to the ring, round its end."""
        for index, byte in enumerate(data):
            self.shared[PAGE + (at + index) % self.size] = byte

    def reserve(self, number: int, flags: int = 0) -> int | None:
        """Put a record in; its place, or None when the ring is full."""
        begin, consumed = self.position, struct.unpack_from("=Q", self.consumer)[0]
        if begin + STRIDE - consumed > self.size - 1:
            return None
        self._write(begin, struct.pack("=IIQ", RECORD.itemsize | flags, 0, number))
        struct.pack_into("=Q", self.shared, 0, begin + STRIDE)
        return begin

    def finish(self, place: int, flags: int = 0) -> None:
        """Let a record be ready, or given up."""
        self._write(place, struct.pack("=I", RECORD.itemsize | flags))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Play the kernel for the rings of a test."""
    return play(monkeypatch)


def play(monkeypatch: pytest.MonkeyPatch, pages: int = 1) -> Kernel:
    """Have mmap go to a stand-in."""
    played = Kernel(pages)
    monkeypatch.setattr(mmap, "mmap", played.mmap)
    return played


def numbers(records: np.ndarray[Any, Any]) -> list[int]:
    """Return what was put in."""
    return records["number"].tolist()  # type: ignore[no-any-return]


def test_mappings(kernel: Kernel) -> None:
    """The consumer's page is writable, the producer's and the data are only read."""
    ring = Ring(7, 1, RECORD)
    assert kernel.asked == [(7, mmap.PROT_READ | mmap.PROT_WRITE, 0), (7, mmap.PROT_READ, PAGE)]
    assert ring.size == PAGE
    assert numbers(ring.read()) == []


def test_records_in_order(kernel: Kernel) -> None:
    """Finished records come out once, in order, and make room."""
    ring = Ring(0, 1, RECORD)
    for number in range(5):
        kernel.reserve(number)
    assert ring.waiting == 5 * STRIDE
    assert numbers(ring.read()) == [0, 1, 2, 3, 4]
    assert ring.waiting == 0
    assert numbers(ring.read()) == []


def test_an_unfinished_record_ends_the_run(kernel: Kernel) -> None:
    """What is behind a record that is still being written waits for it: order is kept."""
    ring = Ring(0, 1, RECORD)
    kernel.reserve(1)
    busy = kernel.reserve(2, BUSY)
    kernel.reserve(3)
    assert busy is not None
    assert numbers(ring.read()) == [1]
    assert numbers(ring.read()) == []
    kernel.finish(busy)
    assert numbers(ring.read()) == [2, 3]


def test_what_was_given_up_is_left_out(kernel: Kernel) -> None:
    """Discarded records are no records, and their room is given back."""
    ring = Ring(0, 1, RECORD)
    for number in range(4):
        kernel.reserve(number, DISCARD if number % 2 else 0)
    assert numbers(ring.read()) == [0, 2]
    assert ring.waiting == 0


def test_records_are_copies(kernel: Kernel) -> None:
    """Room that was given back is written again: what was read must not change with it."""
    ring = Ring(0, 1, RECORD)
    kernel.reserve(1)
    read = ring.read()
    for number in range(100, 200):
        kernel.reserve(number)
        ring.read()
    assert numbers(read) == [1]


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=30), st.sampled_from([1, 2]))
def test_going_round(steps: list[tuple[int, bool]], pages: int) -> None:
    """However full it gets and wherever records wrap round: what went in comes out, in order."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        kernel = play(monkeypatch, pages)
        ring = Ring(0, pages, RECORD)
        put: list[int] = []
        got: list[int] = []
        for count, reading in steps:
            for _ in range(count):
                if kernel.reserve(len(put)) is not None:
                    put.append(len(put))
            if reading:
                got += numbers(ring.read())
                assert got == put
        assert got + numbers(ring.read()) == put
        ring.close()


def test_records_must_lie_in_a_row(kernel: Kernel) -> None:
    """A layout whose records would have gaps between them is refused."""
    with pytest.raises(ValueError, match="row"):
        Ring(0, 1, np.dtype([("a", "<u4")]))
    assert kernel.position == 0
