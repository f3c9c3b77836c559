"""Lines read many at once are those read one by one, and so is what is said of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.tracefile import RecordingError, lines_reader
from socktrace.tracefile.decoding import decode_block
from socktrace.tracefile.encoding import encode
from tests.unit.tracefile_samples import END, HEADER, LINES, read

ENCODED = [encode(line) for line in [*LINES, END]]
ODD = [
    b"", b"  ", b"{}", b"}", b"{", b"null", b'{"kind":"weather"}', b'{"kind":"lost"}', b"\0\0",
    b'{"kind":"lost","t":1,"count":1,"reason":"x","new":1}',
    b'{"kind":"lost","t":1,"count":1,"reason":"x"} {"kind":"lost","t":1,"count":1,"reason":"y"}',
    b'{"kind":"lost","t":1,"count":1,', b'"reason":"x"}', b' {"kind":"lost","t":1,"count":1}\r',
    b'{"kind":"lost","t":1,"count":' + b"9" * 30 + b',"reason":"x"}',
    b'{"kind":"syscall","t":1,"dur":1,"pid":1,"tid":1,"comm":"","call":"x","ret":0,"args":{"a":'
    + b"[" * 70 + b"]" * 70 + b"}}",
]  # fmt: skip


def content(lines: list[bytes], end: bytes = b"\n") -> bytes:
    """Build a recording."""
    return b"\n".join([encode(HEADER), *lines]) + end


def outcome(data: bytes) -> Any:
    """Read a recording: all that it said, or the error."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "t.jsonl"
        path.write_bytes(data)
        try:
            return read(path)
        except RecordingError as error:
            return error.why, error.next_step


def both_ways(data: bytes) -> tuple[Any, Any]:
    """Read in blocks and line by line."""
    at_once = outcome(data)
    with patch.object(lines_reader, "decode_block", lambda _: None):
        return at_once, outcome(data)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.sampled_from([*ENCODED, *ODD]), max_size=12),
    st.sampled_from([b"\n", b"", b"\n\n", b'\n{"kind":"e']),
    st.sampled_from([30, 200, 1 << 18]),
)
def test_odd_lines_make_no_difference(lines: list[bytes], end: bytes, chunk: int) -> None:
    """Blank, unknown, damaged, cut or several on one: the same lines, notes, places, errors."""
    with patch.object(lines_reader, "CHUNK", chunk):
        at_once, one_by_one = both_ways(content(lines, end))
    assert at_once == one_by_one


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_changed_bytes_make_no_difference(at: int, byte: int, insert: bool) -> None:  # noqa: FBT001 - drawn
    """One byte put in or replaced anywhere after the header."""
    data = content(ENCODED)
    begin = data.index(b"\n") + 1
    at = begin + at % (len(data) - begin)
    at_once, one_by_one = both_ways(data[:at] + bytes([byte]) + data[at + (not insert) :])
    assert at_once == one_by_one


@pytest.mark.parametrize("odd", ODD)
def test_what_is_to_be_told_is_looked_at_line_by_line(odd: bytes) -> None:
    """A block with anything odd is not taken as a whole, wherever it stands; without, it is."""
    assert decode_block(ENCODED) == [*LINES, END]
    for place in (0, 3, len(ENCODED)):
        assert decode_block([*ENCODED[:place], odd, *ENCODED[place:]]) is None


def test_two_values_on_a_line_do_not_make_up_for_one_on_two_lines() -> None:
    """As many values as lines are not enough: each line must have its own."""
    (first, second) = ENCODED[6].split(b",", 1)
    lines = [first + b",", second, ENCODED[6] + ENCODED[6]]
    assert decode_block(lines) is None
    assert decode_block([ENCODED[6], b"", ENCODED[6] + ENCODED[6]]) is None
