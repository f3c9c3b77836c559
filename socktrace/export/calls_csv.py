"""Calls as comma-separated values (RFC 4180), for spreadsheets and data frames.

A row is one call, or several that were only added up: ``count`` says how many. Then ``t_ns`` is
the first one's beginning, ``duration_ns`` the sum, ``ret`` and ``errno`` are empty, and ``args``
has the other sums.
"""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Final

import msgspec

from socktrace.escape import printable
from socktrace.lines import Folded, Line, Syscall
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
    "count",
)
SUMS: Final = (
    "until",
    "bytes",
    "errors",
    "eof",
    "empty",
    "peeked",
    "truncated",
    "outgoing",
)
"""Fields of a "folded" line that stand in the column ``args``."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run as a formula by spreadsheets (CWE-1236)."""


def write_calls(out: IO[str], lines: Iterable[Line]) -> None:
    """Write all calls; ``local`` and ``remote`` are the socket's when they are told."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    world = whole_world()
    for line in replay(lines, world):
        if not isinstance(line, Syscall | Folded):
            continue
        life = world.sockets.get(line.socket) if line.socket is not None else None
        ends = (life.local, life.remote) if life else (None, None)
        writer.writerow(
            (
                line.t,
                line.dur if isinstance(line, Syscall) else line.time,
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
                *_results(line),
            )
        )


def _results(line: Syscall | Folded) -> tuple[int | str, str, str, int]:
    """The cells from ``ret`` on."""
    if isinstance(line, Syscall):
        args = json.dumps(msgspec.to_builtins(line.args))
        return line.ret, _cell(line.errno or ""), args, 1
    fields = msgspec.to_builtins(line)
    return "", "", json.dumps({name: fields[name] for name in SUMS if name in fields}), line.count


def _cell(text: str) -> str:
    """A text that is harmless both to terminals and to spreadsheets."""
    shown = printable(text)
    return "'" + shown if shown.startswith(_FORMULA) else shown
