"""The table of sockets: what it knows, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from socktrace.lines import Blocked, Descriptor, Finding, Process, Sample, State, TcpEvent
from socktrace.model.world import World
from socktrace.text.numbers import SECOND
from socktrace.view.look import Look
from socktrace.view.sockets import SocketTable, table
from socktrace.view.sockets.columns import COLUMNS
from tests.unit.socket_samples import (
    Watched,
    closed,
    connected,
    inet,
    moved,
    process,
    socket,
)

ALL = tuple(COLUMNS)


def test_a_socket_and_its_numbers() -> None:
    """Whatever the lines tell of a socket is in its row."""
    seen = Watched(
        [
            process(10, uid=0),
            *connected(1),
            moved(1, "read", 2000, 5),
            moved(1, "write", 70, 6),
            moved(1, "write", -1, 7, errno="EAGAIN"),
            TcpEvent(8, 1, "retransmit"),
            Sample(9, 1, receive_queue=17, send_queue=1),
        ],
        ALL,
    )
    seen.feed.pass_time(65 * SECOND)
    seen.look()
    found = {name: seen.cell(0, name) for name in ALL}
    expected = {
        "number": "#1",
        "process": "server",
        "pid": "10",
        "fd": "3",
        "holder": "server(10):3",
        "kind": "TCP",
        "local": "10.0.0.1:1001",
        "remote": "10.0.0.9:80",
        "ends": "10.0.0.1:1001 → 10.0.0.9:80",
        "state": "● connected",
        "api": "● connected",
        "tcp": "● ESTABLISHED",
        "now": "idle 1m04s",
        "age": "1m05s",
        "idle": "1m04s",
        "in": "1.9K",
        "out": "70",
        "calls": "3",
        "errors": "1",
        "retransmits": "1",
        "receive_queue": "17",
        "send_queue": "1",
        "inode": "1001",
        "user": "0",
        "role": "connector",
        "blocked": "",
        "findings": "",
    }
    assert {name: found[name] for name in expected} == expected


def test_changes_are_taken_wherever_they_come_from() -> None:
    """A state, a descriptor more, another name of the program: all show with the next look."""
    seen = Watched([process(10), *connected(1)], ALL)
    seen.tell(State(5, 1, "tcp", "ESTABLISHED", "CLOSE-WAIT", "kernel"))
    assert seen.cell(0, "state") == "◐ CLOSE-WAIT"
    seen.tell(Descriptor(6, 1, 11, 9, "opened", "fork"))
    assert seen.cell(0, "fd") == "3+1"
    seen.tell(Process(7, "exec", 10, comm="other"))
    assert seen.cell(0, "process") == "other"
    seen.tell(Descriptor(8, 1, 10, 3, "closed", "exit"))
    assert (seen.cell(0, "pid"), seen.cell(0, "fd")) == ("11", "9")


def test_closed_sockets_stay_for_a_while() -> None:
    """They are shown faint, with the time at which they ended, and go after ten seconds."""
    seen = Watched([*connected(1), *connected(2)])
    seen.tell(closed(1, SECOND))
    seen.passes(9)
    assert sorted(seen.numbers(), key=str) == [1, 2]
    index = seen.numbers().index(1)
    assert {role for _, role in seen.rows.line(index, 120)} == {"faint"}
    assert seen.cell(index, "now") == "9s ago"
    assert seen.cell(index, "age") == "1s"
    seen.passes(3)
    assert seen.numbers() == [2]
    seen.tell(*connected(3, t=20 * SECOND))
    assert seen.numbers() == [3, 2], "the place of one that has gone is used again"
    assert seen.cell(0, "remote") == "10.0.0.9:80"


def test_which_closed_ones_are_shown() -> None:
    """All that are remembered, or none."""
    seen = Watched([*connected(1), *connected(2), closed(1, 1)])
    seen.passes(12)
    assert seen.numbers() == [2]
    with seen.feed.look() as look:
        seen.table.show_closed("all", look.world)
    seen.look()
    assert seen.numbers() == [2, 1]
    with seen.feed.look() as look:
        seen.table.show_closed("none", look.world)
    seen.look()
    assert seen.numbers() == [2]


def test_at_the_end_of_a_recording_the_lately_closed_are_there() -> None:
    """A source that is over at first sight still shows how it ended, but not all of the past."""
    lines = [*connected(1), *connected(2), *connected(3), closed(1, 1), closed(2, 20 * SECOND)]
    assert sorted(Watched(lines).numbers(), key=str) == [2, 3]


def test_forgotten_by_the_model() -> None:
    """A socket that the model has no room for any more goes at once."""
    seen = Watched([*connected(1), *connected(2)])
    del seen.feed.world.sockets[1]
    seen.feed._changed.add(1)
    seen.feed.tell(process(77))
    with seen.feed.look() as look:
        seen.table.update(look._replace(skipped=1))
    seen.rows.order.arrange()
    assert seen.numbers() == [2]


def test_another_moment() -> None:
    """After a jump of a replay nothing is left of before."""
    seen = Watched([*connected(1), *connected(2), moved(1, "read", 10**6, 5)])
    seen.passes(2)
    seen.feed.reset(*connected(7))
    seen.look()
    assert seen.numbers() == [7]
    assert seen.table.slot(1) is None


def test_what_shows_us_is_left_out() -> None:
    """Sockets held by hidden processes alone are not shown; one that others hold too is."""
    seen = Watched([*connected(1, pid=10), *connected(2, pid=11), *connected(3, pid=10)])
    seen.feed.hidden = frozenset({10})
    seen.tell(Descriptor(5, 3, 12, 4, "opened", "fork"))
    assert seen.numbers() == [3, 2]
    seen.feed.hidden = frozenset()
    seen.look()
    assert seen.numbers() == [3, 2, 1]


def test_what_is_blocked() -> None:
    """The longest wait is told, with how many threads wait; and no more when it is over."""
    seen = Watched([process(10), *socket(1)], ["blocked", "now"])
    seen.feed.blocked = {
        1: [Blocked(0, 3 * SECOND, 10, 1, "server", "accept4", 3, 1)]
        + [Blocked(0, SECOND, 10, tid, "server", "accept4", 3, 1) for tid in (2, 3)],
        99: [Blocked(0, 0, 10, 9, "server", "read")],
    }
    seen.passes(13)
    assert seen.cells("blocked") == ["accept4 12s ×3"]  # noqa: RUF001 - times
    assert seen.cells("now") == ["accept4 12s ×3"]  # noqa: RUF001 - times
    seen.feed.blocked = {}
    seen.look()
    assert seen.cells("blocked") == [""]


def test_findings_are_counted() -> None:
    """How many, and the sign of the worst; one that is told again is one."""
    rule: dict[str, Any] = {"evidence": [], "advice": "-", "title": "t"}
    found = [
        Finding(1, 1, 1, "leak", "warning", socket=1, **rule),
        Finding(1, 5, 2, "leak", "warning", socket=1, **rule),
        Finding(1, 1, 1, "stuck", "critical", sockets=[1, 2], **rule),
    ]
    seen = Watched([*connected(1), *connected(2), *connected(3), *found])
    assert seen.cells("findings") == ["", "✖1", "✖2"]


def test_rates_and_trend() -> None:
    """Rates are means of three seconds, in bytes and calls; a trend has a bar for each second."""
    seen = Watched([process(10), *connected(1)], ALL)
    for second in range(1, 4):
        for _ in range(5):
            seen.tell(moved(1, "read", 300, second), moved(1, "write", 100, second))
        seen.passes(1)
    assert (seen.cell(0, "rate_in"), seen.cell(0, "rate_out")) == ("1.4K", "500")
    assert seen.cell(0, "calls_rate") == "10"
    assert seen.cell(0, "trend") == "███"
    seen.passes(2)
    assert seen.cell(0, "rate_in") == "500"
    seen.passes(7)
    assert (seen.cell(0, "rate"), seen.cell(0, "trend")) == ("·", "")


def test_what_moved_before_is_no_rate() -> None:
    """A socket that is old when it is first seen has moved nothing now."""
    seen = Watched([*connected(1), moved(1, "read", 10**9, 5)])
    seen.feed.pass_time(100 * SECOND)
    seen = Watched([*connected(1), moved(1, "read", 10**9, 50 * SECOND)])
    seen.passes(2)
    assert seen.cells("rate") == ["·"]
    assert seen.cells("in") == ["953M"]


def test_calls_are_added_up_when_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted by calls, every socket's are known, also of those that are not on the screen."""
    seen = Watched([*connected(1), *connected(2)], ["number"])
    monkeypatch.setattr(table, "_BUSY", 0)
    seen.tell(*(moved(1, "read", 1, t) for t in range(10)))
    seen.rows.order.sort_by("calls")
    seen.look()
    assert seen.numbers() == [1, 2]
    assert seen.cells("calls") == ["10", "·"]


def test_more_changes_than_fit_in_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is taken with the next looks, and nothing is lost."""
    monkeypatch.setattr(table, "_MOST", 3)
    monkeypatch.setattr(table, "_MOST_NEW", 2)
    seen = Watched([process(10)], ["number"])
    seen.feed.tell(*(line for number in range(1, 10) for line in connected(number)))
    seen.look()
    assert seen.table.behind == 7
    for _ in range(4):
        seen.look()
    assert (len(seen.numbers()), seen.table.behind) == (9, 0)
    seen.tell(*(moved(number, "read", number, 5) for number in range(1, 10)))
    for _ in range(3):
        seen.look()
    assert seen.table.store.bytes_in.sum() == sum(range(1, 10))


def test_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are very many, rates and order come a look later, and all the same."""
    seen = Watched([*connected(1), *connected(2), *connected(3)])
    monkeypatch.setattr(table, "_MANY", 2)
    seen.passes(2)
    seen.tell(moved(2, "read", 3000, 5))
    seen.passes(2)
    assert seen.numbers()[0] == 2
    assert seen.cell(0, "rate") != "·"


def test_a_look_that_tells_nothing_costs_nothing() -> None:
    """Without changes no row is another one than before."""
    seen = Watched([*connected(1), *connected(2)])
    seen.passes(3)
    before = [seen.rows.version(index) for index in range(2)]
    seen.look()
    assert [seen.rows.version(index) for index in range(2)] == before


def test_an_empty_world() -> None:
    """There may be nothing at all."""
    empty = SocketTable()
    empty.update(Look(World(), 0, (), ()))
    assert empty.slots().tolist() == []


def test_a_connection_that_failed() -> None:
    """Why a connection attempt failed is told instead of the state."""
    seen = Watched(
        [
            *socket(1),
            State(1, 1, "api", "created", "connecting", "kernel", remote=inet("10.0.0.9", 80)),
            moved(1, "connect", -1, 2, errno="ECONNREFUSED"),
            State(3, 1, "api", "connecting", "created", "kernel"),
            moved(1, "connect", -1, 4, errno="ECONNREFUSED"),
        ]
    )
    assert seen.cells("state") == ["✖ ECONNREFUSED"]
