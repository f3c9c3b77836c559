"""The books of the kernel side: what was attempted, what was lost, and why.

The kernel's counters only grow and are never reset; what is new since the last look is worked out
here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from socktrace.calls import CALLS
from socktrace.events import Loss
from socktrace.wire import WAY_OUTGOING, WAY_WIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from socktrace.capture.cpu_rings import CpuRings
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

    def __init__(self, programs: Programs, data: CpuRings, waits: CpuRings) -> None:
        """Read the counters of `programs` and of the rings of data records and wait records."""
        self._programs = programs
        self._data, self._waits = data, waits
        self._counters = programs.map("counters")
        self._before = Counters()

    def read(self) -> Counters:
        """The counters now."""
        raw = self._counters.get(bytes(4)) or b""
        sums = [0] * 8
        for at in range(0, len(raw), _CPU.size):
            for index, value in enumerate(_CPU.unpack_from(raw, at)):
                sums[index] += value
        *columns, rescued = sums
        counters = Counters(*columns)
        counters.data_lost = self._data.lost
        counters.data_attempted = self._data.attempted
        counters.wide_lost += self._waits.lost
        counters.wide_attempted += self._waits.attempted
        counters.skipped = self._programs.skipped(rescued)
        return counters

    def losses(self, t: int, added_up: NDArray[np.void]) -> list[Loss]:
        """What was lost since the last call of this, each kind apart.

        Args:
            t: the time to put on them, ns since the recording began.
            added_up: of layout `wire.FOLD`: the calls that found the data ring or the wide ring
                full, as they came out of the kernel since the last call of this.
        """
        now, before = self.read(), self._before
        self._before = now
        new = {
            field.name: getattr(now, field.name) - getattr(before, field.name)
            for field in fields(Counters)
        }
        found = []
        if new["life_lost"]:
            found.append(Loss(t=t, count=new["life_lost"], reason="ring full", ring="life"))
        found += _calls_lost(t, added_up)
        if new["folds_full"]:
            found.append(Loss(t=t, count=new["folds_full"], reason="map full", ring="data"))
        if new["slots_full"]:
            found.append(Loss(t=t, count=new["slots_full"], reason="map full"))
        if new["skipped"]:
            found.append(Loss(t=t, count=new["skipped"], reason="program skipped"))
        return found


def _calls_lost(t: int, added_up: NDArray[np.void]) -> list[Loss]:
    """Lost calls by socket and call: their totals are exact."""
    sums: dict[tuple[int, int, int], list[int]] = {}
    for row in added_up:
        way = int(row["way"]) & (WAY_WIDE | WAY_OUTGOING)
        total = sums.setdefault((int(row["inode"]), int(row["call"]), way), [0, 0, 0])
        calls = int(row["calls"])
        total[0] += calls
        total[1] += calls if row["errno"] else 0
        total[2] += int(row["bytes"])
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
        )
        for (inode, call, way), (count, errors, moved) in sums.items()
    ]
