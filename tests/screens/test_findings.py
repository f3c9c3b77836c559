"""The findings' view: the list, the page of one, and ways from there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from textual.pilot import Pilot

from socktrace.lines import Finding, Frame
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.findings import FindingsView
from tests.screens.scripted import ScriptedFeed
from tests.screens.text import app_of, lines, settle, text
from tests.unit.process_samples import SECOND, opened, process

WAITING = Finding(
    t=SECOND,
    last=9 * SECOND,
    count=12,
    rule="close-wait",
    severity="warning",
    title="connections wait to be closed",
    evidence=[{"t": SECOND, "tid": 11}, {"receive_queue": 1, "state": "CLOSE-WAIT"}],
    advice="close the socket when recv returns 0",
    pid=11,
    comm="worker",
    socket=1,
    sockets=[1, 2],
    where=[Frame("serve", "server.c", 120)],
)
SILENT = Finding(
    t=2 * SECOND,
    last=2 * SECOND,
    count=1,
    rule="no-answer",
    severity="critical",
    title="nobody answers",
    evidence=[],
    advice="look at the firewall",
    pid=21,
    comm="client",
    socket=4,
)
ALONE = Finding(
    t=3, last=3, count=1, rule="many", severity="note", title="many descriptors", evidence=[],
    advice="raise the limit", pid=12, comm="worker",
)  # fmt: skip


def source() -> ScriptedFeed:
    """Two processes with sockets."""
    return ScriptedFeed(
        [
            process(1, 0, "init"),
            process(11, 1, "worker"),
            process(12, 1, "worker"),
            process(21, 1, "client"),
            *opened(1, 11, 3),
            *opened(2, 11, 4),
            *opened(3, 12, 3),
            *opened(4, 21, 3),
        ]
    )


@contextlib.asynccontextmanager
async def view_of(
    feed: ScriptedFeed, *findings: Finding, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Pilot[int], FindingsView]]:
    """The app with findings shown; they are told while another view is."""
    app = SocktraceApp(feed)
    async with app.run_test(size=size) as pilot:
        feed.tell(*findings)
        await pilot.press("5")
        view = app.view
        assert isinstance(view, FindingsView)
        await settle(pilot)
        yield pilot, view


def test_none() -> None:
    """Without findings the page says why there are none, and what can be seen elsewhere."""

    async def run() -> None:
        async with view_of(source(), size=(80, 24)) as (pilot, view):
            shown = " ".join(text(pilot.app).split())
            assert "No findings." in shown
            assert "are not part of this version yet" in shown
            assert view.badge() == (0, None)
            await pilot.press("enter", "v", "tab", "down", "n", "end", "escape")
            assert view.under_cursor() is None
            assert view.selected_socket() is None

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_worst_first_and_all_of_it(size: tuple[int, int]) -> None:
    """The list has the worst at the top; the page says what, where, why and what to do."""

    async def run() -> None:
        async with view_of(source(), WAITING, SILENT, ALONE, size=size) as (pilot, view):
            rows = lines(pilot.app)
            places = [
                next(i for i, line in enumerate(rows) if title in line)
                for title in ("nobody answers", "connections wait to", "many descriptors")
            ]
            assert places == sorted(places)
            assert view.badge() == (3, "critical")
            assert "✖ 1 critical   ▲ 1 warning   ● 1 note" in text(pilot.app)
            view.return_to(("finding", ("close-wait", 11, 1)))
            await settle(pilot)
            await pilot.press("tab", "end")
            await pilot.pause()
            whole = text(pilot.app)
            await pilot.press("home")
            await pilot.pause()
            whole += text(pilot.app)
            for part in (
                "▲ warning  at 1.000000 until 9.000000, 8.00 s, 12 times",
                "worker(11)",
                "#1  TCP  127.0.0.1:80  ● connected",
                "serve (server.c:120)",
                "rule close-wait",
            ):
                assert part in whole, part

    asyncio.run(run())


def test_told_again_it_stays_selected() -> None:
    """A finding that is told again changes in place; one that is worse comes above it."""

    async def run() -> None:
        feed = source()
        async with view_of(feed, WAITING) as (pilot, view):
            feed.tell(Finding(**{f: getattr(WAITING, f) for f in WAITING.__struct_fields__
                                 if f != "count"}, count=99), SILENT)  # fmt: skip
            await settle(pilot)
            finding = view._selected_finding()
            assert finding is not None
            assert (finding.rule, finding.count) == ("close-wait", 99)
            assert " 99 " in text(pilot.app)

    asyncio.run(run())


def test_ways_from_a_finding() -> None:
    """Enter opens its socket, v its event; lines of its page lead to what they name."""

    async def run() -> None:
        async with view_of(source(), WAITING, ALONE) as (pilot, view):
            app = app_of(pilot)
            await pilot.press("enter")
            assert (app.view.label, app.socket) == ("socket", 1)
            await pilot.press("escape")
            await settle(pilot)
            await pilot.press("v")
            assert app.view.label == "events"
            await pilot.press("escape")
            await settle(pilot)
            assert view.selected_socket() == 1
            await pilot.press("tab")
            for label, kind in (("worker(11)", "processes"), ("#2", "socket"), ("→ at", "events")):
                rows = view._page
                place = next(i for i in range(len(rows)) if label in rows.text(i))
                view._detail.go_to(place)
                await pilot.press("enter")
                assert app.view.label == kind, label
                await pilot.press("escape")
                await settle(pilot)
                await pilot.press("tab")
            await pilot.press("escape", "down", "enter")
            assert app.view.label == "processes", "it is of no socket"
            assert app.view.selected_pid() == 12

    asyncio.run(run())


def test_copying_it_for_a_ticket() -> None:
    """The row is the whole of it as text; the cell its title, or the line of the page."""

    async def run() -> None:
        async with view_of(source(), WAITING) as (pilot, view):
            cell = view.under_cursor()
            assert cell is not None
            assert cell.cell == "connections wait to be closed"
            assert "close the socket when recv returns 0" in cell.row
            assert "#2  TCP" in cell.row
            await pilot.press("tab", "down")
            cell = view.under_cursor()
            assert cell is not None
            assert cell.cell.startswith("▲ warning")
            assert view.shown_sockets() == [1, 2]

    asyncio.run(run())


def test_filter_and_search() -> None:
    """A filter hides those whose sockets do not fit; a search moves to a title."""

    async def run() -> None:
        async with view_of(source(), WAITING, SILENT, ALONE) as (pilot, view):
            assert view.search("many", 0)
            assert view.selected_pid() == 12
            assert view.search("client", 1)
            assert view.selected_pid() == 21
            assert not view.search("nothing of that", 1)
            app = app_of(pilot)
            assert app.set_filter("pid:12")
            await settle(pilot)
            assert "nobody answers" not in text(pilot.app)
            assert "many descriptors" in text(pilot.app)
            assert "2 findings left out by the filter" in text(pilot.app)
            assert app.set_filter("socket:4")
            await settle(pilot)
            assert "nobody answers" in text(pilot.app)
            assert app.set_filter("pid:999")
            await settle(pilot)
            assert "3 findings left out by the filter" in text(pilot.app)
            assert app.set_filter("")
            await settle(pilot)
            assert "many descriptors" in text(pilot.app)

    asyncio.run(run())


def test_another_moment_of_a_recording() -> None:
    """After a jump only what is told of that moment is there."""

    async def run() -> None:
        feed = source()
        async with view_of(feed, WAITING, SILENT) as (pilot, view):
            feed.reset(process(11, 0, "worker"), *opened(1, 11, 3), WAITING)
            await settle(pilot)
            assert view.badge() == (1, "warning")
            assert "nobody answers" not in text(pilot.app)

    asyncio.run(run())


def test_hostile_words() -> None:
    """Titles and advice with escape sequences and markup are shown as what they are."""

    async def run() -> None:
        word = "[/x]\x1b[2J\u202e" + "漢" * 500
        bad = Finding(1, 1, 1, word, "note", word, [{word: word}, word], word, 1, word, 1)
        async with view_of(source(), bad, size=(80, 24)) as (pilot, _):
            for line in lines(pilot.app):
                assert line.isprintable()
            assert "[/x]\\x1b[2J" in text(pilot.app)

    asyncio.run(run())
