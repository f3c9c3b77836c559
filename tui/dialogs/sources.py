"""What feeds the screen, what is missing, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from socktrace.escape import printable
from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.widgets.reader import Reader
from socktrace.view.look import Status
from socktrace.view.spans import Spans

_PHASES: Final = {
    "starting": "it is being started",
    "listing": "it runs; what existed before is being listed",
    "running": "it runs",
    "ended": "it has ended",
    "failed": "it has failed",
}

_LOST: Final = (
    "the kernel had them, and there was no room to hand them over. Totals of calls and bytes stay "
    "exact; single calls are missing."
)


def told(source: str, status: Status) -> Iterator[Spans]:
    """The text of the dialog."""
    yield [("source: ", "heading"), (printable(source), "plain")]
    yield [(f"{_PHASES[status.phase]}; {status.calls:,} calls seen so far", "plain")]
    if status.doing:
        yield [(f"now: {printable(status.doing)}", "waiting")]
    yield []
    if status.lost:
        yield [(f"▲ {status.lost:,} events were lost: ", "error"), (_LOST, "plain")]
    else:
        yield [("nothing was lost", "good")]
    if status.behind:
        yield [
            (f"{status.behind:.1f} s behind", "waiting"),
            (": so long has what came waited already to be interpreted", "plain"),
        ]
    yield []
    if not status.notes:
        yield [("nothing is missing: all that socktrace can see is seen", "good")]
        return
    yield [("What cannot be seen here, and why:", "heading")]
    for note in status.notes:
        yield [("  ▲ ", "warning"), (printable(note), "plain")]


class Sources(Dialog[None]):
    """What feeds the screen, what is missing, and why."""

    DEFAULT_CSS = "Sources Reader { height: auto; max-height: 80vh; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("i,q,enter", "close", show=False)]

    def __init__(self, source: str, status: Status) -> None:
        super().__init__()
        self._lines = list(told(source, status))

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = "what feeds this screen"
            box.border_subtitle = "Esc closes"
            yield Reader(self._lines)
