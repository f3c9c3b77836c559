"""Typing a filter: what may follow, and where it is wrong, below the line as it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Static

from socktrace.escape import printable
from socktrace.model.filters import FilterError, complete, parse
from socktrace.text.columns import fit, width_of
from socktrace.tui.known import user_id
from socktrace.tui.widgets.entry import Entry
from socktrace.tui.widgets.line import Line, Piece, width
from socktrace.view.spans import Role

if TYPE_CHECKING:
    from socktrace.tui.app import SocktraceApp

_PROMPT: Final = " filter: "
_PAUSE: Final = 0.2
"""Seconds without a key before what was typed is applied."""
_NO_ERROR: Final = "⏎ keeps it, Esc takes it back, ↑↓ earlier ones"
_WORD_ENDS: Final = " ()"


class Hint(Line):
    """The line below: it is told what to show."""

    def __init__(self) -> None:
        super().__init__()
        self._told: list[Piece] = []

    def tell(self, pieces: list[Piece]) -> None:
        """Show this from now on."""
        self._told = pieces
        self.update()

    def lay_out(self, room: int) -> list[Piece]:
        """What was told."""
        del room
        return self._told


def word_at(text: str, cursor: int) -> tuple[str, str, str]:
    """What is before the word that the cursor is at the end of, the word, and what follows."""
    before = text[:cursor]
    start = max(before.rfind(end) for end in _WORD_ENDS) + 1
    return before[:start], before[start:], text[cursor:]


def under(text: str, error: FilterError, room: int, offset: int = 0) -> list[Piece]:
    """A caret below the place that is wrong, and why: to the right of it, or else to the left.

    Args:
        text: The filter, as it was typed.
        error: What is wrong with it.
        room: Columns of the line.
        offset: Columns of the text that are out of sight at the left.
    """
    place = width_of(_PROMPT) + width_of(printable(text[: error.position])) - offset
    place = max(0, min(place, room - 1))
    # At the end something is only missing as yet: that is no fault while it is typed.
    role: Role = "waiting" if error.position >= len(text.rstrip()) else "error"
    why = f"{printable(error.reason)}; {printable(error.hint)}"
    if width_of(why) + place + 3 <= room or place < room // 2:
        caret = Piece(" " * place + "^ ", role)
        return [caret, Piece(fit(why, room - place - 2), role)]
    why = fit(why, max(place - 2, 0))
    return [Piece(" " * (place - width_of(why) - 1) + why, role), Piece(" ^", role)]


def offered(words: Iterable[str], room: int, chosen: int | None) -> list[Piece]:
    """What the word could become, as much as there is room for."""
    pieces = [Piece(" Tab: ", "key")]
    for number, word in enumerate(words):
        piece = Piece(f" {printable(word)} ", "plain", marked=number == chosen)
        if width(pieces) + piece.width > room - 2:
            pieces.append(Piece(" …", "faint"))
            break
        pieces.append(piece)
    return pieces


class FilterBar(Vertical):
    """The filter, while it is typed.

    Args:
        text: The filter in force.
        history: Those applied before, the latest last; what is applied here is added.
        known: Field -> values that are there now.
    """

    DEFAULT_CSS = """
    FilterBar { height: 2; background: $surface; }
    FilterBar Horizontal { height: 1; }
    FilterBar Static { width: auto; color: $accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", show=False, priority=True),
    ]

    def __init__(self, text: str, history: list[str], known: Mapping[str, Iterable[str]]) -> None:
        super().__init__()
        self._before = text
        self._history = history
        self._known = known
        self._timer: Timer | None = None
        self._choices: list[str] = []
        self._chosen: int | None = None
        self._around = ("", "")
        """What stands before and after the word that is being completed."""
        self._entry = Entry(text, history)
        self._hint = Hint()

    def compose(self) -> ComposeResult:
        """Make the two lines."""
        with Horizontal():
            yield Static(_PROMPT, markup=False)
            yield self._entry
        yield self._hint

    def on_mount(self) -> None:
        """Begin to type."""
        self._entry.cursor_position = len(self._entry.value)
        # At once: what is typed on without a pause must not reach the view.
        self.screen.set_focus(self._entry)
        self._tell()

    @property
    def tracer(self) -> SocktraceApp:
        """The app, by its own type."""
        from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - for its type alone

        assert isinstance(self.app, SocktraceApp)  # noqa: S101 - for its type alone
        return self.app

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._chosen is None or self._completed() != event.value:
            self._choices, self._chosen = [], None
        self._tell()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, self._apply)

    def _error(self) -> FilterError | None:
        text = self._entry.value
        if not text.strip():
            return None
        try:
            parse(text, uid_of=user_id)
        except FilterError as error:
            return error
        return None

    def _tell(self) -> None:
        room = self.app.size.width
        error = self._error()
        entry = self._entry
        words = self._choices or complete(entry.value, entry.cursor_position, self._known)
        incomplete = error is None or error.position >= len(entry.value.rstrip())
        if words and incomplete:
            self._hint.tell(offered(words, room, self._chosen))
        elif error is not None:
            self._hint.tell(under(entry.value, error, room, int(entry.scroll_offset.x)))
        else:
            self._hint.tell([Piece(fit(f" {_NO_ERROR}", room), "faint")])

    def _apply(self) -> None:
        if self._error() is None:
            self.tracer.set_filter(self._entry.value)

    def _completed(self) -> str:
        before, after = self._around
        return before + (self._choices[self._chosen] if self._chosen is not None else "") + after

    def action_complete(self, step: int) -> None:
        """Put in the next of what the word could become."""
        entry = self._entry
        if not self._choices:
            before, _, after = word_at(entry.value, entry.cursor_position)
            self._choices = complete(entry.value, entry.cursor_position, self._known)
            self._around = (before, after)
            self._chosen = -1 if step > 0 else 0
        if not self._choices:
            self._chosen = None
            return
        self._chosen = ((self._chosen or 0) + step) % len(self._choices)
        entry.value = self._completed()
        entry.cursor_position = len(entry.value) - len(self._around[1])

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._error() is not None:
            self._choices = []
            error = self._error()
            if error is not None:
                self._hint.tell(under(event.value, error, self.app.size.width))
            self.app.bell()
            return
        text = event.value.strip()
        if text and text not in self._history[-1:]:
            self._history.append(text)
        self._close(text)

    @on(Entry.Left)
    def _left(self) -> None:
        self._close(self._before)

    def _close(self, text: str) -> None:
        if self._timer is not None:
            self._timer.stop()
        self.tracer.set_filter(text)
        self.tracer.close_bar()
