"""All descriptors of one process, not only those that name sockets: proc_pid_fd(5)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

MOST: Final = 4_096
"""Descriptors whose targets are read; the others are only counted."""
_O_CLOEXEC: Final = 0o2000000
_FDINFO_BYTES: Final = 128


class OpenDescriptor(NamedTuple):
    """One descriptor."""

    fd: int
    target: str
    """As the link of /proc/PID/fd says: a path, "pipe:[17]", "socket:[18]", "anon_inode:[eventfd]".
    Hostile text: paths are chosen by strangers."""
    cloexec: bool | None
    """None: it was closed before that could be read."""


class DescriptorTable(NamedTuple):
    """What /proc shows of a process's descriptors now."""

    opened: int
    """How many are open."""
    limit: int | None
    """RLIMIT_NOFILE, the soft one: getrlimit(2). None: there is none, or it cannot be read."""
    descriptors: tuple[OpenDescriptor, ...]
    """By number; at most `MOST`."""


def read_table(pid: int) -> DescriptorTable | None:
    """Read a process's descriptors; None: it is gone, or not ours to read (ptrace(2))."""
    base = f"/proc/{pid}/fd"
    try:
        with os.scandir(base) as entries:
            numbers = sorted(int(entry.name) for entry in entries)
    except OSError:
        return None
    found = []
    for fd in numbers[:MOST]:
        try:
            target = os.fsencode(os.readlink(f"{base}/{fd}"))  # noqa: PTH115 - thousands of them
        except PermissionError:
            return None
        except OSError:
            continue
        text = target.decode("utf-8", "surrogateescape")
        found.append(OpenDescriptor(fd, text, _closes_on_exec(pid, fd)))
    return DescriptorTable(len(numbers), _limit(pid), tuple(found))


def _closes_on_exec(pid: int, fd: int) -> bool | None:
    try:
        with Path(f"/proc/{pid}/fdinfo/{fd}").open("rb", buffering=0) as file:
            text = file.read(_FDINFO_BYTES)
    except OSError:
        return None
    _, found, rest = text.partition(b"flags:")
    return bool(int(rest.split(None, 1)[0], 8) & _O_CLOEXEC) if found else None


def _limit(pid: int) -> int | None:
    """The soft limit of "Max open files" in /proc/PID/limits."""
    try:
        text = Path(f"/proc/{pid}/limits").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("Max open files"):
            soft = line.removeprefix("Max open files").split()[0]
            return int(soft) if soft.isdecimal() else None
    return None
