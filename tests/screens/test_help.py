"""What helps to find one's way: the help page, the palette, where things come from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from socktrace.tui.actions import ACTIONS, VIEWS, action_id
from socktrace.tui.app import SocktraceApp
from socktrace.tui.dialogs.help import Help, narrowed, sections
from socktrace.tui.dialogs.palette import Palette, commands_here
from socktrace.view.look import Status
from socktrace.view.spans import plain
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import shows, text

Act = Callable[[SocktraceApp, Pilot[int]], Awaitable[None]]


def run(act: Act, feed: ScriptedFeed | None = None, size: tuple[int, int] = (120, 40)) -> None:
    """Let something happen over a recorded program."""

    async def whole() -> None:
        app = SocktraceApp(feed or ScriptedFeed(recorded("tcp_echo")))
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(whole())


def test_every_action_is_in_the_help() -> None:
    """It is made of the table, wherever it is opened."""
    for view in VIEWS:
        page = [plain(line) for line in narrowed(sections(view, {}), "", 500)]
        for action in ACTIONS:
            assert any(action.help in line for line in page), action.name


def test_names_of_actions_are_unique() -> None:
    """The configuration knows actions by them."""
    names = [action_id(action) for action in ACTIONS]
    assert len(set(names)) == len(names)


def test_no_two_actions_share_a_key_where_both_work() -> None:
    """Of two actions of a view, one would never be reached."""
    for view in VIEWS:
        keys = [key for action in ACTIONS if view in action.where for key in action.keys]
        assert sorted(set(keys)) == sorted(keys), view


def test_the_help_begins_with_the_view_that_is_shown() -> None:
    """What is asked for most is seen without scrolling."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("4", "question_mark")
        await pilot.pause()
        assert shows(app, Help)
        assert "View 4: events (here)" in text(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert not shows(app, Help)

    run(act)


def test_the_help_is_narrowed() -> None:
    """`/` leaves the lines that have what is typed; Escape shows all, then closes."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("question_mark", "slash", *"svg")
        await pilot.pause()
        assert "SVG picture" in text(app)
        assert "End the program" not in text(app)
        await pilot.press(*"zzz")
        await pilot.pause()
        assert "nothing has this in it" in text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "View 1: sockets (here)" in text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not shows(app, Help)

    run(act)


def test_the_palette_does_what_is_chosen() -> None:
    """By a few letters of its name, and Enter."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("colon", *"pau", "enter")
        await pilot.pause()
        assert app.paused
        await pilot.press("colon", *"processes", "enter")
        await pilot.pause()
        assert app.view.label == "processes"

    run(act)


def test_the_palette_offers_what_works_here_alone() -> None:
    """Nothing of a recording's player, nor of another view; each with its key."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        names = {command.name for command in commands_here(app.screen)}
        assert {"quit", "pause", "sort", "group"} <= names
        assert not names & {"step", "record", "follow", "cursor_up", "palette"}
        await pilot.press("colon", *"no such thing", "enter")
        await pilot.pause()
        assert shows(app, Palette)
        await pilot.press("escape")
        await pilot.pause()
        assert not shows(app, Palette)

    run(act)


def test_the_palette_is_moved_in_by_arrows() -> None:
    """Up and down choose while letters narrow."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        offered = commands_here(app.screen)
        place = [command.name for command in offered].index("view_events")
        await pilot.press("colon", *["down"] * place, "enter")
        await pilot.pause()
        assert app.view.label == "events"

    run(act)


def test_what_is_missing_is_told_with_its_reasons() -> None:
    """`i` shows every reason whole; the header says how many there are."""
    feed = ScriptedFeed(recorded("tcp_echo"))
    feed.state = Status(
        "running",
        calls=12_345,
        lost=3,
        notes=("io_uring is not seen: \x1b[31m no tracepoint", "no names: the kernel refuses"),
        doing="listing",
    )

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.pause(0.3)
        assert "▲ 2 missing" in text(app)
        assert "▲ 3 LOST" in text(app)
        await pilot.press("i")
        await pilot.pause()
        shown = text(app)
        for wanted in ("12,345 calls", "3 events were lost", "io_uring is not seen", "no names"):
            assert wanted in shown
        assert "\x1b" not in shown
        await pilot.press("escape")

    run(act, feed)


def test_long_lines_of_the_help_are_broken_at_words() -> None:
    """None is wider than the page, whatever that is, and what follows is indented."""
    for room in (60, 72, 92):
        page = [plain(line) for line in narrowed(sections("events", {}), "", room)]
        assert max(map(len, page)) <= room
        assert all(line.startswith(" ") for line in page if line.endswith("system's page."))
