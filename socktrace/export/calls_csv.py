"""Calls as comma-separated values (RFC 4180): one row a call, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Final

import msgspec

from socktrace.escape import printable
from socktrace.lines import Line, Syscall
from socktrace.names.addresses import format_address
from socktrace.tracefile.replay import replay, whole_world

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS: Final = (
    "t_ns",
    "duration_ns",
    "pid",
    "tid",
    "comm",
    "call",
    "fd",
    "socket",
    "family",
    "type",
    "protocol",
    "local",
    "remote",
    "ret",
    "errno",
    "args",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run as a formula by spreadsheets (CWE-1236)."""


def write_calls(out: IO[str], lines: Iterable[Line]) -> None:
    """Write a row for each call; ``local`` and ``remote`` are the socket's at that moment."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    world = whole_world()
    for line in replay(lines, world):
        if not isinstance(line, Syscall):
            continue
        life = world.sockets.get(line.socket) if line.socket is not None else None
        ends = (life.local, life.remote) if life else (None, None)
        writer.writerow(
            (
                line.t,
                line.dur,
                line.pid,
                line.tid,
                _cell(line.comm),
                _cell(line.call),
                line.fd,
                line.socket,
                *(
                    (_cell(life.family), _cell(life.type), _cell(life.protocol))
                    if life
                    else ("",) * 3
                ),
                *(_cell(format_address(end)) if end else "" for end in ends),
                line.ret,
                _cell(line.errno or ""),
                json.dumps(msgspec.to_builtins(line.args)),
            )
        )


def _cell(text: str) -> str:
    """A text that is harmless both to terminals and to spreadsheets."""
    shown = printable(text)
    return "'" + shown if shown.startswith(_FORMULA) else shown
