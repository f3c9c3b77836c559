"""The page of a socket: search, copying, the mouse, names."""

from __future__ import annotations

import asyncio

from rich.cells import cell_len
from textual.events import MouseEvent, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from socktrace.lines import Descriptor, Process
from socktrace.settings import Settings
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.socket_parts import Part
from socktrace.view.life.layout import PARTS
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.socket_page import connection, here, run, until, view_of
from tests.screens.text import lines, text
from tests.unit.life_samples import call, socket_line, state


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
