"""The names of threads, for records that carry none."""

from __future__ import annotations

from pathlib import Path

from socktrace.wire import text_of


class Comms:
    """Thread names by id: those that records showed, and /proc for the rest (proc(5), comm)."""

    def __init__(self, shown: dict[int, str]) -> None:
        """Look first into `shown`, which somebody else keeps up to date."""
        self._shown = shown

    def of(self, tid: int, pid: int) -> str:
        """The name of a thread; of its process where the thread is gone; "?" if nobody knows."""
        name = self._shown.get(tid)
        if name is None:
            name = self._shown[tid] = self._read(tid, pid)
        return name

    def _read(self, tid: int, pid: int) -> str:
        try:
            return text_of(Path(f"/proc/{pid}/task/{tid}/comm").read_bytes().rstrip(b"\n"))
        except OSError:
            return self._shown.get(pid, "?")
