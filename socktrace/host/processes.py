r"""Processes by /proc/PID (proc(5)).

Every function takes a process that may be gone by now, or not ours to read, as ordinary: it gives
None or what little is known. Text is hostile and may be any bytes: what is not UTF-8 comes as
``\xNN``, what is control characters stays for whoever shows it to escape.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from socktrace.events import Seen
from socktrace.host.namespaces import network_namespace_of

_PF_KTHREAD: Final = 0x00200000
"""include/linux/sched.h: field 9 of /proc/PID/stat."""
# Fields of /proc/PID/stat counted from the one after comm.
_STAT_PPID: Final = 1
_STAT_FLAGS: Final = 6
_STAT_STARTTIME: Final = 19
_NS_A_TICK: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def see_process(pid: int, t: int) -> Seen | None:
    """Describe a process at the moment `t`; None if it is gone.

    The user is the real one, as in the ``Uid:`` line of /proc/PID/status.
    """
    stat = _read_stat(pid)
    if stat is None:
        return None
    comm, fields = stat
    return Seen(
        t=t,
        pid=pid,
        ppid=int(fields[_STAT_PPID]),
        comm=comm,
        cmdline=command_line(pid),
        uid=_real_uid(pid),
        cgroup=cgroup_of(pid),
        netns=network_namespace_of(pid),
    )


def is_kernel_thread(pid: int) -> bool:
    """Whether the process is a thread of the kernel's own."""
    stat = _read_stat(pid)
    return stat is not None and bool(int(stat[1][_STAT_FLAGS]) & _PF_KTHREAD)


def start_time(pid: int) -> int | None:
    """When the process started, ns since boot, to the nearest tick (10 ms); None if it is gone.

    With the pid it identifies a process, because pids are used again.
    """
    stat = _read_stat(pid)
    return None if stat is None else int(stat[1][_STAT_STARTTIME]) * _NS_A_TICK


def command_line(pid: int) -> tuple[str, ...]:
    """Arguments of the process; empty for kernel threads, zombies and processes that are gone."""
    text = _read(f"/proc/{pid}/cmdline")
    if not text:
        return ()
    arguments = text.decode("utf-8", "backslashreplace").split("\0")
    return tuple(arguments[:-1] if arguments[-1] == "" else arguments)


def cgroup_of(pid: int) -> str:
    """Path of the process's control group; "" if it is gone."""
    text = _read(f"/proc/{pid}/cgroup")
    return parse_cgroup(text.decode("utf-8", "backslashreplace")) if text else ""


def parse_cgroup(text: str) -> str:
    """Pick the most telling path from /proc/PID/cgroup (cgroups(7)).

    That is the one in the version 2 hierarchy ("0::/path"). Where that is empty or says no more
    than "/" while a version 1 hierarchy says more, it is the deepest of those: so it is on
    machines that still manage their groups by version 1.
    """
    unified = ""
    deepest = ""
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            unified = path
        elif path.count("/") > deepest.count("/") or len(deepest) <= 1:
            deepest = path or deepest
    return unified if len(unified) > 1 else deepest or unified


def _read_stat(pid: int) -> tuple[str, list[bytes]] | None:
    """Read comm and the fields after it; comm is in parentheses and may itself contain some."""
    text = _read(f"/proc/{pid}/stat")
    head, found, tail = text.rpartition(b")")
    if not found:
        return None
    comm = head.partition(b"(")[2].decode("utf-8", "backslashreplace")
    return comm, tail.split()


def _real_uid(pid: int) -> int:
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[1])
    return 0


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def process_of(tid: int) -> int | None:
    """The process that a thread belongs to: Tgid of /proc/TID/status; None when it is gone."""
    for line in _read(f"/proc/{tid}/status").splitlines():
        if line.startswith(b"Tgid:"):
            return int(line.split()[1])
    return None


def thread_name(pid: int, tid: int) -> str | None:
    """The name of one thread of a process; None when it is gone."""
    text = _read(f"/proc/{pid}/task/{tid}/comm")
    return text.rstrip(b"\n").decode("utf-8", "backslashreplace") if text else None


def ancestors(pid: int) -> list[tuple[int, str]]:
    """The parent of a process, its parent, and so on, without process 1: (pid, name) of each."""
    found: list[tuple[int, str]] = []
    while (stat := _read_stat(pid)) is not None:
        pid = int(stat[1][_STAT_PPID])
        parent = _read_stat(pid) if pid > 1 else None
        if parent is None:
            break
        found.append((pid, parent[0]))
    return found
