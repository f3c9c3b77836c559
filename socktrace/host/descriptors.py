"""Which descriptors of which processes name sockets: /proc/PID/fd and /proc/PID/fdinfo (proc(5)).

Processes vanish while they are read, and some are not ours to read: neither is an error.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIX: Final = "socket:["
_O_NONBLOCK: Final = 0o4000
_O_CLOEXEC: Final = 0o2000000
_O_PATH: Final = 0o10000000
"""Flags as x86 has them (include/uapi/asm-generic/fcntl.h)."""
_FDINFO_BYTES: Final = 128
"""Position and flags come first; the rest of a file may be long (epoll, inotify)."""


class SocketDescriptor(NamedTuple):
    """A descriptor that names a socket."""

    pid: int
    fd: int
    inode: int
    cloexec: bool
    nonblock: bool


class Scan(NamedTuple):
    """What /proc showed."""

    descriptors: list[SocketDescriptor]
    unreadable: list[int]
    """Processes whose descriptors we may not see (needs CAP_SYS_PTRACE, ptrace(2))."""


def list_pids() -> list[int]:
    """Every process that /proc shows, in no certain order; threads are not among them."""
    with os.scandir("/proc") as entries:
        return [int(entry.name) for entry in entries if entry.name.isdecimal()]


def scan_descriptors(pids: Iterable[int]) -> Scan:
    """Find the descriptors of `pids` that name sockets."""
    scan = Scan([], [])
    for pid in pids:
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                names = [entry.name for entry in entries]
        except PermissionError:
            scan.unreadable.append(pid)
            continue
        except OSError:
            continue
        _scan_names(pid, names, scan)
    return scan


def _scan_names(pid: int, names: list[str], scan: Scan) -> None:
    base = f"/proc/{pid}/fd/"
    for name in names:
        try:
            target = os.readlink(base + name)  # noqa: PTH115 - thousands: a Path costs as much again
        except PermissionError:
            # A directory that lists while its links refuse: the process is being replaced.
            scan.unreadable.append(pid)
            return
        except OSError:
            continue
        if not target.startswith(_PREFIX):
            continue
        flags = _flags(pid, name)
        if flags is None or flags & _O_PATH:
            # Closed meanwhile; or an O_PATH descriptor, which does not hold the socket open.
            continue
        scan.descriptors.append(
            SocketDescriptor(
                pid,
                int(name),
                int(target[len(_PREFIX) : -1]),
                bool(flags & _O_CLOEXEC),
                bool(flags & _O_NONBLOCK),
            )
        )


def _flags(pid: int, name: str) -> int | None:
    """Read the descriptor's flags: the second line of its fdinfo, octal."""
    try:
        descriptor = os.open(f"/proc/{pid}/fdinfo/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _FDINFO_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    _, found, rest = text.partition(b"flags:")
    return int(rest.split(None, 1)[0], 8) if found else None
