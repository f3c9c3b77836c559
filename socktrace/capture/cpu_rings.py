"""Rings of records, one for each CPU, in memory that we share with the kernel side.

No ring buffer of the kernel's: an array that the probes write to and that is mapped here
(BPF_F_MMAPABLE). Each CPU has one writer, and we are the one reader, so that two counters that only
grow are all that the two sides need to agree on: struct position of probes/events.h.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from socktrace.capture.merging import copied

if TYPE_CHECKING:
    from numpy.typing import NDArray

POSITION: Final = np.dtype(
    [
        ("written", "<u8"),
        ("lost", "<u8"),
        ("pad", "<u8", (6,)),
        ("read", "<u8"),
        ("pad2", "<u8", (7,)),
    ]
)
"""struct position."""


class CpuRings:
    """All of them.

    Args:
        records_fd: descriptor of the map with the records.
        positions_fd: descriptor of the map with the positions.
        record: layout of a record.
        cpus: how many CPUs have a ring.
        room: records that each has room for, a power of 2.

    Raises:
        OSError: they cannot be mapped.
    """

    def __init__(
        self, records_fd: int, positions_fd: int, record: np.dtype[Any], cpus: int, room: int
    ) -> None:
        """Map them."""
        self.room = room
        self._readable = mmap.mmap(
            records_fd, _pages(cpus * room * record.itemsize), mmap.MAP_SHARED, mmap.PROT_READ
        )
        self._writable = mmap.mmap(
            positions_fd,
            _pages(cpus * POSITION.itemsize),
            mmap.MAP_SHARED,
            mmap.PROT_READ | mmap.PROT_WRITE,
        )
        self._records = np.frombuffer(self._readable, record, cpus * room).reshape(cpus, room)
        positions = np.frombuffer(self._writable, POSITION, cpus)
        self._written, self._lost = positions["written"], positions["lost"]
        self._read = positions["read"]

    @property
    def fill(self) -> float:
        """How full the fullest is, 0 to 1."""
        return float((self._written - self._read).max()) / self.room

    @property
    def attempted(self) -> int:
        """Records that the kernel side wanted to deliver."""
        return int(self._written.sum()) + self.lost

    @property
    def lost(self) -> int:
        """Records that found no room."""
        return int(self._lost.sum())

    def read(self) -> list[NDArray[np.void]]:
        """Take out every record, as copies: of each CPU those that there are, in order."""
        taken = []
        for cpu, (written, read) in enumerate(
            zip(self._written.tolist(), self._read.tolist(), strict=True)
        ):
            if written == read:
                continue
            begin = read % self.room
            end = begin + written - read
            records = self._records[cpu]
            taken.append(copied(records[begin : min(end, self.room)]))
            if end > self.room:
                taken.append(copied(records[: end - self.room]))
            # Copied before the room is given back: x86 stores are not reordered with earlier loads.
            self._read[cpu] = written
        return taken

    def close(self) -> None:
        """Unmap them."""
        del self._records, self._written, self._lost, self._read
        self._readable.close()
        self._writable.close()


def room_for(record: np.dtype[Any], size: int, cpus: int) -> int:
    """Records that each CPU gets room for out of `size` bytes: a power of 2, at least 1."""
    return 1 << max(0, (size // (cpus * record.itemsize)).bit_length() - 1)


def _pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
