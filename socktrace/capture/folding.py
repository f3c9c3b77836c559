"""Data records added up by socket, call and way, in NumPy: no Python for the single event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.calls import CALLS, NUMBER, Direction
from socktrace.capture.merging import taken
from socktrace.model.folds import DataFold
from socktrace.wire import FLAG_OUTGOING, WAY_EMPTY, WAY_LONGER, WAY_OUTGOING, WAY_PEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_MSG_PEEK: Final = 0x2
_MSG_TRUNC: Final = 0x20
_NAMES: Final = ("", *(spec.name for spec in CALLS))
_INCOMING: Final = np.array(
    [False, *(spec.direction is Direction.IN for spec in CALLS)], dtype=np.bool_
)
"""By the call's number: it takes bytes in."""
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: a multiplier that spreads keys over the upper bits."""
_BUFFERED: Final = np.isin(
    np.arange(len(_NAMES)), [NUMBER[name] for name in ("read", "recv", "recvfrom")]
)
"""By the call's number: its ``length`` is in bytes (that of readv counts buffers)."""
_FLAGGED: Final = np.isin(np.arange(len(_NAMES)), [NUMBER["recv"], NUMBER["recvfrom"]])
"""By the call's number: it takes bytes in, and its flags are those of recv(2)."""
_SPLICE: Final = NUMBER["splice"]


def fold(records: NDArray[np.void], is_stream: Callable[[int], bool | None]) -> Iterator[DataFold]:
    """One `DataFold` for each socket, process and call among `records`; two for a splice both ways.

    Args:
        records: of layout `wire.DATA`, in the order of their return, ``start`` in ns since the
            recording began.
        is_stream: whether the socket of an inode is a stream; None: not known. A result of 0 is
            the end of a stream, but only an empty message elsewhere.
    """
    if not len(records):
        return
    outgoing = (records["flags"] & FLAG_OUTGOING).astype(np.uint64) << np.uint64(6)
    # By process too: what a child did must not be taken in before its fork. 32 bits of inode, 22 of
    # process id (PID_MAX_LIMIT, include/linux/threads.h), 1 for the way of a splice, 8 of call.
    key = (
        records["inode"].astype(np.uint64) << np.uint64(31)
        | records["pid"].astype(np.uint64) << np.uint64(9)
        | outgoing
        | records["call"]
    )
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    stops = np.append(starts[1:], len(key))
    ret = records["ret"][order].astype(np.int64)
    moved = np.maximum(ret, 0)
    call = records["call"][order]
    out_of = (call == _SPLICE) & (records["flags"][order] & FLAG_OUTGOING == 0)
    incoming = _INCOMING[call] | out_of
    peeking = _FLAGGED[call] & (records["msg_flags"][order] & _MSG_PEEK != 0)
    truncating = _FLAGGED[call] & (records["msg_flags"][order] & _MSG_TRUNC != 0)
    empty = incoming & ~peeking & (ret == 0) & (records["length"][order] > 0)
    # A length can be as large as SIZE_MAX: it stays unsigned.
    longer = truncating & _BUFFERED[call] & (moved.astype(np.uint64) > records["length"][order])
    end = (records["start"] + records["duration"])[order].astype(np.int64)
    begin = records["start"][order].astype(np.int64)
    counts = stops - starts
    bytes_ = np.add.reduceat(moved, starts)
    times = np.add.reduceat(records["duration"][order].astype(np.int64), starts)
    empties = np.add.reduceat(empty.astype(np.int64), starts)
    longers = np.add.reduceat(longer.astype(np.int64), starts)
    peeked = np.add.reduceat(np.where(peeking, moved, 0), starts)
    first = np.minimum.reduceat(begin, starts)
    failures = np.add.reduceat((ret < 0).astype(np.int64), starts)
    ports = np.maximum.reduceat(records["local_port"][order], starts)
    for i, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        row = records[order[stop - 1]]
        inode = int(row["inode"])
        eof, empty_datagrams = None, 0
        if empties[i]:
            if is_stream(inode) is False:
                empty_datagrams = int(empties[i])
            else:
                eof = int(end[start:stop][empty[start:stop]][0])
        errors: dict[int, int] = {}
        if failures[i]:
            values = ret[start:stop]
            numbers, times_each = np.unique(-values[values < 0], return_counts=True)
            errors = dict(zip(numbers.tolist(), times_each.tolist(), strict=True))
        yield DataFold(
            inode=inode,
            call=_NAMES[int(row["call"])],
            count=int(counts[i]),
            bytes=int(bytes_[i]),
            time=int(times[i]),
            errors=errors,
            first_t=int(first[i]),
            last_t=int(end[stop - 1]),
            last_pid=int(row["pid"]),
            last_tid=int(row["tid"]),
            fd=int(row["fd"]),
            eof_t=eof,
            empty_datagrams=empty_datagrams,
            truncated=int(longers[i]),
            local_port=int(ports[i]),
            peeked=int(peeked[i]),
            outgoing=bool(int(row["flags"]) & FLAG_OUTGOING),
        )


def fold_sums(sums: NDArray[np.void], base: int) -> list[DataFold]:
    """One `DataFold` for each socket, process and call among what the kernel side added up.

    Whether a socket is a stream is not known here: a fold that took in nothing has both ``eof_t``
    and ``empty_datagrams``.

    Args:
        sums: of layout `wire.FOLD`; times are CLOCK_MONOTONIC ns.
        base: CLOCK_MONOTONIC, ns, of the moment that is time 0.
    """
    parts: dict[tuple[int, int, int, int], list[np.void]] = {}
    for row in sums:
        key = (int(row["inode"]), int(row["pid"]), int(row["call"]), int(row["way"]) & WAY_OUTGOING)
        parts.setdefault(key, []).append(row)
    return [_one_fold(key, rows, base) for key, rows in parts.items()]


def _one_fold(key: tuple[int, int, int, int], rows: list[np.void], base: int) -> DataFold:
    inode, pid, call, outgoing = key
    last = max(rows, key=lambda row: int(row["last"]))
    errors: dict[int, int] = {}
    for row in rows:
        if number := int(row["errno"]):
            errors[number] = errors.get(number, 0) + int(row["calls"])
    empty = [row for row in rows if row["way"] & WAY_EMPTY]

    def total(name: str, way: int = 0) -> int:
        return sum(int(row[name]) for row in rows if not way or row["way"] & way)

    return DataFold(
        inode=inode,
        call=_NAMES[call],
        count=total("calls"),
        bytes=total("bytes"),
        time=total("time"),
        errors=errors,
        first_t=min(int(row["first"]) for row in rows) - base,
        last_t=int(last["last"]) - base,
        last_pid=pid,
        last_tid=int(last["tid"]),
        fd=int(last["fd"]),
        # Of several, when the first returned is not known, only when it began.
        eof_t=min(
            (int(row["last" if row["calls"] == 1 else "first"]) - base for row in empty),
            default=None,
        ),
        empty_datagrams=total("calls", WAY_EMPTY),
        truncated=total("calls", WAY_LONGER),
        local_port=max(int(row["local_port"]) for row in rows),
        peeked=total("bytes", WAY_PEEK),
        outgoing=bool(outgoing),
    )
