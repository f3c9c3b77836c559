"""Lines that are bytes already, on their way into a recording."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from socktrace.lines import End, Line, Syscall
from socktrace.tracefile import JsonlWriter, RecordingError
from socktrace.tracefile.encoding import encode
from socktrace.tracefile.writer import BUFFER_SIZE
from tests.unit.tracefile_samples import HEADER, LINES, read

CALLS: list[Line] = [
    Syscall(t=t, dur=1, pid=7, tid=7, comm="curl", call="read", ret=t, args={"count": 9})
    for t in range(20, 5000)
]


def bulk(lines: list[Line]) -> bytes:
    """Encode lines."""
    return b"".join(encode(line) + b"\n" for line in lines)


@pytest.mark.parametrize("size", [1, 7, len(CALLS)])
def test_they_stand_where_they_came(tmp_path: Path, size: int) -> None:
    """Between lines written one by one, in their order, few or more than the buffer holds."""
    path = tmp_path / "t.jsonl"
    writer = JsonlWriter(str(path), HEADER)
    expected: list[Line] = []
    for at in range(0, len(CALLS), size):
        part = CALLS[at : at + size]
        writer.write(LINES[1])
        writer.write_bulk(bulk(part), len(part))
        expected += [LINES[1], *part]
    assert len(bulk(CALLS)) > BUFFER_SIZE
    assert writer.events == len(CALLS)
    end = End(t=9999, events=writer.events, lost_events=0, reason="duration")
    writer.close(end)
    recording = read(path)
    assert recording.lines == [*expected, end]
    assert recording.notes == []
    assert writer.bytes_written == path.stat().st_size


def test_a_full_disk_is_a_clear_error_for_many_too() -> None:
    """ENOSPC while many lines are handed over: the same words as for one."""
    full = os.open("/dev/full", os.O_WRONLY)
    null = os.open("/dev/null", os.O_WRONLY)
    writer = JsonlWriter(null, HEADER)
    os.dup2(full, null)
    with pytest.raises(RecordingError, match="No space left"):
        writer.write_bulk(b" " * BUFFER_SIZE + b"\n", 1)
    os.close(full)
    os.close(null)
    before = writer.bytes_written
    writer.write_bulk(b" " * BUFFER_SIZE + b"\n", 1)  # after that it does nothing
    assert writer.bytes_written == before
