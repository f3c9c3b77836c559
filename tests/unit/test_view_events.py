"""The list of events: what is kept, added up, chosen and found."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from socktrace.lines import (
    Blocked,
    Descriptor,
    Header,
    Healed,
    Line,
    Lost,
    Process,
    Sample,
    Socket,
    State,
    Syscall,
)
from socktrace.model.filters import parse
from socktrace.model.world import World
from socktrace.text.ordering import Placed, reading_order
from socktrace.view.events import ways
from socktrace.view.events.choice import Choice, Mark, marks_of
from socktrace.view.events.entries import Entry, bare, call_of, sockets_of
from socktrace.view.events.log import EventLog
from socktrace.view.events.rows import SINGLES_MOST, WHOLE, EventRows
from socktrace.view.events.searching import Search
from socktrace.view.sockets.facts import People
from socktrace.view.sockets.outside import Outside
from tests.screens.scripted import recorded
from tests.unit.event_logs import entries, log_of, rows_of, texts
from tests.unit.event_samples import HOSTILE, call, look_at, storm


@pytest.mark.parametrize("name", ["tcp_echo", "fork_server", "fd_passing", "errors", "unix_kinds"])
def test_a_recording_is_told_in_reading_order(name: str) -> None:
    """What a call led to stands below it, whether it comes at once or look by look."""
    lines = recorded(name)
    expected = [
        placed.line for placed in reading_order(lines) if not isinstance(placed.line, Process)
    ]
    whole = log_of(*lines, most=10_000)
    slowly = EventLog(10_000)
    for line in lines:
        slowly.update(look_at(line, now=line.t if not isinstance(line, Header) else 0))
    slowly.update(look_at(now=10**12))
    slowly.update(look_at(now=10**12))
    for log in (whole, slowly):
        told = [bare(entry) for entry in entries(log)]
        assert [line for line in told if not isinstance(line, Process)] == [
            line for line in expected if type(line).__name__ not in {"Header", "Sample", "End"}
        ]


def test_the_oldest_go() -> None:
    """No more is kept than the limit; numbers go on, and what is gone is counted."""
    log = log_of(*(call(t) for t in range(250)), most=100)
    assert (len(log), log.first, log.stop) == (100, 150, 250)
    assert bare(log[150]).t == 150
    assert 149 not in log
    log.extend([call(t) for t in range(250, 255)])
    assert (len(log), log.first) == (100, 155)
    assert len(log.sockets()) == len(log.pids()) == len(log.calls()) == 100


def test_a_new_moment_of_a_recording_forgets_the_one_before() -> None:
    """Numbers begin anew, and rows that were known by them mean nothing any more."""
    log = log_of(call(1), call(2))
    rows = rows_of(log)
    before = log.generation
    log.update(look_at(call(9), reset=True, skipped=3))
    log.update(look_at(now=9))
    rows.extend()
    assert log.generation != before
    assert [bare(entry).t for entry in entries(log)] == [9, 9]
    assert len(rows) == 2
    assert log.skipped == 3


def test_what_has_no_place_in_a_story_is_left_out() -> None:
    """Samples come twice a second for each socket; processes that were there are no news."""
    log = log_of(Sample(1, 3, 0, 0), Process(1, "seen", 4), call(2), *recorded("tcp_echo")[:1])
    assert [type(bare(entry)) for entry in entries(log)] == [Syscall]


def test_what_shows_us_is_left_out() -> None:
    """The lines of the terminal's side, and those of sockets that it alone holds."""
    born = [
        Socket(1, number, number, "AF_UNIX", "SOCK_STREAM", "0", "existing", peer=peer)
        for number, peer in ((1, None), (2, 1), (3, None))
    ]
    held = [Descriptor(2, n, pid, 3, "opened", "existing") for n, pid in ((1, 66), (2, 5), (3, 5))]
    calls = [call(2, pid=66), call(3, socket=1), call(4, socket=2), call(5, socket=3), call(6)]
    calls.append(call(7, "poll", sockets=[1, 3]))
    log = EventLog()
    look = look_at(*born, *held, *calls)
    log.update(look._replace(hidden=frozenset({66})))
    log.update(look_at(now=look.now))
    assert [bare(entry) for entry in entries(log)] == [born[2], held[2], *calls[3:]]


@pytest.mark.parametrize(("count", "rows"), [(3, 9), (1_000, 1)])
def test_what_was_there_before_is_told_shortly(count: int, rows: int) -> None:
    """A machine has thousands of sockets when we begin."""
    lines: list[Line] = []
    for number in range(1, count + 1):
        lines += [
            Socket(1, number, number, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "existing"),
            State(1, number, "api", None, "listening", "unknown"),
            Descriptor(1, number, 5, number, "opened", "existing"),
        ]
    log = log_of(*lines, call(2, socket=1), most=10_000)
    assert len(log) == rows + 1
    written = texts(rows_of(log))
    assert call_of(log[rows]) == "read"
    assert ("1000 sockets were there before" in written[0]) == (count > 3)
    assert "before we looked" in ways.origin(log, 1, before=True).why


def test_what_was_skipped_is_told_where_it_is_missing() -> None:
    """Between the lines that came, and in all."""
    log = EventLog()
    log.update(look_at(call(1)))
    log.update(look_at(call(2), skipped=30))
    log.update(look_at(now=2, skipped=4))
    written = texts(rows_of(log))
    assert [each.count("skipped here") for each in written] == [0, 1, 0, 1]
    assert "30 lines" in written[1]
    assert log.skipped == 34


def test_numbers_of_any_size() -> None:
    """A file may have numbers that no kernel has."""
    log = log_of(call(1, pid=2**63, socket=2**70), call(2, "x" * 5_000))
    assert len(log) == 2
    assert ways.lines_of(log, 2**70) == [0]


def test_ever_new_names_of_calls_do_not_fill_memory() -> None:
    """A file may have a new name in every line."""
    log = log_of(*(call(t, f"call{t}") for t in range(3_000)), most=5_000)
    assert len(log._names) <= 1_000
    assert call_of(log[2_999]) == "call2999"


# --- what is added up ---


def chosen(log: EventLog, choice: Choice) -> list[Entry]:
    """What is shown by a choice."""
    return [log[number] for number in choice.shown(log, 0)]


def mark(entry: Entry, kind: str) -> Mark:
    """What an entry has in common with others."""
    return next(each for each in marks_of(entry) if each.kind == kind)


@pytest.mark.parametrize("kind", ["call", "process", "socket"])
def test_only_and_hidden_divide_the_list(kind: str) -> None:
    """What is shown alone and what is left when the same is hidden are all there is."""
    log = log_of(*recorded("fork_server"), most=10_000)
    for entry in entries(log)[::7]:
        marks = [each for each in marks_of(entry) if each.kind == kind]
        if not marks:
            continue
        only, hidden = Choice(), Choice()
        only.only[marks[0]] = hidden.hidden[marks[0]] = None
        inside, outside = chosen(log, only), chosen(log, hidden)
        assert entry in inside
        assert len(inside) + len(outside) == len(log)
        assert all(marks[0] in marks_of(each) or kind == "socket" for each in inside)


def test_a_wait_for_several_sockets_is_about_each() -> None:
    """It is shown with any of them."""
    log = log_of(call(1, "poll", sockets=[3, 4]), call(2, socket=4), call(3, socket=5))
    choice = Choice()
    choice.only[Mark("socket", 3, "#3")] = None
    assert [call_of(entry) for entry in chosen(log, choice)] == ["poll"]
    choice.only[Mark("call", "read", "read")] = None
    assert chosen(log, choice) == []


def filtered(log: EventLog, text: str, lines: Iterable[Line]) -> list[Entry]:
    """What a filter shows."""
    world = World()
    for line in lines:
        world.apply(line)
    choice = Choice()
    choice.filter(parse(text), log)
    people = People(Outside())
    people.world = world
    choice.ask(world, people, world.t, log, log.stop)
    while choice.undecided:
        choice.ask(world, people, world.t, log, log.stop)
    return chosen(log, choice)


def test_a_filter_over_sockets_shows_their_lines() -> None:
    """Those of the sockets that fit, and no others'."""
    lines = recorded("tcp_echo")
    log = log_of(*lines)
    fitting = filtered(log, "role:listener", lines)
    assert fitting
    assert {number for entry in fitting for number in sockets_of(entry)} == {1}
    assert len(filtered(log, "not role:listener", lines)) + len(fitting) >= len(log)


def test_a_filter_over_programs_shows_what_they_do_without_a_socket() -> None:
    """A call that failed to make one is about the program all the same."""
    lines: list[Line] = [
        Process(1, "exec", 5, comm="quiet"),
        Process(1, "exec", 6, comm="other"),
        call(2, "socket", ret=-1, errno="EMFILE"),
        call(3, "socket", ret=-1, errno="EMFILE", pid=6, comm="other"),
        Lost(4, 3, "ring full"),
        Healed(5, 4),
    ]
    shown = filtered(log_of(*lines), "comm:quiet", lines)
    assert [getattr(bare(entry), "pid", None) for entry in shown] == [5, 5, None, None]


def test_a_filter_follows_what_becomes_of_a_socket() -> None:
    """Lines of a socket are shown once it fits, the old ones too."""
    lines = recorded("tcp_echo")
    log = log_of(*lines)
    choice = Choice()
    choice.filter(parse("state:listening"), log)
    people, world = People(Outside()), World()
    people.world = world
    seen = set()
    for line in lines:
        world.apply(line)
        verdicts = choice.verdicts
        assert verdicts is not None
        verdicts.waiting.add(1)
        choice.ask(world, people, world.t, log, log.stop)
        seen.add(bool(choice.shown(log, 0)))
    assert seen == {True, False}


# --- rows ---


def test_rows_stay_known_while_others_come_and_go() -> None:
    """By their numbers, in all ways of choosing."""
    log = EventLog(50)
    rows = EventRows(log, Choice())
    log.extend([call(t, socket=t % 3) for t in range(40)])
    rows.extend()
    assert rows.index((30, WHOLE)) == 30
    log.extend([call(t, socket=t % 3) for t in range(40, 70)])
    rows.extend()
    assert rows.index((30, WHOLE)) == 10
    assert rows.index((5, WHOLE)) is None
    rows.choice.hidden[Mark("socket", 0, "#0")] = None
    rows.choose()
    assert all(log[number].socket != 0 for number in rows.numbers)  # type: ignore[union-attr]
    log.extend([call(t, socket=t % 3) for t in range(70, 90)])
    rows.extend()
    assert list(rows.numbers) == rows.choice.shown(log, 0)
    for index in range(len(rows)):
        assert rows.index(rows.key(index)) == index


def test_a_sum_is_taken_apart_and_put_together() -> None:
    """Its calls stand below it; rows after them are found where they are now."""
    log = log_of(call(1), storm(100, start=10), call(10**7))
    rows = rows_of(log)
    assert rows.take_apart(1)
    assert len(rows) == 103
    assert [rows.key(index) for index in (0, 1, 2, 101, 102)] == [
        (0, WHOLE), (1, WHOLE), (1, 0), (1, 99), (2, WHOLE)
    ]  # fmt: skip
    for index in range(len(rows)):
        assert rows.index(rows.key(index)) == index
    single = rows.entry((1, 5))
    assert isinstance(single, Syscall)
    assert texts(rows)[1].count("▾") == 1
    assert rows.take_apart(1)
    assert len(rows) == 3
    assert rows.entry((1, 5)) is None
    assert not rows.take_apart(0)


def test_no_more_calls_are_shown_than_can_be_read() -> None:
    """A million calls taken apart are the first thousand."""
    rows = rows_of(log_of(storm(5_000)))
    assert rows.take_apart(0)
    assert len(rows) == 1 + SINGLES_MOST


def test_a_row_looks_otherwise_when_its_sum_grows() -> None:
    """What was drawn before is drawn anew."""
    log = EventLog()
    log.update(look_at(storm(100)))
    rows = rows_of(log)
    before = rows.version(0)
    assert rows.version(0) == before
    log.update(look_at(storm(100, start=10**6)))
    assert rows.version(0) != before


# --- ways ---


def test_uses_of_a_socket_one_after_the_other() -> None:
    """Forward and back through all calls on it, in whatever process, and no other lines."""
    log = log_of(*recorded("fork_server"), most=10_000)
    shown = range(log.first, log.stop)
    uses = [n for n, entry in log.since(0) if 1 in sockets_of(entry) and call_of(entry)]
    uses = [n for n in uses if isinstance(bare(log[n]), Syscall)]
    walked, at = [], -1
    while (found := ways.next_use(log, shown, 1, at, 1)).number is not None:
        at = found.number
        walked.append(at)
    assert walked == uses
    assert "no later use" in found.why
    back = [at]
    while (found := ways.next_use(log, shown, 1, back[-1], -1)).number is not None:
        back.append(found.number)
    assert back[::-1] == uses


def test_a_use_that_is_hidden_is_told_of() -> None:
    """Nobody is sent to a line that is not there."""
    log = log_of(call(1, socket=1), call(2, "write", socket=1))
    assert "hidden" in ways.next_use(log, [0], 1, 0, 1).why
    small = EventLog(2)
    small.extend([call(t, socket=1) for t in range(5)])
    assert "no earlier use of #1 is kept" in ways.next_use(small, [3, 4], 1, 3, -1).why


@pytest.mark.parametrize("name", ["tcp_echo", "fd_passing", "pair_fork", "thread_server"])
def test_the_origin_of_a_socket_is_the_call_that_made_it(name: str) -> None:
    """For every socket of a recording that began within it."""
    log = log_of(*recorded(name), most=10_000)
    births = [entry for entry in map(bare, entries(log)) if isinstance(entry, Socket)]
    assert births
    for birth in births:
        found = ways.origin(log, birth.socket)
        assert found.number is not None
        maker = bare(log[found.number])
        if birth.origin in {"socket", "socketpair", "accept"}:
            assert isinstance(maker, Syscall)
            assert maker.call.startswith(birth.origin)
            assert maker.t <= birth.t <= maker.t + maker.dur


def test_an_origin_that_is_gone_is_told_of() -> None:
    """Forgotten, never seen, or before we looked."""
    assert "not seen" in ways.origin(log_of(call(1, socket=4)), 4).why
    log = EventLog(1)
    log.extend([call(1, socket=4), call(2, socket=4)])
    assert "no longer kept" in ways.origin(log, 4).why
    there = Socket(1, 4, 9, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "existing")
    assert "before we looked" in ways.origin(log_of(there), 4).why


def test_causes_and_effects_belong_together() -> None:
    """A call is the cause of what it led to."""
    log = log_of(*recorded("tcp_echo"))
    pairs = 0
    for number, entry in log.since(0):
        for effect in ways.effects_of(log, number):
            other = next(n for n, each in log.since(0) if each is effect)
            assert ways.cause_of(log, other) is not None
            pairs += 1
        assert ways.cause_of(log, number) != number
        del entry
    assert pairs > 10


def test_a_moment_is_found() -> None:
    """The first line from then on; the last of a socket; nothing where there is nothing."""
    log = log_of(call(10, socket=1), call(20, socket=2), call(30, socket=1))
    shown = range(3)
    assert ways.at_moment(log, shown, None, 15) == 1
    assert ways.at_moment(log, shown, 1, None) == 2
    assert ways.at_moment(log, shown, 1, 11) == 2
    assert ways.at_moment(log, shown, 1, 99) == 2
    assert ways.at_moment(log, shown, 7, None) is None


# --- search ---


def found(rows: EventRows, text: str, start: int | None, step: int) -> int | None:
    """Search to the end."""
    search = Search(rows, text, start, step)
    while not search.over:
        if (number := search.go_on(0.001)) is not None:
            return number
    return None


def test_search_goes_round() -> None:
    """Forward, back, and from where it is; what is written in other letters too."""
    rows = rows_of(log_of(*(call(t, ("read", "write", "READV")[t % 3]) for t in range(9))))
    assert found(rows, "write(", None, 1) == 1
    assert found(rows, "write(", 1, 0) == 1
    assert found(rows, "write(", 1, 1) == 4
    assert found(rows, "write(", 1, -1) == 7
    assert found(rows, "write(", 7, 1) == 1
    assert found(rows, "readv", 0, 0) == 2
    assert found(rows, "nothing like it", 4, 1) is None


def test_search_stops_when_its_time_is_over() -> None:
    """And goes on from there."""
    rows = rows_of(log_of(*(call(t, f"a{t}") for t in range(2_000)), most=5_000))
    search = Search(rows, "a1999(", 0, 1)
    assert search.go_on(0) is None
    assert 0 < search.looked_at < 500
    assert not search.over
    while (number := search.go_on(0.01)) is None:
        assert not search.over
    assert number == 1_999


def test_search_in_nothing_is_over() -> None:
    """An empty list has no hits."""
    assert found(rows_of(EventLog()), "x", None, 1) is None


def test_hostile_names_are_written_as_text() -> None:
    """No row has a character that moves the cursor, however it came into a line."""
    lines: list[Line] = [
        call(1, HOSTILE, comm=HOSTILE, args={HOSTILE: HOSTILE, "x": [HOSTILE]}, errno=HOSTILE),
        call(2, comm="x" * 4_000, args={"a": "\u0301" * 4_000}),
        Process(3, "exec", 5, comm=HOSTILE, cmdline=[HOSTILE]),
        Socket(4, 4, 9, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        Lost(5, 1, HOSTILE, ring=HOSTILE, call=HOSTILE),
        Blocked(6, 1, 5, 5, HOSTILE, HOSTILE),
    ]
    rows = rows_of(log_of(*lines))
    assert len(rows) == len(lines)
    for text in texts(rows):
        assert text.isprintable()


def test_what_stands_apart_says_why() -> None:
    """A change whose call did not come has its time and its cause."""
    lines = recorded("tcp_echo")
    without = [line for line in lines if not isinstance(line, Syscall)]
    log = log_of(*without)
    assert any(isinstance(entry, Placed) for entry in entries(log))
    assert any("by the call of 17151 at" in text for text in texts(rows_of(log)))
