"""The spool: what goes in comes out, and whatever happens to the file is told, not believed."""

from __future__ import annotations

import fcntl
import os
import stat
import tracemalloc
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socktrace.calls import CALLS
from socktrace.lines import End
from socktrace.spool import layout, writer
from socktrace.spool.frames import Frames
from socktrace.spool.layout import Frame, Records
from socktrace.spool.reader import SpoolReader
from socktrace.spool.splitting import DATA_MOST, FULL_MOST, split
from socktrace.spool.writer import SpoolWriter
from socktrace.tracefile.errors import RecordingError
from socktrace.wire import FOLD, ends
from tests.unit.spool_samples import EVENTS, data, full, head, reading, records, spool, story


def same(one: Frame | None, other: Frame | None) -> bool:
    """Whether two frames hold the same."""
    if isinstance(one, Records) and isinstance(other, Records):
        return [a.tobytes() for a in one] == [b.tobytes() for b in other]
    return one == other


def frames_of(reader: SpoolReader) -> tuple[list[Frame], Frames]:
    """Return every frame after the head, and what the iteration said at its end."""
    frames = Frames(reader)
    return [frame for frame in frames if frame is not None], frames


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    """Events, records of all three layouts and the end are read as they were written."""
    folds = np.zeros(2, FOLD)
    folds["calls"] = 7, 8
    frames = [*story()[:-1], Records(full(0), data(0), folds), story()[-1]]
    reader = reading(spool(tmp_path / "s", frames, limits={"passing": 3}))
    assert reader.head() == head(limits={"passing": 3})
    found, state = frames_of(reader)
    assert all(map(same, found, frames))
    assert len(found) == len(frames)
    assert (state.cut, state.damage) == ("", "")


def test_a_spool_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600, never over something that is there, never through a link."""
    before = os.umask(0)
    try:
        path = spool(tmp_path / "s", [])
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("s", "link"):
        with pytest.raises(RecordingError):
            SpoolWriter(str(tmp_path / name))
    assert not (tmp_path / "target").exists()


def test_a_spool_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be read by its descriptor, and leaves nothing behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = SpoolWriter(None)
    made.begin(head())
    made.events(EVENTS)
    reader = SpoolReader(made.descriptor, "nameless")
    assert reader.head() == head()
    assert frames_of(reader)[0] == [EVENTS]
    assert not list(tmp_path.iterdir())
    made.close()


def test_frames_show_as_they_are_written(tmp_path: Path) -> None:
    """A reader that follows gets each frame once it is whole, and None until then."""
    path = spool(tmp_path / "whole", story())
    raw = path.read_bytes()
    growing = tmp_path / "growing"
    growing.write_bytes(raw[:0])
    reader = SpoolReader(os.open(growing, os.O_RDONLY), "growing")
    lengths = iter(range(len(raw) - 2000, len(raw) + 1))
    growing.write_bytes(raw[: len(raw) - 2001])
    reader.head()

    def more() -> bool:
        with growing.open("r+b") as stream:
            length = next(lengths)
            stream.seek(0, os.SEEK_END)
            stream.write(raw[stream.tell() : length])
        return length < len(raw)

    frames = Frames(reader, more)
    found = [frame for frame in frames if frame is not None]
    assert len(found) == len(story())
    assert frames.cut == ""


@pytest.mark.parametrize("what", ["magic", "version", "length", "checksum", "kept", "empty"])
def test_a_head_that_is_none(tmp_path: Path, what: str) -> None:
    """Each is refused in words; none is believed."""
    path = spool(tmp_path / "s", story())
    raw = bytearray(path.read_bytes())
    place = {"magic": 0, "version": 8, "length": 15, "checksum": 16, "kept": 30}.get(what)
    if place is None:
        raw = bytearray()
    else:
        raw[place] ^= 0x7F
    path.write_bytes(raw)
    with pytest.raises(RecordingError) as caught:
        reading(path).head()
    assert caught.value.next_step


def test_a_spool_of_another_layout(tmp_path: Path) -> None:
    """Records that another version laid out are not taken for ours."""
    path = spool(tmp_path / "s", story(), layout="00000000")
    with pytest.raises(RecordingError, match="another layout"):
        reading(path).head()


def test_the_layout_has_a_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """It differs as soon as a field or a call's number does."""
    before = layout.fingerprint()
    monkeypatch.setattr(layout, "CALLS", CALLS[1:])
    calls = layout.fingerprint()
    monkeypatch.setattr(layout, "DATA", np.dtype([("start", "<u8")]))
    assert len({before, calls, layout.fingerprint()}) == 3


def test_cut_short_anywhere(tmp_path: Path) -> None:
    """Whatever is missing at the end: all whole frames are read, and the rest is told."""
    path = spool(tmp_path / "s", story())
    raw = path.read_bytes()
    reader = reading(path)
    reader.head()
    edges = [reader.offset]
    while reader.frame() is not None:
        edges.append(reader.offset)
    for length in {*edges[:-1], *(edge + 1 for edge in edges[:-1]), *(e - 1 for e in edges[1:])}:
        path.write_bytes(raw[:length])
        reader = reading(path)
        reader.head()
        found, state = frames_of(reader)
        assert len(found) == sum(edge <= length for edge in edges[1:])
        assert "cut short" in state.cut
        assert not state.damage


@pytest.mark.parametrize("place", ["type", "length", "checksum", "content", "zeros"])
def test_damage_ends_it(tmp_path: Path, place: str) -> None:
    """A frame that is damaged, and all after it, is not used; the byte is named."""
    path = spool(tmp_path / "s", story())
    raw = bytearray(path.read_bytes())
    reader = reading(path)
    reader.head()
    reader.frame()
    begin = reader.offset
    if place == "zeros":
        raw[begin:] = bytes(len(raw) - begin)
    else:
        raw[begin + {"type": 0, "length": 7, "checksum": 8, "content": 100}[place]] ^= 0x80
    path.write_bytes(raw)
    reader = reading(path)
    reader.head()
    found, state = frames_of(reader)
    assert found == [EVENTS]
    assert f"at byte {begin}" in state.cut


def _framed(kind: int, raw: bytes) -> bytes:
    import zlib  # noqa: PLC0415 - here alone

    return layout.FRAME.pack(kind, len(raw), zlib.crc32(raw)) + raw


@pytest.mark.parametrize(
    "frame",
    [
        _framed(layout.RECORDS, b""),
        _framed(layout.RECORDS, layout.COUNTS.pack(0, 1, 0)),
        _framed(layout.RECORDS, layout.COUNTS.pack(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(80)),
        _framed(layout.EVENTS, b"\xc1"),
        _framed(layout.EVENTS, msgspec.msgpack.encode([{"type": "None such"}])),
        _framed(layout.EVENTS, msgspec.msgpack.encode([{"type": "Seen", "t": "x"}])),
        _framed(layout.END, msgspec.msgpack.encode({})),
        _framed(9, b""),
    ],
)
def test_frames_that_were_made_up(tmp_path: Path, frame: bytes) -> None:
    """With the right checksum and the wrong content: it is told, and nothing is raised."""
    path = spool(tmp_path / "s", [EVENTS])
    with path.open("ab") as stream:
        stream.write(frame)
    reader = reading(path)
    reader.head()
    found, state = frames_of(reader)
    assert found == [EVENTS]
    assert state.damage


def test_no_memory_for_what_is_only_claimed(tmp_path: Path) -> None:
    """A frame that says it is larger than any of ours is not read, though the file is as large."""
    path = spool(tmp_path / "s", [])
    with path.open("ab") as stream:
        stream.write(layout.FRAME.pack(layout.EVENTS, layout.FRAME_MOST + 1, 0))
        stream.truncate(stream.tell() + layout.FRAME_MOST + 1)
    reader = reading(path)
    reader.head()
    tracemalloc.start()
    try:
        found, state = frames_of(reader)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not found
    assert state.damage
    assert peak < 1 << 20


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_done_to_it(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes changed, cut or put in anywhere: a prefix of the frames, or a complaint."""
    path = tmp_path / "s"
    path.unlink(missing_ok=True)
    raw = bytearray(spool(path, story()).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
        if not raw:
            break
    path.write_bytes(raw)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        reader = SpoolReader(descriptor, "s")
        try:
            found_head = reader.head()
        except RecordingError:
            return
        assert found_head == head()
        found, _ = frames_of(reader)
        assert all(map(same, found, story()))
    finally:
        os.close(descriptor)


def test_a_full_disk_leaves_whole_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be written of a frame before there was no room is taken back."""
    made = SpoolWriter(str(tmp_path / "s"))
    made.begin(head())
    made.events(EVENTS)
    size = made.size

    def little(descriptor: int, pieces: list[bytes], offset: int) -> int:
        return os.pwrite(descriptor, b"".join(pieces)[:20], offset)

    def none(descriptor: int, raw: bytes, offset: int) -> int:
        del descriptor, raw, offset
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwritev", little)
    real, calls = os.pwrite, []

    def second(descriptor: int, raw: bytes, offset: int) -> int:
        calls.append(offset)
        return real(descriptor, raw, offset) if len(calls) == 1 else none(descriptor, raw, offset)

    monkeypatch.setattr(os, "pwrite", second)
    with pytest.raises(RecordingError, match="No space left"):
        made.records(records())
    made.close()
    assert (tmp_path / "s").stat().st_size == made.size == size
    reader = reading(tmp_path / "s")
    reader.head()
    assert frames_of(reader)[0] == [EVENTS]


def test_space_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was let go takes no room, and a reader begins after it and says so."""
    monkeypatch.setattr(writer, "HOLE_LEAST", 0)
    made = SpoolWriter(str(tmp_path / "s"))
    made.begin(head())
    for place in range(50):
        made.records(records(1000, 100, place * 20_000))
    before, middle = os.fstat(made.descriptor).st_blocks, made.size
    made.records(records(5, 0, 9_000_000))
    made.end(End(t=1, events=0, lost_events=0, reason="x"))
    made.let_go(middle)
    made.close()
    assert (tmp_path / "s").stat().st_blocks < before / 10, "on ext4, xfs, btrfs and tmpfs"
    reader = reading(tmp_path / "s")
    assert reader.head() == head()
    assert reader.let_go
    found, state = frames_of(reader)
    assert same(found[0], records(5, 0, 9_000_000))
    assert len(found) == 2
    assert not state.cut


def test_a_spool_that_is_written_is_locked(tmp_path: Path) -> None:
    """Whoever would recover it meanwhile can tell."""
    made = SpoolWriter(str(tmp_path / "s"))
    with (tmp_path / "s").open("rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.close()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("data_count", "full_count", "pieces"),
    [(0, 0, 1), (5, 5, 1), (DATA_MOST, FULL_MOST, 1), (DATA_MOST + 1, 0, 2), (0, FULL_MOST + 1, 2),
     (3 * DATA_MOST, 2 * FULL_MOST + 7, 6)],
)  # fmt: skip
def test_large_readings_come_in_pieces(data_count: int, full_count: int, pieces: int) -> None:
    """Nothing is lost or doubled, no piece is large, and time never goes back between two."""
    whole = Records(full(full_count), data(data_count), np.zeros(3, FOLD))
    parts = list(split(whole))
    assert same(whole, Records(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True))))
    assert len(parts) == pieces
    latest = 0
    for part in parts:
        assert len(part.data) <= DATA_MOST
        assert len(part.full) <= FULL_MOST
        times = [*ends(part.full).tolist(), *ends(part.data).tolist()]
        assert min(times, default=latest) >= latest
        latest = max(times, default=latest)
