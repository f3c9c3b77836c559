"""What the writer wrote, the reader reads: whole, cut short, and compressed."""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from socktrace.lines import Process, Syscall
from socktrace.tracefile import JsonlWriter, RecordingError, open_recording
from tests.unit.tracefile_samples import END, HEADER, LINES, read, write

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_of_line_comes_back_as_it_was(tmp_path: Path) -> None:
    """Writing and reading are inverse, for each kind, and nothing is said to be missing."""
    assert read(write(tmp_path / "t.jsonl")) == (HEADER, [*LINES, END], None, [])


def test_a_recording_can_be_read_again(tmp_path: Path) -> None:
    """Iterating again begins anew, even after stopping half-way."""
    with open_recording(str(write(tmp_path / "t.jsonl"))) as recording:
        assert next(iter(recording)) == LINES[0]
        assert list(recording) == [*LINES, END]
        assert list(recording) == [*LINES, END]


def test_a_compressed_recording_reads_the_same(tmp_path: Path) -> None:
    """Gzip is told by its first bytes, whatever the name."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(gzip.compress(write(tmp_path / "plain").read_bytes()))
    assert read(path).lines == [*LINES, END]


def test_a_compressed_recording_cut_short_says_so(tmp_path: Path) -> None:
    """What could be decompressed is read."""
    data = gzip.compress(write(tmp_path / "plain", LINES * 2000).read_bytes())
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(data[: len(data) // 2])
    recording = read(path)
    assert len(recording.lines) > 100
    assert recording.truncated is not None
    assert "gzip" in recording.truncated


def test_a_recording_cut_anywhere_reads_up_to_its_last_whole_line(tmp_path: Path) -> None:
    """Every prefix of the file that has a whole header is readable."""
    data = write(tmp_path / "whole").read_bytes()
    path = tmp_path / "t.jsonl"
    everything = [*LINES, END]
    for size in range(data.index(b"\n"), len(data) - 1):
        path.write_bytes(data[:size])
        recording = read(path)
        lines = recording.lines
        assert lines == everything[: len(lines)]
        assert len(lines) >= data[:size].count(b"\n") - 1
        assert recording.truncated is not None
        if data[size - 1 : size] == b"\n":
            assert "no end line" in recording.truncated


def test_zero_bytes_after_a_power_cut_are_a_cut(tmp_path: Path) -> None:
    """File systems leave unwritten blocks at the end as zero bytes."""
    path = write(tmp_path / "t.jsonl", end=None)
    with path.open("ab") as file:
        file.write(b'{"kind":"los' + b"\0" * 5000)
    recording = read(path)
    assert recording.lines == LINES
    assert recording.truncated is not None


def test_what_a_later_version_adds_is_ignored_and_counted(tmp_path: Path) -> None:
    """Unknown kinds and unknown fields do not stop a reader, and it tells of them."""
    path = write(tmp_path / "t.jsonl")
    first, rest = path.read_bytes().split(b"\n", 1)
    new = b'{"kind":"weather","rain":[1,{"a":2}]}\n'
    new += b'{"kind":"lost","t":1,"count":1,"reason":"x","new":1}\n'
    path.write_bytes(first + b"\n" + new + rest)
    recording = read(path)
    assert recording.lines[1:] == [*LINES, END]
    assert recording.notes == [
        "1 lines of unknown kind 'weather' ignored",
        "unknown field 'lost.new' ignored 1 times",
    ]


def test_an_end_that_counts_other_events_is_noted(tmp_path: Path) -> None:
    """Lines taken out of a finished recording do not go unnoticed."""
    recording = read(write(tmp_path / "t.jsonl", LINES[:-7]))
    assert recording.notes == ["the end line counts 3 events, the file holds 1"]


def test_the_file_is_private_and_never_replaces_anything(tmp_path: Path) -> None:
    """Mode 0600 under any umask; an existing file or a dangling link is refused."""
    path = tmp_path / "t.jsonl"
    before = os.umask(0)
    try:
        write(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(RecordingError, match=r"exists already.*--force"):
        JsonlWriter(str(path), HEADER)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecordingError):
        JsonlWriter(str(link), HEADER)
    with pytest.raises(RecordingError, match="symbolic link"):
        JsonlWriter(str(link), HEADER, force=True)
    assert not (tmp_path / "elsewhere").exists()


def test_a_name_that_is_none_is_refused() -> None:
    """An empty name, or one that no file can have."""
    for name in ("", "/tmp/a\0b", "/", "/nowhere/at/all.jsonl"):  # noqa: S108 - never created
        for force in (False, True):
            with pytest.raises(RecordingError):
                JsonlWriter(name, HEADER, force=force)


def test_force_replaces_a_regular_file_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The new recording stands under its name from the first line on."""
    path = tmp_path / "t.jsonl"
    path.write_text("something else")
    writer = JsonlWriter(str(path), HEADER, force=True)
    assert read(path).header == HEADER
    writer.close(END)
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(RecordingError, match="a directory"):
        JsonlWriter(str(tmp_path), HEADER, force=True)


def test_events_and_losses_are_counted_for_the_end_line(tmp_path: Path) -> None:
    """Process, syscall and tcp lines are events; lost lines add their counts."""
    writer = JsonlWriter(str(tmp_path / "t.jsonl"), HEADER)
    writer.write_many(LINES)
    assert (writer.events, writer.lost) == (3, 3)
    writer.close(None)


def test_a_full_disk_is_a_clear_error() -> None:
    """/dev/full fails every write with ENOSPC (full(4))."""
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(RecordingError, match=r"No space left on device.*free some space"):
            JsonlWriter(fd, HEADER)
    finally:
        os.close(fd)


def test_a_reader_that_went_away_is_a_clear_error() -> None:
    """A broken pipe keeps its cause, by which a command ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with pytest.raises(RecordingError) as caught:
            JsonlWriter(writing, HEADER)
        assert isinstance(caught.value.__cause__, BrokenPipeError)
    finally:
        os.close(writing)


def test_names_that_are_not_utf8_are_kept_as_escapes(tmp_path: Path) -> None:
    """A lone surrogate (a byte that is not UTF-8) does not end a recording."""
    bad = [Process(t=0, event="seen", pid=1, comm="a\udcffb\ud800", cmdline=["é\udc80"])]
    lines = read(write(tmp_path / "t.jsonl", [*bad, *LINES])).lines
    first = lines[0]
    assert isinstance(first, Process)
    assert first.comm is not None
    assert first.comm.startswith("a\\x")
    assert first.cmdline == ["é\\x80"]
    assert lines[1] == LINES[0]


PROGRAM = """
import sys
from socktrace.lines import Lost
from socktrace.tracefile import JsonlWriter
from tests.unit.tracefile_samples import HEADER
writer = JsonlWriter(sys.argv[1], HEADER)
line = Lost(t=1, count=1, reason="x" * 300)
while True:
    writer.write_many([line] * 97)
    writer.flush()
"""


def test_kill_9_leaves_whole_lines(tmp_path: Path) -> None:
    """A writer killed in full flow leaves a file that reads to its last whole line."""
    path = tmp_path / "t.jsonl"
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)]) as writer:
        deadline = time.monotonic() + 30
        while not (path.exists() and path.stat().st_size > 500_000):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        writer.kill()
    data = path.read_bytes()
    recording = read(path)
    assert len(recording.lines) == data.count(b"\n") - 1
    assert recording.truncated is not None


def encode_rate(lines: list[Any], path: Path) -> float:
    """Lines a second of CPU time."""
    writer = JsonlWriter(str(path), HEADER)
    start = time.process_time()
    writer.write_many(lines)
    writer.flush()
    return len(lines) / (time.process_time() - start)


def test_writing_is_fast(tmp_path: Path) -> None:
    """Well above the rate at which events arrive; a tenth of what is measured on an idle core."""
    call = Syscall(
        t=123456789, dur=1234, pid=100, tid=100, comm="python3", call="sendto", ret=16,
        args={"len": 16, "flags": []}, fd=3, socket=1,
    )  # fmt: skip
    assert encode_rate([call] * 50_000, tmp_path / "t.jsonl") > 100_000
