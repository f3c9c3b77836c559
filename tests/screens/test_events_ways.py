"""From event to event: search, uses of a socket, its origin, moments, the way back."""

from __future__ import annotations

import pytest

from socktrace.view.events.entries import socket_of
from tests.screens.events_screen import Screen, screen
from tests.unit.event_samples import call


def test_search_moves_and_hides_nothing() -> None:
    """To the next hit, the one before, and round."""

    async def test(it: Screen) -> None:
        count = len(it.view.rows)
        it.go(0)
        assert it.view.search("accept4(", 0)
        assert it.at.call == "accept4"
        assert not it.view.search("no such text", 1)
        assert it.at.call == "accept4"
        assert it.view.search("close(", 1)
        first = it.at
        assert it.view.search("close(", 1)
        assert it.at is not first
        assert it.view.search("close(", -1)
        assert it.at is first
        assert len(it.view.rows) == count
        assert it.view._list.marked == "close("
        assert it.view.search("", 0)
        assert it.view._list.marked is None

    screen(test)


@pytest.mark.parametrize("there", [True, False])
def test_a_long_search_goes_on_by_itself(there: bool) -> None:  # noqa: FBT001
    """Keys are answered meanwhile; in the end it says that there is nothing."""

    async def test(it: Screen) -> None:
        it.go(0)
        assert it.view.search("needle(" if there else "nothing", 1)
        for _ in range(500):
            if it.view._search is None:
                break
            await it.pilot.pause(0.01)
        assert it.view._search is None
        if there:
            assert it.at.call == "needle"
        else:
            assert it.said == ["not found: nothing"]

    lines = [call(t, f"c{t % 900}") for t in range(20_000)]
    screen(test, [*lines, call(10**6, "needle"), call(10**7)])


# --- ways ---


def test_from_use_to_use() -> None:
    """Of one socket, whoever uses it."""

    async def test(it: Screen) -> None:
        it.go(it.find("accept4"))
        await it.press("less_than_sign")
        assert it.at.call == "close"
        await it.press(*["less_than_sign"] * 5)
        assert it.at.call == "socket"
        assert "no earlier use of #1" in it.said[-1]
        await it.press("greater_than_sign")
        assert it.at.call == "bind"
        assert not it.following

    screen(test)


def test_to_the_call_that_made_a_socket() -> None:
    """From any line about it."""

    async def test(it: Screen) -> None:
        it.go(it.find("read"))
        await it.press("circumflex_accent")
        assert it.at.call == "accept4"

    screen(test)


def test_from_elsewhere_to_an_event() -> None:
    """The last one of a socket; the first from a moment on; or that there is none."""

    async def test(it: Screen) -> None:
        await it.press("1")
        it.app.open_events(socket=1)
        assert it.app.view is it.view
        assert it.view.selected_socket() == 1
        last = max(n for n, e in it.view.told.since(0) if socket_of(e) == 1)
        assert it.view._list.cursor_key == (last, -1)
        it.app.open_events(t=12_500_000)
        assert it.at.t >= 12_500_000
        it.app.open_events(socket=77)
        assert "no line about #77" in it.said[-1]

    screen(test)


def test_the_way_back_leads_to_the_same_row() -> None:
    """And to following, where that was so."""

    async def test(it: Screen) -> None:
        it.go(5)
        before = it.at
        await it.press("1", "escape")
        assert it.at is before
        assert not it.following
        await it.press("end", "1", "escape")
        assert it.following

    screen(test)


def test_another_moment_of_a_recording() -> None:
    """All is forgotten, and nothing is left open of what was there."""

    async def test(it: Screen) -> None:
        it.go(5)
        await it.press("enter")
        it.feed.reset(call(7, "listen"))
        it.look()
        await it.pilot.pause()
        assert len(it.view.told) == 1
        assert "listen(" in it.text
        assert it.following
        assert it.at.call == "listen"

    screen(test)


def test_what_is_copied() -> None:
    """What happened, or the whole line."""

    async def test(it: Screen) -> None:
        it.go(it.find("bind"))
        cell = it.view.under_cursor()
        assert cell is not None
        assert cell.cell.startswith("bind(3<#1>, 127.0.0.1:0) = 0")
        assert "tcp_echo(17151)" in cell.row
        assert cell.cell in cell.row

    screen(test)


def test_what_could_not_be_kept_is_told() -> None:
    """Lines that were skipped on their way here."""

    async def test(it: Screen) -> None:
        it.view.told.skipped = 1_234
        it.view.draw()
        await it.pilot.pause()
        assert "1234 lines skipped" in it.text

    screen(test)


# --- the manual ---
