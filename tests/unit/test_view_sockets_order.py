"""Rows of sockets: their order, groups and filters."""

from __future__ import annotations

import pytest

from socktrace.lines import Sample, State
from socktrace.model.filters import parse
from socktrace.text.numbers import SECOND
from socktrace.view.sockets import Selection, arrangement, interned, selection
from socktrace.view.sockets.columns import COLUMNS
from socktrace.view.sockets.grouping import GROUPINGS
from socktrace.view.spans import plain
from tests.unit.socket_samples import (
    Watched,
    closed,
    connected,
    moved,
    process,
    several,
)

# --- order ---


def test_the_newest_first_unless_something_moves() -> None:
    """At first the busy ones are above, then the newest."""
    seen = several()
    assert seen.numbers() == [5, 4, 3, 2, 1]
    seen.tell(moved(2, "write", 900, 5))
    seen.passes(1.2)
    assert seen.numbers() == [2, 5, 4, 3, 1]


def test_of_equal_ones_those_that_are_open_first() -> None:
    """What has closed and moves nothing any more is below."""
    seen = several()
    seen.tell(closed(5, 6), closed(2, 7))
    seen.passes(1.2)
    assert seen.numbers() == [4, 3, 1, 5, 2]


def test_every_column_sorts_both_ways() -> None:
    """One way is the other turned round, but for what is equal."""
    seen = several()
    seen.tell(moved(2, "write", 900, 5), Sample(6, 4, receive_queue=3, send_queue=9))
    seen.passes(1.2)
    for name in COLUMNS:
        seen.rows.order.sort_by(name, falling=False)
        seen.look()
        up = seen.numbers()
        seen.rows.order.sort_by(name)
        seen.look()
        assert seen.rows.order.falling, name
        assert seen.numbers() == up[::-1], name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("process", [2, 4, 5, 1, 3]),
        ("remote", [4, 5, 2, 3, 1]),
        ("local", [5, 4, 1, 2, 3]),
        ("pid", [1, 3, 2, 4, 5]),
        ("listener", [1, 2, 3, 4, 5]),
    ],
)
def test_texts_and_addresses_sort_as_people_expect(name: str, expected: list[int]) -> None:
    """Programs by name, then process; addresses by their numbers, those that have none first."""
    seen = several()
    seen.rows.order.sort_by(name, falling=False)
    seen.look()
    assert seen.numbers() == expected


def test_the_order_changes_once_a_second_only() -> None:
    """What is new comes at once; what has more bytes now waits."""
    seen = several()
    seen.rows.order.sort_by("out")
    seen.look()
    seen.passes(1.0)
    seen.tell(moved(1, "write", 900, 5), *connected(9, t=6))
    assert seen.numbers() == [9, 5, 4, 3, 2, 1]
    seen.passes(1.1)
    assert seen.numbers() == [1, 9, 5, 4, 3, 2]


def test_with_very_many_rows_new_ones_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then even what is new comes once a second."""
    monkeypatch.setattr(arrangement, "_MANY", 3)
    seen = several()
    seen.passes(1.0)
    seen.tell(*connected(9, t=6))
    assert 9 not in seen.numbers()
    seen.passes(1.1)
    assert 9 in seen.numbers()


def test_ranks_of_new_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """New texts find their place one by one, or all at once if they are many; old ones go."""
    monkeypatch.setattr(interned, "_SPARE", 0)
    seen = Watched(
        [line for n in range(1, 301) for line in connected(n, f"10.0.{n % 7}.{n % 250}")]
    )
    seen.rows.order.sort_by("remote", falling=False)
    seen.look()
    for number in range(301, 320):
        seen.tell(*connected(number, f"10.0.{number % 5}.7", t=5))
    shown = [seen.table.fact(int(slot)).remote for slot in seen.rows.order.slots]
    keys = [tuple(map(int, remote.ip.split("."))) for remote in shown if remote and remote.ip]
    assert keys == sorted(keys)
    assert len(keys) == 319
    seen.tell(*(closed(number, SECOND) for number in range(1, 310)))
    seen.passes(13)
    assert len(seen.numbers()) == 10


# --- groups ---


def test_groups_by_process() -> None:
    """A head tells of how many sockets it is, sums, and the worst state among them."""
    seen = several()
    seen.tell(
        moved(1, "write", 500, 5),
        moved(3, "write", 600, 5),
        State(6, 3, "tcp", "ESTABLISHED", "CLOSE-WAIT", "kernel"),
    )
    seen.rows.columns = ("process", "pid", "fd", "state", "out", "calls", "now", "trend", "rate")
    seen.rows.order.group_by("process")
    seen.passes(1.2)
    header, zebra, ant = seen.lines()
    assert "▸ zebra(10)  2 sockets" in zebra
    assert "◐ CLOSE-WAIT" in zebra
    assert "1.0K" in zebra
    assert "▸ ant(20)  3 sockets" in ant
    assert "◆ listening" in ant
    assert {len(line) for line in (header, zebra, ant)} == {len(header)}
    seen.rows.order.fold((10, "zebra"))
    seen.look()
    assert seen.numbers() == [("group", (10, "zebra")), 3, 1, ("group", (20, "ant"))]
    assert "▾ zebra(10)" in seen.lines()[1]
    seen.rows.order.fold_all()
    seen.look()
    assert len(seen.numbers()) == 7
    assert seen.rows.index(2) is not None
    seen.rows.order.fold_all()
    seen.look()
    assert seen.rows.index(2) == 1, "folded away: where its group is"
    assert seen.rows.index(("group", (99, "-"))) is None


def test_groups_by_anything() -> None:
    """By listener, by remote address, by container; each with a name for what has none."""
    seen = several()
    found = {}
    for name in GROUPINGS:
        seen.rows.order.group_by(name)
        seen.rows.order.sort_by("number", falling=False)
        seen.look()
        found[name] = [plain(seen.rows.line(i, 120)).strip() for i in range(len(seen.rows))]
    assert [line.split("  ")[0] for line in found["listener"]] == [
        "▸ no listener",
        "▸ ant 0.0.0.0:80 #4",
    ]
    assert [line.split("  ")[0] for line in found["remote"]] == [
        "▸ 10.0.0.30",
        "▸ 10.0.0.4",
        "▸ no remote address",
    ]
    assert [line.split("  ")[0] for line in found["container"]] == ["▸ no container"]


def test_groups_are_sorted_by_what_they_come_to() -> None:
    """By sums where sums make sense."""
    seen = several()
    seen.tell(moved(1, "write", 500, 5), moved(3, "write", 600, 5), moved(2, "write", 1000, 5))
    seen.rows.order.group_by("process")
    seen.rows.order.sort_by("out")
    seen.look()
    assert [key[1] for key in seen.numbers() if isinstance(key, tuple)] == [
        (10, "zebra"),
        (20, "ant"),
    ]
    seen.rows.order.sort_by("process", falling=False)
    seen.look()
    assert seen.numbers()[0] == ("group", (20, "ant"))


def test_a_group_changes_when_its_sockets_do() -> None:
    """The version of a head is that of what it sums up."""
    seen = several()
    seen.rows.order.group_by("process")
    seen.look()
    before = [seen.rows.version(index) for index in range(2)]
    seen.tell(moved(2, "write", 10, 5))
    after = [seen.rows.version(index) for index in range(2)]
    changed = [
        key for key, one, other in zip(seen.numbers(), before, after, strict=True) if one != other
    ]
    assert changed == [("group", (20, "ant"))]


def test_an_empty_table_can_be_grouped() -> None:
    """There may be no sockets."""
    seen = Watched()
    for name in (*GROUPINGS, None):
        seen.rows.order.group_by(name)
        seen.look()
        assert seen.numbers() == []
        assert seen.rows.group_of(0) is None


# --- filters ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("comm:ant", [2, 4, 5]),
        ("not comm:ant", [1, 3]),
        ("state:listening or raddr:10.0.0.30", [1, 4]),
        ("lport:1001-1002 and not pid:10", [2]),
        ("bytes_out>400", [1, 3]),
        ("not bytes>0", [2, 4, 5]),
        ("calls:1 and comm:zebra", [1, 3]),
        ("errno:EAGAIN", [3]),
        ("call:write", [1, 3]),
        ("errors>=1", [3]),
        ("age>30s", []),
        ("socket:1,5", [1, 5]),
        ("10.0.0.30", [1]),
    ],
)
def test_filters(text: str, expected: list[int]) -> None:
    """Whatever a filter asks for, the table answers as the filter itself does."""
    seen = several()
    seen.tell(moved(1, "write", 500, 5), moved(3, "write", 600, 5))
    seen.tell(moved(3, "write", -1, 6, errno="EAGAIN")) if "calls" not in text else None
    seen.rows.order.select(Selection(seen.table, parse(text)))
    seen.look()
    assert sorted(map(int, seen.rows.table.store.number[seen.rows.order.slots])) == expected


def test_a_socket_comes_to_fit() -> None:
    """By what happens to it, and by time alone."""
    seen = several()
    seen.rows.order.select(Selection(seen.table, parse("errno:EPIPE or state:close-wait")))
    seen.look()
    assert seen.numbers() == []
    seen.tell(State(5, 1, "tcp", "ESTABLISHED", "CLOSE-WAIT", "kernel"))
    assert seen.numbers() == [1]
    seen.tell(moved(2, "write", -1, 6, errno="EPIPE"))
    seen.look()
    assert sorted(seen.numbers(), key=str) == [1, 2]
    seen.rows.order.select(Selection(seen.table, parse("age>3s")))
    seen.look()
    assert seen.numbers() == []
    seen.passes(4.2)
    assert len(seen.numbers()) == 5


def test_a_filter_over_many_is_asked_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were not asked yet are not shown, be the filter a negation or not."""
    monkeypatch.setattr(selection, "_MOST", 2)
    seen = several()
    seen.rows.order.select(Selection(seen.table, parse("not comm:nobody")))
    counts = []
    for _ in range(4):
        seen.look()
        counts.append(len(seen.numbers()))
    assert counts == [2, 4, 5, 5]
    assert seen.rows.order.selection is not None
    assert seen.rows.order.selection.waiting == 0


def test_a_filter_survives_a_jump() -> None:
    """After another moment was chosen the filter holds for what there is then."""
    seen = several()
    seen.rows.order.select(Selection(seen.table, parse("comm:ant")))
    seen.look()
    seen.feed.reset(process(5, "ant"), *connected(1, pid=5), *connected(2, pid=6))
    seen.look()
    assert seen.numbers() == [1]
