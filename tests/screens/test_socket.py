"""A socket's page: its parts, ways from it and back, while the socket lives and after."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from socktrace.lines import Blocked, Descriptor, Sample
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.socket import call_of
from socktrace.view.life.layout import PARTS
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.socket_page import connection, here, run, until, view_of
from tests.screens.text import lines, text
from tests.unit.life_samples import call, socket_line, state


def test_no_socket_is_selected() -> None:
    """Key 2 before any was: that is said, in every part, and nothing breaks."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.socket = None
        app.show("socket")
        await pilot.pause()
        for _ in PARTS:
            assert "No socket is selected: Enter on one in view 1" in text(app)
            await pilot.press("tab")
        await pilot.press("plus", "p", "v", "circumflex_accent", "m", "enter", "less_than_sign")
        assert app.view.label == "socket"

    run(ScriptedFeed(), test, (80, 24))


@pytest.mark.parametrize(
    ("size", "number"),
    [((80, 24), 1), ((80, 24), 2), ((120, 40), 2), ((200, 60), 3), ((300, 80), 2), ((40, 10), 1)],
)
def test_every_part_at_every_size(size: tuple[int, int], number: int) -> None:
    """Tab goes through all parts; each is shown with the focus, and no line is too wide."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(number)
        await pilot.pause()
        for name in PARTS:
            assert here(app).part == name
            assert here(app).display
            assert {len(line) for line in lines(app)} <= {size[0]}
            await pilot.press("tab")
        assert here(app).part == PARTS[0]
        await pilot.press("shift+tab")
        assert here(app).part == PARTS[-1]

    run(ScriptedFeed(recorded("tcp_echo")), test, size)


def test_wide_screens_show_all() -> None:
    """At 200 columns and 60 rows nothing needs a key."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.pause()
        shown = text(app)
        for words in (
            "connector: it asked for the connection",
            "ESTABLISHED───",
            "handshake",
            "3   tcp_echo(17151)",
            "How long all calls took",
            "No reading of its queues",
        ):
            assert words in shown

    run(ScriptedFeed(recorded("tcp_echo")), test, (200, 60))


def test_resizing_at_any_moment() -> None:
    """The part that has the focus keeps it; others come and go."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("tab", "tab")
        for size in ((200, 60), (80, 24), (20, 5), (300, 20), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert here(app).part == "diagram"
            assert here(app).display
        assert "sendto 5 B" in text(app)

    run(ScriptedFeed(recorded("tcp_echo")), test, (80, 24))


def test_the_page_goes_on_while_the_socket_lives() -> None:
    """New calls, a call that waits, its end: all without a key."""
    feed = ScriptedFeed(connection())

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        await pilot.pause()
        assert "64 B out" in text(app)
        feed.tell(call("sendto", 300, 10, 36))
        await until(pilot, lambda: "100 B out" in text(app))
        feed.blocked = {1: [Blocked(400, 350, 7, 7, "client", "recvfrom", 3, 1)]}
        feed.pass_time(5_000_000_000)
        await until(pilot, lambda: "blocked in recvfrom" in text(app))
        feed.blocked = {}
        feed.tell(
            Descriptor(6_000_000_000, 1, 7, 3, "closed", "close"),
            state("closed", 6_000_000_000, from_="connected"),
        )
        await until(pilot, lambda: "by close, after 6.00 s" in text(app))
        assert "blocked in" not in text(app)

    run(feed, test)


def test_what_came_before_is_there() -> None:
    """Calls that were told before the page was opened are drawn and counted."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.pause(0.2)
        app.open_socket(1)
        await pilot.press("tab", "tab")
        assert "sendto 64 B" in text(app)
        assert "read 64 B" in text(app)
        assert "#2 server(8)" in text(app)

    run(ScriptedFeed(connection()), test)


def test_the_other_end_and_back() -> None:
    """`p` opens it, Escape comes back to the same row of the same part."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("tab", "tab", "down", "down")
        key = here(app).cursor_key
        assert key is not None
        await pilot.press("p")
        assert app.socket == 3
        assert "#3 TCP" in lines(app)[1]
        await pilot.press("escape")
        assert app.socket == 2
        assert "#2 TCP" in lines(app)[1]
        assert here(app).part == "diagram"
        assert here(app).cursor_key == key

    run(ScriptedFeed(recorded("tcp_echo")), test, (80, 24))


def test_no_other_end() -> None:
    """That is said, and the page stays."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        await pilot.press("p")
        assert app.socket == 1
        assert any("no other end" in note.message for note in app._notifications)

    run(ScriptedFeed(recorded("tcp_echo")), test)


def test_enter_opens_what_the_row_is_about() -> None:
    """A socket that was accepted, a process that holds it, the call of a row of the diagram."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        await pilot.pause()
        assert here(app).go_to(("accepted", 3))
        await pilot.press("enter")
        await pilot.pause()
        assert app.socket == 3
        await pilot.press("escape", "tab", "tab", "tab")
        assert here(app).part == "descriptors"
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.view.label == "processes"
        await pilot.press("escape")
        assert app.view.label == "socket"
        await pilot.press("shift+tab", "down", "enter")
        await pilot.pause()
        assert app.view.label == "events"

    run(ScriptedFeed(recorded("tcp_echo")), test)


@pytest.mark.parametrize("key", ["v", "circumflex_accent", "less_than_sign", "greater_than_sign"])
def test_keys_to_the_events(key: str) -> None:
    """They lead to the socket's own lines, and Escape comes back."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press(key)
        await pilot.pause()
        assert app.view.label == "events"
        assert app.view.selected_socket() == 2
        await pilot.press("escape")
        assert app.view.label == "socket"

    run(ScriptedFeed(recorded("tcp_echo")), test)


def test_origin_of_what_was_there_before() -> None:
    """Nobody saw it: that is said."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        await pilot.press("circumflex_accent")
        assert app.view.label == "socket"
        assert any("origin was not seen" in note.message for note in app._notifications)

    run(ScriptedFeed([socket_line(origin="existing")]), test)


def test_zoom_and_pan() -> None:
    """`+` shows half as much time, left goes back, `-` shows all again; the part is opened."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("plus")
        assert here(app).part == "timeline"
        assert view_of(app)._writing.view.zoom == 1
        await pilot.press("plus", "left")
        await pilot.pause()
        assert view_of(app)._writing.view.centre is not None
        await pilot.press("h")
        await pilot.pause()
        before = view_of(app)._writing.view.centre
        await pilot.press("l")
        await pilot.pause()
        assert view_of(app)._writing.view.centre != before
        await pilot.press("minus", "minus")
        assert view_of(app)._writing.view == (0, None)

    run(ScriptedFeed(recorded("tcp_echo")), test, (80, 24))


def test_the_chosen_call() -> None:
    """On the row of a call its own durations are shown; `m` tells what it does."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("tab", "tab", "tab", "tab", "down")
        await until(pilot, lambda: "How long recvfrom took" in text(app))
        assert call_of(here(app).cursor_key) == "recvfrom"
        await pilot.press("m")
        await pilot.pause()
        assert "recvfrom" in text(app)
        assert len(app.screen_stack) == 2

    run(ScriptedFeed(recorded("tcp_echo")), test, (80, 24))


def test_manual_needs_a_call() -> None:
    """On any other row that is said."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("m")
        assert any("about no call" in note.message for note in app._notifications)

    run(ScriptedFeed(recorded("tcp_echo")), test)


def test_queues_are_asked_for_while_the_page_is_open() -> None:
    """The source samples this socket more often, until the page is left; readings are drawn."""
    feed = ScriptedFeed(connection())

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        await pilot.pause()
        assert feed.focused == 1
        for t in range(1, 6):
            feed.tell(Sample(t * 10**9, 1, t * 1024, 0, {"tcpi_rtt": 120}))
        await pilot.press("shift+tab")
        await until(pilot, lambda: "5.0 KiB" in text(app))
        assert "120 µs" in text(app)
        await pilot.press("p")
        await pilot.pause()
        assert feed.focused == 2
        await pilot.press("1")
        await pilot.pause()
        assert feed.focused is None

    run(feed, test)


def test_another_moment() -> None:
    """A reset shows the socket as it was then, or says that it is not known at that moment."""
    told = recorded("tcp_echo")
    feed = ScriptedFeed(told)

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.pause()
        assert "closed" in lines(app)[1]
        feed.reset(*told[:30])
        await until(pilot, lambda: "ESTABLISHED" in lines(app)[1])
        feed.reset(*told[:4])
        await until(pilot, lambda: "#2 is not known at this moment" in text(app))
        feed.reset(*told)
        await until(pilot, lambda: "by close, after 334 µs" in text(app))

    run(feed, test)


def test_while_the_screen_stands_still() -> None:
    """A page can be opened all the same; it shows what is known, and goes on later."""
    feed = ScriptedFeed(connection())

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("space")
        feed.tell(call("sendto", 300, 10, 36))
        app.open_socket(1)
        await pilot.pause()
        assert "#1 TCP" in lines(app)[1]
        await pilot.press("space")
        await pilot.press("tab", "tab")
        await until(pilot, lambda: "sendto 36 B" in text(app))

    run(feed, test)
