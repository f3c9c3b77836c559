"""The app as a whole: views, ways between them, the keys that work everywhere."""

from __future__ import annotations

import asyncio

from socktrace.tui.app import SocktraceApp
from tests.screens.scripted import ScriptedFeed, recorded


def test_quits_at_once() -> None:
    """`q` ends the app."""

    async def run() -> None:
        app = SocktraceApp(ScriptedFeed(recorded("tcp_echo")))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("4")
            assert app.view.label == "events"
            await pilot.press("q")
        assert app.return_code == 0

    asyncio.run(run())
