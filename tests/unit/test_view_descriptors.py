"""The descriptors of one process, as the model and /proc tell of them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from socktrace.host.descriptor_table import read_table
from socktrace.lines import Descriptor
from socktrace.text.columns import width_of
from socktrace.tracefile import open_recording
from socktrace.view.processes import descriptors as module
from socktrace.view.processes.descriptors import DescriptorRows, Held, Named, kind_of
from socktrace.view.processes.people import People
from socktrace.view.spans import plain
from tests.unit.process_samples import SECOND, Source, closed, opened, process

TRACES = Path(__file__).parents[2] / "samples" / "traces"


def shown(source: Source, pid: int = 1) -> tuple[DescriptorRows, People]:
    """The descriptors of a process after one look."""
    people, rows = People(), DescriptorRows()
    look = source.taken()
    people.update(look)
    rows.choose(people.by_pid.get(pid))
    rows.take(look, people.by_pid.get(pid), people.changed)
    return rows, people


def again(source: Source, rows: DescriptorRows, people: People, pid: int = 1) -> None:
    """One look more."""
    look = source.taken()
    people.update(look)
    rows.take(look, people.by_pid.get(pid), people.changed)


def test_descriptors_come_and_go() -> None:
    """Each descriptor that names a socket is there, by its number."""
    source = Source(process(1, 0), *opened(1, 1, 5), *opened(2, 1, 3))
    rows, people = shown(source)
    assert [rows.key(i) for i in range(len(rows))] == [3, 5]
    assert [rows.socket(3), rows.socket(5), rows.socket(4), rows.socket(None)] == [2, 1, None, None]
    source.tell(Descriptor(7, 1, 1, 9, "opened", "dup"), *closed(2, 1, 3, 8))
    again(source, rows, people)
    assert [rows.key(i) for i in range(len(rows))] == [5, 9]
    assert (rows.sockets, rows.index(9), rows.index(3)) == (2, 1, None)
    source.tell(*opened(3, 1, 3, t=9))
    again(source, rows, people)
    assert rows.socket(3) == 3, "the number is used again, by another socket"


@pytest.mark.parametrize("name", ["descriptors", "fork_server", "fd_passing", "shared_table"])
def test_as_the_world_has_them(name: str) -> None:
    """At each moment of a recording, for each process: what the model says it holds."""
    with open_recording(str(TRACES / f"{name}.jsonl")) as recording:
        lines = list(recording)
    pids = {line.pid for line in lines if isinstance(line, Descriptor)}
    for pid in pids:
        source, rows, people = Source(), DescriptorRows(), People()
        for line in lines:
            source.tell(line)
            look = source.taken()
            people.update(look)
            person = people.by_pid.get(pid)
            if rows.pid != pid and person is not None:
                rows.choose(person)
            rows.take(look, person, people.changed)
            held = sorted(
                fd
                for number in source.world.sockets
                for holder, fd in source.world.holders(number)
                if holder == pid
            )
            assert [rows.key(i) for i in range(len(rows))] == held


def test_a_row_says_how_it_came() -> None:
    """Kind, names, state, by which call, for how long, and what exec does to it."""
    source = Source(process(1, 0), *opened(1, 1, 5, t=SECOND))
    source.tell(Descriptor(2 * SECOND, 1, 1, 6, "opened", "SCM_RIGHTS", inferred=True))
    source.now = 62 * SECOND
    rows, _ = shown(source)
    rows.width(120)
    first, second = (plain(rows.line(i, 120)) for i in range(2))
    assert first.split() == ["5", "TCP", "127.0.0.1:80", "●", "connected", "socket", "1m01s", "#1"]
    assert "SCM_RIGHTS?" in second
    assert rows.text(5).split()[:2] == ["5", "TCP"]
    rows.show_others([Named(5, "socket:[1001]", cloexec=True), Named(0, "/dev/pts/1", None)])
    assert [rows.key(i) for i in range(len(rows))] == [0, 5, 6]
    assert "closes" in plain(rows.line(1, 120))
    assert plain(rows.line(0, 120)).split() == ["0", "terminal", "/dev/pts/1"]
    rows.show_others(None)
    assert [rows.key(i) for i in range(len(rows))] == [5, 6]


def test_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with very many sockets is taken in over several looks."""
    monkeypatch.setattr(module, "AT_ONCE", 10)
    source = Source(process(1, 0))
    for number in range(1, 26):
        source.tell(*opened(number, 1, number))
    rows, people = shown(source)
    counts = [len(rows)]
    for _ in range(2):
        again(source, rows, people)
        counts.append(len(rows))
    assert counts == [10, 20, 25]


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 120, 300])
def test_rows_fit_the_screen(width: int) -> None:
    """Less important columns go first; hostile paths stay in theirs."""
    source = Source(process(1, 0), *opened(1, 1, 5))
    rows, _ = shown(source)
    rows.show_others([Named(7, "/srv/\x1b[2J[/x]漢" + "x" * 4000, cloexec=False)])
    rows.width(width)
    for index in range(len(rows)):
        line = plain(rows.line(index, width))
        assert line.isprintable()
        assert width_of(line) == width_of(plain(rows.header(width)))
        assert width_of(line) <= max(width, 39)


def test_what_links_name() -> None:
    """What the links of /proc/PID/fd say, in a word."""
    targets = {
        "/etc/passwd": "file",
        "/dev/null": "device",
        "/dev/pts/3": "terminal",
        "pipe:[17]": "pipe",
        "socket:[18]": "socket",
        "anon_inode:[eventpoll]": "epoll",
        "anon_inode:[perf_event]": "anonymous",
        "mnt:[4026531841]": "other",
    }
    assert {target: kind_of(target) for target in targets} == targets


def test_the_table_of_this_process() -> None:
    """/proc tells every descriptor, what it names, whether exec closes it, and the limit."""
    with socket.socket() as made, Path("/dev/null").open("rb") as null:
        os.set_inheritable(made.fileno(), bool(made))
        table = read_table(os.getpid())
        assert table is not None
        by_fd = {each.fd: each for each in table.descriptors}
        inode = os.fstat(made.fileno()).st_ino
        assert by_fd[made.fileno()] == (made.fileno(), f"socket:[{inode}]", False)
        assert by_fd[null.fileno()] == (null.fileno(), "/dev/null", True)
        assert table.opened >= len(table.descriptors) >= 2
        import resource  # noqa: PLC0415 - for this alone

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert table.limit == (None if soft == resource.RLIM_INFINITY else soft)
    assert read_table(2**22 + 1) is None


def test_an_entry_is_what_it_says() -> None:
    """Sockets are told from the others."""
    rows, _ = shown(Source(process(1, 0), *opened(1, 1, 5)))
    rows.show_others([Named(0, "/dev/null", None)])
    assert isinstance(rows.entry(5), Held)
    assert isinstance(rows.entry(0), Named)
    assert rows.entry(4) is None
