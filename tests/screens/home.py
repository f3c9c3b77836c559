"""The app at its home view, for tests of that view."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from textual.pilot import Pilot

from socktrace.lines import Line, State
from socktrace.settings import Settings
from socktrace.text.numbers import SECOND
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.sockets import SocketsView
from tests.screens.scripted import ScriptedFeed
from tests.screens.text import lines
from tests.unit.socket_samples import connected, inet, process, socket

TICK = 0.15


class Home:
    """The app at its home view, and what a test needs of it."""

    def __init__(self, app: SocktraceApp, feed: ScriptedFeed, pilot: Pilot[int]) -> None:
        self.app, self.feed, self.pilot = app, feed, pilot
        view = app.views["sockets"]
        assert isinstance(view, SocketsView)
        self.view = view

    async def tell(self, *told: Line) -> None:
        """These happened, and were seen."""
        self.feed.tell(*told)
        await self.look()

    async def look(self) -> None:
        """Wait for a look; on a busy machine it may be late."""
        await self.pilot.pause(TICK)
        for _ in range(100):
            if self.app.paused or (self.view.table.now == self.feed.now and not self.feed._fresh):
                break
            await self.pilot.pause(TICK)
        await self.pilot.pause()

    async def second(self) -> None:
        """A second passes."""
        self.feed.pass_time(SECOND + SECOND // 10)
        await self.look()
        await self.look()

    async def press(self, *keys: str) -> None:
        """Press keys, and wait."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def numbers(self) -> list[object]:
        """What the rows are of."""
        return [self.view.rows.key(index) for index in range(len(self.view.rows))]

    def selected(self) -> int | None:
        """The socket under the cursor."""
        return self.view.selected_socket()

    def line(self, part: str) -> str:
        """The first line of the screen with this in it."""
        return next((line for line in lines(self.app) if part in line), "")


Act = Callable[[Home], Awaitable[None]]


def several() -> list[Line]:
    """Three programs with some sockets."""
    return [
        process(10, "zebra", uid=0),
        process(20, "ant", uid=0),
        *connected(1, "10.0.0.30", pid=10),
        *connected(2, "10.0.0.4", pid=20),
        *connected(3, "10.0.0.4", pid=10),
        *socket(4, 20),
        State(1, 4, "api", "bound", "listening", "kernel", local=inet("0.0.0.0", 80)),
    ]


def run(
    act: Act,
    told: Iterable[Line] | None = None,
    *,
    size: tuple[int, int] = (120, 30),
    settings: Settings | None = None,
) -> None:
    """Let something happen in the app."""

    async def whole() -> None:
        feed = ScriptedFeed(several() if told is None else told)
        app = SocktraceApp(feed, settings=settings)
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause(TICK)
            await act(Home(app, feed, pilot))

    asyncio.run(whole())
