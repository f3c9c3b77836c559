"""Which call met which: counting bytes, matching messages, folding, lanes and the drawn text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.lines import Folded, SocketLife, Syscall
from socktrace.text.columns import width_of
from socktrace.text.numbers import MILLISECOND
from socktrace.view.life.diagram import accepting, diagram
from socktrace.view.life.folding import LATEST, MOST_IN_A_ROW
from socktrace.view.life.lifelines import Diagram
from socktrace.view.life.meeting import Meeting, Span, by_bytes, by_messages, end_of_file, spans
from socktrace.view.life.sequence import slots_of, text_of
from socktrace.view.life.uses import Use, of_call, of_fold, of_line
from socktrace.view.spans import plain
from tests.screens.scripted import recorded
from tests.unit.life_samples import call, life_of, socket_line, state, use, world_of


def life(number: int = 1, **fields: Any) -> SocketLife:
    """A connected socket that has moved so many bytes."""
    found = life_of([socket_line(number)], number)
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def send(t: int, amount: int, **fields: Any) -> Use:
    """A call that gives."""
    return use("sendto", t, way="out", amount=amount, **fields)


def receive(t: int, amount: int, **fields: Any) -> Use:
    """A call that gets."""
    return use("recvfrom", t, way="in", amount=amount, **fields)


def drawn(found: Diagram, width: int = 80) -> list[str]:
    """The diagram as lines of text."""
    return [plain(row.spans) for row in text_of(found, ("this", "that"), 0, width)]


def of_recording(name: str, number: int) -> Diagram:
    """The diagram of a socket of a sample recording."""
    lines = recorded(name)
    world = world_of(lines)
    one = world.life(number)
    other = world.sockets.get(one.peer) if one.peer is not None else None

    def uses(of: SocketLife) -> list[Use]:
        return [
            of_line(line, of)
            for line in lines
            if isinstance(line, Syscall) and line.socket == of.socket
        ]

    return diagram(one, uses(one), other, uses(other) if other is not None else ())


def test_bytes_are_counted_from_the_end() -> None:
    """The total is exact: what is no longer known one by one lies before what is."""
    found = spans([send(0, 10), receive(1, 99), send(2, 5)], "out", 1000)
    assert found == [Span(0, 985, 995), Span(2, 995, 1000)]


def test_peeked_bytes_stay() -> None:
    """MSG_PEEK takes nothing out of the queue."""
    found = spans([receive(0, 5, peeked=True), receive(1, 5)], "in", 5)
    assert found == [Span(1, 0, 5)]


def test_each_read_meets_its_write() -> None:
    """One read for each write."""
    given = [Span(0, 0, 5), Span(1, 5, 9)]
    taken = [Span(0, 0, 5), Span(1, 5, 9)]
    assert list(by_bytes(given, taken)) == [Meeting(0, 0, 5), Meeting(1, 1, 4)]


def test_one_read_gets_several_writes() -> None:
    """Each write has an arrow to it."""
    given = [Span(0, 0, 5), Span(1, 5, 9), Span(2, 9, 12)]
    assert list(by_bytes(given, [Span(0, 0, 12)])) == [
        Meeting(0, 0, 5),
        Meeting(1, 0, 4),
        Meeting(2, 0, 3),
    ]


def test_one_write_is_read_in_pieces() -> None:
    """Each piece has an arrow from it."""
    taken = [Span(0, 0, 4), Span(1, 4, 8), Span(2, 8, 10)]
    assert [m.taker for m in by_bytes([Span(0, 0, 10)], taken)] == [0, 1, 2]


def test_what_nobody_read_meets_nobody() -> None:
    """Bytes still in the queue have no arrow."""
    assert not list(by_bytes([Span(0, 0, 5)], []))
    assert list(by_bytes([Span(0, 0, 5), Span(1, 5, 9)], [Span(0, 0, 5)])) == [Meeting(0, 0, 5)]


def test_messages_meet_by_size() -> None:
    """A datagram that was lost is passed over; none arrives before it was sent."""
    givers = [send(0, 5), send(10, 7), send(20, 9)]
    takers = [receive(0, 7), receive(15, 7), receive(25, 9)]
    assert list(by_messages(givers, takers)) == [Meeting(1, 1, 7), Meeting(2, 2, 9)]


def test_end_of_file_comes_of_shutdown() -> None:
    """The first shutdown that ends sending, else the last close before it."""
    shut = use("shutdown", 10, detail="SHUT_WR")
    eof = receive(20, 0, eof=True)
    assert end_of_file([shut, use("close", 30)], [eof]) == Meeting(0, 0)
    assert end_of_file([use("shutdown", 5, detail="SHUT_RD"), use("close", 10)], [eof]) == Meeting(
        1, 0
    )
    assert end_of_file([use("close", 30)], [eof]) is None
    assert end_of_file([shut], [receive(20, 5)]) is None


def test_no_end_of_file_after_a_reset() -> None:
    """What a read returns after a reset is not what the other end did in order."""
    reset = use("reset-received", 15, 15, kernel=True)
    assert end_of_file([use("close", 10)], [reset, receive(20, 0, eof=True)]) is None


def test_echo() -> None:
    """The whole of a short conversation: handshake, both messages both ways, end of file."""
    found = of_recording("tcp_echo", 2)
    told = [
        (
            arrow.what,
            found.events[arrow.source or 0].use.call,
            found.events[arrow.target or 0].use.call,
            arrow.amount,
        )
        for arrow in found.arrows
    ]
    assert sorted(told) == [
        ("data", "sendto", "read", 5),
        ("data", "sendto", "read", 11),
        ("data", "write", "recvfrom", 5),
        ("data", "write", "recvfrom", 11),
        ("end", "close", "read", 0),
        ("handshake", "connect", "established", 0),
    ]
    assert found.both
    assert found.by == "bytes"
    assert all(arrow.inferred for arrow in found.arrows)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("name", ["tcp_echo", "half_close", "resets", "pair_fork", "unix_kinds"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_samples_fit(name: str, number: int, width: int) -> None:
    """No line of a diagram is wider than the screen, and arrows land on rows of their targets."""
    found = of_recording(name, number)
    for line in drawn(found, width):
        assert width_of(line) <= width


def test_drawn_echo() -> None:
    """An arrow leaves where a call gave, goes down in its lane, and lands where one got."""
    found = diagram(
        life(bytes_out=5),
        [send(0, 5)],
        life(2, bytes_in=5),
        [receive(100, 5), use("getsockname", 50)],
    )
    lines = drawn(found)
    assert lines[1].endswith("sendto 5 B ┃────────╮       │")
    assert "┃        │       ┃" not in lines[2]
    assert lines[2].index("│", 40) == lines[1].index("╮")
    assert "╰──────▶┃ recvfrom 5 B" in lines[3]
    assert "inferred, by counting" in lines[-1]


def test_blocking_is_a_bar() -> None:
    """From the row where a call begins to the row where it returns."""
    waiting = receive(0, 5, end=100, blocked=True)
    found = diagram(life(bytes_in=5), [waiting], life(2, bytes_out=5), [send(50, 5)])
    lines = drawn(found)
    assert lines[1].rstrip().endswith("recvfrom … ┃                │")
    assert "┃        ╭───────┃ sendto 5 B" in lines[2]
    assert "recvfrom 5 B after 100 ns ┃◀" in lines[3]


def test_a_call_that_has_not_returned_is_last() -> None:
    """It says for how long it has waited."""
    waits = use("recvfrom", 10, 5 * MILLISECOND, way="in", blocked=True, done=False)
    lines = drawn(diagram(life(), [waits, send(20, 5)]))
    assert "recvfrom …" in lines[1]
    assert "recvfrom waits 4.99 ms" in lines[3]


def test_the_other_end_may_be_unseen() -> None:
    """Then arrows go to the edge, at once, and the address of a message stands there."""
    uses = [use("connect", 0), send(10, 5, other="192.0.2.1:53"), receive(20, 7)]
    found = diagram(life(), uses)
    assert not found.both
    lines = drawn(found)
    assert "handshake" in lines[1]
    assert "5 B" in lines[2]
    assert lines[2].endswith("▶┊ 192.0.2.1:53")
    assert "◀" in lines[3]
    assert "its calls are not seen" in lines[-1]


def test_many_calls_are_folded() -> None:
    """A thousand messages both ways become one row a kind, with an arrow between them."""
    mine = [send(t * 100, 64) for t in range(1000)]
    theirs = [receive(t * 100 + 50, 64) for t in range(1000)]
    one, other = life(bytes_out=64_000), life(2, bytes_in=64_000)
    found = diagram(one, mine, other, theirs)
    assert len(found.events) == LATEST + 3 + 2 + 3
    text = "\n".join(drawn(found))
    assert "\u00d7 967 sendto, 60.4 KiB" in text
    assert "\u00d7 967 recvfrom, 60.4 KiB" in text
    assert sum(arrow.amount for arrow in found.arrows) == 64_000
    assert len(diagram(one, mine, other, theirs, fold=False).events) == 2000


def test_few_calls_are_not_folded() -> None:
    """The latest stay as they are, and up to ten before."""
    most = LATEST + MOST_IN_A_ROW
    mine = [send(t * 100, 1) for t in range(most + 1)]
    assert len(diagram(life(bytes_out=most), mine[:most]).events) == most
    assert len(diagram(life(bytes_out=most + 1), mine).events) == LATEST + 7


def test_every_message_of_a_folded_conversation_has_its_arrow() -> None:
    """Requests and answers, each waited for: no arrow is lost, wherever the fold begins or ends."""
    mine, theirs = [], []
    for t in range(0, 300_000, 1000):
        mine += [send(t, 10), receive(t + 10, 20, end=t + 500)]
        theirs += [receive(t - 400, 10, end=t + 20), send(t + 490, 20)]
    found = diagram(
        life(bytes_out=3000, bytes_in=6000), mine, life(2, bytes_in=3000, bytes_out=6000), theirs
    )
    assert sum(arrow.amount for arrow in found.arrows) == 9000
    rows = {slot.event: row for row, slot in enumerate(slots_of(found.events))}
    first = {slot.event: row for row, slot in reversed(list(enumerate(slots_of(found.events))))}
    for arrow in found.arrows:
        assert arrow.source is not None
        assert arrow.target is not None
        assert first[arrow.source] <= rows[arrow.target]


def test_errors_stand_out_of_a_fold() -> None:
    """What went wrong amid thousands of calls keeps its own row."""
    mine = [send(t * 100, 1) for t in range(200)]
    mine[100] = use("sendto", 10_000, way="out", errno="EPIPE")
    found = diagram(life(bytes_out=199), mine)
    assert sum(event.use.errno == "EPIPE" for event in found.events) == 1
    assert any("EPIPE" in line for line in drawn(found))


def test_only_the_longest_waits_stand_out() -> None:
    """Where every call waits, ten of them are shown for themselves."""
    mine = [
        receive(t * 10**7, 1, end=t * 10**7 + 2 * MILLISECOND + t, blocked=True) for t in range(500)
    ]
    found = diagram(life(bytes_in=500), mine)
    assert 1 <= sum(event.notable for event in diagram(life(), mine[:10]).events) <= 10
    assert sum(event.notable for event in found.events) == 0
    mine[50] = receive(0, 1, end=10**12, blocked=True)
    assert sum(event.notable for event in diagram(life(bytes_in=500), mine).events) == 1


def test_folded_lines_take_part() -> None:
    """Sums that came from the kernel's side are counted like calls."""
    sum_line = Folded(0, 900, 7, 7, "seven", "sendto", 1203, 3, 1, 65_536)
    found = diagram(life(bytes_out=65_541), [of_fold(sum_line), send(1000, 5)],
                    life(2, bytes_in=65_541), [receive(1100, 65_541)])  # fmt: skip
    assert {arrow.amount for arrow in found.arrows} == {65_536, 5}
    assert "\u00d7 1,203 sendto, 64.0 KiB" in "\n".join(drawn(found))


def test_an_arrow_never_goes_back_in_time() -> None:
    """Where counting pairs a read with a later write, there is no arrow: the count was wrong."""
    found = diagram(life(bytes_out=5), [send(100, 5)], life(2, bytes_in=5), [receive(0, 5)])
    assert not found.arrows


def test_exit_closes() -> None:
    """The end of the last holder is an event of the kernel's."""
    closing = state("closed", 500, cause="exit")
    ended = life_of([socket_line(), closing])
    found = diagram(ended, [])
    assert [event.use.call for event in found.events] == ["exit"]
    assert "ended: all holders gone" in drawn(found)[1]


def test_listener() -> None:
    """How long each connection waited from its handshake till accept."""
    accepted = life_of([socket_line(5, 300, origin="accept", listener=1, established=100)], 5)
    found = accepting([use("listen", 0), use("accept4", 290, 300)], [accepted])
    lines = drawn(found)
    assert "TCP established #5" in lines[2]
    assert "accept4 ┃◀" in lines[3]
    assert len(found.arrows) == 1


def test_empty() -> None:
    """No call is known: that is said."""
    assert any("No call of it" in line for line in drawn(diagram(life(), [])))


def test_hostile_names() -> None:
    """Names of calls and errors in a recording may be anything."""
    bad = of_call(call("\x1b]0;x\x07", 0, errno="[red]\x1b", ret=-1), None)
    text = "\n".join(drawn(diagram(life(), [bad])))
    assert "\x1b" not in text
    assert "[red]\\x1b" in text


def test_overlapping_calls_have_two_rows() -> None:
    """A call during which something else began has a row for each end; others have one."""
    found = diagram(life(), [use("recvfrom", 0, 100, way="in"), use("getsockname", 50, 60)])
    assert [slot.part for slot in slots_of(found.events)] == ["begin", "whole", "end"]


_USES = st.lists(
    st.builds(
        lambda name, way, begin, lasts, amount, flags: use(
            name,
            begin,
            begin + lasts,
            way=way,
            amount=amount,
            blocked=flags & 1,
            eof=flags & 2,
            errno="EPIPE" if flags & 4 else None,
            done=not flags & 8,
            peeked=flags & 16,
        ),
        st.sampled_from(["read", "write", "close", "shutdown", "connect", "accept4"]),
        st.sampled_from(["in", "out", ""]),
        st.integers(0, 1000),
        st.integers(0, 300),
        st.integers(0, 50),
        st.integers(0, 31),
    ),
    max_size=120,
)


@settings(deadline=None, max_examples=60)
@given(
    mine=_USES,
    theirs=_USES,
    total=st.integers(0, 2000),
    alone=st.booleans(),
    width=st.integers(44, 150),
)
def test_anything_can_be_drawn(
    *, mine: list[Use], theirs: list[Use], total: int, alone: bool, width: int
) -> None:
    """Whatever two ends did, and whatever is missing: lines fit, and arrows never go back."""
    other = None if alone else life(2, bytes_in=total, bytes_out=total)
    found = diagram(life(bytes_in=total, bytes_out=total), mine, other, theirs)
    slots = slots_of(found.events)
    assert {slot.event for slot in slots} == set(range(len(found.events)))
    for line in drawn(found, width):
        assert width_of(line) <= width
