"""Spools of what a program did that never was: a stream pair, and a storm of data calls on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from socktrace.calls import NUMBER
from socktrace.events import Listed, Named, Pending, Seen, SocketInfo, Told
from socktrace.lines import FORMAT, VERSION, End, Header, Host
from socktrace.spool.layout import Frame, Head, Records, fingerprint
from socktrace.spool.reader import SpoolReader
from socktrace.spool.writer import SpoolWriter
from socktrace.wire import DATA, FOLD, KIND_CALL, full_record

BASE = 1_000_000_000
PID, INODE = 300, 77
PAYLOAD = 8

HEADER = Header(
    format=FORMAT,
    version=VERSION,
    started_at="2026-01-01T00:00:00Z",
    host=Host(hostname="h", kernel="6.1", arch="x86_64", boot_id="b"),
    source="ebpf",
    filters={},
)
END = End(t=9_000_000, events=0, lost_events=0, reason="duration")
EVENTS: list[Told] = [
    Seen(t=1, pid=PID, ppid=1, comm="prog", cmdline=("prog",), uid=0, cgroup="/", netns=4),
    Listed(t=2, info=SocketInfo(INODE, 5, 2, 1, 6, 1), holders=((PID, 3, True, False),)),
    Named(tid=PID + 1, comm="other"),
]
PENDING: list[Told] = [
    Pending(t=8, since=7, pid=PID, tid=PID, call="recvfrom", fd=3, inode=INODE),
]


def head(**values: Any) -> Head:
    """Return a head; `values` override."""
    fields: dict[str, Any] = {
        "layout": fingerprint(), "header": HEADER, "payload_size": PAYLOAD, "base": BASE,
        "whole_machine": True, "births_seen": True,
    }  # fmt: skip
    return Head(**(fields | values))


def data(count: int, first: int = 1000) -> np.ndarray[Any, Any]:
    """Return so many sends of 16 bytes, every second one by another thread."""
    records = np.zeros(count, DATA)
    records["start"] = BASE + first + np.arange(count, dtype=np.uint64) * 10
    records["duration"] = 5
    records["pid"] = PID
    records["tid"] = PID + np.arange(count) % 2
    records["inode"], records["fd"] = INODE, 3
    records["call"], records["ret"], records["length"] = NUMBER["write"], 16, 16
    return records


def full(count: int, first: int = 1000) -> np.ndarray[Any, Any]:
    """Return so many calls of getsockname."""
    records = np.zeros(count, full_record(PAYLOAD))
    heads = records["head"]
    heads["start"] = BASE + first + np.arange(count, dtype=np.uint64) * 10
    heads["duration"], heads["pid"], heads["tid"], heads["fd"] = 2, PID, PID, 3
    heads["call"], heads["kind"], heads["inode"] = NUMBER["getsockname"], KIND_CALL, INODE
    records["socket"]["inode"], records["socket"]["sk"] = INODE, 5
    records["socket"]["family"], records["socket"]["type"] = 2, 1
    records["comm"][:, :4] = np.frombuffer(b"prog", np.uint8)
    return records


def records(data_count: int = 4, full_count: int = 2, first: int = 1000) -> Records:
    """Return a reading of the rings."""
    return Records(full(full_count, first), data(data_count, first), np.empty(0, FOLD))


def story() -> list[Frame]:
    """Return the frames of a whole spool."""
    return [EVENTS, records(), records(3, 0, 5000), PENDING, END]


def write(writer: SpoolWriter, frames: list[Frame]) -> None:
    """Append frames."""
    for frame in frames:
        if isinstance(frame, End):
            writer.end(frame)
        elif isinstance(frame, Records):
            writer.records(frame)
        else:
            writer.events(frame)


def spool(path: Path, frames: list[Frame], **values: Any) -> Path:
    """Write a spool to a file."""
    writer = SpoolWriter(str(path))
    writer.begin(head(**values))
    write(writer, frames)
    writer.close()
    return path


def reading(path: Path) -> SpoolReader:
    """Open a spool; the descriptor stays open as long as the test program lives."""
    return SpoolReader(os.open(path, os.O_RDONLY), str(path))
