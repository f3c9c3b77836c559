"""The calls that threads are blocked in: /proc/PID/task/TID/syscall (proc(5)).

Probes see calls begin and return. One that had begun before they were there is known from here
only.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FIELDS: Final = 9
"""Number, six arguments, stack pointer, program counter."""
_ELF_CLASS: Final = 4
_ELF_32: Final = 1
"""e_ident[EI_CLASS] (elf(5))."""
_SOCKET: Final = "socket:["
_POLLFD: Final = struct.Struct("=ihh")
_MOST_DESCRIPTORS: Final = 65_536
"""Read at most this many of what a call waits for: the number is the program's to choose."""


class ThreadCall(NamedTuple):
    """A thread that is in a system call."""

    pid: int
    tid: int
    number: int
    args: tuple[int, ...]
    abi32: bool
    inode: int
    """Of the socket that its first argument names; 0: none."""

    def still_there(self) -> bool:
        """Whether it is in that call still, as far as can be told."""
        now = _read(self.pid, self.tid)
        return now is not None and now == (self.number, self.args)


def calls_in_progress(pids: Iterable[int]) -> Iterator[ThreadCall]:
    """Every thread of `pids` that is in a system call, as far as we may see."""
    for pid in pids:
        try:
            threads = [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208
        except OSError:
            continue
        abi32: bool | None = None
        for tid in threads:
            found = _read(pid, tid)
            if found is None:
                continue
            if abi32 is None:
                abi32 = _is_32_bit(pid)
            number, args = found
            yield ThreadCall(pid, tid, number, args, abi32, _socket_at(pid, args[0]))


def descriptors_waited_for(pid: int, call: str, args: tuple[int, ...]) -> list[int]:
    """What a thread that is blocked in poll or select waits for, from its own memory.

    Args:
        pid: the process.
        call: poll, ppoll, select, pselect6 or a variant of them.
        args: of the call, as registers. Its structures are alike for 32-bit programs.

    Returns:
        Descriptors; none if the memory cannot be read.
    """
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            if "poll" in call:
                size = min(args[1], _MOST_DESCRIPTORS) * _POLLFD.size
                raw = os.pread(memory.fileno(), size, args[0])
                whole = len(raw) - len(raw) % _POLLFD.size
                return [fd for fd, _, _ in _POLLFD.iter_unpack(raw[:whole])]
            size = (min(args[0] & 0xFFFFFFFF, _MOST_DESCRIPTORS) + 7) // 8
            sets = [os.pread(memory.fileno(), size, at) for at in args[1:4] if at]
    except OSError:
        return []
    asked = 0
    for raw in sets:
        asked |= int.from_bytes(raw, "little")
    return [fd for fd in range(asked.bit_length()) if asked >> fd & 1]


def _read(pid: int, tid: int) -> tuple[int, tuple[int, ...]] | None:
    """None for a thread that runs, sleeps outside a call, is gone, or is not ours to see."""
    try:
        words = Path(f"/proc/{pid}/task/{tid}/syscall").read_text(encoding="ascii").split()
    except OSError:
        return None
    if len(words) != _FIELDS or words[0] == "-1":
        return None
    return int(words[0]), tuple(int(word, 16) for word in words[1:7])


def _is_32_bit(pid: int) -> bool:
    try:
        with Path(f"/proc/{pid}/exe").open("rb") as stream:
            return stream.read(_ELF_CLASS + 1)[_ELF_CLASS:] == bytes([_ELF_32])
    except OSError:
        return False


def _socket_at(pid: int, register: int) -> int:
    try:
        target = os.readlink(f"/proc/{pid}/fd/{register & 0xFFFFFFFF}")  # noqa: PTH115
    except OSError:
        return 0
    return int(target[len(_SOCKET) : -1]) if target.startswith(_SOCKET) else 0
