"""The live source: everything the kernel side tells, in the kernel's order."""

from __future__ import annotations

import mmap
import os
import struct
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from socktrace.calls import CALLS, CallSpec
from socktrace.capture.bpf import present_cpus
from socktrace.capture.counters import Books
from socktrace.capture.cpu_rings import CpuRings, room_for
from socktrace.capture.dispatch import NEEDS_SOCKET, call_flags, entry_of, number_table
from socktrace.capture.folding import fold_sums
from socktrace.capture.gaps import Gaps
from socktrace.capture.image import obtain_image
from socktrace.capture.merging import copied, joined, settled
from socktrace.capture.offsets import offset_flags
from socktrace.capture.programs import CHECK, PROGRAMS, Programs
from socktrace.capture.ring import Ring
from socktrace.capture.selfcheck import CALL as CHECK_CALL
from socktrace.capture.selfcheck import learn_socket_operations
from socktrace.capture.sums import FoldPlaces, Sums
from socktrace.decoder import Decoder
from socktrace.wire import DATA, FOLD, NO_TIMEOUT, WAIT, WAY_LOST, as_full, ends, full_record

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
KNOWN_PORT: Final = 1 << 40
"""KNOWN_PORT of probes/events.h."""
_CONFIG: Final = struct.Struct("=IIIIQQ10I")
_SLOT: Final = struct.Struct("=QQ6QQQQIIIHBBHHHBBII")
_ACTIVE_AT: Final = 102
"""Offset of struct slot's member active."""

_MARK_BEFORE: Final = 2

SLOTS: Final = 32_768
"""Threads that can have a call in progress before a slower table is used, a power of 2: as many as
there are thread numbers where pid_max has its smallest default (proc_sys_kernel(5))."""
FOLD_PLACES: Final = 2_048
"""Totals of calls that each CPU keeps at a time before a slower table is used, a power of 2."""
SWEEP_SECONDS: Final = 0.25
"""How often what the kernel side added up is taken out of it."""
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
    """Calls that the kernel side added up, of layout `wire.FOLD`: `CaptureOptions.events`."""


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

    owner: int
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
    stranger: int
    pad: int


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
        self._programs = Programs(image, self._sizes())
        try:
            self._prepare()
        except BaseException:
            self._programs.close()
            raise

    def _sizes(self) -> dict[str, int]:
        """Entries of the maps whose size is chosen here."""
        options = self._options
        self._cpus = present_cpus()
        self._data_room = room_for(DATA, options.data_pages * mmap.PAGESIZE, self._cpus)
        self._wait_room = room_for(WAIT, options.wide_pages * mmap.PAGESIZE, self._cpus)
        return {
            "life_ring": options.life_pages * mmap.PAGESIZE,
            "wide_ring": options.wide_pages * mmap.PAGESIZE,
            "data_records": self._cpus * self._data_room,
            "data_positions": self._cpus,
            "wait_records": self._cpus * self._wait_room,
            "wait_positions": self._cpus,
            "slots": SLOTS,
            "fold_places": 2 * self._cpus * FOLD_PLACES,
        }

    def _prepare(self) -> None:
        self._operations = self._epoch = 0
        self._strangers = True
        self._targets_version = 1
        self._configure(CHECK_CALL)
        self._operations = learn_socket_operations(self._programs, CHECK)
        self._configure(0)
        self._targets = self._programs.map("targets")
        self._slots = self._programs.map("slots")
        self._crowded = self._programs.map("crowded")
        for pid in self._options.pids or ():
            self.add_process(pid)
        self._full = full = full_record(self._options.payload_size)
        self._rings: dict[str, Ring] = {}
        for name, pages in (
            ("life", self._options.life_pages),
            ("wide", self._options.wide_pages),
        ):
            self._rings[name] = Ring(self._programs.descriptor(f"{name}_ring"), pages, full)
        self._data = self._cpu_rings("data", DATA, self._data_room)
        self._waits = self._cpu_rings("wait", WAIT, self._wait_room)
        places = FoldPlaces(self._programs.descriptor("fold_places"), self._cpus, FOLD_PLACES)
        self._sums = Sums(places, self._programs.map("folds"), self._begin_epoch)
        self._next_sweep = 0.0
        self._lost_folds: list[NDArray[np.void]] = []
        self._held_full = np.empty(0, full)
        self._held_data = np.empty(0, DATA)
        self.base = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        """CLOCK_MONOTONIC, ns, at time 0."""
        self.started_at = datetime.now(UTC)
        self.decoder = Decoder(self.base)
        self._gaps = Gaps(self.base)
        self._books = Books(self._programs, self._data, self._waits, self.base)
        self.enable(self._options.calls)

    def _cpu_rings(self, name: str, record: np.dtype[Any], room: int) -> CpuRings:
        descriptor = self._programs.descriptor
        records, positions = descriptor(f"{name}_records"), descriptor(f"{name}_positions")
        return CpuRings(records, positions, record, self._cpus, room)

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self._configure(0)

    def _configure(self, check: int) -> None:
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
                os.getpid(),
                mode,
                options.uid or 0,
                level,
                cgroup_id,
                self._operations,
                check,
                self._data_room,
                options.events == "lifecycle",
                self._epoch,
                SLOTS,
                FOLD_PLACES,
                self._cpus,
                self._wait_room,
                self._strangers,
                self._targets_version,
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
        # Threads that were found to be no targets are looked at again.
        self._targets_version += 1
        self._configure(0)

    def processes(self) -> frozenset[int] | None:
        """The processes that are captured now, as far as they were chosen by number; None: all."""
        if self._options.pids is None:
            return None
        return frozenset(int.from_bytes(key, "little") for key in list(self._targets.keys()))

    def know(self, inodes: Iterable[int], ports: Iterable[int]) -> None:
        """From here on, tell what TCP does only on sockets of the processes that are captured.

        Does nothing where that is every process.

        Args:
            inodes: their sockets that existed before; those made since are known.
            ports: those that they listen on.
        """
        options = self._options
        if options.pids is None and options.uid is None and options.cgroup is None:
            return
        known = self._programs.map("known")
        for key in (*inodes, *(KNOWN_PORT | port for port in ports)):
            known.set(key.to_bytes(8, "little"), b"\1")
        self._strangers = False
        self._configure(0)

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
        data = self._data.read()
        wide = [self._rings["wide"].read()]
        wide += [as_full(waits, self._full) for waits in self._waits.read()]
        life = self._rings["life"].read()
        self._gaps.take(life["head"], ends(life))
        until = None if everything else horizon
        full, self._held_full = settled(joined((self._held_full, life, *wide)), until)
        merged, self._held_data = settled(joined((self._held_data, *data)), until)
        return RawBatch(full, merged, self._added_up(everything=everything))

    def _added_up(self, *, everything: bool) -> NDArray[np.void]:
        """The data calls that the kernel side added up because it was asked to.

        Those for which a ring had no room are put aside, for `losses`.
        """
        now = time.monotonic()
        if now < self._next_sweep and not everything:
            return np.empty(0, FOLD)
        self._next_sweep = now + SWEEP_SECONDS
        found = self._sums.sweep(everything=everything)
        lost = found["way"] & WAY_LOST != 0
        if lost.any():
            self._lost_folds.append(found[lost])
        asked: NDArray[np.void] = found[~lost]
        return asked

    def fill(self) -> float:
        """How full the fullest ring is, 0 to 1."""
        return max(self._data.fill, self._waits.fill, *(ring.fill for ring in self._rings.values()))

    def losses(self) -> list[Loss]:
        """What was lost since the last call of this."""
        lost, self._lost_folds = self._lost_folds, []
        added_up = np.concatenate(lost) if lost else np.empty(0, FOLD)
        return self._books.losses(added_up, self._gaps)

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
                thread.tid, now, *thread.args, NO_TIMEOUT, 0, 0, thread.inode, 0, 0, thread.number,
                1, _MARK_BEFORE, 0, 0, 0, call, thread.abi32, 0, 0,
            )  # fmt: skip
            # It may have returned between the two looks, or returned and made the same call again;
            # then it has a slot that is seen first, and this one would never be cleared.
            if self._crowded.add(key, slot) and (
                self._has_slot(thread.tid) or not thread.still_there()
            ):
                self._crowded.delete(key)

    def _has_slot(self, tid: int) -> bool:
        """Whether a thread has made a call since the probes are there."""
        raw = self._slots.get((tid % SLOTS).to_bytes(4, "little"))
        return raw is not None and SlotView(*_SLOT.unpack(raw)).owner == tid

    def in_progress(self) -> list[CallInProgress]:
        """Every call that has begun and not returned: what is blocked right now."""
        found = []
        for raw in (*_active(self._slots.read_batch()[1]), *_active(self._crowded.read_batch()[1])):
            slot = SlotView(*_SLOT.unpack(raw))
            call = CALLS[slot.call - 1]
            # The return of a call that was switched off since is not seen.
            if self._enabled is None or call.name in self._enabled:
                found.append(
                    CallInProgress(
                        tid=slot.owner,
                        since=slot.start - self.base,
                        call=call,
                        fd=_signed(slot.arg0),
                        inode=slot.inode,
                        args=slot[2:8],
                        began_before=bool(slot.marks & _MARK_BEFORE),
                    )
                )
        return found

    def close(self) -> None:
        """Detach everything and free what the kernel holds for us."""
        self._sums.close()
        self._data.close()
        self._waits.close()
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
    events = decoder.events(raw.full)
    data = raw.data
    if len(data):
        if not data.flags.writeable:
            data = copied(data)
        data["start"] -= np.uint64(base)
    return Batch(events, data, fold_sums(raw.folds, base) if len(raw.folds) else [])


def _active(slots: bytes) -> list[bytes]:
    """Those of many slots, one after the other, whose call is in progress."""
    table = np.frombuffer(slots, np.uint8).reshape(-1, _SLOT.size)
    return [row.tobytes() for row in table[table[:, _ACTIVE_AT] != 0]]


def _signed(register: int) -> int:
    """An int argument, from its register."""
    low = register & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low
