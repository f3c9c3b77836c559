"""Rows of sockets as text: columns, cells, states."""

from __future__ import annotations

import pytest

from socktrace.lines import Address, Descriptor, Sample, State
from socktrace.text.columns import width_of
from socktrace.text.numbers import SECOND
from socktrace.view.sockets import SocketRows, short
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.sockets.grouping import GROUPINGS
from socktrace.view.sockets.layout import column_at, layout, width_of_all
from socktrace.view.sockets.states import API, TCP, face
from tests.unit.socket_samples import (
    Watched,
    process,
    several,
    socket,
)

WIDTHS = (79, 80, 98, 120, 140, 170, 200, 260, 300)


# --- columns and text ---


@pytest.mark.parametrize("width", WIDTHS)
def test_rows_are_as_wide_as_the_screen(width: int) -> None:
    """Header and rows have the same columns, at every width."""
    seen = several()
    lines = seen.lines(width)
    assert {width_of(line) for line in lines} == {width_of_all(seen.rows.placed)}
    assert width - 60 < width_of(lines[0]) <= width


def test_chosen_columns_are_all_there() -> None:
    """However narrow the screen is; those that there are not are passed over."""
    rows = SocketRows(Watched().table, ("state", "process", "no such", "local"))
    rows.width(20)
    assert [each.column.name for each in rows.placed] == ["state", "process", "local"]
    assert rows.width(20) > 20


def test_every_standard_column_exists() -> None:
    """The layouts name columns that there are."""
    for width in WIDTHS:
        assert all(each.column.name in COLUMNS for each in layout((), width))


def test_selecting_columns() -> None:
    """To the left and the right, to both ends; and by a place of the row."""
    rows = several().rows
    rows.width(80)
    names = [each.column.name for each in rows.placed]
    assert rows.selected == names[-1] == "rate"
    rows.move_selected(1)
    assert rows.selected == "rate"
    rows.move_selected(-1)
    assert rows.selected == names[-2]
    rows.move_selected(-99)
    assert rows.selected == names[0]
    assert [rows.column_at(each.start) for each in rows.placed] == names
    assert column_at(rows.placed, 500) is None


def test_copies_are_whole() -> None:
    """A cell and a row are given without cutting, also where the screen shows a part."""
    long = Address("AF_UNIX", path="/run/" + "x" * 90)
    seen = Watched(
        [
            process(10),
            *socket(1, family="AF_UNIX", protocol="0"),
            State(1, 1, "api", "created", "bound", "kernel", local=long),
        ]
    )
    seen.rows.width(80)
    seen.rows.selected = "ends"
    assert seen.rows.cell(0) == long.path
    assert str(long.path) in seen.rows.text(0)
    assert "unix stream" in seen.rows.text(0)
    assert str(long.path) not in seen.lines(80)[1]


def test_search_texts() -> None:
    """A search sees names, addresses and states, in lower case, as they are now."""
    seen = several()
    index = seen.numbers().index(1)
    for part in ("zebra(10)", "10.0.0.30:80", "connected", "#1", "tcp"):
        assert part in seen.rows.search_text(index)
    seen.tell(State(5, 1, "tcp", "ESTABLISHED", "CLOSE-WAIT", "kernel"))
    assert "close-wait" in seen.rows.search_text(seen.numbers().index(1))


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[31mred\x1b[0m",
        "[/x]",
        "[bold]",
        "日本語プログラム",
        "e\u0301" * 20,
        "\u202eabc",
        "x" * 4000,
    ],
)
def test_hostile_names(name: str) -> None:
    """Nothing reaches the screen that it would act on, and every row keeps its width."""
    path = Address("AF_UNIX", path=name)
    seen = Watched(
        [
            process(10, name, cgroup=f"/{name}"),
            *socket(1, origin=name, type=name, family="AF_UNIX", protocol=name),
            State(1, 1, "api", name, name, "kernel", local=path, remote=path),
            Descriptor(2, 1, 10, 3, "opened", name),
        ]
    )
    for width in (80, 300):
        for grouping in (None, *GROUPINGS):
            seen.rows.order.group_by(grouping)
            seen.rows.order.fold_all()
            seen.look()
            lines = seen.lines(width)
            assert {width_of(line) for line in lines} == {width_of(lines[0])}
            assert all(line.isprintable() for line in lines)


def test_narrow_cells_give_way_in_good_order() -> None:
    """Of both ends the local address goes first; of a program and its process the name."""
    seen = several()
    seen.rows.columns = ("ends", "holder")
    slot = seen.table.slot(1)
    assert slot is not None
    row = seen.rows._row(slot, seen.table.fact(slot))
    ends = [COLUMNS["ends"].cell(row, width)[0] for width in (40, 24, 18, 14)]
    assert ends == [
        "10.0.0.1:1001 → 10.0.0.30:80",
        ":1001 → 10.0.0.30:80",
        ":1001→10.0.0.30:80",
        "→10.0.0.30:80",
    ]
    holders = [COLUMNS["holder"].cell(row, width)[0] for width in (20, 10, 8, 5)]
    assert holders == ["zebra(10):3", "zeb…(10):3", "zebra:3", "ze…:3"]


def test_a_listener_tells_of_its_backlog() -> None:
    """Connections that wait, and their limit; full is said with a sign, not by colour alone."""
    seen = several()
    seen.tell(Sample(5, 4, receive_queue=3, send_queue=128))
    index = seen.numbers().index(4)
    assert seen.cell(index, "receive_queue") == "3/128"
    seen.tell(Sample(6, 4, receive_queue=129, send_queue=128))
    assert seen.cell(index, "receive_queue") == "129/128!"
    assert seen.cell(index, "send_queue") == ""


# --- small things ---


@pytest.mark.parametrize(
    ("ns", "expected"),
    [
        (-5, "0s"),
        (59 * SECOND, "59s"),
        (60 * SECOND, "1m00s"),
        (3599 * SECOND, "59m59s"),
        (3600 * SECOND, "1h00m"),
        (86400 * SECOND, "1d00h"),
        (100 * 86400 * SECOND, "100d"),
    ],
)
def test_spans(ns: int, expected: str) -> None:
    """Six columns hold any time that a machine is up."""
    assert short.span(ns) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (0.3, "<1"),
        (1023, "1023"),
        (1024, "1.0K"),
        (10 * 1024, "10K"),
        (1024**2 - 1, "1023K"),
        (5.25 * 1024**3, "5.2G"),
        (2.0**70, "1024E"),
    ],
)
def test_sizes(number: float, expected: str) -> None:
    """Never more than five columns."""
    assert short.size(number) == expected


def test_counts() -> None:
    """In thousands."""
    assert [short.count(n) for n in (999, 1000, 12_345, 10**6)] == ["999", "1.0K", "12K", "1.0M"]


def test_states_have_a_sign_and_a_word() -> None:
    """No state is told by its colour alone, and those of one table differ in their words."""
    for table in (API, TCP):
        assert len({each.word for each in table.values()}) == len(table)
        assert all(each.glyph and each.word for each in table.values())
    assert face("connected", "CLOSE-WAIT", None).word == "CLOSE-WAIT"
    assert face("connected", "ESTABLISHED", None).word == "connected"
    assert face("closed", "TIME-WAIT", None).word == "closed"
    assert face("created", "CLOSED", "ECONNREFUSED").word == "ECONNREFUSED"
    assert face("\x1b[2J", None, None).text == "? \\x1b[2J"
