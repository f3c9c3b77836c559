"""Dumping a kernel table over netlink(7): one request, then messages until NLMSG_DONE.

Only what sock_diag(7) needs of netlink. A table may change while it is read; the kernel then sets
NLM_F_DUMP_INTR on some message, and the dump is read again, a bounded number of times.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


# include/uapi/linux/netlink.h
NETLINK_SOCK_DIAG: Final = 4
_NLM_F_REQUEST: Final = 0x01
_NLM_F_DUMP_INTR: Final = 0x10
_NLM_F_DUMP: Final = 0x300
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_HEADER: Final = struct.Struct("=IHHII")
"""struct nlmsghdr: nlmsg_len, nlmsg_type, nlmsg_flags, nlmsg_seq, nlmsg_pid."""
_STATUS: Final = struct.Struct("=i")
"""What an error or a "done" message begins with: 0 or a negative errno."""

_BUFFER_BYTES: Final = 1 << 18
"""The kernel fills at most 32 KiB a message group (net/netlink/af_netlink.c)."""
_ATTEMPTS: Final = 4
"""How often a dump that the kernel calls inconsistent is read before it is taken as it is."""
_TIMEOUT_S: Final = 5.0
"""A dump answers at once; without a limit a kernel fault here would hang the program."""


def open_diag_socket() -> socket.socket:
    """Open a sock_diag(7) socket in the network namespace of the calling thread."""
    sock = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG
    )
    sock.settimeout(_TIMEOUT_S)
    return sock


class Dumper:
    """Dumps over one netlink socket; each request has its own sequence number."""

    def __init__(self, sock: socket.socket) -> None:
        """Use `sock`, which stays the caller's to close."""
        self._sock = sock
        self._sequence = 0
        self._buffer = bytearray(_BUFFER_BYTES)

    def dump(
        self,
        kind: int,
        request: bytes,
        parse: Callable[[bytearray, int, int], None],
        restart: Callable[[], None],
    ) -> bool:
        """Send `request` and give each answer to `parse`; False if it was never consistent.

        Args:
            kind: nlmsg_type of the request.
            request: What follows the header.
            parse: Called with the buffer and the bounds of each message's payload.
            restart: Called before the dump is read again: forget what was parsed.

        Raises:
            OSError: The kernel refused the request; errno says why (ENOENT: no such handler).
        """
        for attempt in range(_ATTEMPTS):
            if attempt:
                restart()
            if self._dump_once(kind, request, parse):
                return True
        return False

    def _dump_once(
        self, kind: int, request: bytes, parse: Callable[[bytearray, int, int], None]
    ) -> bool:
        self._sequence += 1
        sequence = self._sequence
        flags = _NLM_F_REQUEST | _NLM_F_DUMP
        header = _HEADER.pack(_HEADER.size + len(request), kind, flags, sequence, 0)
        self._sock.sendto(header + request, (0, 0))
        buffer = self._buffer
        consistent = True
        while True:
            try:
                received = self._sock.recv_into(buffer)
            except TimeoutError as error:
                raise OSError(errno.ETIMEDOUT, "sock_diag did not answer") from error
            offset = 0
            while offset + _HEADER.size <= received:
                length, answer, answer_flags, answer_to, _ = _HEADER.unpack_from(buffer, offset)
                if length < _HEADER.size or offset + length > received:
                    raise OSError(errno.EBADMSG, "a netlink message was cut short")
                start = offset + _HEADER.size
                if answer_to == sequence:
                    if answer_flags & _NLM_F_DUMP_INTR:
                        consistent = False
                    if answer in (_NLMSG_DONE, _NLMSG_ERROR):
                        _raise_for_status(buffer, start, offset + length)
                        return consistent
                    parse(buffer, start, offset + length)
                offset += (length + 3) & ~3


def _raise_for_status(buffer: bytearray, start: int, end: int) -> None:
    """Raise what a closing message says; some handlers answer by NLMSG_DONE with an errno."""
    if end - start < _STATUS.size:
        return
    (status,) = _STATUS.unpack_from(buffer, start)
    if status < 0:
        raise OSError(-status, os.strerror(-status))
