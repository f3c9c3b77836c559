"""All frames of a spool in turn, up to its end or to where it was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.lines import End
from socktrace.spool.reader import SpoolDamage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from socktrace.spool.layout import Frame
    from socktrace.spool.reader import SpoolReader


class Frames:
    """Iterates over frames; gives None whenever there is nothing yet.

    Args:
        reader: has read the head.
        growing: called where there is nothing yet, to wait a moment; False when nobody writes to
            the spool any more.
    """

    def __init__(self, reader: SpoolReader, growing: Callable[[], bool] = lambda: False) -> None:
        self._reader = reader
        self._growing = growing
        self.cut = ""
        """Why it ended before its end; empty if it did not."""
        self.damage = ""
        """The same, if that is because of what somebody or something did to it."""

    def __iter__(self) -> Iterator[Frame | None]:
        reader = self._reader
        growing = True
        while True:
            try:
                frame = reader.frame()
            except SpoolDamage as damage:
                self.cut = self.damage = str(damage)
                return
            if frame is not None:
                yield frame
                if isinstance(frame, End):
                    return
            elif growing:
                yield None
                growing = self._growing()
            else:
                rest = reader.size - reader.offset
                self.cut = (
                    f"the spool was cut short: its last {rest} bytes are no whole piece"
                    if rest
                    else "the spool was cut short: capture did not come to its end"
                )
                return
