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
    order, starts = _grouped(_keys(records))
    stops = np.append(starts[1:], len(records))
    # Whole records at once: a column at a time would miss the cache for each of them.
    records = taken(records, order)
    call = records["call"]
    ret = records["ret"].astype(np.int64)
    length = records["length"]
    msg_flags = records["msg_flags"]
    duration = records["duration"].astype(np.int64)
    begin = records["start"].astype(np.int64)
    moved = np.maximum(ret, 0)
    out_of = (call == _SPLICE) & (records["flags"] & FLAG_OUTGOING == 0)
    incoming = _INCOMING[call] | out_of
    peeking = _FLAGGED[call] & (msg_flags & _MSG_PEEK != 0)
    truncating = _FLAGGED[call] & (msg_flags & _MSG_TRUNC != 0)
    empty = incoming & ~peeking & (ret == 0) & (length > 0)
    # A length can be as large as SIZE_MAX: it stays unsigned.
    longer = truncating & _BUFFERED[call] & (moved.astype(np.uint64) > length)
    errors = _errors(ret, starts)
    last = taken(records, stops - 1)
    for (
        start, stop, inode, name, bytes_, time, first, end_t,
        pid, tid, fd, empties, longers, peeked, port, flags,
    ) in zip(
        starts.tolist(),
        stops.tolist(),
        last["inode"].tolist(),
        last["call"].tolist(),
        np.add.reduceat(moved, starts).tolist(),
        np.add.reduceat(duration, starts).tolist(),
        np.minimum.reduceat(begin, starts).tolist(),
        (last["start"] + last["duration"]).tolist(),
        last["pid"].tolist(),
        last["tid"].tolist(),
        last["fd"].tolist(),
        _counts(empty, starts),
        _counts(longer, starts),
        _sums(moved, peeking, starts),
        np.maximum.reduceat(records["local_port"], starts).tolist(),
        last["flags"].tolist(),
        strict=True,
    ):  # fmt: skip
        eof, empty_datagrams = None, 0
        if empties:
            if is_stream(inode) is False:
                empty_datagrams = empties
            else:
                at = start + int(np.argmax(empty[start:stop]))
                eof = int(begin[at] + duration[at])
        yield DataFold(
            inode,
            _NAMES[name],
            stop - start,
            bytes_,
            time,
            errors.get(start, {}),
            first,
            end_t,
            pid,
            tid,
            fd=fd,
            eof_t=eof,
            empty_datagrams=empty_datagrams,
            truncated=longers,
            local_port=port,
            peeked=peeked,
            outgoing=bool(flags & FLAG_OUTGOING),
        )


def _keys(records: NDArray[np.void]) -> NDArray[np.uint64]:
    """What a fold has in common, as a number.

    By process too: what a child did must not be taken in before its fork. 32 bits of inode, 22 of
    process id (PID_MAX_LIMIT, include/linux/threads.h), 1 for the way of a splice, 8 of call.
    """
    outgoing = (records["flags"] & FLAG_OUTGOING).astype(np.uint64) << np.uint64(6)
    keys: NDArray[np.uint64] = (
        records["inode"].astype(np.uint64) << np.uint64(31)
        | records["pid"].astype(np.uint64) << np.uint64(9)
        | outgoing
        | records["call"]
    )
    return keys


def _grouped(keys: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """An order in which equal keys lie together, each group in the old order; the groups' starts.

    Sorting 16-bit numbers is eight times as fast in NumPy as sorting 64-bit ones (by radix, not by
    comparison), so two such sorts bring the keys into the order of a 32-bit hash. Keys that share
    their hash may then lie mixed, and only then are the keys themselves sorted.
    """
    mixed = (keys * _ODD) >> np.uint64(32)
    order = np.argsort(mixed.astype(np.uint16), kind="stable")
    order = order[np.argsort((mixed >> np.uint64(16)).astype(np.uint16)[order], kind="stable")]
    sorted_keys = keys[order]
    starts = _changes(sorted_keys)
    hashes = mixed[order[starts]]
    if (hashes[1:] == hashes[:-1]).any():
        order = np.argsort(keys, kind="stable")
        starts = _changes(keys[order])
    return order, starts


def _changes(keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))


def _errors(ret: NDArray[np.int64], starts: NDArray[np.intp]) -> dict[int, dict[int, int]]:
    """How often each errno was returned, by the start of the group; groups without are left out."""
    found: dict[int, dict[int, int]] = {}
    failed = np.flatnonzero(ret < 0)
    if len(failed):
        groups = starts[np.searchsorted(starts, failed, side="right") - 1]
        pairs, times = np.unique(groups << 16 | -ret[failed], return_counts=True)
        for pair, count in zip(pairs.tolist(), times.tolist(), strict=True):
            found.setdefault(pair >> 16, {})[pair & 0xFFFF] = count
    return found


def _counts(marked: NDArray[np.bool_], starts: NDArray[np.intp]) -> list[int]:
    """How many are marked in each group. Most marks are rare."""
    if not marked.any():
        return [0] * len(starts)
    counts: list[int] = np.add.reduceat(marked, starts, dtype=np.int64).tolist()
    return counts


def _sums(
    values: NDArray[np.int64], marked: NDArray[np.bool_], starts: NDArray[np.intp]
) -> list[int]:
    """The sum of the values that are marked in each group."""
    if not marked.any():
        return [0] * len(starts)
    sums: list[int] = np.add.reduceat(np.where(marked, values, 0), starts).tolist()
    return sums


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
