"""What is told of a socket, one fact a line, and its changes of state."""

from __future__ import annotations

import pytest

from socktrace.lines import Blocked, Descriptor, Line, Process
from socktrace.text.columns import width_of
from socktrace.text.numbers import MILLISECOND, SECOND
from socktrace.view.life.calls import calls
from socktrace.view.life.facts import facts, title
from socktrace.view.life.history import changes
from socktrace.view.life.holders import holders
from socktrace.view.life.rows import Target
from socktrace.view.spans import plain
from tests.screens.scripted import recorded
from tests.unit.life_samples import (
    HERE,
    THERE,
    call,
    page,
    series_of,
    socket_line,
    state,
    text_of,
)


def test_facts_of_a_recorded_connection() -> None:
    """Kind, ends, role, birth, other end, end: each once, with what Enter opens."""
    found = page(recorded("tcp_echo"), 2)
    rows = facts(found, 100)
    text = text_of(rows)
    for words in (
        "TCP: AF_INET, SOCK_STREAM, IPPROTO_TCP",
        "127.0.0.1:38392",
        "connector: it asked for the connection",
        "TIME-WAIT (inferred)",
        "0.012410, socket by tcp_echo(17151)",
        "#3 127.0.0.1:55451",
        "16 B in, 16 B out",
        "by close, after 334 µs",
    ):
        assert words in text
    targets = [row.target for row in rows if row.target is not None]
    assert Target("socket", 3) in targets
    assert Target("event", 12_407_036) in targets
    assert plain(title(found)).startswith("#2 TCP  127.0.0.1:38392")


def test_facts_of_a_listener() -> None:
    """What it accepted, and how long that waited."""
    found = page(recorded("tcp_echo"), 1)
    rows = facts(found, 100)
    assert "listener: takes connections" in text_of(rows)
    assert "74.7 µs" in text_of(rows)
    assert Target("socket", 3) in [row.target for row in rows]
    assert "B in" not in text_of(rows)


def test_facts_of_an_open_socket() -> None:
    """Times go on: since when it is in its state, how long a call waits."""
    waiting = Blocked(5 * SECOND, 2 * SECOND, 7, 7, "seven", "recvfrom", 3, 1)
    lines: list[Line] = [
        socket_line(local=HERE, remote=THERE, origin="existing"),
        state("connected", SECOND, inferred=True),
    ]
    found = page(lines, now=5 * SECOND, blocked={1: [waiting]})
    text = text_of(facts(found, 100))
    assert "connected, for longer than 4.00 s (inferred)" in text
    assert "for longer than" in plain(title(found))
    assert "not known: it came by it before we looked" in text
    assert "blocked in recvfrom" in text
    assert "before we looked" in text
    assert "never, as far as was seen" in text
    named = text_of(facts(found, 100, lambda _: "a name"))
    assert "a name" in named


def test_facts_of_what_went_wrong() -> None:
    """Errors, resets, options."""
    lines: list[Line] = [
        socket_line(),
        state("connecting", 0),
        call("connect", 0, 10, -1, errno="ECONNREFUSED", args={"addr": {"family": "AF_INET"}}),
        state("created", 10, from_="connecting"),
        call(
            "setsockopt", 20, 1, args={"level": "SOL_SOCKET", "optname": "SO_LINGER", "optval": 1}
        ),
        call("recvfrom", 30, MILLISECOND, 0, args={"len": 5}),
    ]
    text = text_of(facts(page(lines), 90))
    assert "end of file" in text
    assert "SO_LINGER = 1" in text


def test_changes_name_their_causes() -> None:
    """The newest first, with the call that did it."""
    rows = changes(page(recorded("tcp_echo"), 2), 100)
    lines = [plain(row.spans) for row in rows]
    assert "connected → closed" in lines[1]
    assert "by close of 17151" in lines[1]
    assert rows[1].target == Target("event", 12_614_725)
    assert any("FIN-WAIT-2 → TIME-WAIT" in line and "(inferred)" in line for line in lines)


def test_hostile_text_is_escaped() -> None:
    """Names of programs, options and states from a file."""
    lines: list[Line] = [
        Process(0, "seen", 7, comm="\x1b[2J[/x]\u202e"),
        socket_line(family="AF_\x1b]0;x\x07", type="SOCK_\x9b", protocol="\n\n"),
        Descriptor(0, 1, 7, 3, "opened", "\x1bvia"),
        state("\x1b[31mstate", 0, cause="\x1b"),
        call("setsockopt", 2, 1, args={"optname": "\x1bname", "optval": "\x1bvalue"}),
        call("\x1bcall", 3, 1, -1, errno="\x1berr", comm="\x1b[2J[/x]\u202e"),
    ]
    found = page(lines)
    series = series_of(lines, found.life)
    rows = [
        *facts(found, 80),
        *changes(found, 80),
        *calls(found.life, series, "\x1bcall", 80),
        *holders(found.life, found.name_of, found.parents, 9, 80),
    ]
    text = text_of(rows) + plain(title(found))
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(text)
    assert "\\x1b[2J[/x]\\u202e" in text


@pytest.mark.parametrize("width", [20, 40, 80, 300])
def test_tables_fit(width: int) -> None:
    """Titles and rows of tables shrink as far as they can."""
    found = page(recorded("tcp_echo"), 1)
    widest = max(width_of(plain(row.spans)) for row in changes(found, width))
    assert widest <= max(width, 60)
