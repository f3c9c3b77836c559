"""What is told beside a call: whether it blocked, and what it carried."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.lines import SocketLife, Syscall
from socktrace.model.world import World
from socktrace.text.calls import format_call, has_blocked
from socktrace.text.columns import width_of, wrap
from socktrace.text.payload import payload_text
from socktrace.text.style import Style
from socktrace.text.telling import Teller

MS, S = 1_000_000, 1_000_000_000


def call(name: str, dur: int = 5 * MS, **fields: Any) -> Syscall:
    """Make a call."""
    plain: dict[str, Any] = {"pid": 7, "tid": 7, "comm": "x", "ret": 0, "args": {}}
    return Syscall(t=0, dur=dur, call=name, **(plain | fields))


def life(*, nonblocking: bool | None) -> SocketLife:
    """Make a socket's life."""
    return SocketLife(
        1, 2, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", 0, nonblocking=nonblocking
    )


@pytest.mark.parametrize(
    ("line", "nonblocking", "blocked"),
    [
        (call("recvfrom"), None, True),
        (call("recvfrom"), False, True),
        (call("recvfrom"), True, False),
        (call("recvfrom", 900_000), False, False),
        (call("recvfrom", args={"flags": ["MSG_DONTWAIT"]}), False, False),
        (call("connect"), False, True),
        (call("connect"), True, False),
        (call("accept4"), False, True),
        (call("close"), False, False),
        (call("close", 1 * S), False, True),
        (call("close", 1 * S), True, True),
        (call("setsockopt", 9 * S), False, False),
        (call("epoll_wait", args={"timeout": -1}), None, True),
        (call("poll", args={"timeout": 0}), None, False),
        (call("poll", args={"timeout": 100}), True, True),
        (call("ppoll", args={"tmo_p": {"tv_sec": 0, "tv_nsec": 0}}), None, False),
        (call("select", args={}), None, True),
    ],
)
def test_only_what_can_wait_has_blocked(
    line: Syscall,
    nonblocking: bool | None,  # noqa: FBT001 - a column
    blocked: bool,  # noqa: FBT001 - a column
) -> None:
    """By the call, its flags and timeout, and the mode of its socket."""
    known = life(nonblocking=nonblocking)
    assert has_blocked(line, known) is blocked
    assert ("[blocked " in format_call(line, life=known)) is blocked


def carried(data: bytes, **fields: Any) -> Syscall:
    """Make a call that carried data."""
    return call("sendto", 1, payload=base64.b64encode(data).decode(), **fields)


def test_payload_is_escaped_byte_by_byte_with_its_length() -> None:
    """What is printable in ASCII as it is, quotes and backslashes so that they can be told."""
    line = carried(b'GET / "x" \\\r\n\x00\xff\xc3\xa9', ret=17)
    assert payload_text(line) == r'"GET / \"x\" \\\x0d\x0a\x00\xff\xc3\xa9", 17 B'
    assert payload_text(carried(b"ab", ret=4096)) == '"ab", first 2 B of 4.0 KiB'
    assert payload_text(call("sendto")) is None
    assert payload_text(call("sendto", payload="\x1b*")) == "(payload that is not base64)"


@given(st.binary(max_size=200), st.integers(40, 200))
def test_payload_fits_its_line(data: bytes, width: int) -> None:
    """Whatever the bytes, and nothing of them acts on a terminal."""
    text = payload_text(carried(data, ret=len(data)), width)
    if text is not None:
        assert len(text) <= width
        assert text.isascii() or text.replace("…", "").isascii()
        assert text.isprintable()


def test_payload_stands_below_its_call() -> None:
    """Indented, on one line."""
    teller = Teller(World(), Style())
    line, below = teller.take(carried(b"hello", ret=5))
    assert "sendto(" in line
    assert below == " " * 16 + '"hello", 5 B'
    teller.width = 40
    assert all(width_of(text) <= 40 for text in teller.take(carried(b"x" * 100, ret=100)))


@given(
    st.lists(st.sampled_from(["\x1b[31m", "\x1b[0m", "ab", "日", " ", "xyz"]), max_size=40),
    st.integers(4, 30),
)
def test_colour_takes_no_columns_and_is_never_cut(parts: list[str], width: int) -> None:
    """Lines fit by what is seen of them, and every sequence is whole."""
    lines = wrap("".join(parts), width, 2)
    assert all(width_of(line) <= width for line in lines)
    assert sum(line.count("\x1b[31m") + line.count("\x1b[0m") for line in lines) == sum(
        part.startswith("\x1b") for part in parts
    )
