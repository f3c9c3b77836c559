"""Writes a finished recording as one `.json` document.

The document has each socket's whole life before the events it is made of, so the events wait in
a temporary file while they are replayed; memory holds the lives and the processes only. One
element stands on each line, so that ordinary line tools work on it and reading it is fast.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from socktrace.lines import End, Finding, Header, Line, Process
from socktrace.tracefile import files
from socktrace.tracefile.encoding import encode
from socktrace.tracefile.replay import replay, whole_world

if TYPE_CHECKING:
    from collections.abc import Iterable

SPOOL_IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of events kept in memory before they go to a temporary file: some 50,000 calls."""


def write_document(
    path: str, header: Header, lines: Iterable[Line], *, force: bool = False
) -> None:
    """Write a document; it appears under its name when it is complete, or not at all.

    Args:
        path: Where to, or "-" for stdout.
        header: The recording's header.
        lines: Every other line, in order.
        force: Replace an existing regular file.

    Raises:
        RecordingError: The file exists, or cannot be written.
    """
    with files.whole_file(path, force=force) as out:
        _write(out, header, lines, str(Path(path).parent))


def _write(
    out: IO[bytes], header: Header, lines: Iterable[Line], spool_directory: str | None
) -> None:
    world = whole_world()
    end: End | None = None
    with (
        tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY, dir=spool_directory) as processes,
        tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY, dir=spool_directory) as events,
        tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY, dir=spool_directory) as findings,
    ):
        for line in replay(lines, world):
            if isinstance(line, Header):
                continue
            if isinstance(line, End):
                end = line
                continue
            spool = events
            if isinstance(line, Process):
                spool = processes
            elif isinstance(line, Finding):
                spool = findings
            spool.write(b"," * (spool.tell() > 0) + b"\n")
            spool.write(encode(line))
        out.write(b'{\n"header":' + encode(header))
        _write_spool(out, b"processes", processes)
        out.write(b',\n"sockets":[')
        for place, life in enumerate(world.sockets.values()):
            out.write(b"," * (place > 0) + b"\n" + encode(life))
        out.write(b"\n]")
        _write_spool(out, b"events", events)
        _write_spool(out, b"findings", findings)
    if end is not None:
        out.write(b',\n"end":' + encode(end))
    out.write(b"\n}\n")


def _write_spool(out: IO[bytes], name: bytes, spool: tempfile.SpooledTemporaryFile[bytes]) -> None:
    out.write(b',\n"' + name + b'":[')
    spool.seek(0)
    shutil.copyfileobj(spool, out)
    out.write(b"\n]")
