"""To come."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from socktrace.tui.actions import bindings
from socktrace.tui.views.base import View
from socktrace.view.look import Look


class EventsView(View):
    """To come."""

    label = "events"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("events")]

    def take(self, look: Look) -> None:
        """To come."""

    def draw(self) -> None:
        """To come."""

    def enter(self) -> None:
        """To come."""
