"""The data calls of a batch on their way to a sink: as lines, or many lines at once as bytes.

Both say the same. A sink that looks at each line takes them one by one; one that only keeps them
takes the bytes, which costs a third.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from socktrace.engine.datalines import data_lines
from socktrace.engine.datasums import Settled, of_sum, sums
from socktrace.tracefile.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from socktrace.engine.datalines import Names, Sockets
    from socktrace.engine.templates import Templates
    from socktrace.lines import Syscall
    from socktrace.view.look import RunSum

PIECE: Final = 4096
"""Lines that are made at once: some 800 kB."""


class DataCalls:
    """The data calls of one batch.

    Args:
        records: of layout `wire.DATA`, rebased, in the order of their return.
        sockets: numbers of sockets.
        comms: names of threads, which do not change meanwhile.
        templates: what lines look like, kept from batch to batch.
    """

    def __init__(
        self, records: NDArray[np.void], sockets: Sockets, comms: Names, templates: Templates
    ) -> None:
        """Prepare; nothing is computed before it is asked for."""
        self._records = records
        self._sockets = sockets
        self._comms = comms
        self._templates = templates

    def distinct(self, column: str, first: int, stop: int) -> list[int]:
        """The values of a column from ``first`` up to ``stop``, each once, as they come."""
        return list(dict.fromkeys(self._records[column][first:stop].tolist()))

    def number(self, inode: int, first: int) -> int:
        """The number of the socket of an inode, which has calls from ``first`` on."""
        number = self._sockets.socket_id(inode)
        if number is None:
            here = first + int(np.argmax(self._records["inode"][first:] == inode))
            number = self._sockets.ensure_socket(inode, int(self._records["start"][here]))
        return number

    def of(self, inodes: Iterable[int], first: int, stop: int) -> DataRun:
        """Those from ``first`` up to ``stop`` on the sockets of some inodes."""
        records = self._records[first:stop]
        chosen = records[np.isin(records["inode"], list(inodes))]
        calls = DataCalls(chosen, self._sockets, self._comms, self._templates)
        return DataRun(calls, 0, len(chosen))

    def copied(self, first: int, stop: int) -> DataCalls:
        """Those from ``first`` up to ``stop``, without the memory of the others.

        Their sockets keep the numbers that they have now, whatever becomes of the inodes.
        """
        records = self._records[first:stop].copy()
        inodes = np.unique(records["inode"]).tolist()
        numbers = Settled({inode: self.number(inode, first) for inode in inodes if inode})
        return DataCalls(records, numbers, self._comms, self._templates)

    def joined(self, parts: Iterable[DataRun]) -> DataRun:
        """Runs of copied calls, these among them, as one."""
        records, numbers = [], Settled()
        for calls, first, stop in parts:
            records.append(calls._records[first:stop])  # noqa: SLF001 - its own kind
            numbers.update(calls._numbers())  # noqa: SLF001
        every = np.concatenate(records)
        return DataRun(DataCalls(every, numbers, self._comms, self._templates), 0, len(every))

    def sums(self, first: int, stop: int) -> list[RunSum]:
        """What those from ``first`` up to ``stop`` come to: see `datasums`."""
        return sums(self._records[first:stop], self._sockets, self._comms)

    def singles(self, row: RunSum, first: int, stop: int, most: int) -> Iterator[Syscall]:
        """Lines of those that a row of `sums` adds up."""
        chosen = of_sum(self._records[first:stop], row, self._numbers(), most)
        return data_lines(chosen, self._sockets, self._comms)

    def _numbers(self) -> Mapping[int, int]:
        if isinstance(self._sockets, Settled):
            return self._sockets
        inodes = np.unique(self._records["inode"]).tolist()
        return {inode: self.number(inode, 0) for inode in inodes if inode}

    def lines(self, first: int, stop: int) -> Iterator[Syscall]:
        """The lines of those from ``first`` up to ``stop``."""
        return data_lines(self._records[first:stop], self._sockets, self._comms)

    def encoded(self, first: int, stop: int) -> Iterator[tuple[bytes, int]]:
        """The same lines as bytes, and how many they are, in few pieces.

        Sockets are asked for their numbers as the pieces are: one that begins here is told between
        the lines before its first call and that call.
        """
        columns = self._columns
        told = {0: b""}
        for begin in range(first, stop, PIECE):
            here, end = begin, min(begin + PIECE, stop)
            for inode in dict.fromkeys(columns.inodes[begin:end]):
                if inode in told:
                    continue
                number = self._sockets.socket_id(inode)
                if number is None:
                    before, here = here, columns.inodes.index(inode, begin, end)
                    if here > before:
                        yield columns.filled(before, here, told), here - before
                    number = self._sockets.ensure_socket(inode, columns.starts[here])
                told[inode] = b',"socket":%d' % number
            yield columns.filled(here, end, told), end - here

    @cached_property
    def _columns(self) -> _Columns:
        records = self._records
        threads = records["pid"].astype(np.uint64) << np.uint64(32) | records["tid"]
        return _Columns(
            templates=self._templates.of(records),
            starts=records["start"].tolist(),
            durations=records["duration"].tolist(),
            threads=list(map(_Threads(self._comms).__getitem__, threads.tolist())),
            results=np.maximum(records["ret"], -1).tolist(),
            lengths=records["length"].tolist(),
            fds=records["fd"].tolist(),
            inodes=records["inode"].tolist(),
        )


class _Columns(NamedTuple):
    """Templates, and what they are filled with in the order in which a line has it."""

    templates: list[bytes]
    starts: list[int]
    durations: list[int]
    threads: list[bytes]
    results: list[int]
    lengths: list[int]
    fds: list[int]
    inodes: list[int]
    """Filled in as what is said of their sockets."""

    def filled(self, first: int, stop: int, sockets: dict[int, bytes]) -> bytes:
        """The lines from ``first`` up to ``stop``.

        All by one formatting: that takes two thirds of the time of one for each line.
        """
        part = slice(first, stop)
        filling: tuple[Iterable[object], ...] = (
            self.starts[part],
            self.durations[part],
            self.threads[part],
            self.results[part],
            self.lengths[part],
            self.fds[part],
            map(sockets.__getitem__, self.inodes[part]),
        )
        width = len(filling)
        values: list[object] = [None] * (width * (stop - first))
        for place, column in enumerate(filling):
            values[place::width] = column
        return b"".join(self.templates[part]) % tuple(values)


class _Thread(msgspec.Struct, frozen=True):
    """The part of a line that tells who made a call."""

    pid: int
    tid: int
    comm: str


class _Threads(dict[int, bytes]):
    """The part of a line that tells who made a call, by ``pid << 32 | tid``."""

    def __init__(self, comms: Names) -> None:
        super().__init__()
        self._comms = comms

    def __missing__(self, key: int) -> bytes:
        pid, tid = key >> 32, key & 0xFFFF_FFFF
        text = self[key] = encode(_Thread(pid, tid, self._comms.of(tid, pid)))[1:-1]
        return text


class DataRun(NamedTuple):
    """Data calls of one batch that returned one after another, with no other line between them."""

    calls: DataCalls
    first: int
    stop: int

    @property
    def size(self) -> int:
        """How many they are."""
        return self.stop - self.first

    def inodes(self) -> list[int]:
        """The inodes of the sockets they were made on; 0 for those made on none."""
        return self.calls.distinct("inode", self.first, self.stop)

    def pids(self) -> list[int]:
        """The processes that made them."""
        return self.calls.distinct("pid", self.first, self.stop)

    def number(self, inode: int) -> int:
        """The number of the socket of one of `inodes`; it begins here if nobody announced it."""
        return self.calls.number(inode, self.first)

    def of(self, inodes: Iterable[int]) -> DataRun:
        """Those on the sockets of some inodes."""
        return self.calls.of(inodes, self.first, self.stop)

    def own(self) -> DataRun:
        """The same, for whoever keeps them: it does not keep the memory of the whole batch."""
        return DataRun(self.calls.copied(self.first, self.stop), 0, self.size)

    def lines(self) -> Iterator[Syscall]:
        """A line for each."""
        return self.calls.lines(self.first, self.stop)

    def joined(self, others: Sequence[DataRun]) -> DataRun:
        """These and others, all of them `own` copies, as one."""
        return self.calls.joined((self, *others))

    def sums(self) -> list[RunSum]:
        """What they come to, by process, call and socket."""
        return self.calls.sums(self.first, self.stop)

    def singles(self, row: RunSum, most: int) -> Iterator[Syscall]:
        """A line for each of those that one of `sums` adds up, but no more than ``most``."""
        return self.calls.singles(row, self.first, self.stop, most)

    def encoded(self) -> Iterator[tuple[bytes, int]]:
        """The same lines as bytes: see `DataCalls.encoded`."""
        return self.calls.encoded(self.first, self.stop)


DataSink = Callable[[DataRun], object]
"""Takes data calls many at once."""
