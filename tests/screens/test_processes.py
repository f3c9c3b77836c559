"""The processes' view: the tree, the descriptors, keys and ways from there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import pytest
from textual.pilot import Pilot

from socktrace.lines import Finding, Line
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.processes import ProcessesView
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import app_of, lines, settle, text
from tests.unit.process_samples import SECOND, closed, ended, opened, process, waits


def family() -> list[Line]:
    """A server with workers, below init, and a client elsewhere."""
    return [
        process(1, 0, "init"),
        process(10, 1, "server"),
        process(11, 10, "worker"),
        process(12, 10, "worker"),
        process(20, 1, "shell"),
        process(21, 20, "client"),
        *opened(1, 11, 3),
        *opened(2, 11, 4),
        *opened(3, 12, 3),
        *opened(4, 21, 3),
    ]


@contextlib.asynccontextmanager
async def view_of(
    feed: ScriptedFeed, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Pilot[int], ProcessesView]]:
    """The app with its processes shown."""
    app = SocktraceApp(feed)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        view = app.view
        assert isinstance(view, ProcessesView)
        await settle(pilot)
        yield pilot, view


def row(pilot: Pilot[int], name: str) -> str:
    """The first line of the screen with this text."""
    return next(line for line in lines(pilot.app) if name in line)


def told(pilot: Pilot[int]) -> str:
    """What the user was told in passing."""
    return "\n".join(notice.message for notice in pilot.app._notifications)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (300, 60)])
def test_the_tree_and_the_descriptors(size: tuple[int, int]) -> None:
    """At every size: who started whom, how many sockets each has, and one's descriptors."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family()), size) as (pilot, view):
            shown = text(pilot.app)
            for part in ("▾init", "├─▾server", "│ ├─ worker", "└─▾shell", "  └─ client"):
                assert part in shown
            assert "4 processes" not in shown
            assert "3 processes with 4 open sockets" in shown
            assert view.selected_pid() == 11, "the first that has sockets"
            view.return_to(("pid", 12))
            view.return_to(("pid", 11))
            await settle(pilot)
            assert view.selected_pid() == 11
            assert "worker(11)" in text(pilot.app)
            assert "127.0.0.1:80" in text(pilot.app)
            assert "● connected" in text(pilot.app)

    asyncio.run(run())


def test_folding() -> None:
    """z, left and right fold and unfold; Z does so with all; the cursor stays where it can."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family())) as (pilot, view):
            view.return_to(("pid", 12))
            await pilot.press("left")
            assert view.selected_pid() == 10, "nothing to fold: to the parent"
            await pilot.press("left")
            assert "▸server +2" in text(pilot.app)
            assert row(pilot, "▸server").split()[4] == "3", "sockets of the whole branch"
            await pilot.press("right")
            assert "▾server" in text(pilot.app)
            await pilot.press("right")
            assert view.selected_pid() == 11
            await pilot.press("z")
            assert (view.selected_pid(), "▸server +2" in text(pilot.app)) == (10, True)
            await pilot.press("z", "down", "Z")
            await pilot.pause()
            assert view.selected_pid() == 10
            assert ("▸server +2" in text(pilot.app), "▸shell +1" in text(pilot.app)) == (True, True)
            await pilot.press("Z")
            assert "├─ worker" in text(pilot.app)
            await pilot.press("h")
            assert "▸server +2" in text(pilot.app)
            y = next(i for i, line in enumerate(lines(pilot.app)) if "▸server" in line)
            await pilot.click(offset=(lines(pilot.app)[y].index("▸"), y))
            await pilot.pause()
            assert "▾server" in text(pilot.app)

    asyncio.run(run())


def test_sorting() -> None:
    """s sorts by the next column, S turns it round, a click on a title sorts by that."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family())) as (pilot, view):
            view.return_to(("pid", 21))
            assert "sockets▼" in text(pilot.app)
            await pilot.press("S")
            assert "sockets▲" in text(pilot.app)
            assert text(pilot.app).index("shell") < text(pilot.app).index("server")
            assert view.selected_pid() == 21, "the selected row stays selected"
            await pilot.press("s")
            assert "in/s▼" in text(pilot.app)
            title = next(line for line in lines(pilot.app) if "process  " in line)
            y = lines(pilot.app).index(title)
            await pilot.click(offset=(title.index("pid") + 1, y))
            await pilot.pause()
            assert "pid▲" in text(pilot.app)
            await pilot.click(offset=(title.index("pid") + 1, y))
            await pilot.pause()
            assert "pid▼" in text(pilot.app)

    asyncio.run(run())


def test_ways_to_a_socket_and_back() -> None:
    """Enter goes to the descriptors, Enter opens one's socket, Escape comes back twice."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family())) as (pilot, view):
            view.return_to(("pid", 11))
            await settle(pilot)
            await pilot.press("enter", "down", "enter")
            app = app_of(pilot)
            assert (app.view.label, app.socket) == ("socket", 2)
            await pilot.press("escape")
            await settle(pilot)
            assert app.view is view
            assert (view.selected_pid(), view.selected_socket()) == (11, 2)
            cell = view.under_cursor()
            assert cell is not None
            assert cell.row.split()[:3] == ["4", "TCP", "127.0.0.1:80"]
            await pilot.press("v")
            assert app.view.label == "events"
            await pilot.press("escape")
            await settle(pilot)
            await pilot.press("escape")
            cell = view.under_cursor()
            assert cell is not None
            assert cell.cell == "worker(11)"
            await pilot.press("tab")
            assert view.under_cursor() != cell
            await pilot.press("tab")
            assert view.under_cursor() == cell

    asyncio.run(run())


def test_opening_a_process_from_elsewhere() -> None:
    """A way to a process unfolds what hides it; to one that is not there it says so."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family())) as (pilot, view):
            app = app_of(pilot)
            await pilot.press("Z", "1")
            app.open_process(12)
            await settle(pilot)
            assert view.selected_pid() == 12
            app.open_process(999)
            await settle(pilot)
            assert "Process 999 is not shown" in told(pilot)

    asyncio.run(run())


def test_search_and_filter() -> None:
    """A search moves, to who is folded away too; a filter leaves those with a socket that fits."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family())) as (pilot, view):
            await pilot.press("Z")
            assert view.search("client", 0)
            await settle(pilot)
            assert view.selected_pid() == 21
            assert not view.search("nobody", 1)
            assert view.search("", 0)
            app = app_of(pilot)
            assert app.set_filter("pid:12")
            await settle(pilot)
            assert "client" not in text(pilot.app)
            assert "2 more do not fit the filter" in text(pilot.app)
            assert app.set_filter("pid:999")
            await settle(pilot)
            assert "Nothing fits the filter: u shows all." in text(pilot.app)
            await pilot.press("u")
            await settle(pilot)
            assert app.filter_text == ""
            assert "client" in text(pilot.app)

    asyncio.run(run())


def test_only_and_hide_ask_which() -> None:
    """x shows only, H hides: this process, program, user or container."""

    async def run() -> None:
        async with view_of(ScriptedFeed(family())) as (pilot, view):
            app = app_of(pilot)
            view.return_to(("pid", 11))
            await pilot.press("x")
            await settle(pilot)
            assert "process 11" in text(pilot.app)
            await pilot.press("2")
            await settle(pilot)
            assert app.filter_text == "comm:worker"
            assert "client" not in text(pilot.app)
            await pilot.press("H")
            await settle(pilot)
            await pilot.press("1")
            await settle(pilot)
            assert app.filter_text.startswith("comm:worker and not pid:")

    asyncio.run(run())


def test_what_waits_and_what_is_wrong() -> None:
    """Blocked threads, with the call and for how long, and findings, with the worst."""

    async def run() -> None:
        feed = ScriptedFeed(family())
        async with view_of(feed) as (pilot, _):
            feed.blocked = {1: [waits(1, 11, 11, 0), waits(1, 11, 111, 2 * SECOND)]}
            feed.pass_time(75 * SECOND)
            feed.tell(Finding(5, 5, 1, "r", "critical", "t", [], "a", pid=12, socket=3))
            await settle(pilot)
            await settle(pilot)
            assert "2 accept4 1m15s" in text(pilot.app)
            assert "✖ 1" in text(pilot.app)

    asyncio.run(run())


def test_who_ended_is_dimmed_and_goes() -> None:
    """An ended process says how it ended, for ten seconds."""

    async def run() -> None:
        feed = ScriptedFeed(family())
        async with view_of(feed) as (pilot, view):
            feed.tell(*closed(4, 21, 3, 6), ended(21, 7, None, "SIGKILL"))
            await settle(pilot)
            assert "client SIGKILL" in text(pilot.app)
            view.return_to(("pid", 21))
            await settle(pilot)
            assert "client(21)  ended by SIGKILL" in text(pilot.app)
            feed.pass_time(12 * SECOND)
            await settle(pilot)
            assert "client" not in text(pilot.app)
            assert view.selected_pid() in {1, 10, 11, 12}

    asyncio.run(run())


def test_another_moment_of_a_recording() -> None:
    """After a jump only what is so at that moment is shown."""

    async def run() -> None:
        feed = ScriptedFeed(family())
        async with view_of(feed) as (pilot, view):
            feed.reset(process(5, 0, "other"), *opened(9, 5, 7))
            await settle(pilot)
            assert "worker" not in text(pilot.app)
            assert view.selected_pid() == 5
            assert view.selected_socket() == 9

    asyncio.run(run())


def test_the_other_descriptors_of_a_live_process() -> None:
    """Live, /proc tells of files and pipes too, and how many there may be."""

    async def run() -> None:
        me = os.getpid()
        with socket.socket() as made:
            feed = ScriptedFeed([process(me, 1, "pytest"), *opened(1, me, made.fileno())])
            feed.of_this_machine = True
            async with view_of(feed, (160, 50)) as (pilot, view):
                for _ in range(100):
                    await pilot.pause(0.05)
                    if " descriptors, " in text(pilot.app):
                        break
                assert " descriptors, 1 socket" in text(pilot.app)
                await pilot.press("tab", "home")
                assert view.selected_socket() is None
                await pilot.press("enter")
                await settle(pilot)
                assert "names no socket" in told(pilot)

    asyncio.run(run())


def test_nothing_yet() -> None:
    """Before any socket is known it says so."""

    async def run() -> None:
        async with view_of(ScriptedFeed()) as (pilot, view):
            assert "No process has a socket yet." in text(pilot.app)
            assert view.selected_pid() is None
            assert view.under_cursor() is None
            await pilot.press("z", "Z", "left", "right", "enter", "x", "v", "s", "S", "n", "end")
            assert "No process has a socket yet." in text(pilot.app)

    asyncio.run(run())


@pytest.mark.parametrize("name", ["fork_server", "thread_server", "stuck", "fd_passing"])
def test_recordings(name: str) -> None:
    """Recordings of real programs, told piece by piece, with every key pressed meanwhile."""

    async def run() -> None:
        told = recorded(name)
        feed = ScriptedFeed()
        keys = ("j", "z", "s", "Z", "enter", "G", "g", "escape", "S", "Z", "k", "right", "left")
        async with view_of(feed, (100, 30)) as (pilot, _):
            for place, key in enumerate(keys):
                size = len(told) // len(keys) + 1
                feed.tell(*told[place * size : (place + 1) * size])
                await pilot.press(key)
                await pilot.pause(0.12)
            assert "open socket" in text(pilot.app)

    asyncio.run(run())
