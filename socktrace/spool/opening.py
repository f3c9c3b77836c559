"""Opening a spool that somebody left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from socktrace.spool.reader import SpoolReader
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import CHECK_NAME, describe, reason

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def opened(path: str) -> Iterator[SpoolReader]:
    """Open a spool to read; nobody else recovers it meanwhile.

    Raises:
        RecordingError: it is none, or somebody works on it.
    """
    what = f"cannot read {path!r}"
    try:
        # O_NONBLOCK: a FIFO would wait for somebody at its other end (fifo(7)).
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise RecordingError(what, reason(error), CHECK_NAME) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise RecordingError(what, f"it is {describe(mode)}", "name a .spool file")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RecordingError(
                what,
                "a recording is being made of it right now",
                "wait until that has ended: nothing may be left to recover then",
            ) from error
        yield SpoolReader(descriptor, path)
    finally:
        os.close(descriptor)
