"""A ring buffer of the kernel's, mapped into our memory and read as arrays.

The layout is that of kernel/bpf/ringbuf.c: a page with the consumer's position, which we may
write; a page with the producer's position; then the data, mapped twice in a row so that a record
that wraps round lies in one piece. Each record has an 8-byte header: its length, whose two top
bits say that it is still being written (BUSY) or was given up (DISCARD).

All records of one of our rings have the same size, so a run of them is an array of a fixed stride.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUSY: Final = 1 << 31
DISCARD: Final = 1 << 30
_HEADER: Final = 8


class Ring:
    """One ring buffer map.

    Args:
        fd: the map's descriptor; stays the caller's.
        pages: size of its data area in pages, a power of 2.
        record: layout of its records; a multiple of 8 bytes.

    Raises:
        OSError: the map cannot be mapped.
    """

    def __init__(self, fd: int, pages: int, record: np.dtype[Any]) -> None:
        """Map the ring `fd`."""
        page = mmap.PAGESIZE
        self.size = pages * page
        """Bytes of its data area."""
        self.record = record
        self._slot = np.dtype([("length", "<u4"), ("page", "<u4"), ("record", record)])
        if self._slot.itemsize != _HEADER + record.itemsize or record.itemsize % 8:
            message = f"records of {record.itemsize} bytes do not lie in a row"
            raise ValueError(message)
        self._writable = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self._readable = mmap.mmap(
            fd, page + 2 * self.size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page
        )
        self._consumer = np.frombuffer(self._writable, np.uint64, 1)
        self._producer = np.frombuffer(self._readable, np.uint64, 1)
        self._data = np.frombuffer(self._readable, np.uint8, 2 * self.size, page)

    @property
    def waiting(self) -> int:
        """Bytes in the ring that were not read yet."""
        return int(self._producer[0]) - int(self._consumer[0])

    def read(self) -> NDArray[np.void]:
        """Take out every finished record, in order, as a copy.

        A record that is still being written ends the run: what is behind it comes next time.
        """
        begin = int(self._consumer[0])
        stride = self._slot.itemsize
        available = (int(self._producer[0]) - begin) // stride
        if available <= 0:
            return np.empty(0, self.record)
        # A run longer than the ring cannot be; its start lies in the first of the two mappings.
        offset = begin & (self.size - 1)
        slots = self._data[offset : offset + available * stride].view(self._slot)
        lengths = slots["length"].copy()
        busy = np.flatnonzero(lengths & BUSY)
        if busy.size:
            available = int(busy[0])
            lengths = lengths[:available]
        # Contiguous copy: the records' bytes without their headers.
        records = slots["record"][:available].copy()
        # x86 stores are not reordered with earlier loads: the kernel cannot reuse the room early.
        self._consumer[0] = begin + available * stride
        discarded = lengths & DISCARD
        return records[discarded == 0] if discarded.any() else records

    def close(self) -> None:
        """Unmap it."""
        del self._consumer, self._producer, self._data
        self._writable.close()
        self._readable.close()
