"""The Events view, as its tests use it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from textual.pilot import Pilot

from socktrace.lines import Line
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.events import EventsView
from socktrace.view.events.entries import bare, call_of
from socktrace.view.look import Run
from tests.screens.scripted import ScriptedFeed, recorded

Test = Callable[["Screen"], Awaitable[None]]


class Screen:
    """The events view of an app under test."""

    def __init__(self, app: SocktraceApp, pilot: Pilot[int], feed: ScriptedFeed) -> None:
        self.app, self.pilot, self.feed = app, pilot, feed
        view = app.views["events"]
        assert isinstance(view, EventsView)
        self.view = view
        self.said: list[str] = []
        app.notify = lambda text, **_: self.said.append(text)  # type: ignore[method-assign]

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def tell(self, *lines: Line | Run) -> None:
        """These come, and are seen."""
        for line in lines:
            if isinstance(line, Line):
                self.feed.tell(line)
            else:
                self.feed._fresh.append(line)
        self.look()
        await self.pilot.pause()

    def look(self) -> None:
        """Let a tick pass."""
        self.app.tick()

    @property
    def text(self) -> str:
        """All that is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips)

    @property
    def at(self) -> Any:
        """The line under the cursor."""
        entry = self.view.selected()
        assert entry is not None
        return bare(entry)

    @property
    def following(self) -> Any:
        """Whether the end is followed. Any: mypy takes a bool for the same after a key."""
        return self.view._list.following

    @property
    def dialog(self) -> type:
        """The kind of screen that is on top."""
        return type(self.app.screen)

    def go(self, number: int) -> None:
        """Put the cursor somewhere."""
        self.view._go(number)

    def find(self, name: str, start: int = 0) -> int:
        """The number of the first call of this name."""
        return next(n for n, e in self.view.told.since(start) if call_of(e) == name)


def screen(
    test: Test, lines: Iterable[Line] | str = "tcp_echo", size: tuple[int, int] = (120, 40)
) -> None:
    """Run a test in the events view, over these lines or a sample recording."""

    async def run() -> None:
        feed = ScriptedFeed(recorded(lines) if isinstance(lines, str) else lines)
        app = SocktraceApp(feed)
        async with app.run_test(size=size) as pilot:
            await pilot.press("4")
            await pilot.pause()
            await test(Screen(app, pilot, feed))

    asyncio.run(run())


# --- what is seen ---
