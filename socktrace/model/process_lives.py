"""The processes that are known: those that run, and the latest that ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from socktrace.lines import Process

_TOLD: Final = ("ppid", "comm", "cmdline", "uid", "cgroup", "netns")


class ProcessLife(msgspec.Struct):
    """A process, as far as its lines told."""

    pid: int
    appeared: int
    ppid: int | None = None
    comm: str | None = None
    cmdline: list[str] | None = None
    uid: int | None = None
    cgroup: str | None = None
    netns: int | None = None
    ended: int | None = None
    exit_code: int | None = None
    signal: str | None = None
    told: int = 0
    """When its last line told of it."""


class ProcessLives:
    """Processes by pid; a number that is used again is another process."""

    def __init__(self, gone: int) -> None:
        """Keep at most ``gone`` that have ended."""
        self.by_pid: Final[dict[int, ProcessLife]] = {}
        self.forgotten = 0
        """Ended processes that there was no room for."""
        self._limit: Final = gone
        self._gone: Final[dict[int, None]] = {}

    @property
    def gone(self) -> tuple[int, ...]:
        """Those that have ended, the first one first."""
        return tuple(self._gone)

    def take_over(self, processes: Mapping[int, ProcessLife], gone: Iterable[int]) -> None:
        """Take over processes, and which of them have ended."""
        self.by_pid.update(processes)
        self._gone.update(dict.fromkeys(gone))

    def take(self, line: Process) -> None:
        """Take in what a line tells."""
        pid = line.pid
        life = self.by_pid.get(pid)
        if life is None or (life.ended is not None and line.event != "exit"):
            life = self.by_pid[pid] = ProcessLife(pid, line.t)
            self._gone.pop(pid, None)
        life.told = max(life.told, line.t)
        for field in _TOLD:
            value = getattr(line, field)
            if value is not None:
                setattr(life, field, value)
        if line.event != "exit":
            return
        life.ended, life.exit_code, life.signal = line.t, line.exit_code, line.signal
        self._gone[pid] = None
        if len(self._gone) > self._limit:
            oldest = next(iter(self._gone))
            del self._gone[oldest], self.by_pid[oldest]
            self.forgotten += 1
