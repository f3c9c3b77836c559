"""Keys that come in a burst do what they say, in order."""

from __future__ import annotations

import asyncio

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input, Static

from socktrace.tui.keys_in_order import KeysInOrder


class Typing(KeysInOrder):
    """Opens a line to type in by "/", which "ctrl+u" empties and Enter ends."""

    BINDINGS = [("slash", "type", "type"), ("x", "press", "press")]  # noqa: RUF012 - as Textual's

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def compose(self) -> ComposeResult:
        """One thing that may have the focus."""
        yield Static("nothing")

    async def action_type(self) -> None:
        """Open the line."""
        line = Input("before", select_on_focus=False)
        await self.mount(line)
        line.focus()

    def action_press(self) -> None:
        """Note it."""
        self.done.append("pressed")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close the line."""
        self.done.append(event.value)
        event.input.remove()


def burst(app: Typing, *keys: str) -> None:
    """All these keys at once, as the driver brings them."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


def test_a_burst_is_done_in_order() -> None:
    """What is typed after "/" is text, what follows Enter is a command."""

    async def run() -> list[str]:
        app = Typing()
        async with app.run_test() as pilot:
            burst(app, "x", "slash", "end", "ctrl+u", "x", "y", "enter", "x")
            await pilot.pause(0.3)
        return app.done

    assert asyncio.run(run()) == ["pressed", "xy", "pressed"]


def test_a_widget_that_goes_does_not_stop_the_keys() -> None:
    """The way of a key ends with the widget that it was given to: the next ones go on."""

    async def run() -> list[str]:
        app = Typing()
        async with app.run_test() as pilot:
            burst(app, "slash")
            await pilot.pause(0.1)
            burst(app, "a", "enter", "x", "x", "x")
            await pilot.pause(1.5)
        return app.done

    assert asyncio.run(run()) == ["beforea", "pressed", "pressed", "pressed"]
