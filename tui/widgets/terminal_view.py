"""A terminal drawn as a widget: its lines as strips, keys as what programs expect of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, Final

from rich.cells import cell_len
from rich.color import Color, ColorParseError
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from socktrace.tui.actions import bindings
from socktrace.tui.theme import Styles
from socktrace.tui.widgets.terminal_input import bytes_of, paste
from socktrace.tui.widgets.terminal_screen import BRACKETED_PASTE, DECCKM, Emulator, Row

_WHEEL: Final = 3
"""Lines that a turn of the wheel goes back."""
_COLOURS: Final = {
    "brown": "yellow",
    "brightbrown": "bright_yellow",
    "bfightmagenta": "bright_magenta",
}
"""Names of pyte (one with a slip of the pen) that Rich has others for."""
_REVERSE: Final = Style(reverse=True)
_STUB: Final = ""
"""What pyte puts behind a character of two columns."""


class TerminalView(Widget, can_focus=True):
    """The screen of a program.

    Args:
        send: takes what is typed.
        resized: is told the columns and lines there are.
        leave: gives the keyboard back.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("program")]
    DEFAULT_CSS = "TerminalView { height: 1fr; width: 1fr; }"

    def __init__(
        self,
        send: Callable[[bytes], object],
        resized: Callable[[int, int], object],
        leave: Callable[[], object],
    ) -> None:
        super().__init__()
        self.emulator: Final = Emulator(80, 24, lambda text: send(text.encode()))
        self.taking = True
        """Keys go to the program; not any more when it has ended."""
        self.back = 0
        """Lines that one has gone back to what scrolled away."""
        self._send, self._resized, self._leave = send, resized, leave
        self._styles = Styles()
        self._cursor = (0, 0)

    @property
    def takes_keys(self) -> bool:
        """Whether keys go to the program just now, but for those of its own actions."""
        return self.taking and self.has_focus

    @property
    def is_modal(self) -> bool:
        """No other keys work then: none is in the footer."""
        return self.takes_keys

    def feed(self, data: bytes) -> None:
        """Show what the program wrote."""
        kept = len(self.emulator.screen.history)
        self.emulator.feed(data)
        if self.back:
            # What is looked at stays in place while more scrolls away.
            more = len(self.emulator.screen.history) - kept
            self.back = min(self.back + more, len(self.emulator.screen.history))
            self.refresh()

    def show(self) -> None:
        """Draw the lines that have changed."""
        screen = self.emulator.screen
        cursor = (screen.cursor.y, screen.cursor.x)
        dirty = screen.dirty
        if cursor != self._cursor:
            dirty |= {cursor[0], self._cursor[0]}
            self._cursor = cursor
        if self.back or len(dirty) > self.size.height // 2:
            self.refresh()
        else:
            for y in dirty:
                self.refresh(Region(0, y, self.size.width, 1))
        dirty.clear()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        screen = self.emulator.screen
        width = self.size.width
        # The program's default colours are ours: those of the terminal may be of the other shade.
        base = self._styles.base(self) + self._styles.of(self, "plain")
        if y >= screen.lines:
            return Strip.blank(width, base)
        row = screen.row(y, self.back)
        shown = self.takes_keys and not self.back and not screen.cursor.hidden
        cursor = min(screen.cursor.x, screen.columns - 1) if shown and y == screen.cursor.y else -1
        return Strip(_segments(row, min(screen.columns, width), cursor, base)).adjust_cell_length(
            width, base
        )

    def on_resize(self) -> None:
        """Tell the program how much room there is."""
        columns, lines = self.size
        if columns and lines:
            self.emulator.screen.resize(lines, columns)
            self._resized(columns, lines)
            self.refresh()

    # --- what is typed ----------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Give a key to the program, unless it is one of ours."""
        if not self.taking or event.key in self._bindings.key_to_bindings:
            return
        event.stop()
        event.prevent_default()
        self._to_the_end()
        application = self.emulator.mode(DECCKM)
        data = bytes_of(event.key, event.character, application=application)
        if data:
            self._send(data)

    def on_paste(self, event: events.Paste) -> None:
        """Give what is pasted to the program."""
        event.stop()
        if self.taking:
            self._to_the_end()
            self._send(paste(event.text, bracketed=self.emulator.mode(BRACKETED_PASTE)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back to what scrolled away."""
        event.stop()
        self._go_back(_WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Come forward again."""
        event.stop()
        self._go_back(-_WHEEL)

    def action_leave_program(self) -> None:
        """Give the keyboard back."""
        self._leave()

    def action_history_back(self) -> None:
        """Go back by half a screen."""
        self._go_back(max(1, self.size.height // 2))

    def action_history_forward(self) -> None:
        """Come forward by half a screen."""
        self._go_back(-max(1, self.size.height // 2))

    def _go_back(self, lines: int) -> None:
        screen = self.emulator.screen
        most = 0 if screen.alternate else len(screen.history)
        self.back = max(0, min(self.back + lines, most))
        self.refresh()

    def _to_the_end(self) -> None:
        if self.back:
            self.back = 0
            self.refresh()

    def on_focus(self) -> None:
        """The cursor shows."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor does not show."""
        self.refresh()


def _segments(row: Row, width: int, cursor: int, base: Style) -> list[Segment]:
    """A line as pieces of one style each; only what can be printed gets into them."""
    pieces: list[Segment] = []
    text: list[str] = []
    style: Style | None = None
    place = 0
    while place < width:
        cell = row.get(place)
        if cell is None:
            shown, wide, now = " ", 1, base
        else:
            behind = row.get(place + 1)
            wide = 2 if behind is not None and behind.data == _STUB else 1
            shown = _printable(cell.data, wide)
            now = base + _style(*cell[1:])
        if place <= cursor < place + wide:
            now += _REVERSE
        if now is not style and now != style:
            if text and style is not None:
                pieces.append(Segment("".join(text), style))
            text, style = [], now
        text.append(shown)
        place += wide
    if text and style is not None:
        pieces.append(Segment("".join(text), style))
    return pieces


@lru_cache(maxsize=4_096)
def _printable(data: str, wide: int) -> str:
    """A cell's character if it is printable and as wide as the cell; else something that is."""
    if data and all(map(_shows, data)) and cell_len(data) == wide:
        return data
    return " " * wide if not data or data.isspace() or not data.isprintable() else "?" * wide


def _shows(character: str) -> bool:
    return character.isprintable()


@lru_cache(maxsize=2_048)
def _style(fore: str, back: str, *attributes: Any) -> Style:
    bold, italic, underline, strike, reverse, blink = attributes
    return Style(
        color=_colour(fore),
        bgcolor=_colour(back),
        bold=bold or None,
        italic=italic or None,
        underline=underline or None,
        strike=strike or None,
        reverse=reverse or None,
        blink=blink or None,
    )


def _colour(name: str) -> Color | None:
    """Rich's colour for one of pyte: "red", "brightred", "ff8700"."""
    if name == "default":
        return None
    name = _COLOURS.get(name, name)
    if name.startswith("bright") and "_" not in name:
        name = f"bright_{name[6:]}"
    try:
        return Color.parse(name if not _is_hexadecimal(name) else f"#{name}")
    except ColorParseError:
        return None


def _is_hexadecimal(name: str) -> bool:
    return len(name) == len("ffffff") and all(each in "0123456789abcdef" for each in name)
