"""The names of threads, for records that carry none."""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "?"
"""The name of a thread that nobody knows."""


class Comms:
    """Thread names by id, as records and whoever gathered them have shown."""

    def __init__(self, shown: dict[int, str]) -> None:
        """Look into `shown`, which somebody else keeps up to date."""
        self._shown = shown

    def of(self, tid: int, pid: int) -> str:
        """The name of a thread; of its process where that is not known; "?" if nobody knows."""
        name = self._shown.get(tid)
        return self._shown.get(pid, UNKNOWN) if name is None else name
