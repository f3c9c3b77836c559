"""Maps of the kernel's, as we handle them."""

from __future__ import annotations

import os

from socktrace.capture.bpf import Map, create_map
from socktrace.capture.image import MapShape

HASH = MapShape(type=1, key_size=4, value_size=8, entries=16, flags=0)
KEY, ONE, TWO = b"abcd", bytes(7) + b"1", bytes(7) + b"2"


def test_entries_come_and_go() -> None:
    """What was put in is there until it is taken away; what is there is not added anew."""
    descriptor = create_map("test", HASH)
    try:
        entries = Map(descriptor, 4, 8)
        assert entries.get(KEY) is None
        assert not entries.delete(KEY)
        assert entries.add(KEY, ONE)
        assert not entries.add(KEY, TWO)
        assert entries.get(KEY) == ONE
        entries.set(KEY, TWO)
        assert entries.get(KEY) == TWO
        assert entries.delete(KEY)
        assert entries.get(KEY) is None
    finally:
        os.close(descriptor)
