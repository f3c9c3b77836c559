"""Events for tests of the list: a quiet program, and a storm of data calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from socktrace.calls import NUMBER
from socktrace.engine.comms import Comms
from socktrace.engine.datacalls import DataCalls, DataRun
from socktrace.engine.templates import Templates
from socktrace.lines import Line, Syscall
from socktrace.model.world import World
from socktrace.view.look import Look, Run
from socktrace.wire import DATA

HOSTILE = "\x1b[2J[/x]\u202e" + "長い" * 50
SECOND = 1_000_000_000


class Numbers:
    """Numbers of sockets: that of an inode is 100 more."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def socket_id(self, inode: int, /) -> int | None:
        """Give it."""
        return inode + 100

    def ensure_socket(self, inode: int, _t: int, /) -> int:
        """Give it, and remember that it was asked for."""
        self.asked.append(inode)
        return inode + 100


def storm(count: int, *, sockets: int = 1, **fields: Any) -> DataRun:
    """A run of data calls that one program made in turn on some sockets."""
    records = np.zeros(count, DATA)
    for name, value in ({"pid": 7, "tid": 8, "fd": 3, "length": 64} | fields).items():
        records[name] = value
    records["inode"] = np.arange(count) % sockets + 1
    records["call"] = fields.get("call", NUMBER["recvfrom"])
    if "ret" not in fields:
        records["ret"] = 16
    records["start"] = fields.get("start", 0) + np.arange(count) * 1000
    records["duration"] = 500
    return DataRun(DataCalls(records, Numbers(), Comms({8: "busy"}), Templates()), 0, count)


def call(t: int, name: str = "read", **fields: Any) -> Syscall:
    """A call of a program."""
    told: dict[str, Any] = {"pid": 5, "tid": 5, "comm": "quiet", "ret": 1, "dur": 10, "args": {}}
    return Syscall(t=t, call=name, **{**told, **fields})


def look_at(*fresh: Line | Run, now: int = 0, reset: bool = False, skipped: int = 0) -> Look:
    """A look at a world that these lines made."""
    world = World()
    for line in fresh:
        if isinstance(line, Line):
            world.apply(line)
    return Look(world, max(now, world.t), (), fresh, reset=reset, skipped=skipped)
