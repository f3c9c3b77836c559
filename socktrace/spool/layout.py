"""The bytes of a spool: a head, then frames, each with its length and checksum.

    preamble    magic, version, length and CRC-32 of the head, where the frames begin that are kept
    head        msgpack of `Head`
    frame ...   type, length, CRC-32, then so many bytes

All integers are little-endian. A frame is written by one write, so whatever ends the writer, at
most the last one is incomplete.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from socktrace.calls import CALLS
from socktrace.events import Told
from socktrace.lines import End, Header
from socktrace.wire import DATA, FOLD, full_record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC: Final = b"SOCKSPL\n"
VERSION: Final = 1

PREAMBLE: Final = struct.Struct("<8sIIIIQ")
"""Magic, version, length of the head, its CRC-32, 0, offset of the first frame that is kept."""
KEPT_AT: Final = PREAMBLE.size - 8
"""Where that offset stands: the one thing that changes once it is written."""

FRAME: Final = struct.Struct("<III")
"""Type, length of what follows, CRC-32 of it."""
RECORDS, EVENTS, END = 1, 2, 3
"""Types of frames."""
COUNTS: Final = struct.Struct("<III")
"""A frame of records begins with how many there are of each layout: full, data, folds."""

HEAD_MOST: Final = 1 << 20
FRAME_MOST: Final = 1 << 26
"""Bytes. More is no spool of ours, and is not read into memory."""


class Head(msgspec.Struct, frozen=True):
    """What must be known to understand the rest."""

    layout: str
    """`fingerprint` of the writer."""
    header: Header
    """First line of the recording that is to be made."""
    payload_size: int
    """Room for payload in a full record, in bytes."""
    base: int
    """CLOCK_MONOTONIC, ns, at time 0."""
    whole_machine: bool
    births_seen: bool
    limits: dict[str, int] = {}
    """On what the model remembers, by name; those that are missing are as usual."""


class Records(NamedTuple):
    """What one reading of the kernel's rings gave."""

    full: NDArray[np.void]
    """Of layout `wire.full_record`."""
    data: NDArray[np.void]
    """Of layout `wire.DATA`."""
    folds: NDArray[np.void]
    """Of layout `wire.FOLD`."""


Frame = Records | list[Told] | End
"""The end has no ``events`` yet: whoever makes lines counts them."""

ENCODER: Final = msgspec.msgpack.Encoder()
EVENTS_DECODER: Final = msgspec.msgpack.Decoder(list[Told])
END_DECODER: Final = msgspec.msgpack.Decoder(End)
HEAD_DECODER: Final = msgspec.msgpack.Decoder(Head)


def layouts(payload_size: int) -> tuple[np.dtype[Any], np.dtype[Any], np.dtype[Any]]:
    """The layouts of `Records`, in their order."""
    return full_record(payload_size), DATA, FOLD


def fingerprint() -> str:
    """What records look like and how calls are numbered here, in short: 8 hexadecimal digits."""
    fields = [(layout.descr, layout.itemsize) for layout in layouts(8)]
    return f"{zlib.crc32(repr((fields, [spec.name for spec in CALLS])).encode()):08x}"
