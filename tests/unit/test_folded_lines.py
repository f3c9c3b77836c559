"""Calls that were only added up: their lines make the same sums as a line for each would."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.calls import NUMBER
from socktrace.capture.folding import fold
from socktrace.capture.source import Batch
from socktrace.cli import main
from socktrace.commands.choosing import Choice
from socktrace.engine.pipeline import Pipeline
from socktrace.events import Call, Fork, SocketInfo
from socktrace.lines import End, Folded, Line, Lost, SocketLife, State, Syscall
from socktrace.model.filters import parse
from socktrace.model.folds import DataFold
from socktrace.model.limits import Limits
from socktrace.model.tracker import Tracker
from socktrace.text.stream import format_line
from socktrace.text.style import PLAIN
from socktrace.text.tally import Tally
from socktrace.tracefile import JsonlWriter, open_recording, write_document
from socktrace.tracefile.replay import replay, whole_world
from socktrace.wire import DATA, FLAG_OUTGOING, ends
from tests.unit.tracefile_samples import HEADER, LINES, read, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STREAM, DATAGRAM = 101, 102
"""Inodes."""
KINDS = {STREAM: 1, DATAGRAM: 2}
MSG_PEEK, MSG_TRUNC = 0x2, 0x20
FOLDED = Folded(
    t=1_000_000, until=501_000_000, pid=12, tid=13, comm="nginx", call="recvfrom", fd=4, socket=1,
    count=1234, bytes=45_000, time=12_000_000, errors={"EAGAIN": 3},
)  # fmt: skip

CALLED = st.fixed_dictionaries(
    {
        "start": st.integers(100, 1000),
        "duration": st.integers(0, 50),
        "pid": st.sampled_from([1, 2]),
        "tid": st.sampled_from([1, 2, 3]),
        "inode": st.sampled_from([STREAM, DATAGRAM]),
        "fd": st.just(3),
        "ret": st.sampled_from([0, 1, 16, 5000, -11, -32, -104]),
        "call": st.sampled_from([
            NUMBER[name] for name in "read write sendto recvfrom splice sendfile readv".split()
        ]),
        "flags": st.sampled_from([0, FLAG_OUTGOING]),
        "length": st.sampled_from([0, 16, 100]),
        "msg_flags": st.sampled_from([0, MSG_PEEK, MSG_TRUNC]),
    }
)  # fmt: skip


def array(rows: list[dict[str, int]]) -> np.ndarray[Any, Any]:
    """Build records of the wire's layout, in the order of their return."""
    records = np.zeros(len(rows), DATA)
    for record, row in zip(records, rows, strict=True):
        for name, value in row.items():
            record[name] = value
        if row["call"] != NUMBER["splice"]:
            record["flags"] = 0
        if record["call"] not in {NUMBER["sendto"], NUMBER["recvfrom"]}:
            record["msg_flags"] = 0
        if row["inode"] == STREAM:  # MSG_TRUNC of TCP throws bytes away, and cuts nothing: tcp(7)
            record["msg_flags"] &= ~np.uint32(MSG_TRUNC)
    records = records[np.argsort(ends(records), kind="stable")]
    # No two return in the same ns: of two processes' calls nobody could say which was the last.
    records["start"] += np.arange(len(records), dtype=np.uint64)
    return records


def born(inode: int) -> tuple[int, Call]:
    """Build the event of a socket's birth."""
    kind = KINDS[inode]
    info = SocketInfo(inode, inode, 2, kind, 0, 7)
    raw = (2, kind, 0, 0, 0, 0)
    return 2, Call(1, 1, 1, 1, "c", "socket", inode, inode, raw, 16, info)


def closed(inode: int, t: int) -> tuple[int, Call]:
    """Build the event of a socket's only descriptor being closed."""
    info = SocketInfo(inode, inode, 2, KINDS[inode], 0, 7, refs=1)
    return t, Call(t, 0, 1, 1, "c", "close", inode, 0, (inode, 0, 0, 0, 0, 0), 16, info)


class Told:
    """What a pipeline tells, and what its model knows."""

    def __init__(self, comms: dict[int, str] | None = None) -> None:
        self.lines: list[Line] = []
        self.tracker = Tracker(self.lines.append, whole_machine=True)
        self.pipeline = Pipeline(self.tracker, self.lines.append, comms or {})

    def take(
        self, events: list[Any], data: Any = None, folds: list[DataFold] | None = None
    ) -> None:
        """Take in a batch."""
        records = np.zeros(0, DATA) if data is None else data
        self.pipeline.take(Batch(events, records, folds or []))

    def replayed(self) -> dict[int, SocketLife]:
        """Give the sockets' lives as somebody finds them who has the lines alone."""
        world = whole_world()
        for _ in replay(self.lines, world):
            pass
        return {life.inode: life for life in world.sockets.values()}

    def life(self, inode: int) -> SocketLife:
        """Give a socket's life as the model knows it."""
        number = self.tracker.socket_id(inode)
        assert number is not None
        return self.tracker.world.life(number)


def sums(life: SocketLife) -> tuple[Any, ...]:
    """Give all of a life that calls add up to."""
    return (
        {name: msgspec.to_builtins(totals) for name, totals in life.calls.items()},
        life.bytes_in, life.bytes_out, life.eof, life.empty_datagrams, life.truncated,
        life.last_used, life.last_used_by,
    )  # fmt: skip


@settings(deadline=None)
@given(st.lists(CALLED, min_size=1, max_size=30), st.integers(0, 30))
def test_sums_are_those_of_a_line_for_each_call(rows: list[dict[str, int]], cut: int) -> None:
    """However the calls are divided up: by folded lines alone, read back, all sums are the same."""
    records = array(rows)
    one_by_one, folded = Told(), Told()
    births = [born(STREAM), born(DATAGRAM)]
    one_by_one.take(births, records)
    folded.take(births)
    for part in (records[:cut], records[cut:]):
        folds = fold(part, lambda inode: inode == STREAM)
        folded.take([], folds=list(folds))
    assert not any(isinstance(line, Syscall) and line.call != "socket" for line in folded.lines)
    expected, found = one_by_one.replayed(), folded.replayed()
    for inode in (STREAM, DATAGRAM):
        assert sums(found[inode]) == sums(expected[inode])
        assert sums(folded.life(inode)) == sums(expected[inode])
    assert folded.pipeline.calls == one_by_one.pipeline.calls


def row(inode: int = STREAM, **fields: Any) -> DataFold:
    """Build sums of calls."""
    plain: dict[str, Any] = {
        "call": "recvfrom", "count": 5, "bytes": 50, "time": 9, "errors": {11: 2}, "first_t": 10,
        "last_t": 20, "last_pid": 1, "last_tid": 1, "fd": inode,
    }  # fmt: skip
    return DataFold(inode=inode, **(plain | fields))


def folds_of(told: Told) -> list[Folded]:
    """Give the folded lines."""
    return [line for line in told.lines if isinstance(line, Folded)]


def test_sums_that_come_after_the_close_are_that_sockets() -> None:
    """They come up to half a second late: they count, and do not bring the socket back to life."""
    told = Told()
    told.take([born(STREAM), closed(STREAM, 30)])
    told.take([], folds=[row()])
    life = told.life(STREAM)
    assert life.calls["recvfrom"].count == 5
    assert (life.api_state, life.closed, life.bytes_in) == ("closed", 30, 50)
    assert [held.closed for held in life.descriptors] == [30]
    assert folds_of(told)[0].socket == life.socket
    assert sums(told.replayed()[STREAM]) == sums(life)


def test_sums_after_an_end_are_of_the_same_batch_too() -> None:
    """Birth, calls and close between two readings: the birth is known before the sums are."""
    told = Told()
    told.take([born(STREAM), closed(STREAM, 30)], folds=[row()])
    assert len(told.replayed()) == 1
    assert told.life(STREAM).calls["recvfrom"].count == 5


def test_what_an_empty_result_means_is_the_sockets_kind() -> None:
    """A source need not know it: 0 is the end of a stream, and an empty message elsewhere."""
    told = Told()
    told.take([born(STREAM), born(DATAGRAM)])
    told.take([], folds=[row(inode, eof_t=15, empty_datagrams=2) for inode in KINDS])
    assert [(line.eof, line.empty) for line in folds_of(told)] == [(15, 0), (None, 2)]
    assert (told.life(STREAM).eof, told.life(STREAM).empty_datagrams) == (15, 0)
    assert (told.life(DATAGRAM).eof, told.life(DATAGRAM).empty_datagrams) == (None, 2)


def test_sums_of_a_forgotten_socket_are_its_own() -> None:
    """Forgotten for want of room, it is not begun anew; a reader who kept it has the sums."""
    told = Told()
    told.tracker = Tracker(
        told.lines.append, whole_machine=True, limits=Limits()._replace(closed_sockets=0)
    )
    told.pipeline = Pipeline(told.tracker, told.lines.append, {})
    told.take([born(DATAGRAM), closed(DATAGRAM, 30)])
    assert told.tracker.socket_id(DATAGRAM) is None
    told.take([], folds=[row(DATAGRAM, eof_t=15, empty_datagrams=2)])
    (life,) = told.replayed().values()
    assert (life.calls["recvfrom"].count, life.empty_datagrams, life.eof) == (5, 2, None)


def test_a_port_that_sending_took_is_told() -> None:
    """The first send of an unbound datagram socket binds it (ip(7)), also where it is in a sum."""
    told = Told()
    told.take([born(DATAGRAM)])
    told.take([], folds=[row(DATAGRAM, call="sendto", local_port=4242)])
    local = told.life(DATAGRAM).local
    assert local is not None
    assert local.port == 4242
    assert any(isinstance(line, State) and line.to == "bound" for line in told.lines)


def test_a_thread_that_is_gone_has_its_processs_name() -> None:
    """Sums come when the thread may be forgotten: the model still knows what the process was."""
    told = Told({8: "worker"})
    told.take([(1, Fork(1, 1, 1, 7, "parent", 16, 32))])
    told.take([], folds=[row(last_pid=7, last_tid=tid) for tid in (7, 8)])
    told.take([], folds=[row(last_pid=99, last_tid=99)])
    assert [line.comm for line in folds_of(told)] == ["parent", "worker", "?"]


def test_sums_on_no_socket_have_none() -> None:
    """Calls that failed before the kernel found a socket are told, and touch nobody."""
    told = Told()
    told.take([], folds=[row(0, fd=-1, bytes=0, errors={9: 5})])
    assert [type(line) for line in told.lines] == [Folded]
    (line,) = folds_of(told)
    assert (line.socket, line.fd, line.errors) == (None, None, {"EBADF": 5})


def test_their_calls_are_no_events(tmp_path: Path) -> None:
    """The end line counts lines; the writer says how many calls have none."""
    writer = JsonlWriter(str(tmp_path / "t.jsonl"), HEADER)
    writer.write_many([LINES[1], FOLDED, FOLDED])
    assert (writer.events, writer.folded) == (0, 2 * 1234)
    writer.close()


def test_a_line_of_text_says_it_all() -> None:
    """Who, which call, on what, how often, until when, and every sum that is not 0."""
    world = whole_world()
    assert format_line(FOLDED, world, PLAIN) == (
        "    0.001000  nginx(12) recvfrom(4<#1>) 1234 times until 0.501000: 43.9 KiB, 3 EAGAIN"
        "  [12.0 ms in all]"
    )
    rare = Folded(
        t=0, until=1, pid=1, tid=1, comm="\x1b[2J", call="recv", count=1, time=1, bytes=9, eof=1,
        empty=1, truncated=2, peeked=3, errors={"\x07": 1},
    )  # fmt: skip
    assert format_line(rare, world, PLAIN) == (
        "    0.000000  \\x1b[2J(1) recv() 1 time until 0.000000: 9 B, 1 \\x07, end of file, "
        "1 empty message, 2 truncated, 3 B only peeked at  [1 ns in all]"
    )


def test_show_counts_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary has their calls among all, and says how many were only added up."""
    path = write(tmp_path / "t.jsonl", [LINES[1], FOLDED], None)
    assert main(["show", str(path), "--calls"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "recvfrom(4<#1>) 1234 times" in shown
    assert "1234, of which 3 failed; 1234 only added up, with no lines of their own" in shown
    assert "nginx(12) 1234 calls" in shown
    assert main(["show", str(path), "--json"]) == 0
    life = json.loads(capsys.readouterr().out)
    assert life["calls"]["recvfrom"] == {
        "count": 1234, "bytes": 45_000, "time": 12_000_000, "errors": {"EAGAIN": 3}
    }  # fmt: skip
    assert life["bytes_in"] == 45_000


def test_the_tally_lasts_to_their_end() -> None:
    """How long a recording is includes the calls that were added up."""
    tally = Tally()
    tally.add(FOLDED)
    assert (tally.last, tally.calls["recvfrom"].count, tally.calls["recvfrom"].folded) == (
        501_000_000, 1234, 1234
    )  # fmt: skip


def test_a_document_has_their_sums(tmp_path: Path) -> None:
    """In the lives, and as lines that come back, in their place among those of processes."""
    path = tmp_path / "t.json"
    write_document(str(path), HEADER, [LINES[1], FOLDED])
    (life,) = json.loads(path.read_text())["sockets"]
    assert life["calls"]["recvfrom"]["count"] == 1234
    with open_recording(str(path)) as recording:
        assert list(recording) == [LINES[1], FOLDED]


def test_csv_has_their_count(tmp_path: Path) -> None:
    """Whoever adds up the column ``count`` has every call, whether it has a row or not."""
    path, out = write(tmp_path / "t.jsonl"), tmp_path / "t.csv"
    assert main(["export", str(path), "--to", "csv", "-o", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(each["call"], each["count"], each["ret"]) for each in rows] == [
        ("sendto", "5", ""), ("connect", "1", "-1"),
    ]  # fmt: skip
    assert json.loads(rows[0]["args"]) == {
        "until": 9, "bytes": 60, "errors": {"EAGAIN": 2}, "empty": 1, "peeked": 4, "truncated": 1,
    }  # fmt: skip
    assert rows[0]["duration_ns"] == "2"


def test_filters_take_them_with_their_sockets(tmp_path: Path) -> None:
    """Chosen with their socket; those of none with the process."""
    nowhere = msgspec.structs.replace(FOLDED, socket=None)
    elsewhere = msgspec.structs.replace(nowhere, pid=13)
    path = write(tmp_path / "t.jsonl", [LINES[1], FOLDED, nowhere, elsewhere], None)
    with open_recording(str(path)) as recording:
        assert [*Choice(recording, parse("bytes>1k"))] == [LINES[1], FOLDED, nowhere]
        assert not [*Choice(recording, parse("bytes>1m"))]


def test_the_end_line_counts_them(tmp_path: Path) -> None:
    """A reader notices when some are missing; a choice counts its own."""
    end = End(t=9, events=0, lost_events=0, reason="duration", folded=1234)
    whole = read(write(tmp_path / "whole.jsonl", [LINES[1], FOLDED], end))
    assert whole.notes == []
    assert list(Choice(whole.lines, parse("bytes>1m")))[-1] == msgspec.structs.replace(
        end, folded=0
    )
    assert list(Choice(whole.lines, parse("bytes>1k")))[-1] == end
    cut = read(write(tmp_path / "cut.jsonl", [LINES[1]], end))
    assert cut.notes == ["the end line counts 1234 calls that were added up, the file 0"]


def test_they_stay_what_they_are_when_read_back(tmp_path: Path) -> None:
    """Among lines of other kinds, losses of the same calls among them, sums add up once."""
    lost = Lost(t=2, count=6, reason="ring full", socket=1, call="recvfrom", bytes=60)
    recording = read(write(tmp_path / "t.jsonl", [LINES[1], FOLDED, lost], None))
    world = whole_world()
    assert list(replay(recording.lines, world)) == [LINES[1], FOLDED, lost]
    totals = world.life(1).calls["recvfrom"]
    assert (totals.count, totals.bytes, totals.lost) == (1240, 45_060, 6)
