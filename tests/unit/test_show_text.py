"""The small functions that turn values into text."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.lines import (
    Address,
    Blocked,
    Descriptor,
    End,
    Header,
    Line,
    Lost,
    Process,
    Sample,
    Socket,
    SocketLife,
    State,
    Syscall,
)
from socktrace.model.world import World
from socktrace.text import addresses
from socktrace.text.calls import format_call, format_value
from socktrace.text.columns import Column, fit, pad, table, width_of, wrap
from socktrace.text.numbers import duration, moment, size
from socktrace.text.stream import format_line
from socktrace.text.style import PLAIN, Style, style_for
from tests.unit.tracefile_samples import END, HEADER, LINES


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (12_345, "12.3 µs"),
        (1_230_000, "1.23 ms"),
        (123_999_999, "123 ms"),
        (59_999_999_999, "59.9 s"),
        (60_000_000_000, "1 min"),
        (125_000_000_000, "2 min 5 s"),
        (11_040_000_000_000, "3 h 4 min"),
        (273_600_000_000_000, "3 d 4 h"),
        (-1_500, "-1.50 µs"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    """Three digits and a unit below a minute, two units above."""
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3500, "3.4 KiB"), (150 << 20, "150 MiB")],
)
def test_sizes(count: int, text: str) -> None:
    """Binary units, a decimal below 100."""
    assert size(count) == text


@given(st.integers(-(2**63), 2**64))
def test_no_number_is_too_large(number: int) -> None:
    """Whatever fits a register is written."""
    assert duration(number)
    assert size(number)
    assert "." in moment(number)


def test_moments() -> None:
    """Seconds to the microsecond."""
    assert moment(1_234_567_890) == "1.234567"
    assert moment(-1_000) == "-0.000001"


def test_wide_letters_take_two_columns() -> None:
    """Cutting and padding go by columns, not characters."""
    assert width_of("日本") == 4
    assert fit("日本語", 5) == "日本…"
    assert [fit("abc", width) for width in range(-1, 4)] == ["", "", "…", "a…", "abc"]
    assert [fit("日本", width) for width in range(1, 5)] == ["…", "…", "日…", "日本"]
    assert pad("日", 4) == "日  "
    assert pad("ab", 4, right=True) == "  ab"


@given(st.text("ab 日", max_size=60), st.integers(4, 30), st.integers(0, 8))
def test_wrapped_lines_fit_and_keep_every_letter(text: str, width: int, indent: int) -> None:
    """No line is wider than the width, and nothing but spaces changes."""
    lines = wrap(text, width, indent)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(
    st.lists(st.lists(st.text("ab日", max_size=30), min_size=3, max_size=3), max_size=4),
    st.integers(30, 60),
)
def test_a_table_fits_its_width(rows: list[list[str]], width: int) -> None:
    """Columns that may shrink do, down to three."""
    columns = [Column("one", shrinks=True), Column("two", shrinks=True), Column("3", shrinks=True)]
    assert all(width_of(line) <= width for line in table(columns, rows, width))


def test_colour_is_for_terminals_that_want_it() -> None:
    """Not into a file, not with NO_COLOR, not on a dumb terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert style_for(Terminal(), {}).colour
    assert not style_for(Terminal(), {"NO_COLOR": "1"}).colour
    assert not style_for(Terminal(), {"TERM": "dumb"}).colour
    assert not style_for(io.StringIO(), {}).colour
    assert PLAIN.paint("error", "x") == "x"
    assert Style(colour=True).paint("error", "x") == "\x1b[31mx\x1b[0m"


def call(**fields: object) -> Syscall:
    """A call with defaults."""
    plain: dict[str, object] = {
        "t": 1_000, "dur": 12_000, "pid": 7, "tid": 7, "comm": "curl", "ret": 0, "args": {},
    }  # fmt: skip
    return Syscall(**(plain | fields))  # type: ignore[arg-type]


INET = {"family": "AF_INET", "ip": "127.0.0.1", "port": 80}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            call(call="connect", fd=3, socket=1, ret=-1, errno="EINPROGRESS",
                 args={"addr": INET, "addrlen": 16}),
            "connect(3<#1>, 127.0.0.1:80) = -1 EINPROGRESS  [12.0 µs]",
        ),
        (
            call(call="socket", socket=1, ret=3, args={
                "domain": "AF_INET", "type": ["SOCK_STREAM", "SOCK_CLOEXEC"],
                "protocol": "IPPROTO_TCP"}),
            "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3  [12.0 µs]",
        ),
        (
            call(call="sendto", fd=3, socket=2, ret=5, args={
                "len": 5, "flags": [], "addr": Address("AF_INET", ip="::1", port=1)}),
            "sendto(3<#2>, 5, 0, ::1:1) = 5  [12.0 µs]",
        ),
        (
            call(call="setsockopt", fd=3, socket=1, args={
                "level": "SOL_SOCKET", "optname": "SO_LINGER",
                "optval": {"onoff": 1, "linger": 0}}),
            "setsockopt(3<#1>, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}) = 0  [12.0 µs]",
        ),
        (
            call(call="epoll_ctl", fd=5, socket=4, args={
                "epfd": 3, "op": "EPOLL_CTL_ADD", "event": {"events": ["EPOLLIN"], "data": 5}}),
            "epoll_ctl(3, EPOLL_CTL_ADD, 5<#4>, {events=EPOLLIN, data=5}) = 0  [12.0 µs]",
        ),
        (
            call(call="accept4", fd=3, socket=1, ret=4, dur=2_000_000_000, args={"flags": []}),
            "accept4(3<#1>, 0) = 4  [blocked 2.00 s]",
        ),
        (
            call(call="poll", ret=1, args={
                "fds": [{"fd": 3, "events": ["POLLIN"], "revents": []}]}),
            "poll([{fd=3, events=POLLIN, revents=0}]) = 1  [12.0 µs]",
        ),
    ],
)  # fmt: skip
def test_calls_read_like_strace(line: Syscall, text: str) -> None:
    """Arguments in the man page's order, sockets by their sign, constants bare."""
    assert format_call(line) == text


def test_hostile_text_is_escaped_everywhere() -> None:
    """No control character of a name, an argument or a path reaches the terminal."""
    evil = "\x1b]0;x\x07\n\u202e"
    lines: list[Line] = [
        call(call=evil, comm=evil, errno=evil, abi=evil, args={
            evil: evil, "addr": {"family": evil}, "a": {evil: [evil, {"path": evil}]},
            "b": {"family": "AF_UNIX", "path": evil}}),
        Lost(t=1, count=1, reason=evil, call=evil),
    ]  # fmt: skip
    for line in lines:
        text = format_line(line, World())
        assert text
        assert text.isprintable()


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_argument_is_written_on_one_line(value: object) -> None:
    """Arguments are free-form."""
    assert format_value(value).isprintable()


def test_every_kind_of_line_has_its_text_or_none() -> None:
    """One line in, at most one line out."""
    world = World()
    told = []
    for line in [HEADER, *LINES, END]:
        world.apply(line)
        text = format_line(line, world)
        told.append(bool(text))
        assert text is None or "\n" not in text
    silent = {Header, Process, Sample, End}
    assert told == [type(line) not in silent for line in [HEADER, *LINES, END]]


def test_a_socket_told_of_twice_is_not_born_twice() -> None:
    """A later line may complete what was not known when the socket first appeared."""
    world = World()
    for t, origin in ((1, "there before"), (5, "known better now")):
        line = Socket(t, 1, 9, "AF_UNIX", "SOCK_STREAM", "0", "existing")
        world.apply(line)
        text = format_line(line, world)
        assert text
        assert origin in text


@pytest.mark.parametrize(
    ("family", "type_", "protocol", "kind"),
    [
        ("AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "TCP"),
        ("AF_INET6", "SOCK_DGRAM", "IPPROTO_UDP", "UDP v6"),
        ("AF_UNIX", "SOCK_SEQPACKET", "0", "unix seqpacket"),
        ("AF_INET", "SOCK_RAW", "IPPROTO_ICMP", "raw icmp"),
        ("AF_NETLINK", "SOCK_RAW", "NETLINK_ROUTE", "netlink route"),
        ("AF_VSOCK", "SOCK_STREAM", "0", "vsock stream"),
    ],
)
def test_kinds_of_sockets(family: str, type_: str, protocol: str, kind: str) -> None:
    """As people call them."""
    life = SocketLife(1, 2, family, type_, protocol, "socket", 0)
    assert addresses.kind(life) == kind


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            Lost(t=0, count=30, reason="ring full", socket=1, call="recvfrom", errors=2,
                 bytes=4096),
            "! lost 30 recvfrom on #1 (2 failed, 4.0 KiB): ring full",
        ),
        (Lost(t=0, count=1, reason="program skipped"), "! lost 1 event: program skipped"),
        (
            Blocked(t=3_000_000_000, since=1_000_000_000, pid=7, tid=8, comm="web", call="accept4",
                    fd=3, socket=1),
            "web(7) thread 8 blocked in accept4(3<#1>) for 2.00 s",
        ),
        (
            Blocked(t=2_000_000_000, since=0, pid=7, tid=7, comm="web", call="epoll_wait", fd=9,
                    sockets=[1, 4], began_before=True),
            "web(7) blocked in epoll_wait(9<#1 #4>) for longer than 2.00 s",
        ),
        (
            call(call="recvfrom", dur=5_000_000, fd=3, socket=1, args={"len": 9, "flags": []},
                 began_before=True),
            "recvfrom(3<#1>, 9, 0) = 0  [blocked 5.00 ms]  (began before the recording)",
        ),
        (
            State(t=5, socket=1, layer="api", from_=None, to="listening", cause="unknown"),
            " " * 16 + "· #1 listening",
        ),
        (
            State(t=5_000, socket=1, layer="tcp", from_="SYN-SENT", to="CLOSED", cause="kernel"),
            "    0.000005    · #1 TCP SYN-SENT → CLOSED  by the kernel",
        ),
        (
            Descriptor(t=5, socket=1, pid=7, fd=3, event="opened", via="existing"),
            "+ #1 descriptor 3 of 7 there before",
        ),
    ],
)  # fmt: skip
def test_what_is_no_plain_call(line: Line, text: str) -> None:
    """Losses with their sums, waits with their length, what the kernel did with its own time."""
    written = format_line(line, World())
    assert written is not None
    assert written.endswith(text)
