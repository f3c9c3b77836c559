"""The bytes of a recording, from a regular file, compressed or not."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from typing import Final

from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import CHECK_NAME, describe, reason

GZIP_MAGIC: Final = b"\x1f\x8b"
"""RFC 1952, section 2.3.1: ID1 and ID2."""


class RecordedFile:
    """A regular file that is read from, plain or gzip (told by its first bytes)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.cut_short = False
        """The gzip stream ends before its end marker."""
        raw = _open_regular(path)
        magic = raw.read(len(GZIP_MAGIC))
        raw.seek(0)
        self._raw = raw
        self._file = gzip.GzipFile(fileobj=raw, mode="rb") if magic == GZIP_MAGIC else raw

    def read(self, size: int) -> bytes:
        """Up to this many bytes, at least one unless the file ends."""
        try:
            return self._file.read1(size)
        except EOFError:
            self.cut_short = True
            return b""
        except (OSError, zlib.error) as error:
            raise RecordingError(
                f"cannot read {self.path!r}", reason(error), "fetch or decompress the file again"
            ) from error

    def seek(self, offset: int) -> None:
        """Stand at this offset of the uncompressed content."""
        self._file.seek(offset)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._raw.close()


def _open_regular(path: str) -> io.BufferedReader:
    """Open a file that is neither a FIFO nor a device.

    O_NONBLOCK keeps the open of a FIFO or a device from waiting for somebody at its other end
    (fifo(7)); on a regular file it has no effect.
    """
    what = f"cannot read {path!r}"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise RecordingError(what, "there is no such file", "check the name") from None
    except PermissionError:
        raise RecordingError(
            what, "permission denied", "recordings belong to who made them: try with sudo"
        ) from None
    except (OSError, ValueError) as error:
        raise RecordingError(what, reason(error), CHECK_NAME) from error
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        raise RecordingError(
            what, f"it is {describe(mode)}", "name a recorded .jsonl or .json file"
        )
    return io.BufferedReader(io.FileIO(fd, "rb"))
