"""Typing filters and searches: help while it is typed, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.keys import _character_to_key
from textual.pilot import Pilot

from socktrace.model.filters import Filter, FilterError, parse
from socktrace.tui.app import SocktraceApp
from socktrace.tui.widgets.entry import Entry
from socktrace.tui.widgets.filter_bar import under, word_at
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import lines, text

Act = Callable[[SocktraceApp, Pilot[int]], Awaitable[None]]


def run(act: Act, size: tuple[int, int] = (100, 30)) -> None:
    """Let something happen over a recorded program."""

    async def whole() -> None:
        app = SocktraceApp(ScriptedFeed(recorded("http_pair")))
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(whole())


async def write(pilot: Pilot[int], typed: str) -> None:
    """Press the key of each character."""
    await pilot.press(*map(_character_to_key, typed))
    await pilot.pause(0.4)


def test_every_character_can_be_typed() -> None:
    """Keys that do something elsewhere are letters here."""
    everything = "".join(map(chr, range(0x21, 0x7F)))

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await write(pilot, "/" + everything)
        assert app.query_one(Entry).value == everything
        assert app.view.label == "sockets"

    run(act)


def test_a_filter_holds_in_every_view_while_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is applied as soon as it is one, and again taken back by Escape."""
    told: list[tuple[str, Filter | None]] = []

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        for name, view in app.views.items():
            monkeypatch.setattr(
                view, "filter", lambda chosen, name=name: told.append((name, chosen))
            )
        await write(pilot, "/type:stream")
        assert app.filter_text == "type:stream"
        assert told == [(name, parse("type:stream")) for name in app.views]
        assert "filter: type:stream" in lines(app)[-2]
        told.clear()
        await write(pilot, " and (")
        assert told == []
        await pilot.press("escape")
        await pilot.pause()
        assert app.filter_text == ""
        assert told == [(name, None) for name in app.views]

    run(act)


def test_enter_keeps_a_filter_and_up_brings_it_back() -> None:
    """What was applied before is a key away."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await write(pilot, "/port:80")
        await pilot.press("enter")
        await write(pilot, "/")
        await pilot.press("ctrl+u", "enter")
        await pilot.pause()
        assert app.filter_text == ""
        await write(pilot, "/")
        await pilot.press("up", "enter")
        await pilot.pause()
        assert app.filter_text == "port:80"
        assert not app.typing

    run(act)


def test_a_wrong_filter_is_marked_and_not_applied() -> None:
    """The caret is below the place, and Enter does not take it."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await write(pilot, "/comm:x and prot:tcp")
        shown = lines(app)
        (row,) = [number for number, line in enumerate(shown) if "filter: comm:x and" in line]
        assert shown[row + 1].index("^") == shown[row].index("prot")
        assert "there is no field" in shown[row + 1]
        await pilot.press("enter")
        await pilot.pause()
        assert app.typing
        assert app.filter_text == ""

    run(act)


def test_tab_completes_what_is_there() -> None:
    """Fields, names of states, and the programs that run now."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        def entry() -> str:
            return app.query_one(Entry).value

        await write(pilot, "/com")
        await pilot.press("tab")
        assert entry() == "comm:"
        await write(pilot, "py")
        assert "Tab:  comm:python" in text(app)
        await pilot.press("tab")
        completed = entry()
        assert completed.startswith("comm:python")
        await write(pilot, " state:clo")
        await pilot.press("tab", "tab")
        assert entry() == f"{completed} state:close-wait"
        await pilot.press("shift+tab")
        assert entry() == f"{completed} state:closed"

    run(act)


@pytest.mark.parametrize("room", [20, 40, 80, 200])
@pytest.mark.parametrize("filter_", ["x:y", "comm:a and comm:b and comm:c and x:y", "comm:", "(a"])
def test_the_caret_is_never_out_of_sight(filter_: str, room: int) -> None:
    """Whatever the width, the reason fits it and the caret is there."""
    with pytest.raises(FilterError) as caught:
        parse(filter_)
    line = "".join(piece.text for piece in under(filter_, caught.value, room))

    assert "^" in line[:room]
    assert len(line) <= room + 1


def test_the_word_that_is_completed() -> None:
    """It ends at the cursor and begins after a blank or a bracket."""
    assert word_at("a (com and b", 6) == ("a (", "com", " and b")
    assert word_at("com", 3) == ("", "com", "")


def test_what_is_pasted_is_made_harmless() -> None:
    """Of several lines the first, without control characters."""
    from textual.events import Paste  # noqa: PLC0415

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await write(pilot, "/")
        app.query_one(Entry).post_message(Paste("port:80\x1b[31m\u202e\nrm -rf"))
        await pilot.pause()
        assert app.query_one(Entry).value == "port:80[31m"

    run(act)


def test_search_goes_there_while_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`n` and `N` go on, Escape takes the marks away, and what is not there is told."""
    asked: list[tuple[str, int]] = []

    def search(wanted: str, step: int) -> bool:
        asked.append((wanted, step))
        return wanted != "zz"

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        monkeypatch.setattr(type(app.view), "search", lambda _, wanted, step: search(wanted, step))
        await pilot.press("ctrl+f", "A", "b", "enter", "n", "N")
        await pilot.pause()
        assert asked == [("a", 0), ("ab", 0), ("ab", 1), ("ab", -1)]
        assert not app.typing
        await pilot.press("escape")
        assert asked[-1] == ("", 0)
        await pilot.press("ctrl+f", "z", "z")
        await pilot.pause()
        assert "not found" in text(app)
        await pilot.press("enter", "n")
        await pilot.pause()
        assert "▲ not found: zz" in text(app)

    run(act)


def test_the_focus_comes_back() -> None:
    """After typing, keys are those of the view again."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        before = app.focused
        await write(pilot, "/x")
        await pilot.press("escape")
        await pilot.pause()
        assert app.focused is before
        await pilot.press("4")
        assert app.view.label == "events"

    run(act)
