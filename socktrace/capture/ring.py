"""A ring buffer of the kernel's, mapped into our memory and read as arrays.

The layout is that of kernel/bpf/ringbuf.c: a page with the consumer's position, which we may
write; a page with the producer's position; then the data, of which we map one round. Each record
has an 8-byte header: its length, whose two top bits say that it is still being written (BUSY) or
was given up (DISCARD).

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
        self._stride = _HEADER + record.itemsize
        if record.itemsize % _HEADER:
            message = f"records of {record.itemsize} bytes do not lie in a row"
            raise ValueError(message)
        self._writable = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        # The kernel would let us map the data twice in a row, so that a record that wraps round lay
        # in one piece; but each page mapped counts as resident, and a wrap is rare.
        self._readable = mmap.mmap(
            fd, page + self.size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page
        )
        self._consumer = np.frombuffer(self._writable, np.uint64, 1)
        self._producer = np.frombuffer(self._readable, np.uint64, 1)
        self._data = np.frombuffer(self._readable, np.uint8, self.size, page)
        self._headers = self._data.view(np.uint64)

    @property
    def waiting(self) -> int:
        """Bytes in the ring that were not read yet."""
        return int(self._producer[0]) - int(self._consumer[0])

    @property
    def fill(self) -> float:
        """How full it is, 0 to 1."""
        return self.waiting / self.size

    def read(self) -> NDArray[np.void]:
        """Take out every finished record, in order, as a copy.

        A record that is still being written ends the run: what is behind it comes next time.
        """
        begin = int(self._consumer[0])
        stride = self._stride
        available = (int(self._producer[0]) - begin) // stride
        if available <= 0:
            return np.empty(0, self.record)
        # Headers before records: one that was finished when its header was read is whole.
        places = (begin + np.arange(available, dtype=np.int64) * stride) & (self.size - 1)
        lengths = self._headers[places >> 3]
        busy = np.flatnonzero(lengths & BUSY)
        if busy.size:
            available = int(busy[0])
            lengths = lengths[:available]
        slots = self._copy(begin & (self.size - 1), available * stride)
        # x86 stores are not reordered with earlier loads: the kernel cannot reuse the room early.
        self._consumer[0] = begin + available * stride
        # As plain numbers, which NumPy copies many times faster than structures; without headers.
        table = slots.view(np.uint64).reshape(available, stride // _HEADER)
        if (discarded := lengths & DISCARD).any():
            table = table[discarded == 0]
        records: NDArray[np.void] = table[:, 1:].copy().reshape(-1).view(self.record)
        return records

    def _copy(self, begin: int, length: int) -> NDArray[np.uint8]:
        copied = np.empty(length, np.uint8)
        first = min(length, self.size - begin)
        copied[:first] = self._data[begin : begin + first]
        copied[first:] = self._data[: length - first]
        return copied

    def close(self) -> None:
        """Unmap it."""
        del self._consumer, self._producer, self._data, self._headers
        self._writable.close()
        self._readable.close()
