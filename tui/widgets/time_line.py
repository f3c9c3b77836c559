"""The time line of a recording: shows what happened when, and is moved in with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from socktrace.tui.theme import Styles
from socktrace.view.time_line import Moment, moment_at, rows

if TYPE_CHECKING:
    from socktrace.view.look import Marks, Player
    from socktrace.view.spans import Span

_TALL: Final = 30
"""Lines of the screen from which on there are three for this."""
_REFRESH: Final = 0.1
"""Seconds between two looks at the player."""
_MARGIN: Final = 1
_WHEEL: Final = 50
"""Parts of the recording by one of which the wheel moves."""


class TimeLine(Widget):
    """What happened when, the moment that is shown, and how fast time passes.

    Args:
        player: of the recording.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS: ClassVar[str] = "TimeLine { height: 3; width: 1fr; }"

    class Chosen(Message):
        """Another moment was chosen with the mouse."""

    def __init__(self, player: Player, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.player: Final = player
        self._styles: Final = Styles()
        self._rows: list[list[Span]] = []
        self._drawn: object = None
        self._dragged = False
        self._height = 0

    def on_mount(self) -> None:
        """Begin to follow the player."""
        self.set_interval(_REFRESH, self.update)

    def on_resize(self) -> None:
        """There is another number of columns."""
        self.update()

    @property
    def _width(self) -> int:
        return max(1, self.size.width - 2 * _MARGIN)

    def _moment(self) -> Moment:
        player = self.player
        return Moment(
            player.start,
            player.end,
            player.now,
            player.playing,
            player.speed,
            player.skip_idle,
            player.began,
        )

    def update(self) -> None:
        """Draw it again if it looks otherwise now."""
        height = 3 if self.app.size.height >= _TALL else 2
        if height != self._height:
            self._height = self.styles.height = height
        shown, marks = self._moment(), self._marks()
        state = (shown, marks, self.size, self._styles.theme(self))
        if state != self._drawn:
            self._drawn = state
            self._rows = rows(marks, shown, tall=self.size.height > 2)  # noqa: PLR2004 - rows
            self.refresh()

    def _marks(self) -> Marks:
        return self.player.marks(self._width)

    def render_line(self, y: int) -> Strip:
        """Draw a row."""
        back = self._styles.base(self)
        row = self._rows[y] if y < len(self._rows) else []
        segments = [Segment(" " * _MARGIN, back)]
        segments += [Segment(text, back + self._styles.of(self, role)) for text, role in row]
        return Strip(segments).extend_cell_length(self.size.width, back).crop(0, self.size.width)

    # --- the mouse ---

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there; as long as the button is held, with the pointer."""
        if event.button == 1:
            self._dragged = True
            self.capture_mouse()
            self._go_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Go along."""
        if self._dragged:
            self._go_to(event.x)

    def on_mouse_up(self) -> None:
        """Stay there."""
        if self._dragged:
            self._dragged = False
            self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back by a little."""
        self._wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go ahead by a little."""
        self._wheel(event, 1)

    def _wheel(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        player = self.player
        self._seek(player.now + step * (player.end - player.start) // _WHEEL)

    def _go_to(self, x: int) -> None:
        self._seek(moment_at(x - _MARGIN, self._moment(), self._width))

    def _seek(self, t: int) -> None:
        if t != self.player.now:
            self.player.seek(t)
            self.update()
            self.post_message(self.Chosen())
