"""Giving back the space of a part of a file: fallocate(2), which Python has no name for."""

from __future__ import annotations

import ctypes
import os
from typing import Final

_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02
"""include/uapi/linux/falloc.h."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def punch_hole(descriptor: int, start: int, end: int) -> None:
    """Free what lies from `start` to before `end`; it reads as zeros from now on.

    Raises:
        OSError: the file system cannot (EOPNOTSUPP: not tmpfs, ext4, xfs, btrfs or the like).
    """
    result = _LIBC.fallocate(
        ctypes.c_int(descriptor),
        ctypes.c_int(_KEEP_SIZE | _PUNCH_HOLE),
        ctypes.c_long(start),
        ctypes.c_long(end - start),
    )
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
