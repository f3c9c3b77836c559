"""Data records added up by NumPy come to the same as added up one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from socktrace.calls import CALLS, NUMBER, Direction, Kind
from socktrace.capture.folding import fold
from socktrace.model.folds import DataFold
from socktrace.wire import DATA, FLAG_OUTGOING

SPECS = {NUMBER[spec.name]: spec for spec in CALLS}
DATA_NUMBERS = [NUMBER[spec.name] for spec in CALLS if spec.kind is Kind.DATA]
MSG_PEEK, MSG_TRUNC = 0x2, 0x20

ROW = st.fixed_dictionaries(
    {
        "start": st.integers(0, 1 << 60),
        "duration": st.integers(0, 1 << 40),
        "pid": st.sampled_from([1, 2, (1 << 22) - 1]),
        "tid": st.integers(1, 1 << 22),
        "inode": st.sampled_from([1, 2, (1 << 32) - 1]),
        "fd": st.integers(0, 5),
        "ret": st.one_of(st.integers(-133, 3), st.just((1 << 31) - 1)),
        "call": st.sampled_from(DATA_NUMBERS),
        "flags": st.sampled_from([0, 1, FLAG_OUTGOING]),
        "length": st.sampled_from([0, 1, 2, (1 << 64) - 1, 1 << 63]),
        "msg_flags": st.sampled_from([0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, 0x40]),
        "local_port": st.sampled_from([0, 80, 65535]),
    }
)


def array(rows: list[dict[str, int]]) -> np.ndarray[Any, Any]:
    """Build the records, in the order of their return."""
    rows = sorted(rows, key=lambda row: row["start"] + row["duration"])
    records = np.zeros(len(rows), DATA)
    for record, row in zip(records, rows, strict=True):
        for name, value in row.items():
            record[name] = value
    return records


def key(row: dict[str, int]) -> tuple[int, int, int, int]:
    """Say into which sum a record goes."""
    return row["inode"], row["pid"], row["call"], row["flags"] & FLAG_OUTGOING


def plain(rows: list[dict[str, int]], streams: dict[int, bool | None]) -> list[DataFold]:
    """Add up in plain Python, by the words of `DataFold`."""
    rows = sorted(rows, key=lambda row: row["start"] + row["duration"])
    folds = []
    for inode, pid, call, outgoing in sorted(set(map(key, rows))):
        mine = [row for row in rows if key(row) == (inode, pid, call, outgoing)]
        spec = SPECS[call]
        incoming = spec.direction is Direction.IN or (spec.name == "splice" and not outgoing)
        flagged = spec.name in {"recv", "recvfrom"}
        peeks = [row for row in mine if flagged and row["msg_flags"] & MSG_PEEK]
        empty = [
            row for row in mine
            if incoming and row not in peeks and row["ret"] == 0 and row["length"] > 0
        ]  # fmt: skip
        cut = [
            row for row in mine
            if flagged
            and row["msg_flags"] & MSG_TRUNC and row["ret"] > row["length"]
        ]  # fmt: skip
        errors: dict[int, int] = {}
        for row in mine:
            if row["ret"] < 0:
                errors[-row["ret"]] = errors.get(-row["ret"], 0) + 1
        is_datagram = streams[inode] is False
        folds.append(
            DataFold(
                inode=inode,
                call=spec.name,
                count=len(mine),
                bytes=sum(max(row["ret"], 0) for row in mine),
                time=sum(row["duration"] for row in mine),
                errors=errors,
                first_t=min(row["start"] for row in mine),
                last_t=mine[-1]["start"] + mine[-1]["duration"],
                last_pid=mine[-1]["pid"],
                last_tid=mine[-1]["tid"],
                fd=mine[-1]["fd"],
                eof_t=empty[0]["start"] + empty[0]["duration"]
                if empty and not is_datagram
                else None,
                empty_datagrams=len(empty) if is_datagram else 0,
                truncated=len(cut),
                local_port=max(row["local_port"] for row in mine),
                peeked=sum(max(row["ret"], 0) for row in peeks),
                outgoing=bool(outgoing),
            )
        )
    return folds


def order(row: DataFold) -> tuple[int, int, int, bool]:
    """Sort as `plain` does."""
    return row.inode, row.last_pid, NUMBER[row.call], row.outgoing


@given(st.lists(ROW, max_size=40), st.tuples(*[st.sampled_from([True, False, None])] * 3))
def test_fold_is_the_plain_sum(rows: list[dict[str, int]], kinds: tuple[Any, ...]) -> None:
    """Whatever the records: each field of each fold is what adding up by hand gives."""
    streams = dict(zip([1, 2, (1 << 32) - 1], kinds, strict=True))
    told = sorted(fold(array(rows), streams.get), key=order)
    assert told == plain(rows, streams)


def test_nothing_is_nothing() -> None:
    """No records, no folds; and nobody is asked about any socket."""
    assert list(fold(np.empty(0, DATA), lambda _: 1 / 0)) == []  # type: ignore[arg-type,return-value]
