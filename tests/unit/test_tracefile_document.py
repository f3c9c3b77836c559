"""A document holds what the lines hold, and each socket's life as the model tells it."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING

import jsonschema
import msgspec
import pytest

from socktrace.lines import Document, Finding, Line, Lost, Process, Syscall
from socktrace.tracefile import RecordingError, open_recording, schema, write_document
from socktrace.tracefile.replay import replay, whole_world
from tests.unit.tracefile_samples import END, HEADER, LINES, read, write

if TYPE_CHECKING:
    from pathlib import Path

MANY: list[Line] = [*LINES[:2], *(
    Syscall(t=n, dur=5, pid=7, tid=7, comm="é", call="read", ret=n % 9, fd=3,
            socket=1, args={"count": 9})
    for n in range(20, 3000, 7)
)]  # fmt: skip


@pytest.mark.parametrize("lines", [LINES, MANY, []], ids=["each kind", "many", "none"])
def test_a_document_reads_back_as_the_lines_it_was_made_of(
    tmp_path: Path, lines: list[Line]
) -> None:
    """Nothing is lost on the way to a document and back, and processes find their places."""
    path = tmp_path / "t.json"
    write_document(str(path), HEADER, [*lines, END])
    again = read(path)
    assert again.header == HEADER
    assert again.lines == [*lines, END]
    assert again.truncated is None


def test_it_is_valid_and_holds_the_lives_of_a_replay(tmp_path: Path) -> None:
    """The schema accepts it, the typed form decodes, and the lives are the world's."""
    path = tmp_path / "t.json"
    write_document(str(path), HEADER, [*LINES, END])
    content = path.read_bytes()
    published = json.loads(
        (schema.DEFAULT_DIRECTORY / "recording-v1-document.schema.json").read_text()
    )
    jsonschema.Draft202012Validator(published).validate(json.loads(content))
    document = msgspec.json.decode(content, type=Document)
    world = whole_world()
    for _ in replay(LINES, world):
        pass
    assert document.sockets == list(world.sockets.values())
    assert document.sockets[0].calls["connect"].errors == {"EINPROGRESS": 1}
    assert [type(line) for line in document.processes] == [Process]
    assert [type(line) for line in document.findings] == [Finding]


def test_a_recording_cut_short_makes_a_document_without_end(tmp_path: Path) -> None:
    """And reading it says so again."""
    with open_recording(str(write(tmp_path / "t.jsonl", end=None))) as recording:
        write_document(str(tmp_path / "t.json"), recording.header, recording)
    assert "end" not in json.loads((tmp_path / "t.json").read_bytes())
    assert read(tmp_path / "t.json").truncated is not None


def test_it_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failure half-way leaves neither the file nor a temporary one."""

    def failing() -> list[Line]:
        raise RecordingError("what", "why", "next")

    with pytest.raises(RecordingError):
        write_document(str(tmp_path / "t.json"), HEADER, (line for line in failing()))
    assert list(tmp_path.iterdir()) == []


def test_it_never_replaces_unasked_and_is_private(tmp_path: Path) -> None:
    """As for .jsonl; with force the old one is replaced at the end."""
    path = tmp_path / "t.json"
    path.write_text("old")
    with pytest.raises(RecordingError, match="exists already"):
        write_document(str(path), HEADER, LINES)
    assert path.read_text() == "old"
    write_document(str(path), HEADER, LINES, force=True)
    assert read(path).header == HEADER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_line_that_makes_no_sense_is_an_error_not_a_crash() -> None:
    """Arguments are free-form: a hostile file may hold anything there."""
    lines: list[Line] = [
        LINES[1],
        Lost(t=1, count=1, reason="x"),
        Syscall(
            t=9, dur=1, pid=1, tid=1, comm="x", call="recvmmsg", ret=1, socket=1,
            args={"msgvec": {"msg_len": ["x"]}},
        ),
    ]  # fmt: skip
    try:
        assert len(list(replay(lines, whole_world()))) == len(lines)
    except RecordingError as error:
        assert "makes no sense" in error.why  # noqa: PT017 - one of two outcomes


def test_an_error_of_the_model_names_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the model cannot digest ends in the recording's own exception."""
    world = whole_world()

    def digest(_: Line) -> None:
        raise TypeError("argument of type 'int' is not iterable")

    monkeypatch.setattr(world, "apply", digest)
    with pytest.raises(RecordingError, match=r"process line at t=0 makes no sense.*iterable"):
        list(replay(LINES, world))


def test_no_space_leaves_no_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so, and nothing half-written stays."""

    def copy(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("shutil.copyfileobj", copy)
    with pytest.raises(RecordingError, match="No space left on device"):
        write_document(str(tmp_path / "t.json"), HEADER, LINES)
    assert list(tmp_path.iterdir()) == []
