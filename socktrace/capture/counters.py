"""The books of the kernel side: what was attempted, what was lost, and why.

The kernel's counters only grow and are never reset; what is new since the last look is worked out
here.
"""

from __future__ import annotations

import struct
import sys
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from socktrace.calls import CALLS
from socktrace.capture.gaps import span
from socktrace.events import Loss
from socktrace.wire import WAY_OUTGOING, WAY_WIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from socktrace.capture.cpu_rings import CpuRings
    from socktrace.capture.gaps import Gaps
    from socktrace.capture.programs import Programs

_CPU: Final = struct.Struct("=8Q")


@dataclass(slots=True)
class Counters:
    """Sums over all CPUs, since the programs were loaded."""

    life_attempted: int = 0
    life_lost: int = 0
    wide_attempted: int = 0
    wide_lost: int = 0
    unreadable: int = 0
    """Records of which a part lay in user memory that was not resident. Not lost: incomplete."""
    slots_full: int = 0
    """Calls that were not followed because too many were in progress."""
    folds_full: int = 0
    """Calls that found no place where they were to be added up: too many sockets at once."""
    data_attempted: int = 0
    data_lost: int = 0
    skipped: int = 0
    """Times a program did not run because it was already running on that CPU."""

    @property
    def attempted(self) -> int:
        """Records that the kernel side wanted to deliver."""
        return self.life_attempted + self.data_attempted + self.wide_attempted

    @property
    def lost(self) -> int:
        """Records and calls that were not delivered, whatever the reason.

        A call that found no place to be added up was either counted as lost before, by its ring,
        or was only to be added up: then no ring has lost anything.
        """
        rings = self.data_lost + self.wide_lost
        return self.life_lost + max(rings, self.folds_full) + self.slots_full + self.skipped


class Books:
    """Reads the counters and tells what was lost since the last time."""

    def __init__(self, programs: Programs, data: CpuRings, waits: CpuRings, base: int) -> None:
        """Read the counters of `programs` and of the rings of data records and wait records.

        ``base`` is the moment that is time 0, ns of CLOCK_MONOTONIC.
        """
        self._programs = programs
        self._data, self._waits = data, waits
        self._counters = programs.map("counters")
        self._before = Counters()
        self._base = self._read_at = base
        self._life_numbers: list[int] = []
        """By CPU, how many records of lives it had numbered when the counters were read."""

    def read(self) -> Counters:
        """The counters now."""
        raw = self._counters.get(bytes(4)) or b""
        by_cpu = list(_CPU.iter_unpack(raw))
        *columns, rescued = map(sum, zip(*by_cpu, strict=True)) if by_cpu else [0] * 8
        self._life_numbers = [cpu[0] for cpu in by_cpu]
        counters = Counters(*columns)
        counters.data_lost = self._data.lost
        counters.data_attempted = self._data.attempted
        counters.wide_lost += self._waits.lost
        counters.wide_attempted += self._waits.attempted
        counters.skipped = self._programs.skipped(rescued)
        return counters

    def losses(self, added_up: NDArray[np.void], gaps: Gaps) -> list[Loss]:
        """What was lost since the last call of this, each kind apart.

        Args:
            added_up: of layout `wire.FOLD`: the calls that found the data ring or the wide ring
                full, as they came out of the kernel since the last call of this.
            gaps: in the numbers of the records of the life ring.
        """
        begin, self._read_at = self._read_at, time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        now, before = self.read(), self._before
        self._before = now
        window = (begin, time.clock_gettime_ns(time.CLOCK_MONOTONIC))
        t = window[1] - self._base
        new = {
            field.name: getattr(now, field.name) - getattr(before, field.name)
            for field in fields(Counters)
        }
        found = []
        holes = gaps.found()
        if count := new["life_lost"]:
            ends = gaps.open_ends(self._life_numbers, window[1])
            since, until = self._rebased(span(holes, ends, count, window))
            found.append(Loss(t, count, "ring full", ring="life", since=since, until=until))
        found += _calls_lost(t, self._base, added_up)
        since, until = self._rebased(window)
        for name, reason, ring in (
            ("folds_full", "map full", "data"),
            ("slots_full", "map full", ""),
            ("skipped", "program skipped", ""),
        ):
            if count := new[name]:
                found.append(Loss(t, count, reason, ring=ring, since=since, until=until))
        return found

    def _rebased(self, span: tuple[int, int]) -> tuple[int, int]:
        """Two moments in ns since the recording began, which loading the programs preceded."""
        return max(span[0] - self._base, 0), max(span[1] - self._base, 0)


def _calls_lost(t: int, base: int, added_up: NDArray[np.void]) -> list[Loss]:
    """Lost calls by socket and call: their totals are exact."""
    sums: dict[tuple[int, int, int], list[int]] = {}
    for row in added_up:
        way = int(row["way"]) & (WAY_WIDE | WAY_OUTGOING)
        total = sums.setdefault(
            (int(row["inode"]), int(row["call"]), way), [0, 0, 0, sys.maxsize, 0]
        )
        calls = int(row["calls"])
        total[0] += calls
        total[1] += calls if row["errno"] else 0
        total[2] += int(row["bytes"])
        total[3] = min(total[3], int(row["first"]))
        total[4] = max(total[4], int(row["last"]))
    return [
        Loss(
            t=t,
            count=count,
            reason="ring full",
            ring="wide" if way & WAY_WIDE else "data",
            inode=inode,
            call=CALLS[call - 1].name,
            errors=errors,
            bytes=moved,
            since=max(first - base, 0),
            until=max(last - base, 0),
        )
        for (inode, call, way), (count, errors, moved, first, last) in sums.items()
    ]
