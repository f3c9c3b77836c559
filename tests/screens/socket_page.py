"""The page of a socket, as its tests use it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from socktrace.lines import Descriptor, Line, Process
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.socket import SocketView
from socktrace.tui.views.socket_parts import Part
from tests.screens.scripted import ScriptedFeed
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
