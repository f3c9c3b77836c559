"""Do the probes read this kernel rightly? Asked of the kernel itself before anything is shown.

A socket pair of our own is looked up by a probe, from descriptor to inode, and must come out with
the inode that fstat(2) tells. The same look teaches which file operations sockets have: a mere
S_ISSOCK would be fooled by a descriptor opened with O_PATH.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socktrace.errors import SocktraceError

if TYPE_CHECKING:
    from socktrace.capture.bpf import Map
    from socktrace.capture.programs import Programs

CALL: Final = 51
"""getsockname(2) on x86-64: takes a descriptor first and changes nothing."""
_RESULT: Final = struct.Struct("=QQII")
_INITIAL_PID_NAMESPACE: Final = "pid:[4026531836]"
"""PROC_PID_INIT_INO, include/linux/proc_ns.h."""


def learn_socket_operations(programs: Programs, check: str) -> int:
    """Address of the file operations of sockets, after everything else was found right.

    Args:
        programs: loaded, not attached; the configuration names our process and `CALL`.
        check: the program to put on sys_enter meanwhile.

    Raises:
        SocktraceError: what the probe read is not what is so.
    """
    if not programs.attach("sys_enter", check):
        raise _wrong("this kernel has no raw tracepoint sys_enter")
    left, right = socket.socketpair()
    results = programs.map("checks")
    try:
        with left, right:
            operations = {_check(results, end) for end in (left, right)}
    finally:
        programs.detach(check)
    if len(operations) != 1:
        raise _wrong("two sockets have different file operations")
    return operations.pop()


def _check(results: Map, end: socket.socket) -> int:
    end.getsockname()
    raw = results.get(end.fileno().to_bytes(4, "little"))
    if raw is None:
        if str(Path("/proc/self/ns/pid").readlink()) != _INITIAL_PID_NAMESPACE:
            raise SocktraceError(
                what="the probes cannot tell which process is ours",
                why="socktrace runs in a pid namespace (a container), the kernel counts outside it",
                next_step="run it on the host, or in a container started with --pid=host",
            )
        raise _wrong("a probe on our own call did not run")
    operations, sk, inode, rest = _RESULT.unpack(raw)
    seen, expected = inode, os.fstat(end.fileno()).st_ino
    if seen != expected or not operations or not sk:
        raise _wrong(f"a descriptor of inode {expected} was read as inode {seen}")
    if not rest & 1:
        raise _wrong("the way from a sock back to its inode does not lead there")
    if rest >> 8 != 1:
        raise _wrong(f"a file with one reference was read as having {rest >> 8}")
    return int(operations)


def _wrong(why: str) -> SocktraceError:
    release = Path("/proc/sys/kernel/osrelease").read_text(encoding="ascii").strip()
    return SocktraceError(
        what=f"the probes do not read this kernel ({release}) rightly",
        why=why,
        next_step="report this with the output of `socktrace doctor --json`",
    )
