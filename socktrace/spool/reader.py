"""Reads a spool, one frame at a time, while it grows or after whoever wrote it has gone."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from socktrace.spool import layout
from socktrace.spool.layout import Frame, Head, Records
from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from socktrace.events import Told
    from socktrace.lines import End


class SpoolDamage(Exception):  # noqa: N818 - where a spool ends, no failure of ours
    """From here on the spool holds nothing that can be used."""


class SpoolReader:
    """A spool that others write or have written.

    Args:
        descriptor: of the file; where it stands does not matter.
        name: for complaints.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.offset = 0
        """Where the next frame begins."""
        self.let_go = False
        """Frames at the beginning are gone: they had been converted (`SpoolWriter.let_go`)."""

    @property
    def size(self) -> int:
        """Bytes in the file, now."""
        return os.fstat(self._descriptor).st_size

    def head(self) -> Head:
        """Read the head; `frame` begins after it.

        Raises:
            RecordingError: it is no spool, or none that this version of socktrace understands.
        """
        raw = os.pread(self._descriptor, layout.PREAMBLE.size, 0)
        if len(raw) < layout.PREAMBLE.size:
            raise self._unusable("it ends before anything was captured")
        magic, version, length, crc, _, kept = layout.PREAMBLE.unpack(raw)
        if magic != layout.MAGIC:
            raise self._unusable("it is no spool of socktrace")
        if version != layout.VERSION:
            raise self._foreign(f"it is of version {version} and this is {layout.VERSION}")
        start = layout.PREAMBLE.size + length
        if length > layout.HEAD_MOST or start > self.size:
            raise self._unusable("its head is not whole")
        raw = os.pread(self._descriptor, length, layout.PREAMBLE.size)
        if zlib.crc32(raw) != crc:
            raise self._unusable("its head is damaged")
        try:
            head = layout.HEAD_DECODER.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._foreign(f"its head is not understood: {error}") from None
        if head.layout != layout.fingerprint():
            raise self._foreign("its records are of another layout")
        if not 0 <= head.payload_size <= layout.FRAME_MOST or not start <= kept <= self.size:
            raise self._unusable("its head makes no sense")
        self.offset, self.let_go = kept, kept != start
        self._layouts = layout.layouts(head.payload_size)
        return head

    def frame(self) -> Frame | None:
        """The next frame; None if it is not there, or not whole, yet.

        Raises:
            SpoolDamage: what is there is none.
        """
        raw = os.pread(self._descriptor, layout.FRAME.size, self.offset)
        if len(raw) < layout.FRAME.size:
            return None
        kind, length, crc = layout.FRAME.unpack(raw)
        if kind not in {layout.RECORDS, layout.EVENTS, layout.END} or length > layout.FRAME_MOST:
            raise SpoolDamage(self._damaged("no frame begins there"))
        start = self.offset + layout.FRAME.size
        if start + length > self.size:
            return None
        raw = os.pread(self._descriptor, length, start)
        if len(raw) < length or zlib.crc32(raw) != crc:
            raise SpoolDamage(self._damaged("its checksum is wrong"))
        try:
            frame = self._decode(kind, raw)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise SpoolDamage(self._damaged(str(error))) from None
        self.offset = start + length
        return frame

    def _decode(self, kind: int, raw: bytes) -> Frame:
        if kind == layout.RECORDS:
            return self._records(raw)
        if kind == layout.END:
            end: End = layout.END_DECODER.decode(raw)
            return end
        events: list[Told] = layout.EVENTS_DECODER.decode(raw)
        return events

    def _records(self, raw: bytes) -> Records:
        at = layout.COUNTS.size
        if len(raw) < at:
            message = "it is too short"
            raise ValueError(message)
        counts = layout.COUNTS.unpack_from(raw)
        sizes = [count * kind.itemsize for count, kind in zip(counts, self._layouts, strict=True)]
        if at + sum(sizes) != len(raw):
            message = "it does not hold as many records as it says"
            raise ValueError(message)
        arrays = []
        for count, kind, size in zip(counts, self._layouts, sizes, strict=True):
            arrays.append(np.frombuffer(raw, kind, count, at) if count else np.empty(0, kind))
            at += size
        return Records(*arrays)

    def _damaged(self, why: str) -> str:
        return f"the spool is damaged at byte {self.offset}: {why}"

    def _unusable(self, why: str) -> RecordingError:
        return RecordingError(
            f"cannot use the spool {self.name!r}", why, "nothing can be got from it: remove it"
        )

    def _foreign(self, why: str) -> RecordingError:
        return RecordingError(
            f"cannot use the spool {self.name!r}",
            why,
            "recover it with the version of socktrace that wrote it",
        )
