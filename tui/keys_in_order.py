"""Keys one after another, however fast they come.

Textual hands each key to the widget that has the focus; what no widget takes comes back to the app,
which looks for a binding only then. Of keys that come in one burst (a macro, a slow line, somebody
quick) the later ones would reach the widget before the earlier ones have done what they are bound
to: "/" would open the filter after its text had been taken for commands. So a key is handed out
when the one before it has gone its whole way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

_ROUNDS: Final = 3
"""Times that the way is gone: for the key, for the message that what it is bound to has sent, and
for whoever takes the focus when it is mounted or the other is gone."""
_PATIENCE: Final = 0.3
"""Seconds after which the next key goes on anyway: what the one before was given to may be gone."""


class KeysInOrder(App[int], inherit_bindings=False):
    """An app that does what keys say in the order in which they were pressed."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._keys: Final[deque[events.Key]] = deque()
        self._under_way = 0
        """The number of the key that is on its way; 0: none is."""
        self._pressed = 0

    async def on_event(self, event: events.Event) -> None:
        """Hand out a key, or let it wait."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._keys.append(event)
        if not self._under_way:
            await self._next_key()

    async def _next_key(self) -> None:
        if not self._keys:
            return
        self._pressed += 1
        self._under_way = self._pressed
        asyncio.get_running_loop().call_later(_PATIENCE, self._give_up, self._pressed)
        way = self.focused or self.screen
        await super().on_event(self._keys.popleft())
        self._follow(way, self._pressed, _ROUNDS)

    def _follow(self, place: MessagePump, number: int, rounds: int) -> None:
        """Go behind the key: through the queues of the widget and of all those that it is in."""
        place.call_later(self._followed, place, number, rounds)

    async def _followed(self, place: MessagePump, number: int, rounds: int) -> None:
        above = place._parent  # noqa: SLF001 - the way that Textual's messages bubble
        if place is not self and above is not None:
            self._follow(above, number, rounds)
        elif rounds > 1:
            self._follow(self.focused or self.screen, number, rounds - 1)
        else:
            self.call_later(self._arrived, number)

    async def _arrived(self, number: int) -> None:
        if number == self._under_way:
            self._under_way = 0
            await self._next_key()

    def _give_up(self, number: int) -> None:
        if number == self._under_way:
            self.call_later(self._arrived, number)
