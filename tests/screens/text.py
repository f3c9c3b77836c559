"""What is on the screen, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from socktrace.tui.app import SocktraceApp

if TYPE_CHECKING:
    from textual.app import App
    from textual.pilot import Pilot
    from textual.screen import Screen


def lines(app: App[Any]) -> list[str]:
    """Each line of the screen, as wide as it is."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


def shows(app: App[Any], screen: type[Screen[Any]]) -> bool:
    """Whether such a screen is on top."""
    return isinstance(app.screen, screen)


def text(app: App[Any]) -> str:
    """The whole screen."""
    return "\n".join(lines(app))


def app_of(pilot: Pilot[Any]) -> SocktraceApp:
    """The app, by its own type."""
    assert isinstance(pilot.app, SocktraceApp)
    return pilot.app


async def settle(pilot: Pilot[Any]) -> None:
    """Take the next looks and draw them, however busy the machine is."""
    app = app_of(pilot)
    for _ in range(3):
        await pilot.pause()
        app.looking.look(app.view)
        app.view.draw()
    await pilot.pause()
