"""What the kernel side writes, as NumPy types: the only file that knows where each field lies.

The layout is that of `probes/events.h`; a unit test compiles that file and compares every offset.
`DATA` records (fixed, many) stay arrays; full records (few) become events one by one: `decoder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ADDRESS_SIZE: Final = 112
BLOB_SIZE: Final = 208
COMM_SIZE: Final = 16
PAYLOAD_MOST: Final = 4096
"""Bytes of payload that a record can carry."""

KIND_CALL, KIND_PASSED, KIND_FORK, KIND_EXEC, KIND_EXIT = 1, 2, 3, 4, 5
KIND_RENAME, KIND_TCP_STATE, KIND_TCP_SEGMENT = 6, 7, 8

FLAG_ABI32 = 0x01
FLAG_UNREADABLE = 0x02
FLAG_OUTGOING = 0x04
FLAG_IN_CALL = 0x08
FLAG_EXITING = 0x10
FLAG_LAST_THREAD = 0x20
FLAG_RECEIVED = 0x40
FLAG_CLOEXEC = 0x80
FLAG_BEGAN_BEFORE = 0x100

SEGMENTS: Final = {1: "retransmit", 2: "reset-sent", 3: "reset-received"}

NO_TIMEOUT: Final = (1 << 64) - 1

DATA: Final = np.dtype(
    [
        ("start", "<u8"),
        ("duration", "<u8"),
        ("pid", "<u4"),
        ("tid", "<u4"),
        ("inode", "<u4"),
        ("fd", "<i4"),
        ("ret", "<i4"),
        ("call", "u1"),
        ("kind", "u1"),
        ("flags", "<u2"),
        ("length", "<u8"),
        ("msg_flags", "<u4"),
        ("sequence", "<u4"),
        ("cpu", "<u2"),
        ("family", "<u2"),
        ("port", "<u2"),
        ("local_port", "<u2"),
        ("ip", "u1", (16,)),
    ]
)
"""struct data_record. Times are CLOCK_MONOTONIC ns until a source rebases them."""

WAIT_BLOB_SIZE: Final = 72

WAIT: Final = np.dtype(
    [
        ("head", DATA),
        ("files", "<u8"),
        ("timeout", "<u8"),
        ("args", "<u8", (4,)),
        ("comm", "u1", (COMM_SIZE,)),
        ("blob_length", "<u4"),
        ("pad", "<u4"),
        ("blob", "u1", (WAIT_BLOB_SIZE,)),
    ]
)
"""struct wait_record."""

FOLD: Final = np.dtype(
    [
        ("inode", "<u4"),
        ("pid", "<u4"),
        ("call", "u1"),
        ("way", "u1"),
        ("errno", "<u2"),
        ("cpu", "<u2"),
        ("epoch", "<u2"),
        ("calls", "<u8"),
        ("bytes", "<u8"),
        ("time", "<u8"),
        ("first", "<u8"),
        ("last", "<u8"),
        ("tid", "<u4"),
        ("fd", "<i4"),
        ("local_port", "<u2"),
        ("pad", "<u2"),
        ("pad2", "<u4"),
    ]
)
"""struct fold_key and struct fold_total: data calls that the kernel side added up.

``first`` is the start of the first of them and ``last`` the return of the last, CLOCK_MONOTONIC ns.
"""

WAY_OUTGOING: Final = 0x01
"""Bits of ``way``. splice(2): into the socket."""
WAY_PEEK: Final = 0x02
"""MSG_PEEK: the bytes stayed in the queue."""
WAY_EMPTY: Final = 0x04
"""Took in 0 bytes though there was room for some."""
WAY_LONGER: Final = 0x08
"""MSG_TRUNC: what came was longer than the room for it."""
WAY_LOST: Final = 0x10
"""Added up because a ring was full, not because it was asked for."""
WAY_WIDE: Final = 0x20
"""With `WAY_LOST`: the wide ring, not the data ring."""

SOCKET_VIEW: Final = np.dtype(
    [
        ("sk", "<u8"),
        ("peer_sk", "<u8"),
        ("inode", "<u4"),
        ("netns", "<u4"),
        ("refs", "<u4"),
        ("family", "<u2"),
        ("type", "<u2"),
        ("protocol", "<u2"),
        ("tcp_state", "u1"),
        ("shutdown", "u1"),
        ("local_port", "<u2"),
        ("remote_port", "<u2"),
        ("local_ip", "u1", (16,)),
        ("remote_ip", "u1", (16,)),
    ],
    align=True,
)
"""struct socket_view."""


def full_record(payload_size: int) -> np.dtype[Any]:
    """The layout of struct full_record for a payload limit, in bytes, rounded up to 8."""
    fields: list[tuple[Any, ...]] = [
        ("head", DATA),
        ("files", "<u8"),
        ("args", "<u8", (6,)),
        ("timeout", "<u8"),
        ("socket", SOCKET_VIEW),
        ("other", SOCKET_VIEW),
        ("other_fd", "<i4"),
        ("uid", "<u4"),
        ("comm", "u1", (COMM_SIZE,)),
        ("address_length", "<u2"),
        ("blob_length", "<u2"),
        ("payload_length", "<u4"),
        ("address", "u1", (ADDRESS_SIZE,)),
        ("blob", "u1", (BLOB_SIZE,)),
    ]
    if payload_size:
        fields.append(("payload", "u1", (payload_size,)))
    return np.dtype(fields, align=True)


def as_full(waits: NDArray[np.void], layout: np.dtype[Any]) -> NDArray[np.void]:
    """Wait records as full records of `layout`, which tell the same."""
    full = np.zeros(len(waits), layout)
    for name in ("head", "files", "timeout", "comm", "blob_length"):
        full[name] = waits[name]
    full["args"][:, :4] = waits["args"]
    full["blob"][:, :WAIT_BLOB_SIZE] = waits["blob"]
    full["other_fd"] = -1
    return full


FULL_SIZE: Final = full_record(0).itemsize
"""Bytes of a full record without payload."""


def ends(records: NDArray[np.void]) -> NDArray[np.uint64]:
    """When each record's call returned: the order in which the kernel told of them."""
    heads = records["head"] if "head" in (records.dtype.names or ()) else records
    total: NDArray[np.uint64] = heads["start"] + heads["duration"]
    return total
