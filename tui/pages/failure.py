"""The source has failed: what, why, and what to do; what was seen stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from socktrace.errors import SocktraceError
from socktrace.escape import printable
from socktrace.tui.endings import fault
from socktrace.tui.pages.page import Page
from socktrace.view.spans import Spans


def told(error: SocktraceError) -> Iterator[Spans]:
    """The text of the page."""
    yield [("■ ", "error"), (printable(error.what), "error")]
    yield []
    yield [("why   ", "heading"), (printable(error.why), "plain")]
    yield []
    yield [("next  ", "heading"), (printable(error.next_step), "plain")]
    yield []
    yield [("What was seen until then can still be looked at: Escape.", "faint")]


class FailurePage(Page):
    """The source has failed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False),
        Binding("q", "app.quit", show=False),
    ]

    def __init__(self, error: Exception) -> None:
        super().__init__(
            "the source has failed",
            told(fault(error)),
            (("escape", "look at what was seen"), ("q", "quit")),
        )
