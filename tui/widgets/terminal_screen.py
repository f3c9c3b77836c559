"""The screen of a terminal that is not there: pyte's, made safe against what is sent to it.

Beside what pyte does it has the alternate screen and lines that scrolled away; what a program asks
for can neither make it grow nor fail.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import pyte
from pyte import modes
from pyte.screens import Char, Margins
from wcwidth import wcwidth

from socktrace.tui.widgets.terminal_filter import OutputFilter

HISTORY: Final = 1_000
"""Lines kept that scrolled away."""
DECCKM: Final = 1 << 5
BRACKETED_PASTE: Final = 2004 << 5
"""Private modes, as pyte keeps them."""
_ALTERNATE: Final = frozenset({47 << 5, 1047 << 5, 1049 << 5})
_DECCOLM: Final = modes.DECCOLM
_EVERYTHING: Final = 2
"""What ED and EL take for all of the screen, or of the line; 3: what scrolled away, too."""
_MOST_MARKS: Final = 2
"""Marks that one character may bear."""

Row = Mapping[int, Char]


class TerminalScreen(pyte.Screen):
    """What is on the screen.

    Args:
        columns: of it.
        lines: of it.
        answer: takes what the terminal answers to the program's questions.
    """

    def __init__(self, columns: int, lines: int, answer: Callable[[str], object]) -> None:
        self.history: deque[Row] = deque(maxlen=HISTORY)
        self._answer = answer
        self._marks = 0
        """Marks on the character that was written last."""
        self._aside: tuple[dict[int, Any], Any] | None = None
        super().__init__(columns, lines)

    @property
    def alternate(self) -> bool:
        """Whether a program has the whole screen for itself."""
        return self._aside is not None

    def row(self, y: int, back: int) -> Row:
        """A line as it is shown when one has gone ``back`` so many lines."""
        place = y - back
        if place >= 0:
            return self.buffer[place]
        return self.history[place] if -place <= len(self.history) else {}

    def write_process_input(self, data: str) -> None:
        """Answer a question."""
        self._answer(data)

    # --- what pyte leaves out or does not bound ---------------------------------------------

    def draw(self, data: str) -> None:
        """Write text; pyte would leave off at the first character that has no width."""
        if data.isascii():
            self._marks = 0
        else:
            data = self._with_width(data)
        super().draw(data)

    def _with_width(self, data: str) -> str:
        """Leave out what takes no place of its own, but for a few marks on a character."""
        kept: list[str] = []
        for character in data:
            if wcwidth(character) > 0:
                self._marks = 0
            elif not unicodedata.combining(character) or self._marks >= _MOST_MARKS:
                continue
            else:
                self._marks += 1
            kept.append(character)
        return "".join(kept)

    def index(self) -> None:
        """Move down; what goes at the top is kept."""
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == bottom and top == 0 and self._aside is None:
            self.history.append(self.buffer[0])
        super().index()

    def set_mode(self, *mode: int, **how: Any) -> None:
        """Set modes, but not the number of columns: that is the pane's."""
        private = bool(how.get("private"))
        super().set_mode(*_allowed(mode, private=private), **how)
        if private and not _ALTERNATE.isdisjoint(each << 5 for each in mode) and not self._aside:
            self._aside = (dict(self.buffer), self.cursor)
            self.buffer.clear()
            self.cursor = pyte.screens.Cursor(0, 0)
            self.dirty.update(range(self.lines))

    def reset_mode(self, *mode: int, **how: Any) -> None:
        """Reset modes."""
        private = bool(how.get("private"))
        super().reset_mode(*_allowed(mode, private=private), **how)
        if private and not _ALTERNATE.isdisjoint(each << 5 for each in mode) and self._aside:
            buffer, cursor = self._aside
            self._aside = None
            self.buffer.clear()
            self.buffer.update((y, line) for y, line in buffer.items() if y < self.lines)
            self.cursor = cursor
            self.margins = None
            self.ensure_hbounds()
            self.ensure_vbounds()
            self.dirty.update(range(self.lines))

    def reset(self) -> None:
        """As it was in the beginning."""
        self._aside = None
        super().reset()

    def erase_in_display(self, how: int = 0, *_: Any, **__: Any) -> None:
        """Erase a part of the screen; nothing for parts that there are not."""
        if how == _EVERYTHING + 1:
            self.history.clear()
        if how <= _EVERYTHING + 1:
            super().erase_in_display(how)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: FBT001, FBT002 - pyte's
        """Erase a part of the line."""
        if how <= _EVERYTHING:
            super().erase_in_line(how, private)

    def save_cursor(self) -> None:
        """Remember where the cursor is: one place, as terminals do."""
        self.savepoints.clear()
        super().save_cursor()

    def cursor_to_line(self, line: int | None = None) -> None:
        """Go to a line; relative to margins where there are some."""
        if self.margins is None:
            self.mode.discard(modes.DECOM)
        super().cursor_to_line(line)

    def report_device_status(self, mode: int = 0, **_: Any) -> None:
        """Answer where the cursor is."""
        if self.margins is None:
            self.mode.discard(modes.DECOM)
        super().report_device_status(mode)

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Make it another size; what is above the cursor goes last."""
        lines, columns = max(lines or self.lines, 1), max(columns or self.columns, 1)
        above = self.cursor.y - lines + 1
        if above > 0:
            for y in range(above):
                if self._aside is None:
                    self.history.append(self.buffer[y])
            moved = {y - above: line for y, line in self.buffer.items() if y >= above}
            self.buffer.clear()
            self.buffer.update(moved)
            self.cursor.y -= above
        for y in [y for y in self.buffer if y >= lines]:
            del self.buffer[y]
        for line in self.buffer.values():
            for x in [x for x in line if x >= columns]:
                del line[x]
        self.lines, self.columns = lines, columns
        self.margins = None
        self.tabstops = set(range(8, columns, 8))
        self.ensure_hbounds()
        self.ensure_vbounds()
        self.dirty.update(range(lines))


def _allowed(mode: Iterable[int], *, private: bool) -> list[int]:
    return [each for each in mode if (each << 5 if private else each) != _DECCOLM]


class Emulator:
    """A screen, and what feeds it.

    Args:
        columns: of the screen.
        lines: of it.
        answer: takes what the terminal answers.
    """

    def __init__(self, columns: int, lines: int, answer: Callable[[str], object]) -> None:
        self.screen: Final = TerminalScreen(columns, lines, answer)
        self._filter: Final = OutputFilter()
        self._stream: Final = pyte.Stream(self.screen)
        # Else it would ignore the character sets that lines are drawn with.
        self._stream.use_utf8 = False
        self.faults = 0
        """Pieces of output that the emulation could not take."""

    def feed(self, data: bytes) -> None:
        """Take what a program wrote."""
        text = self._filter.feed(data)
        try:
            self._stream.feed(text)
        except Exception:  # noqa: BLE001 - whatever it writes, a program must not end the screen
            self.faults += 1

    def mode(self, mode: int) -> bool:
        """Whether a mode is set."""
        return mode in self.screen.mode
