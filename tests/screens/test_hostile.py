"""Names, paths and texts chosen by strangers: they break no screen, and say what they are."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest
from textual.pilot import Pilot

from socktrace.lines import Blocked, Finding, Line
from socktrace.tui.actions import VIEWS
from socktrace.tui.app import SocktraceApp
from socktrace.view.look import Status
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import text

HOSTILE: Final = (
    "\x1b[31mred\x1b]0;title\x07",
    "[/x][bold]markup[/bold] $var @click",
    "\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57",
    "e\u0301\u0301\u0301\u0301\u0301\u0301 a\u0308",
    "\u202egnp.exe\u202c",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f",
    "\u200b\u2060\ufeff\u3164",
    "line\nfeed\rreturn\ttab\x00nul\x7fdel\x9b31m",
    "not \udcff utf-8",
    "a" * 4_000,
    "\u6f22" * 1_365,
    "\\x1b \\ back",
    "",
)
"""Escape sequences, markup, wide and combining characters, other directions, no bytes of UTF-8."""
_CHOSEN: Final = frozenset({"comm", "path", "title", "advice", "cgroup", "payload", "cmdline"})
"""Fields whose text strangers choose."""


def spoiled(lines: list[Line]) -> Iterator[Line]:
    """The same lines with hostile texts in them: the same text for the same one each time."""
    hostile = itertools.cycle(HOSTILE)
    known: dict[str, str] = {}

    def spoil(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: spoil(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [spoil(part, name) for part in value]
        if isinstance(value, str) and name in _CHOSEN:
            return known.setdefault(value, next(hostile))
        return value

    for line in lines:
        yield msgspec.convert(spoil(msgspec.to_builtins(line)), Line)


def hostile_feed() -> ScriptedFeed:
    """Sockets of all kinds under hostile names, with findings and calls that wait."""
    lines = [line for name in ("unix_kinds", "http_pair", "fork_server") for line in recorded(name)]
    feed = ScriptedFeed(spoiled(lines))
    number = next(iter(feed.world.sockets))
    for place, name in enumerate(HOSTILE):
        feed.tell(
            Finding(
                feed.now, feed.now, 1, f"rule {name}", "critical", name, [{"value": name}], name,
                pid=place, comm=name, socket=number,
            )
        )  # fmt: skip
    feed.blocked = {number: [Blocked(feed.now, 0, 1, 1, HOSTILE[0], "accept4", 3, number)]}
    feed.source = f"recording {HOSTILE[0]}{HOSTILE[1]}{HOSTILE[2]}"
    feed.state = Status("running", notes=HOSTILE, doing=HOSTILE[4], recording=HOSTILE[0])
    return feed


def assert_harmless(app: SocktraceApp) -> None:
    """Each line of the screen is as wide as it is, and has nothing that a terminal acts on."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    assert len(strips) == height
    for number, strip in enumerate(strips):
        whole = strip.text
        assert strip.cell_length == width, (number, whole)
        for character in whole:
            assert character.isprintable(), (number, character, whole)
        assert "\ufeff" not in whole
        assert "\u3164" not in whole


async def look_round(app: SocktraceApp, pilot: Pilot[int], keys: tuple[str, ...]) -> None:
    """Press keys, and look at the screen after each."""
    for key in keys:
        await pilot.press(key)
        assert_harmless(app)


@pytest.mark.parametrize("size", [(80, 24), (211, 50)])
@pytest.mark.parametrize("number", range(1, len(VIEWS) + 1))
def test_no_view_is_broken_by_what_strangers_choose(number: int, size: tuple[int, int]) -> None:
    """Rows, details and what they open, with names and with numbers."""

    async def run() -> None:
        app = SocktraceApp(hostile_feed())
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause(0.3)
            keys = (str(number), "down", "down", "right", "enter", "tab", "down", "escape", "c")
            await look_round(app, pilot, keys)
            await look_round(app, pilot, (str(number), "end", "up", "enter", "escape", "C", "D"))

    asyncio.run(run())


def test_no_part_of_a_sockets_page_is_broken() -> None:
    """Each socket, each part of its page."""

    async def run() -> None:
        app = SocktraceApp(hostile_feed())
        async with app.run_test(size=(100, 40), notifications=True) as pilot:
            await pilot.pause(0.3)
            for socket in list(app.feed.world.sockets)[::9]:  # type: ignore[attr-defined]
                app.open_socket(socket)
                await look_round(app, pilot, ("tab", "pagedown", "tab", "end", "tab", "tab", "J"))

    asyncio.run(run())


def test_the_frame_is_not_broken() -> None:
    """Where things come from, what can be typed, what is saved."""

    async def run() -> None:
        app = SocktraceApp(hostile_feed())
        async with app.run_test(size=(90, 30), notifications=True) as pilot:
            await pilot.pause(0.3)
            await look_round(app, pilot, ("i", "escape", "question_mark", "escape", "W", "escape"))
            await look_round(app, pilot, ("slash", *"comm", "colon", *["tab"] * 12, "enter"))
            await look_round(app, pilot, ("ctrl+f", *"markup", "enter", "n", "N", "escape"))

    asyncio.run(run())


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    """Nothing of it is acted on, nothing swallowed."""

    async def run() -> None:
        app = SocktraceApp(hostile_feed())
        async with app.run_test(size=(200, 60)) as pilot:
            await pilot.press("5")
            await pilot.pause(0.3)
            shown = text(app)
            assert "[/x][bold]markup[/bold]" in shown
            assert "\\x1b[31mred" in shown

    asyncio.run(run())
