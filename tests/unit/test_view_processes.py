"""Processes: their sums, their tree, and what a row shows of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.host.containers import container_of
from socktrace.lines import Descriptor, Finding, Line
from socktrace.model.filters import parse
from socktrace.model.process_lives import ProcessLife
from socktrace.text.columns import width_of
from socktrace.tracefile import open_recording
from socktrace.view.findings import Findings
from socktrace.view.processes.columns import column_at, layout
from socktrace.view.processes.people import KEPT, People
from socktrace.view.processes.person import Person
from socktrace.view.processes.rows import ProcessRows
from socktrace.view.processes.tree import SORTS, Tree
from socktrace.view.sockets.outside import Outside
from socktrace.view.spans import plain
from tests.unit.process_samples import (
    SECOND,
    Source,
    closed,
    ended,
    moved,
    opened,
    process,
    waits,
)

TRACES = Path(__file__).parents[2] / "samples" / "traces"


def summed(person: Person) -> tuple[object, ...]:
    """All that is added up of a process."""
    return (
        sorted(person.held.items()),
        person.bytes_in,
        person.bytes_out,
        person.calls,
        person.errors,
        person.fitting,
    )


def rates(people: People, pid: int) -> tuple[float, float, float]:
    """Of a process, as they are now."""
    return people.by_pid[pid].rates


def test_a_shared_socket_counts_for_each() -> None:
    """After a fork both processes hold the listener, and both have it in their sums."""
    source = Source(process(1, 0), process(2, 1), *opened(1, 1, 3, state="listening"))
    source.tell(Descriptor(5, 1, 2, 3, "opened", "fork"))
    people = People()
    people.update(source.taken())
    assert [list(people.by_pid[pid].held) for pid in (1, 2)] == [[1], [1]]
    assert people.open == 1
    source.tell(Descriptor(6, 1, 1, 3, "closed", "close"))
    people.update(source.taken())
    assert [list(people.by_pid[pid].held) for pid in (1, 2)] == [[], [1]]


def test_a_closed_socket_counts_for_who_held_it_last() -> None:
    """A server's parent that gave a connection to a child did not move its bytes."""
    source = Source(process(1, 0), process(2, 1), *opened(1, 1, 4))
    source.tell(
        Descriptor(5, 1, 2, 4, "opened", "fork"),
        Descriptor(6, 1, 1, 4, "closed", "close"),
        moved(1, 2, 7, 3, 900),
        *closed(1, 2, 4, 8),
    )
    people = People()
    people.update(source.taken())
    assert people.by_pid[2].bytes_in == 900
    assert 1 not in people.by_pid
    assert people.by_pid[2].held == {}
    assert people.open == 0


def test_rates_are_of_who_moves_and_of_now() -> None:
    """Bytes of the last seconds count for the process whose call returned last."""
    source = Source(process(1, 0), process(2, 1), *opened(1, 1, 4))
    source.tell(Descriptor(5, 1, 2, 4, "opened", "fork"), moved(1, 1, 6, 10, 10_000))
    people = People()
    people.update(source.taken())
    assert rates(people, 1) == (0, 0, 0), "that was before we looked"
    for step in range(1, 5):
        source.tell(moved(1, 2, step * SECOND // 2, 10, 1_000))
        people.update(source.taken())
    assert rates(people, 1) == (0, 0, 0)
    assert rates(people, 2) == pytest.approx((2_000, 0, 20))
    for _ in range(6):
        source.now += SECOND // 2
        people.update(source.taken())
    assert rates(people, 2) == (0, 0, 0)


def test_a_thread_that_waits_for_several_sockets_counts_once() -> None:
    """Blocked threads are counted by thread; the longest wait is told."""
    source = Source(process(1, 0), *opened(1, 1, 3), *opened(2, 1, 4))
    source.now = 5 * SECOND
    first, second = waits(1, 1, 11, SECOND), waits(2, 1, 12, 2 * SECOND)
    people = People()
    people.update(source.taken(blocked={1: [first], 2: [second, first]}))
    assert (people.by_pid[1].waiting, people.by_pid[1].longest) == (2, first)
    people.update(source.taken(blocked={2: [second]}))
    assert (people.by_pid[1].waiting, people.by_pid[1].longest) == (1, second)
    people.update(source.taken(blocked={}))
    assert (people.by_pid[1].waiting, people.by_pid[1].longest) == (0, None)


def test_a_number_used_again_is_another_process() -> None:
    """What the first process of a number moved does not count for the second."""
    source = Source(process(7, 1, "old"), *opened(1, 7, 3), moved(1, 7, 5, 1, 100))
    people = People()
    people.update(source.taken())
    source.tell(*closed(1, 7, 3, 6), ended(7, 7), process(7, 1, "new", t=8))
    source.tell(*opened(2, 7, 3, t=9))
    people.update(source.taken())
    assert people.by_pid[7].comm == "new"
    assert (people.by_pid[7].bytes_in, list(people.by_pid[7].held)) == (0, [2])


def test_who_ended_is_shown_for_a_while() -> None:
    """A process that ended goes after ten seconds."""
    source = Source(process(1, 0), *opened(1, 1, 3), *closed(1, 1, 3, 5), ended(1, 6, 3))
    rows = ProcessRows(Outside(), Findings())
    rows.take(source.taken())
    assert "prog exit 3" in plain(rows.line(0, 80))
    source.now = 6 + KEPT + SECOND
    rows.take(source.taken())
    assert len(rows) == 0


def test_only_so_many_sockets_at_once() -> None:
    """Many changes are counted in several looks, and all are counted in the end."""
    source = Source(process(1, 0))
    for number in range(1, 251):
        source.tell(*opened(number, 1, number))
    people = People()
    behind = []
    for _ in range(3):
        people.update(source.taken(), 100)
        behind.append((people.behind, len(people.by_pid[1].held)))
    assert behind == [(150, 100), (50, 200), (0, 250)]


def test_hidden_processes_are_left_out() -> None:
    """What shows us is no row, and its sockets are no one's."""
    source = Source(process(1, 0), process(2, 1), *opened(1, 1, 3), *opened(2, 2, 3))
    people = People()
    people.update(source.taken(hidden={1}))
    assert list(people.by_pid) == [2]


def test_another_world_begins_anew() -> None:
    """Nothing of a source is left when another one, or another moment, is shown."""
    people = People()
    people.update(Source(process(1, 0), *opened(1, 1, 3)).taken())
    people.update(Source(process(2, 0), *opened(1, 2, 3)).taken())
    assert list(people.by_pid) == [2]
    people.update(Source(process(3, 0), *opened(1, 3, 3)).taken(reset=True))
    assert list(people.by_pid) == [3]


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_step_by_step_as_all_at_once(path: Path) -> None:
    """Sums kept up to date with what changed are those that counting anew gives."""
    with open_recording(str(path)) as recording:
        lines = list(recording)
    source = Source()
    people = People()
    people.update(source.taken())
    for start in range(0, len(lines), 17):
        source.tell(*lines[start : start + 17])
        people.update(source.taken())
        anew = People()
        anew.update(source.taken())
        assert {pid: summed(p) for pid, p in people.by_pid.items() if p.fitting} == {
            pid: summed(p) for pid, p in anew.by_pid.items() if p.fitting
        }
        assert people.open == anew.open


# --- the tree -------------------------------------------------------------------------------


def rows_of(source: Source, findings: Findings | None = None) -> ProcessRows:
    """The rows of a source after one look."""
    rows = ProcessRows(Outside(container=container_of), findings or Findings())
    rows.take(source.taken())
    return rows


def names(rows: ProcessRows) -> list[str]:
    """The guides and names of the rows."""
    return [plain(rows.line(i, 80))[:22].rstrip() for i in range(len(rows))]


def family() -> Source:
    """A server with workers, below init, and a client elsewhere."""
    return Source(
        process(1, 0, "init"),
        process(10, 1, "server"),
        process(11, 10, "worker"),
        process(12, 10, "worker"),
        process(20, 1, "shell"),
        process(21, 20, "client"),
        process(30, 1, "idle"),
        *opened(1, 11, 3),
        *opened(2, 11, 4),
        *opened(3, 12, 3),
        *opened(4, 21, 3),
    )


def test_ancestors_are_there_and_the_idle_are_not() -> None:
    """The tree is whole from the root to each process that has sockets."""
    assert names(rows_of(family())) == [
        "▾init",
        "├─▾server",
        "│ ├─ worker",
        "│ └─ worker",
        "└─▾shell",
        "  └─ client",
    ]


def test_a_folded_branch_tells_of_all_of_it() -> None:
    """A folded branch has the sums of its processes, and the worst of their findings."""
    source = family()
    source.tell(Descriptor(5, 1, 12, 9, "opened", "SCM_RIGHTS"), moved(3, 12, 6, 2, 500))
    findings = Findings()
    worst = Finding(7, 7, 1, "rule", "critical", "title", [], "advice", pid=12)
    source.tell(worst)
    look = source.taken()
    findings.take(look)
    rows = ProcessRows(Outside(), findings)
    rows.take(look)
    rows.tree.folded.add(10)
    rows.tree.fold()
    line = plain(rows.line(1, 80))
    assert "▸server +2" in line
    assert line.split()[3] == "3", "a socket that two of them hold is one"
    assert "✖ 1" in line
    rows.tree.unfold_to(12)
    rows.tree.fold()
    assert rows.index(12) is not None


def test_siblings_are_sorted_by_their_branches() -> None:
    """A branch stands where all of it together belongs."""
    rows = rows_of(family())
    rows.sort_by("sockets")
    rows.reorder()
    assert rows.tree.turned
    assert [rows.key(i) for i in range(len(rows))] == [1, 20, 21, 10, 12, 11]
    rows.sort_by("pid")
    rows.reorder()
    assert [rows.key(i) for i in range(len(rows))] == [1, 10, 11, 12, 20, 21]


@pytest.mark.parametrize("name", SORTS)
def test_every_order_has_everyone(name: str) -> None:
    """Each way of sorting works both ways."""
    rows = rows_of(family())
    for _ in range(2):
        rows.sort_by(name)
        rows.reorder()
        assert sorted(rows.key(i) for i in range(len(rows))) == [1, 10, 11, 12, 20, 21]
        assert name in plain(rows.header(80)) or name not in {"process", "pid", "sockets"}


def test_a_parent_long_gone_is_passed_over() -> None:
    """Who was started by a process that ended stands below that one's parent."""
    source = Source(
        process(1, 0, "init"),
        process(2, 1, "launcher"),
        process(3, 2, "daemon"),
        *opened(1, 3, 3),
        ended(2, 5),
    )
    assert names(rows_of(source)) == ["▾init", "└─▾launcher ended", "  └─ daemon"]
    source.now = 5 + KEPT + SECOND
    assert names(rows_of(source)) == ["▾init", "└─ daemon"]


@given(st.dictionaries(st.integers(1, 30), st.integers(0, 30), max_size=30))
def test_nobody_is_lost_whoever_descends_from_whom(parents: dict[int, int]) -> None:
    """Everyone with a socket is there once, even where processes descend from themselves."""
    lives = {pid: ProcessLife(pid, 0, ppid=ppid, comm="x") for pid, ppid in parents.items()}
    people = People()
    for pid, life in lives.items():
        people.by_pid[pid] = Person(pid, life, None)
        people.by_pid[pid].fitting = 1
    tree = Tree()
    tree.build(people, lives, 0)
    assert sorted(row.person.pid for row in tree.rows) == sorted(parents)
    for pid in parents:
        tree.unfold_to(pid)
        assert tree.below(pid) <= len(parents)


def test_a_filter_leaves_those_with_a_socket_that_fits() -> None:
    """Processes go that have no such socket; their ancestors go with them."""
    source = family()
    rows = rows_of(source)
    rows.people.choose(parse("pid:21"))
    rows.take(source.taken())
    assert names(rows) == ["▾init", "└─▾shell", "  └─ client"]
    rows.people.choose(parse("age>1h"))
    rows.take(source.taken())
    assert names(rows) == []
    source.now = 2 * 3600 * SECOND
    for _ in range(2):
        rows.take(source.taken())
    assert len(rows) == 6
    rows.people.choose(None)
    rows.take(source.taken())
    assert len(rows) == 6


def test_search_finds_who_is_folded_away() -> None:
    """A search looks at every process and goes round; what is folded counts too."""
    rows = rows_of(family())
    rows.tree.folded.add(10)
    rows.tree.fold()
    assert rows.search("worker", 1, 1) == 11
    assert rows.search("worker", 11, 1) == 12
    assert rows.search("worker", 12, 1) == 11
    assert rows.search("worker", 11, -1) == 12
    assert rows.search("worker", 11, 0) == 11
    assert rows.search("/bin/cli", 1, 1) == 21
    assert rows.search("nobody", 1, 1) is None


# --- what a row looks like ------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 10, 22, 40, 79, 80, 120, 200, 300])
def test_rows_are_never_wider_than_the_screen(width: int) -> None:
    """Columns come as there is room for them; titles stand above them."""
    rows = rows_of(family())
    rows.width(width)
    header = plain(rows.header(width))
    for index in range(len(rows)):
        line = plain(rows.line(index, width))
        assert width_of(line) == width_of(header.rstrip()) or width_of(line) <= max(width, 22)
    assert width_of(header) <= max(width, 22) + 1


def test_columns_come_in_the_order_of_their_use() -> None:
    """At 80 columns what moves and what waits is seen; wide screens show all."""
    names_80 = [column.name for column in layout(79).columns]
    assert names_80 == ["pid", "sockets", "in/s", "out/s", "blocked", "finds"]
    wide = layout(300)
    assert {column.name for column in wide.columns} >= {"container", "errors", "user"}
    assert wide.command > 16
    for name in ("pid", "sockets"):
        edge = plain(rows_of(family()).header(80)).index(name)
        assert column_at(edge, 80) == name


def test_hostile_names_are_shown_as_what_they_are() -> None:
    """Escape sequences, wide letters and 4,000 bytes stay in their columns."""
    for comm in ("\x1b[2J[/x]", "漢字" * 40, "e\u0301" * 30, "x" * 4000, "\u202egnp.exe"):
        rows = rows_of(Source(process(1, 0, comm), *opened(1, 1, 3)))
        rows.width(80)
        line = plain(rows.line(0, 80))
        assert line.isprintable()
        assert width_of(line) <= 80


def test_the_container_is_told() -> None:
    """A process in a container says in which."""
    lines: list[Line] = [process(1, 0, cgroup="/docker/" + "ab" * 32), *opened(1, 1, 3)]
    rows = rows_of(Source(*lines))
    rows.width(300)
    assert "abababababab" in plain(rows.line(0, 300))
    rows.people.choose(parse("container:abab*"))
    assert rows.people.choosing
