"""A socket's page: its parts, ways from it and back, while the socket lives and after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from rich.cells import cell_len
from textual.events import MouseEvent, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from socktrace.lines import Blocked, Descriptor, Line, Process, Sample
from socktrace.settings import Settings
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.socket import SocketView, call_of
from socktrace.tui.views.socket_parts import Part
from socktrace.view.life.layout import PARTS
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import lines, text
from tests.unit.life_samples import HERE, THERE, call, socket_line, state

Test = Callable[[SocktraceApp, Pilot[int]], Awaitable[None]]


def run(feed: ScriptedFeed, test: Test, size: tuple[int, int] = (120, 40)) -> None:
    """Run a test on the app, which is shown on a screen of this size."""

    async def go() -> None:
        app = SocktraceApp(feed)
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.05)
            await test(app, pilot)

    asyncio.run(go())


def view_of(app: SocktraceApp) -> SocketView:
    """The page."""
    view = app.views["socket"]
    assert isinstance(view, SocketView)
    return view


async def until(pilot: Pilot[int], true: Callable[[], Any]) -> None:
    """Wait for what comes with the next looks."""
    for _ in range(100):
        if true():
            return
        await pilot.pause(0.05)
    assert true()


def here(app: SocktraceApp) -> Part:
    """The part that has the focus."""
    assert isinstance(app.focused, Part)
    return app.focused


def connection() -> list[Line]:
    """Two ends of a connection on this machine, at work."""
    return [
        Process(0, "seen", 7, comm="client", ppid=1),
        Process(0, "seen", 8, comm="server", ppid=1),
        socket_line(1, local=THERE, remote=HERE),
        Descriptor(0, 1, 7, 3, "opened", "socket"),
        state("connected", 10, cause="kernel"),
        socket_line(2, 20, origin="accept", pid=8, local=HERE, remote=THERE, peer=1),
        Descriptor(20, 2, 8, 4, "opened", "accept4"),
        state("connected", 20, number=2),
        call("sendto", 100, 10, 64),
        call("read", 150, 10, 64, pid=8, tid=8, comm="server", fd=4, socket=2),
    ]


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


def test_searching() -> None:
    """Goes from row to row of the part, round the end."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("tab", "tab")
        view = view_of(app)
        assert view.search("recvfrom", 0)
        first = here(app).cursor
        assert view.search("recvfrom", 1)
        assert here(app).cursor > first
        assert view.search("recvfrom", -1)
        assert here(app).cursor == first
        assert not view.search("nowhere", 1)
        assert view.search("", 0)
        assert here(app).marked is None

    run(ScriptedFeed(recorded("tcp_echo")), test)


def test_copying() -> None:
    """A row, and what it says without its title."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.pause()
        here(app).go_to(("fact", "born", 0))
        cell = view_of(app).under_cursor()
        assert cell is not None
        assert cell.cell == "0.012410, socket by tcp_echo(17151)"
        assert cell.row == "born         0.012410, socket by tcp_echo(17151)"
        assert view_of(app).selected_socket() == 2
        assert view_of(app).selected_pid() == 17151
        assert view_of(app).shown_sockets() == [2, 3]

    run(ScriptedFeed(recorded("tcp_echo")), test)


def test_the_mouse() -> None:
    """A click on a tab goes to its part; a click into a part gives it the focus."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.pause()
        tabs = view_of(app)._tabs
        await pilot.click(tabs, offset=(lines(app)[2].index("Diagram") + 1, 0))
        await pilot.pause()
        assert here(app).part == "diagram"
        await pilot.resize_terminal(200, 60)
        await pilot.pause()
        await pilot.click("#part-calls", offset=(3, 3))
        await pilot.pause()
        assert here(app).part == "calls"

    run(ScriptedFeed(recorded("tcp_echo")), test)


def test_the_wheel() -> None:
    """It moves the rows; with Ctrl it shows more of the time line, or less."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("tab")
        await pilot.pause()
        part = here(app)
        part.post_message(wheel(MouseScrollUp, part, ctrl=True))
        await until(pilot, lambda: view_of(app)._writing.view.zoom == 1)
        part.post_message(wheel(MouseScrollDown, part, ctrl=True))
        await until(pilot, lambda: view_of(app)._writing.view.zoom == 0)
        assert part.scroll_offset.y == 0
        part.post_message(wheel(MouseScrollDown, part))
        await until(pilot, lambda: part.scroll_offset.y > 0)
        assert view_of(app)._writing.view.zoom == 0

    run(ScriptedFeed(recorded("tcp_echo")), test, (80, 24))


def wheel(kind: type[MouseEvent], part: Part, *, ctrl: bool = False) -> MouseEvent:
    """The wheel is turned over a part."""
    return kind(part, 1, 1, 0, 0, 0, shift=False, meta=False, ctrl=ctrl)


def test_keys_of_users_are_told() -> None:
    """The line of tabs tells the keys that are in force; a click on one does what it says."""

    async def go() -> None:
        app = SocktraceApp(
            ScriptedFeed(recorded("tcp_echo")), settings=Settings(keys={"next_tab": "f9"})
        )
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            app.open_socket(2)
            await pilot.pause()
            assert "F9 next part" in lines(app)[2]
            await pilot.click(view_of(app)._tabs, offset=(lines(app)[2].index("F9") + 1, 0))
            await until(pilot, lambda: here(app).part == "timeline")
            await pilot.press("f9")
            assert here(app).part == "diagram"

    asyncio.run(go())


def test_names_of_addresses() -> None:
    """`D` puts names before the numbers, where they are known: of loopback they are."""

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        await pilot.press("D")
        await until(pilot, lambda: "(127.0.0.1:" in text(app))

    run(ScriptedFeed(connection()), test)


def test_hostile_names() -> None:
    """What strangers chose never reaches the terminal as it is, in no part."""
    bad = "\x1b]0;owned\x07[red]\u202e日本語e\u0301" + "x" * 4000
    feed = ScriptedFeed([
        Process(0, "seen", 7, comm=bad),
        socket_line(family=f"AF_{bad}", protocol=bad),
        Descriptor(0, 1, 7, 3, "opened", bad),
        state(bad, 0, cause=bad),
        call(bad, 5, 10, -1, errno=bad, comm=bad),
        call("sendto", 20, 10, 5, comm=bad, args={"addr": {"family": "AF_UNIX", "path": bad}}),
    ])  # fmt: skip

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(1)
        for _ in PARTS:
            await pilot.press("tab")
            assert not {"\x1b", "\x07", "\u202e"} & set(text(app))
            assert {cell_len(line) for line in lines(app)} == {200}

    run(feed, test, (200, 60))


def test_own_processes_are_left_out() -> None:
    """Calls of the terminal that shows us are not drawn."""
    feed = ScriptedFeed(connection())
    feed.hidden = frozenset({8})

    async def test(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("tab", "tab")
        assert "read 64 B" not in text(app)
        assert "sendto 64 B" in text(app)

    run(feed, test)
