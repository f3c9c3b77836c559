"""How an event is written: in a line, whole, and what is said above the list."""

from __future__ import annotations

import base64
import re

import pytest

from socktrace.lines import Address, Blocked, Finding, Folded, Header, Host, Sample, Syscall
from socktrace.model.world import World
from socktrace.text.columns import width_of
from socktrace.text.stream import format_line
from socktrace.view.events.calling import call_spans, sum_spans
from socktrace.view.events.carried import carried
from socktrace.view.events.choice import Choice, Mark
from socktrace.view.events.detail import Around, detail, socket_then
from socktrace.view.events.entries import Sum, Told
from socktrace.view.events.gathering import Gatherer
from socktrace.view.events.layout import Layout, layout_for
from socktrace.view.events.log import EventLog
from socktrace.view.events.painting import PAINTING, spans_of
from socktrace.view.events.remarks import Going, counted, remarks
from socktrace.view.events.telling import NoLives, entry_spans, single_spans, what_spans
from socktrace.view.spans import Spans, plain
from tests.screens.scripted import TRACES, recorded
from tests.unit.event_samples import HOSTILE, SECOND, call, look_at, storm

LAYOUT = layout_for(120, 0)
NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl"))


def roles(spans: Spans, text: str) -> set[str]:
    """The roles of the pieces that have this text."""
    return {role for piece, role in spans if text in piece}


def world_of(name: str) -> World:
    """What a recording leaves behind."""
    world = World()
    for line in recorded(name):
        world.apply(line)
    return world


def test_a_call_reads_as_in_strace() -> None:
    """With the names of the arguments that need them, and roles for what the eye looks for."""
    spans = call_spans(
        call(
            1,
            "sendto",
            fd=3,
            socket=7,
            args={"len": 64, "flags": ["MSG_NOSIGNAL"], "addr": Address("AF_INET6", "::1", 80)},
            ret=64,
            dur=1_500,
        )
    )
    assert plain(spans) == ("sendto(3<#7>, len=64, flags=MSG_NOSIGNAL, [::1]:80) = 64  [1.50 µs]")
    assert roles(spans, "sendto") == {"title"}
    assert roles(spans, "#7") == {"socket"}
    assert roles(spans, "len=") == {"faint"}
    assert roles(spans, ":80") == {"address"}
    assert roles(spans, "µs") == {"faint"}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_show_tells_of_a_call_is_missing(name: str) -> None:
    """The same descriptors, values, results and remarks as in `socktrace show --calls`."""
    world = world_of(name)
    compared = 0
    for line in recorded(name):
        if not isinstance(line, Syscall):
            continue
        ours = plain(entry_spans(line, Layout(13, 40), world))
        theirs = format_line(line, world)
        assert theirs is not None
        without_names = re.sub(r"(?<=[( ])[a-z_]+=(?=\S)", "", ours)
        words = re.findall(r"[\w.:<>#µ]+", re.sub(r"(?<=[( ])[a-z_]+=(?=\S)", "", theirs))
        assert not [word for word in words if word not in without_names and word != "thread"]
        compared += 1
    assert compared > 2


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_story_has_text(name: str) -> None:
    """No entry is an empty row, and each says its time unless it stands below its cause."""
    world = world_of(name)
    lines = recorded(name)
    for entry in Gatherer().take(lines, 10**12):
        text = plain(entry_spans(entry, LAYOUT, world))
        assert text[LAYOUT.margin :].strip()
        assert plain(what_spans(entry, world)) in text


def test_an_error_has_a_sign_and_a_role() -> None:
    """A fault stands out more than a "not yet", and both without colour."""
    failed = entry_spans(call(1, errno="ECONNRESET", ret=-1), LAYOUT, NoLives())
    later = entry_spans(call(1, errno="EAGAIN", ret=-1), LAYOUT, NoLives())
    assert "✗" in plain(failed)
    assert roles(failed, "ECONNRESET") == {"error"}
    assert "✗" not in plain(later)
    assert roles(later, "EAGAIN") == {"waiting"}


def test_a_call_that_waited_has_a_sign_and_a_role() -> None:
    """Where it was not in non-blocking mode."""
    spans = entry_spans(call(1, "accept", dur=2 * SECOND, socket=1), LAYOUT, NoLives())
    assert "◷" in plain(spans)
    assert roles(spans, "blocked 2.00 s") == {"warning"}


@pytest.mark.parametrize("room", [40, 60, 80])
def test_arguments_give_way_to_the_result(room: int) -> None:
    """On a narrow screen one sees how a call ended before all that it was given."""
    path = {"addr": Address("AF_UNIX", path="/a" * 50), "len": 12345}
    spans = call_spans(call(1, "sendto", fd=3, args=path, errno="EPIPE", ret=-1), room=room)
    text = plain(spans)
    assert text.startswith("sendto(3, ")
    assert "…) = -1 EPIPE  [10 ns]" in text
    assert width_of(text) <= room
    whole = plain(call_spans(call(1, "read", fd=3), room=room))
    assert whole == plain(call_spans(call(1, "read", fd=3)))


def test_a_process_keeps_its_number_when_its_name_is_cut() -> None:
    """Two workers of one program are told apart on any screen."""
    spans = entry_spans(call(1, comm="a-very-long-name", pid=1234567), layout_for(80, 0), NoLives())
    assert "…(1234567)" in plain(spans)
    threaded = entry_spans(call(1, comm="a", pid=5, tid=6), LAYOUT, NoLives())
    assert "a(5)/6 " in plain(threaded)
    threaded = entry_spans(call(1, comm="thread_server", pid=17160, tid=17163), LAYOUT, NoLives())
    assert "thread_s…(17160)/17163 " in plain(threaded)


@pytest.mark.parametrize("latest", [0, 99 * SECOND, 10**4 * SECOND, 10**7 * SECOND, 10**18])
def test_times_stand_below_each_other(latest: int) -> None:
    """Whatever the latest is."""
    layout = layout_for(120, latest)
    starts = {
        plain(entry_spans(call(t), layout, NoLives())).index("quiet") for t in (0, latest // 2)
    }
    assert starts == {layout.time + 2}


def a_sum(**fields: int) -> Sum:
    """Calls that were added up."""
    log = EventLog()
    log.update(look_at(storm(1_203, **fields)))
    (entry,) = (entry for _, entry in log.since(0))
    assert isinstance(entry, Sum)
    return entry


def test_a_sum_says_how_many_and_what_they_came_to() -> None:
    """Bytes, errors, time; and that it can be taken apart."""
    entry = a_sum()
    entry.errors = {"EAGAIN": 3, "EPIPE": 1}
    spans = sum_spans(entry)
    text = plain(spans)
    assert text.startswith("▸ \N{MULTIPLICATION SIGN} 1,203 recvfrom(3<#101>)  18.7 KiB, 3 EAGAIN")
    assert roles(spans, "EPIPE") == {"error"}
    assert "▾" in plain(sum_spans(entry, apart=True))
    entry.parts = []
    assert "▸" not in plain(sum_spans(entry))
    assert "on 400 sockets" in plain(sum_spans(a_sum(sockets=400)))


def test_sums_of_a_recording_look_the_same() -> None:
    """They only cannot be taken apart."""
    told = Folded(1, SECOND, 5, 5, "quiet", "recv", 9, 3, 7, 2_048, 100, {"EINTR": 2}, eof=3)
    text = plain(entry_spans(told, LAYOUT, NoLives()))
    assert "\N{MULTIPLICATION SIGN} 9 recv(3<#7>)  2.0 KiB, 2 EINTR, end of file" in text
    assert "▸" not in text
    assert "no line for each" in plain(joined(detail(told, Around(NoLives()), 80)))


def test_a_single_call_of_a_sum_names_its_thread_only() -> None:
    """Its process stands above it."""
    text = plain(single_spans(call(1, pid=5, tid=6), LAYOUT, NoLives()))
    assert "thread 6" in text
    assert "quiet" not in text


def joined(lines: list[Spans]) -> Spans:
    """All lines of a page in one."""
    return [span for line in lines for span in [*line, ("\n", "plain")]]


def test_one_event_whole() -> None:
    """Arguments by name, structures as trees, what the error means, the socket at that moment."""
    world = world_of("epoll_server")
    lines = [line for line in recorded("epoll_server") if isinstance(line, Syscall)]
    ready = next(line for line in lines if line.call.startswith("epoll_") and "events" in line.args)
    page = plain(joined(detail(ready, Around(world), 60)))
    assert re.search(r"events +\d items?\n +\[0\]", page)
    assert "descriptors that are ready" in page.replace("\n             ", " ")
    failed = call(1, "connect", ret=-1, errno="ECONNREFUSED", fd=3, socket=1, args={})
    page = plain(joined(detail(failed, Around(world), 60)))
    assert "-1 ECONNREFUSED: nobody listens" in page
    assert "sockfd    3 #1" in page
    assert "socket #1 then" in page


def test_what_a_call_came_of_and_led_to() -> None:
    """Both are told with the event."""
    one, other = call(1, "socket"), call(5, "accept")
    page = plain(joined(detail(call(3), Around(NoLives(), one, [other]), 60)))
    assert "came of\n  0.000000  socket(" in page
    assert "led to\n  accept(" in page


def test_a_socket_is_told_as_it_was_then() -> None:
    """Its states at the event, not those it came to."""
    world = world_of("tcp_echo")
    life = world.life(1)
    born, closed = life.created, life.closed
    assert closed is not None
    then = socket_then(1, born, world)
    assert then is not None
    assert then.api == "created"
    listening = socket_then(1, closed - 1, world)
    assert listening is not None
    assert (listening.api, socket_then(1, closed, world).api) == ("listening", "closed")  # type: ignore[union-attr]
    assert socket_then(99, 0, world) is None


@pytest.mark.parametrize("width", [30, 44, 80, 120])
def test_one_event_fits_its_place(width: int) -> None:
    """No line is longer than the place, however long a value is."""
    lines: list[Told] = [
        call(1, "sendto", comm="x" * 15, args={"addr": Address("AF_UNIX", path="/p" * 54)}),
        call(2, HOSTILE, comm=HOSTILE, errno=HOSTILE, args={HOSTILE: {HOSTILE: [{"a": HOSTILE}]}}),
        call(3, args={"x" * 4_000: "y" * 4_000, "deep": nested(40), "many": list(range(9_999))}),
        Finding(4, 4, 1, HOSTILE, "warning", HOSTILE, [HOSTILE], HOSTILE),
        Blocked(5, 1, 5, 5, HOSTILE, HOSTILE),
    ]
    for line in lines:
        for written in detail(line, Around(NoLives()), width):
            text = plain(written)
            assert text.isprintable()
            assert width_of(text) <= width


def nested(depth: int) -> object:
    """Lists in lists."""
    return [nested(depth - 1)] if depth else {"end": 1}


@pytest.mark.parametrize("name", NAMES)
def test_every_line_can_be_shown_whole(name: str) -> None:
    """Of every kind that recordings have."""
    world = world_of(name)
    for entry in Gatherer().take(recorded(name), 10**12):
        page = detail(entry, Around(world), 60)
        assert page
        assert all(plain(line).isprintable() for line in page)


def test_what_a_call_carried() -> None:
    """Bytes and text, as far as they were kept; hostile bytes as dots."""
    payload = base64.b64encode(b"GET / \x1b[2J\xff" * 100).decode()
    for width, step in ((60, 8), (100, 16)):
        lines = [plain(line) for line in carried(call(1, ret=5_000, payload=payload), width)]
        assert lines[0] == "  the first 1.0 KiB of 4.8 KiB"
        assert lines[1].startswith("  0000  47 45 54 20 2f 20 1b 5b ")
        assert lines[1].endswith("GET / ·["[:step] if step == 8 else "GET / ·[2J·GET /")
        assert all(width_of(line) <= width and line.isprintable() for line in lines)
        shown = [line for line in lines if line.startswith("  0")]
        assert len(shown) == min(64, -(-1_100 // step))
    assert list(carried(call(1), 60)) == []
    assert "not base64" in plain(next(carried(call(1, payload="?"), 60)))


def test_painted_text_is_taken_apart() -> None:
    """What `socktrace.text` colours gets roles; nothing is lost."""
    text = f"a {PAINTING.paint('error', 'b')} c{PAINTING.paint('socket', '')}"
    assert spans_of(text, "faint") == [("a ", "faint"), ("b", "error"), (" c", "faint")]


def test_what_is_left_out_is_said() -> None:
    """What is hidden, skipped, forgotten, looked for."""
    log, choice = EventLog(5), Choice()
    log.extend([call(t) for t in range(8)])
    log.skipped = 12
    choice.hidden[Mark("call", "recv", "recv")] = None
    choice.only[Mark("process", 5, "quiet(5)")] = None
    text = plain(remarks(log, choice, 4, Going(following=False, blocked=2, search=("zz", 3))))
    assert "staying" in text
    assert "hidden: call recv" in text
    assert "only process quiet(5)" in text
    assert "12 lines skipped" in text
    assert "2 calls blocked now" in text
    assert "looking for zz: 3 of 4" in text
    assert plain(counted(log, 4)) == "4 of 5 lines, the oldest 3 forgotten"
    quiet = plain(remarks(EventLog(), Choice(), 0, Going(following=True)))
    assert quiet == "▼ following"


def test_headers_and_samples_are_no_entries() -> None:
    """They would be rows without text."""
    header = Header("socktrace", 1, "2000-01-01T00:00:00Z", Host("h", "k", "a", "b"), "ebpf", {})
    assert Gatherer().take([header, Sample(1, 1, 0, 0)], 10**9) == []
