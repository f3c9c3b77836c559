"""Values of options, checked while the command line is read: each complaint names its option."""

from __future__ import annotations

import argparse
import math
from typing import Final

PAYLOAD_MOST: Final = 4096
"""Bytes of payload that a record has room for."""
_PID_MOST: Final = 1 << 22
"""PID_MAX_LIMIT on 64-bit systems: proc_sys_kernel(5), pid_max."""


def seconds(text: str) -> float:
    """A span of time above 0, in seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def process_number(text: str) -> int:
    """The number of a process."""
    return _whole(text, 1, _PID_MOST, "the number of a process")


def payload_bytes(text: str) -> int:
    """How much payload to keep of each call."""
    return _whole(text, 0, PAYLOAD_MOST, f"a number of bytes from 0 to {PAYLOAD_MOST}")


def socket_number(text: str) -> int:
    """A socket's number in a recording, with or without the sign before it."""
    return _whole(text.removeprefix("#"), 0, 1 << 63, "the number of a socket, such as 3")


def _whole(text: str, least: int, most: int, what: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= len(str(most)):
        value = int(text)
        if least <= value <= most:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
