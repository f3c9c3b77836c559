"""Whatever a file holds, reading it gives lines or a clear error, never anything else."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socktrace.tracefile import RecordingError, decoding
from tests.unit.tracefile_samples import END, HEADER, LINES, read, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def whole(tmp_path: Path) -> list[bytes]:
    """The lines of a valid recording, as bytes."""
    return write(tmp_path / "whole").read_bytes().splitlines()


def refused(path: Path, content: bytes) -> str:
    """The complaint about a file with this content, which must name it and advise."""
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert str(path) in caught.value.what
    assert caught.value.next_step
    return caught.value.why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"hello\n", "not JSON"),
        (b"\x7fELF\x02", "not JSON"),
        (b"[1,2]\n", "not JSON objects"),
        (b'{"a":1}\n', 'no header with "format"'),
        (b'{"format":"pcap","version":1}\n', 'no header with "format"'),
        (b'{"format":"socktrace","version":"1"}\n', "version"),
        (b'{"format":"socktrace","version":true}\n', "version"),
        (b'{"format":"socktrace","version":0}\n', "version"),
        (b'{"format":"socktrace","version":1}\n', "missing required field"),
        (b'{"kind":"header","format":"socktrace","version":1}\n', "missing required field"),
        (b'{"header":', "value was expected"),
        (b'{"header":{"format":"socktrace","version":1}', "not a socktrace recording"),
        (b"{", "value was expected"),
        (b'{"x' + b"\\" * 5, "middle of a value"),
        (b"\x1f\x8b\x08\x00junk", "empty"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, why: str
) -> None:
    """Empty, foreign and headless files."""
    assert why in refused(tmp_path / "t.jsonl", content)


def test_a_newer_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    """Even when the newer header looks quite different."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"kind":"header","format":"socktrace","version":2,"host":17}\n')
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert caught.value.why == "made by a newer socktrace (version 2); this one reads up to 1"
    assert "upgrade" in caught.value.next_step


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"kind":"lost","t":', "middle of a value"),
        (b'{"kind":"lost","t":1,"count":"many","reason":"x"}', "$.count"),
        (b'{"kind":"lost","t":1,"reason":"x"}', "`count`"),
        (b'{"kind":"lost","t":1,"count":1,"reason":"\xff"}', "UTF-8"),
        (b'{"kind":"process","t":1,"event":"dance","pid":1}', "$.event"),
        (b'{"kind":"lost","t":1,"count":1,"reason":"x","socket":77}', "socket 77"),
        (b'{"t":1}', "`kind`"),
        (b"17", "object"),
        (b'{"kind":"lost","t":1' + b"0" * 30 + b',"count":1,"reason":"x"}', "64 bits"),
        (b'{"kind":"lost","t":1,"count":1,"reason":"x","x":' + b"[" * 100_000, "nested"),
        (b'{"kind":"new","x":' + b"[" * 100_000, "nested"),
        (
            b'{"kind":"lost","t":1,"count":1,"reason":"x","x":' + b"[" * 70 + b"]" * 70 + b"}",
            "nested",
        ),
        (b'{"kind":"end","t":1,"events":0,"lost_events":0,"reason":"x"}', "follows the end"),
    ],
)
def test_a_damaged_line_is_named_with_place_and_reason(
    tmp_path: Path, whole: list[bytes], line: bytes, why: str
) -> None:
    """Line number, byte offset and why; what comes before it can still be had."""
    path = tmp_path / "t.jsonl"
    content = b"\n".join([*whole[:4], line, *whole[4:]]) + b"\n"
    said = refused(path, content)
    assert why in said
    place = 6 if "follows" in why else 5
    offset = len(b"\n".join(content.split(b"\n")[: place - 1])) + 1
    assert said.startswith(f"line {place} (byte {offset})")


def test_a_second_header_is_refused(tmp_path: Path, whole: list[bytes]) -> None:
    """Two recordings one after the other are not one."""
    content = b"\n".join([*whole[:-1], *whole]) + b"\n"
    assert "second header" in refused(tmp_path / "t.jsonl", content)


def test_a_line_without_end_does_not_fill_the_memory(
    tmp_path: Path, whole: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line is refused as soon as it is longer than the limit."""
    monkeypatch.setattr("socktrace.tracefile.lines_reader.LARGEST", 1 << 20)
    content = whole[0] + b'\n{"kind":"lost","reason":"' + b"x" * (3 << 20)
    assert "longer than 1 MiB" in refused(tmp_path / "t.jsonl", content)
    assert decoding.LARGEST == 64 << 20


def test_a_64_bit_value_is_no_damage(tmp_path: Path, whole: list[bytes]) -> None:
    """epoll data is any 64 bits; long digits in a string are no number."""
    line = b'{"kind":"syscall","t":1,"dur":1,"pid":1,"tid":1,"comm":"99999999999999999999999",'
    line += b'"call":"epoll_ctl","ret":0,"args":{"data":18446744073709551615}}'
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\n".join([whole[0], line]) + b"\n")
    assert len(read(path).lines) == 1


def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A FIFO without a writer would block for ever, /dev/zero never end."""
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "sock"))
        for path, kind in (
            (tmp_path / "fifo", "a FIFO"),
            (tmp_path, "a directory"),
            (type(tmp_path)("/dev/zero"), "a character device"),
            (tmp_path / "sock", "No such device"),
            (tmp_path / "none", "no such file"),
            (type(tmp_path)("/a\0b"), "null byte"),
        ):
            with pytest.raises(RecordingError, match=kind):
                read(path)


def document() -> bytes:
    """A small document in the layout of another writer, members in another order."""
    plain = [json.loads(line) for line in SAMPLE]
    events = [x for x in plain[1:-1] if x["kind"] not in ("process", "finding")]
    life = {"socket": 1, "inode": 2, "family": "AF_INET", "type": "SOCK_STREAM"}
    life |= {"protocol": "IPPROTO_TCP", "origin": "socket", "created": 5}
    whole = {"end": plain[-1], "events": events, "sockets": [life], "header": plain[0]}
    whole["findings"] = [x for x in plain if x["kind"] == "finding"]
    whole["processes"] = [x for x in plain if x["kind"] == "process"]
    return json.dumps(whole, indent=1).encode()


SAMPLE: list[bytes] = []


@pytest.fixture(scope="module", autouse=True)
def _sample(tmp_path_factory: pytest.TempPathFactory) -> None:
    SAMPLE[:] = write(tmp_path_factory.mktemp("s") / "t").read_bytes().splitlines()


def test_a_document_rearranged_by_another_tool_reads_the_same(tmp_path: Path) -> None:
    """JSON objects have no order: jq -S and pretty printers may have had it."""
    path = tmp_path / "t.json"
    path.write_bytes(document())
    assert read(path) == (HEADER, [*LINES, END], None, [])


def test_a_document_cut_short_says_where(tmp_path: Path) -> None:
    """It is still read as far as it goes, or refused when not even the header is there."""
    path = tmp_path / "t.json"
    content = document()
    for size in (*range(1, len(content) - 1, 7), *range(len(content) - 12, len(content) - 1)):
        path.write_bytes(content[:size])
        try:
            assert read(path).truncated
        except RecordingError as error:
            assert "not a socktrace recording" in error.why  # noqa: PT017 - one of two outcomes


def test_damage_in_a_document_is_named(tmp_path: Path) -> None:
    """Which member, which element, where and why."""
    path = tmp_path / "t.json"
    content = document().replace(b'"count": 3', b'"count": []')
    said = refused(path, content)
    assert said.startswith("events[8]")
    assert "$.count" in said


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """A valid recording with lines dropped, doubled or swapped, and bytes changed or cut."""
    if draw(st.booleans()):
        lines = list(SAMPLE)
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(lines) - 1))
            other = draw(st.integers(0, len(lines) - 1))
            lines[at : at + 1] = draw(
                st.sampled_from([[], [lines[at]] * 2, [lines[other]], [lines[at][:other]]])
            )
            lines = lines or [b""]
        data = bytearray(b"\n".join(lines) + b"\n")
    else:
        data = bytearray(document())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 1, 1, 4, 100]))
        data[at : at + length] = draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"[", b"{", b'"', b"\\", b"null", b"-", b"1e999", b"9" * 40]),
                st.sampled_from([b"[" * 5000, b'{"a":' * 5000, b"\xff", b"\0", b"\n", b"\\ud800"]),
            )
        )
    return bytes(data)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=mutilated())
def test_no_mutilation_gives_anything_but_lines_or_the_error(
    tmp_path: Path, content: bytes
) -> None:
    """Fuzzed recordings of both forms read or are refused."""
    path = tmp_path / "fuzzed"
    path.write_bytes(content)
    try:
        read(path)
    except RecordingError as error:
        assert error.why  # noqa: PT017 - one of two outcomes
