"""How much of the processors' time nobody else wants: /proc/stat (proc_stat(5))."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

_STAT: Final = Path("/proc/stat")
_IDLE: Final = slice(3, 5)
"""idle and iowait, among user, nice, system, idle, iowait, irq, softirq, steal."""
_COUNTED: Final = slice(0, 8)
"""Those after them are in user and nice already."""


class IdleTime:
    """Tells what share of all processors' time was there to be had since it was asked last.

    Args:
        stat: the file.
    """

    def __init__(self, stat: Path = _STAT) -> None:
        """Begin to count."""
        self._stat = stat
        self._total, self._idle = self._read()
        self._own = time.process_time()

    def share(self) -> float:
        """From 0 to 1; what this process has used itself counts as idle.

        1 when too little time has passed to tell, or the file cannot be read.
        """
        total, idle = self._read()
        own = time.process_time()
        passed, free = total - self._total, idle - self._idle + own - self._own
        if passed <= 0:
            return 1.0
        self._total, self._idle, self._own = total, idle, own
        return min(1.0, max(0.0, free / passed))

    def _read(self) -> tuple[float, float]:
        """Seconds of all processors together: of any kind, and idle."""
        try:
            first = self._stat.read_text(encoding="ascii").split("\n", 1)[0]
            ticks = [int(word) for word in first.split()[1:]]
        except (OSError, ValueError):
            return 0.0, 0.0
        second = os.sysconf("SC_CLK_TCK")
        return sum(ticks[_COUNTED]) / second, sum(ticks[_IDLE]) / second
