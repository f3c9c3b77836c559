"""Data calls of a screen's tick added up, so that thousands of them are a few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.calls import CALLS, NUMBER
from socktrace.names.errnos import errno_name
from socktrace.view.look import RunSum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from socktrace.engine.datalines import Names, Sockets

APART: Final = 48
"""Rows up to which each socket has its own; else a process's calls of one kind are one row."""
_NAMES: Final = ("", *(spec.name for spec in CALLS))


class Settled(dict[int, int]):
    """Numbers of sockets by inode, as they were when a run was kept: inodes are used again."""

    def socket_id(self, inode: int) -> int | None:
        """The number of a socket by its inode."""
        return self.get(inode)

    def ensure_socket(self, inode: int, _t: int) -> int:
        """The same; all that are asked for are there."""
        return self[inode]


def sums(records: NDArray[np.void], sockets: Sockets, comms: Names) -> list[RunSum]:
    """Rows by process, call and socket; by process and call alone if those were too many.

    Args:
        records: of layout `wire.DATA`, rebased.
        sockets: numbers of sockets.
        comms: names of threads.
    """
    if not len(records):
        return []
    people, makers = _places(_people(records))
    inodes, sockets_of = _places(records["inode"])
    both = makers * len(inodes) + sockets_of
    pairs = np.flatnonzero(np.bincount(both, minlength=len(people) * len(inodes)))
    owners = pairs // len(inodes)
    groups, count = makers, len(people)
    if len(pairs) <= APART:
        groups, count = np.searchsorted(pairs, both), len(pairs)
        owners = np.arange(count)
    ret, begin = records["ret"].astype(np.int64), records["start"].astype(np.int64)
    length = records["duration"].astype(np.int64)
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.zeros(count, np.int64)
    at = np.zeros(count, np.int64)
    np.minimum.at(first, groups, begin)
    np.maximum.at(last, groups, begin + length)
    at[groups] = np.arange(len(records))  # of equal places the last one stays
    ends = records[at]
    moved, spent = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(moved, groups, np.maximum(ret, 0))
    np.add.at(spent, groups, length)
    errors = _errors(ret, groups)
    rows = zip(
        ends["call"].tolist(),
        ends["pid"].tolist(),
        ends["tid"].tolist(),
        ends["fd"].tolist(),
        _grouped(owners, inodes[pairs % len(inodes)], count),
        np.bincount(groups, minlength=count).tolist(),
        moved.tolist(),
        first.tolist(),
        last.tolist(),
        spent.tolist(),
        strict=True,
    )
    made = [
        RunSum(
            _NAMES[call],
            pid,
            tid,
            comms.of(tid, pid),
            fd,
            tuple(n for inode in inodes if (n := sockets.socket_id(inode)) is not None),
            calls,
            bytes_,
            errors.get(group, {}),
            first_t,
            last_t,
            time,
        )
        for group, (call, pid, tid, fd, inodes, calls, bytes_, first_t, last_t, time) in enumerate(
            rows
        )
    ]
    return sorted(made, key=lambda row: row.first_t)


def of_sum(
    records: NDArray[np.void], row: RunSum, numbers: Mapping[int, int], most: int
) -> NDArray[np.void]:
    """The records that a row adds up, the first ``most`` of them.

    Args:
        records: those of which `sums` made the row.
        row: it.
        numbers: inode -> number of the socket.
        most: how many are wanted.
    """
    chosen = (records["call"] == NUMBER[row.call]) & (records["pid"] == row.pid)
    wanted = set(row.sockets)
    inodes = [inode for inode, number in numbers.items() if number in wanted] or [0]
    return records[np.flatnonzero(chosen & np.isin(records["inode"], inodes))[:most]]


def _people(records: NDArray[np.void]) -> NDArray[np.uint32]:
    """Process and call as one number: PID_MAX_LIMIT has 22 bits, a call's number 8."""
    people: NDArray[np.uint32] = records["pid"] << np.uint32(8) | records["call"]
    return people


def _places(values: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """The different values in order, and for each value its place among them.

    `np.unique` can give both, but takes twice as long for it.
    """
    distinct = np.unique(values)
    return distinct, np.searchsorted(distinct, values)


def _errors(ret: NDArray[np.int64], groups: NDArray[np.intp]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    failed = np.flatnonzero(ret < 0)
    if len(failed):
        pairs, times = np.unique(groups[failed] << 32 | -ret[failed], return_counts=True)
        for pair, count in zip(pairs.tolist(), times.tolist(), strict=True):
            found.setdefault(pair >> 32, {})[errno_name(pair & 0xFFFF_FFFF)] = count
    return found


def _grouped(owners: NDArray[np.intp], inodes: NDArray[np.uint32], count: int) -> list[list[int]]:
    """The inodes of each group's sockets, 0 left out."""
    found: list[list[int]] = [[] for _ in range(count)]
    for owner, inode in zip(owners.tolist(), inodes.tolist(), strict=True):
        if inode:
            found[owner].append(inode)
    return found
