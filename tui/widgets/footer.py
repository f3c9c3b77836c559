"""The last line: the keys that work here, as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from textual.screen import Screen

from socktrace.text.columns import width_of
from socktrace.tui.actions import ACTIONS, action_id, shown_key
from socktrace.tui.widgets.line import Line, Piece, spread

_ALWAYS: Final = 2
"""Actions up to this number in the table's last column stay at every width, at the right."""


class Key(NamedTuple):
    """A key that works here."""

    key: str
    title: str
    rank: int
    """The lower, the longer it stays as the screen narrows."""

    def pieces(self) -> list[Piece]:
        """How it is shown, with the space before it."""
        return [
            Piece(f" {shown_key(self.key)}", "key", key=self.key),
            Piece(f" {self.title} ", "plain", key=self.key),
        ]

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return width_of(shown_key(self.key)) + width_of(self.title) + 3


def footer(keys: Iterable[Key], room: int) -> list[Piece]:
    """Lay the line out: help and quit at the right, the others as long as they fit."""
    ranked = sorted(keys, key=lambda key: key.rank)
    fixed = [key for key in ranked if key.rank <= _ALWAYS][::-1]
    others = [key for key in ranked if key.rank > _ALWAYS]
    room_left = room - sum(key.width for key in fixed)
    kept = []
    for key in others:
        room_left -= key.width
        if room_left < 0:
            break
        kept.append(key)
    right = [piece for key in fixed for piece in key.pieces()]
    return spread([piece for key in kept for piece in key.pieces()], right, room)


def keys_here(screen: Screen[object]) -> list[Key]:
    """The keys of the footer that work where the focus is."""
    active = screen.active_bindings
    by_id: dict[str, str] = {}
    for key, found in active.items():
        if found.enabled:
            name = found.binding.id or found.binding.action
            by_id.setdefault(name.removesuffix("_always"), key)
    return [
        Key(by_id[name], action.title, action.footer)
        for action in ACTIONS
        if action.footer and (name := action_id(action)) in by_id
    ]


class Footer(Line):
    """The last line."""

    def on_mount(self) -> None:
        """Follow the focus: with it, the keys that work change."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.app.screen and self.is_attached:
            self.call_after_refresh(self.update)

    def lay_out(self, room: int) -> list[Piece]:
        """Ask the screen."""
        return footer(keys_here(self.screen), room)
