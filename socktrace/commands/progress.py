"""How far a conversion is, for whoever waits: on stderr, once it takes longer than a moment."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

PATIENCE_SECONDS: Final = 1.0
_REDRAW_SECONDS: Final = 0.25
_NARROWEST: Final = 60
"""Columns that the line needs. Where there are fewer, a sentence is all."""
_WIDEST: Final = 100


class Progress:
    """A line that is drawn anew as work goes on; where there is no terminal, one sentence.

    A context manager; at its end the line is wiped out. It has no colours.

    Args:
        stream: stderr.
        clock: seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._begun = clock()
        self._first: int | None = None
        self._drawn = 0.0
        self._sentence_said = False
        self._line_there = False

    def update(self, done: int, total: int, events: int) -> None:
        """Tell how far it is.

        Args:
            done: bytes of captured data that have been converted.
            total: of all of them.
            events: in the recording so far.
        """
        now = self._clock()
        if self._first is None:
            self._first = done
        if now - self._begun < PATIENCE_SECONDS or now - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = now
        width = shutil.get_terminal_size().columns
        if not self._stream.isatty() or width < _NARROWEST:
            if not self._sentence_said:
                self._sentence_said = True
                left = (total - done) / 1e6
                self._stream.write(
                    f"socktrace: writing the recording: {left:,.0f} MB of captured data to go\n"
                )
        else:
            took = now - self._begun
            rate = (done - self._first) / took
            self._stream.write("\r" + line(done, total, events, rate, min(width - 1, _WIDEST)))
            self._line_there = True
        self._stream.flush()

    def wipe(self) -> None:
        """Make place for something else."""
        if self._line_there:
            # Erase the line (ECMA-48, EL), whatever its length.
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._line_there = False

    def __enter__(self) -> Progress:  # noqa: PYI034 - not meant to be derived from
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the line out."""
        self.wipe()


def line(done: int, total: int, events: int, rate: float, width: int) -> str:
    """A line of progress, `width` columns wide.

    Args:
        done: bytes.
        total: bytes.
        events: so far.
        rate: bytes a second; 0 when not known.
        width: columns, at least 59.
    """
    share = done / total if total else 1.0
    left = f"{_duration((total - done) / rate)} left" if rate > 0 else ""
    texts = f"{int(share * 100):3d} %  {events:,} events  {left:<12}"
    room = max(width - len(texts) - len("writing [] "), 1)
    full = int(share * room)
    bar = "#" * full + "-" * (room - full)
    return f"writing [{bar}] {texts}"[:width].ljust(width)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{round(seconds / 60)} min"  # noqa: PLR2004
