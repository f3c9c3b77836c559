"""The live source: everything the kernel side tells, in the kernel's order."""

from __future__ import annotations

import os
import struct
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from socktrace.calls import CALLS, CallSpec
from socktrace.capture.counters import Books
from socktrace.capture.dispatch import NEEDS_SOCKET, call_flags, entry_of, number_table
from socktrace.capture.image import obtain_image
from socktrace.capture.offsets import offset_flags
from socktrace.capture.programs import CHECK, PROGRAMS, Programs
from socktrace.capture.ring import Ring
from socktrace.capture.selfcheck import CALL as CHECK_CALL
from socktrace.capture.selfcheck import learn_socket_operations
from socktrace.wire import DATA, FOLD, NO_TIMEOUT, Decoder, ends, full_record, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from socktrace.capture.counters import Counters
    from socktrace.capture.options import CaptureOptions
    from socktrace.events import Event, Loss
    from socktrace.host.blocked import ThreadCall
    from socktrace.model.folds import DataFold

MODE_TARGETS, MODE_FOLLOW, MODE_UID, MODE_CGROUP = 1, 2, 4, 8
"""config.mode of probes/events.h."""
_CONFIG: Final = struct.Struct("=IIIIQQII")
_SLOT: Final = struct.Struct("=Q6QQQQIIIHBBHHHBB")

_MARK_BEFORE: Final = 2

_SETTLED_NS: Final = 5_000_000
"""A record is put into its ring within this time of the moment it bears, but for rare stalls; what
comes later than that is delivered late, out of order."""


class RawBatch(NamedTuple):
    """What one reading of the rings gave, as the kernel side wrote it.

    Cheap to take; to be decoded by `decode_batch` or kept for later.
    """

    full: NDArray[np.void]
    """Full records in the order of their return."""
    data: NDArray[np.void]
    """Fixed records of layout `wire.DATA` in the order of their return."""
    folds: NDArray[np.void]
    """Data calls that the kernel side added up, of layout `wire.FOLD`; see `CaptureOptions.events`."""


class Batch(NamedTuple):
    """One reading of the rings, decoded."""

    events: list[tuple[int, Event]]
    """(time of return, event) of full records, in order; ns since the recording began."""
    data: NDArray[np.void]
    """Fixed records of layout `wire.DATA` in the order of their return; ``start`` rebased."""
    folds: list[DataFold]
    """Data calls that the kernel side added up; they may come later than what followed them."""


class CallInProgress(NamedTuple):
    """A call that has not returned."""

    tid: int
    since: int
    """ns since the recording began."""
    call: CallSpec
    fd: int
    """Its first argument: for most calls a descriptor."""
    inode: int
    args: tuple[int, ...]
    """All six, as registers."""
    began_before: bool
    """It was in progress when we attached: ``since`` is that moment."""


class SlotView(NamedTuple):
    """struct slot of probes/events.h."""

    start: int
    arg0: int
    arg1: int
    arg2: int
    arg3: int
    arg4: int
    arg5: int
    timeout: int
    sk: int
    socket: int
    inode: int
    other_inode: int
    refs: int
    number: int
    active: int
    marks: int
    family: int
    type: int
    protocol: int
    call: int
    abi32: int


class Capture:
    """eBPF probes on this machine, as a source of events.

    A context manager. Time 0 is the moment of construction.

    Args:
        options: what to capture.
        say: told what is going on when it takes longer than a moment.

    Raises:
        SocktraceError: this machine does not allow it; the message says what to do.
    """

    def __init__(
        self, options: CaptureOptions, *, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Load the programs and check them; nothing is captured yet."""
        self._options = options
        flags = [*offset_flags(), *call_flags(), *options.compiler_flags()]
        image = obtain_image(flags, PROGRAMS, say=say)
        self._programs = Programs(image)
        try:
            self._prepare()
        except BaseException:
            self._programs.close()
            raise

    def _prepare(self) -> None:
        self._configure(0, CHECK_CALL)
        self._operations = learn_socket_operations(self._programs, CHECK)
        self._configure(self._operations, 0)
        self._targets = self._programs.map("targets")
        self._slots = self._programs.map("slots")
        for pid in self._options.pids or ():
            self.add_process(pid)
        full = full_record(self._options.payload_size)
        self._rings: dict[str, Ring] = {}
        for name, layout in (("life", full), ("wide", full), ("data", DATA)):
            descriptor, size = self._programs.ring(f"{name}_ring")
            self._rings[name] = Ring(descriptor, size // 4096, layout)
        self._books = Books(self._programs)
        self._held_full = np.empty(0, full)
        self._held_data = np.empty(0, DATA)
        self.base = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        """CLOCK_MONOTONIC, ns, at time 0."""
        self.started_at = datetime.now(UTC)
        self.decoder = Decoder(self.base)
        self.enable(self._options.calls)

    def _configure(self, operations: int, check: int) -> None:
        options = self._options
        mode = 0
        if options.pids is not None:
            mode |= MODE_TARGETS
        if options.follow:
            mode |= MODE_FOLLOW
        if options.uid is not None:
            mode |= MODE_UID
        if options.cgroup is not None:
            mode |= MODE_CGROUP
        cgroup_id, level = options.cgroup or (0, 0)
        self._programs.map("config").set(
            bytes(4),
            _CONFIG.pack(
                os.getpid(), mode, options.uid or 0, level, cgroup_id, operations, check, 0
            ),
        )

    @property
    def missing(self) -> list[str]:
        """Tracepoints that this kernel does not have."""
        return self._programs.missing

    def now(self) -> int:
        """This moment, ns since the recording began."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) - self.base

    def add_process(self, pid: int) -> None:
        """Capture this process too, where only some are."""
        self._targets.set(pid.to_bytes(4, "little"), b"\1")

    def start(self) -> None:
        """Attach the probes: from here on nothing is missed."""
        self._programs.attach_all()

    def stop(self) -> None:
        """Take the probes off; what is in the rings can still be read."""
        self._programs.detach_all()

    def enable(self, calls: frozenset[str] | None) -> None:
        """Switch the probes of `calls` on and all others off; None: all on."""
        self._enabled = calls
        self._programs.enable(calls)

    def read(self, *, everything: bool = False) -> Batch:
        """What has come since the last reading, decoded: see `read_raw`."""
        return decode_batch(self.decoder, self.read_raw(everything=everything))

    def read_raw(self, *, everything: bool = False) -> RawBatch:
        """What has come since the last reading.

        The three rings are merged by time of return. A record is held back until what is older
        must have come too; `everything` gives these out as well, for the end.
        """
        horizon = time.clock_gettime_ns(time.CLOCK_MONOTONIC) - _SETTLED_NS
        # What tells of a life comes before what builds on it (a birth before data, descriptors
        # before the message that brought them), so its ring is read last: whatever is read here,
        # its foundation is too.
        data, wide, life = (self._rings[name].read() for name in ("data", "wide", "life"))
        full = np.concatenate((self._held_full, life, wide))
        data = np.concatenate((self._held_data, data))
        full, self._held_full = _settled(full, None if everything else horizon)
        data, self._held_data = _settled(data, None if everything else horizon)
        return RawBatch(full, data, np.empty(0, FOLD))

    def fill(self) -> float:
        """How full the fullest ring is, 0 to 1."""
        return max(ring.waiting / ring.size for ring in self._rings.values())

    def losses(self) -> list[Loss]:
        """What was lost since the last call of this."""
        return self._books.losses(self.now())

    def counters(self) -> Counters:
        """The kernel side's books, since the start."""
        return self._books.read()

    def adopt(self, calls: Iterable[ThreadCall]) -> None:
        """Follow calls that were in progress before the probes were there.

        Their return will be told like any other: a thread that waits in accept since yesterday
        has one coming.

        To be called after `start`. A thread that has begun another call meanwhile keeps that.

        Args:
            calls: what /proc says that threads are blocked in.
        """
        table = number_table(self._options.calls)
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        for thread in calls:
            entry = table.get(thread.number)
            if entry is None:
                continue
            call, entry_class = entry_of(entry, abi32=thread.abi32)
            if not call or (entry_class in NEEDS_SOCKET and not thread.inode):
                continue
            key = thread.tid.to_bytes(4, "little")
            slot = _SLOT.pack(
                now, *thread.args, NO_TIMEOUT, 0, 0, thread.inode, 0, 0, thread.number,
                1, _MARK_BEFORE, 0, 0, 0, call, thread.abi32,
            )  # fmt: skip
            # It may have returned between the two looks; then its slot would never be cleared.
            if self._slots.add(key, slot) and not thread.still_there():
                self._slots.delete(key)

    def in_progress(self) -> list[CallInProgress]:
        """Every call that has begun and not returned: what is blocked right now."""
        found = []
        for key in list(self._slots.keys()):
            raw = self._slots.get(key)
            if raw is None:
                continue
            slot = SlotView(*_SLOT.unpack(raw))
            if not slot.active:
                continue
            call = CALLS[slot.call - 1]
            # The return of a call that was switched off since is not seen.
            if self._enabled is None or call.name in self._enabled:
                found.append(
                    CallInProgress(
                        tid=int.from_bytes(key, "little"),
                        since=slot.start - self.base,
                        call=call,
                        fd=_signed(slot.arg0),
                        inode=slot.inode,
                        args=slot[1:7],
                        began_before=bool(slot.marks & _MARK_BEFORE),
                    )
                )
        return found

    def close(self) -> None:
        """Detach everything and free what the kernel holds for us."""
        for ring in self._rings.values():
            ring.close()
        self._programs.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything go."""
        self.close()


def decode_batch(decoder: Decoder, raw: RawBatch) -> Batch:
    """The events of `raw`, with times in ns since the recording began.

    Args:
        decoder: carries what later records need of earlier ones; its batches come in order.
        raw: as `Capture.read_raw` gave it; its data records may be changed in place.
    """
    for tid in decoder.gone:
        decoder.comms.pop(tid, None)
    decoder.gone.clear()
    base = decoder.base
    events = [
        (end - base, event)
        for end, row in zip(ends(raw.full).tolist(), rows(raw.full), strict=True)
        if (event := decoder.decode(row)) is not None
    ]
    data = raw.data
    if len(data):
        if not data.flags.writeable:
            data = data.copy()
        data["start"] -= np.uint64(base)
    return Batch(events, data, [])


def _signed(register: int) -> int:
    """An int argument, from its register."""
    low = register & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _settled(
    records: NDArray[np.void], horizon: int | None
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """`records` by time of return, parted at `horizon`: (what is older, the rest)."""
    if not len(records):
        return records, records
    when = ends(records)
    if np.any(when[1:] < when[:-1]):
        order = np.argsort(when, kind="stable")
        records, when = records[order], when[order]
    if horizon is None:
        return records, records[:0]
    cut = int(np.searchsorted(when, horizon, side="right"))
    return records[:cut], records[cut:]
