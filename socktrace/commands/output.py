"""Where text for people goes: how wide it is, and whether it takes colour."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from socktrace.text.style import Style, style_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

NARROWEST: Final = 40
"""Columns that are filled even where there are fewer."""


class Output:
    """A stream that lines of text are written to."""

    def __init__(self, stream: TextIO) -> None:
        # A terminal that cannot show a character gets an escape for it, not a failure.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
        self.stream = stream
        self.style: Style = style_for(stream)
        self._is_terminal = stream.isatty()

    @property
    def width(self) -> int:
        """Columns of the terminal, now: its window may change; without one, 80."""
        return max(shutil.get_terminal_size().columns, NARROWEST)

    @property
    def wrap_width(self) -> int | None:
        """Columns to wrap long lines to; None where no terminal is: programs want one line each."""
        return self.width if self._is_terminal else None

    def write_lines(self, lines: Iterable[str]) -> None:
        """Write each of the lines."""
        write = self.stream.write
        for line in lines:
            write(line + "\n")
