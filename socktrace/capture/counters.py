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

if TYPE_CHECKING:
    from socktrace.capture.bpf import Map
    from socktrace.capture.programs import Programs

_CPU: Final = struct.Struct("=10Q")
_OVERFLOW_KEY: Final = struct.Struct("=II")
_OVERFLOW: Final = struct.Struct("=5Q")
_OVERFLOW_WIDE: Final = 0x100
"""OVERFLOW_WIDE of probes/events.h."""


@dataclass(slots=True)
class Counters:
    """Sums over all CPUs, since the programs were loaded."""

    life_attempted: int = 0
    life_lost: int = 0
    data_attempted: int = 0
    data_lost: int = 0
    wide_attempted: int = 0
    wide_lost: int = 0
    unreadable: int = 0
    """Records of which a part lay in user memory that was not resident. Not lost: incomplete."""
    slots_full: int = 0
    """Calls that were not followed because too many were in progress."""
    overflow_full: int = 0
    """Lost data calls whose bytes could not even be added up: too many sockets at once."""
    skipped: int = 0
    """Times a program did not run because it was already running on that CPU."""

    @property
    def attempted(self) -> int:
        """Records that the kernel side wanted to deliver."""
        return self.life_attempted + self.data_attempted + self.wide_attempted

    @property
    def lost(self) -> int:
        """Records and calls that were not delivered, whatever the reason."""
        return self.life_lost + self.data_lost + self.wide_lost + self.slots_full + self.skipped


class Books:
    """Reads the counters and tells what was lost since the last time."""

    def __init__(self, programs: Programs) -> None:
        """Read the counters of `programs`."""
        self._programs = programs
        self._counters: Map = programs.map("counters")
        self._overflow: Map = programs.map("overflow")
        self._before = Counters()
        self._overflow_before: dict[bytes, tuple[int, ...]] = {}
        self._others = 0
        """Lost calls told so far that moved no bytes."""

    def read(self) -> Counters:
        """The counters now."""
        raw = self._counters.get(bytes(4)) or b""
        sums = [0] * 10
        for at in range(0, len(raw), _CPU.size):
            for index, value in enumerate(_CPU.unpack_from(raw, at)):
                sums[index] += value
        *columns, rescued = sums
        counters = Counters(*columns)
        counters.skipped = self._programs.skipped(rescued)
        return counters

    def losses(self, t: int) -> list[Loss]:
        """What was lost since the last call of this, each kind apart.

        Args:
            t: the time to put on them, ns since the recording began.
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
        if now.data_lost or now.wide_lost:
            found += self._overflowed(t)
            # What moves no bytes is not added up by socket. The map may be ahead of the counters,
            # which were read before: then the rest comes next time.
            added_up = sum(total[0] for total in self._overflow_before.values())
            others = now.data_lost + now.wide_lost - now.overflow_full - added_up
            if others > self._others:
                count, self._others = others - self._others, others
                found.append(Loss(t=t, count=count, reason="ring full", ring="wide"))
        if new["overflow_full"]:
            found.append(Loss(t=t, count=new["overflow_full"], reason="map full", ring="data"))
        if new["slots_full"]:
            found.append(Loss(t=t, count=new["slots_full"], reason="map full"))
        if new["skipped"]:
            found.append(Loss(t=t, count=new["skipped"], reason="program skipped"))
        return found

    def _overflowed(self, t: int) -> list[Loss]:
        """Lost data calls by socket and call: their totals are exact."""
        found = []
        for key in list(self._overflow.keys()):
            raw = self._overflow.get(key)
            if raw is None:
                continue
            now = _OVERFLOW.unpack(raw)
            before = self._overflow_before.get(key, (0, 0, 0, 0, 0))
            if now[0] == before[0]:
                continue
            self._overflow_before[key] = now
            inode, call = _OVERFLOW_KEY.unpack(key)
            found.append(
                Loss(
                    t=t,
                    count=now[0] - before[0],
                    reason="ring full",
                    ring="wide" if call & _OVERFLOW_WIDE else "data",
                    inode=inode,
                    call=CALLS[(call & ~_OVERFLOW_WIDE) - 1].name,
                    errors=now[1] - before[1],
                    bytes=now[2] - before[2],
                )
            )
        return found
