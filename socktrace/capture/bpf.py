"""The bpf(2) system call, as far as we need it: maps, programs, raw tracepoints.

Descriptors are the caller's to close, by `os.close`; a program lives on while it is attached or in
a program array, an attachment while its descriptor is open.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socktrace.errors import SocktraceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.capture.image import MapShape

_NR_BPF: Final = 321
"""x86-64: arch/x86/entry/syscalls/syscall_64.tbl."""
_MAP_CREATE, _LOOKUP, _UPDATE, _DELETE, _NEXT_KEY, _PROG_LOAD = 0, 1, 2, 3, 4, 5
_INFO_BY_FD, _RAW_TRACEPOINT_OPEN, _LOOKUP_BATCH, _DELETE_BATCH = 15, 17, 24, 27
"""enum bpf_cmd, include/uapi/linux/bpf.h."""
_RAW_TRACEPOINT: Final = 17
"""enum bpf_prog_type."""
PROG_ARRAY: Final = 3
PERCPU_TYPES: Final = frozenset({5, 6, 10})
"""enum bpf_map_type: PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH."""

_ELEMENT: Final = struct.Struct("=I4xQQQ")
_BATCH: Final = struct.Struct("=QQQQIIQQ")
_BATCH_COUNT_AT: Final = 32
"""Offset of count in the attributes of a batch."""
_BATCH_FIRST: Final = 4096
"""Entries asked for at once; the kernel wants room for at least a whole bucket of its table."""
_INFO_REQUEST: Final = struct.Struct("=IIQ")
_CREATE: Final = struct.Struct("=IIIIIII16s")
_LOAD: Final = struct.Struct("=IIQQIIQII16s")
_OPEN: Final = struct.Struct("=QI4x")
_RECURSION_MISSES_AT: Final = 208
"""Offset of recursion_misses in struct bpf_prog_info (since 5.12)."""
_LOG_SIZE: Final = 1 << 20
_NAME_BYTES: Final = 15

_libc = ctypes.CDLL(None, use_errno=True)


_NO_EXIST: Final = 1
"""BPF_NOEXIST: make an entry, never change one."""


def _bpf(command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = int(_libc.syscall(_NR_BPF, command, buffer, len(attributes)))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _make(command: int, attributes: bytes) -> int:
    """Make a map or a program.

    Before 5.11 both count as locked memory, and what is beyond RLIMIT_MEMLOCK is refused with
    EPERM: then the limit is lifted, if we may.
    """
    try:
        return _bpf(command, attributes)
    except PermissionError:
        if not _lift_memory_limit():
            raise
    return _bpf(command, attributes)


def _lift_memory_limit() -> bool:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    if resource.getrlimit(resource.RLIMIT_MEMLOCK) == unlimited:
        return False
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, unlimited)
    except (OSError, ValueError):
        return False
    return True


def create_map(name: str, shape: MapShape) -> int:
    """Make a map; its descriptor.

    Raises:
        SocktraceError: the kernel refuses.
    """
    attributes = _CREATE.pack(
        shape.type,
        shape.key_size,
        shape.value_size,
        shape.entries,
        shape.flags,
        0,
        0,
        name.encode()[:_NAME_BYTES],
    )
    try:
        return _make(_MAP_CREATE, attributes)
    except OSError as error:
        raise _refused(f"the map {name}", error, "") from error


def load_program(name: str, code: bytes) -> int:
    """Load a raw-tracepoint program; its descriptor.

    Raises:
        SocktraceError: the kernel refuses; the message ends with what its verifier said.
    """
    instructions = ctypes.create_string_buffer(code, len(code))
    license_text = ctypes.create_string_buffer(b"GPL")
    # Without a log first: writing one makes the verifier many times slower.
    for size in (0, _LOG_SIZE):
        log = ctypes.create_string_buffer(max(size, 1))
        attributes = _LOAD.pack(
            _RAW_TRACEPOINT,
            len(code) // 8,
            ctypes.addressof(instructions),
            ctypes.addressof(license_text),
            1 if size else 0,
            size,
            ctypes.addressof(log) if size else 0,
            0,
            0,
            name.encode()[:_NAME_BYTES],
        )
        try:
            return _make(_PROG_LOAD, attributes)
        except OSError as error:
            if size or error.errno == errno.EPERM:
                said = log.value.decode("utf-8", "backslashreplace").strip().splitlines()[-6:]
                raise _refused(f"the program {name}", error, "; ".join(said)) from error
    raise AssertionError


def open_raw_tracepoint(name: str, program: int) -> int:
    """Attach a program to a raw tracepoint; closing the descriptor returned takes it off again.

    Raises:
        OSError: ENOENT, the kernel has no such tracepoint.
    """
    text = ctypes.create_string_buffer(name.encode())
    return _bpf(_RAW_TRACEPOINT_OPEN, _OPEN.pack(ctypes.addressof(text), program))


def _refused(what: str, error: OSError, said: str) -> SocktraceError:
    reason = errno.errorcode.get(error.errno or 0, "error")
    return SocktraceError(
        what=f"the kernel refuses {what}",
        why=f"{error.strerror} ({reason})" + (f": {said}" if said else ""),
        next_step="run `socktrace doctor` to see what this machine allows",
    )


class Map:
    """A map in the kernel, by its descriptor.

    Args:
        fd: its descriptor.
        key_size: bytes of a key.
        value_size: bytes of a value; for a per-CPU map, of all CPUs' values together.
    """

    def __init__(self, fd: int, key_size: int, value_size: int) -> None:
        """Reach the map `fd`."""
        self.fd = fd
        self.key_size = key_size
        self.value_size = value_size
        self._key = ctypes.create_string_buffer(key_size)
        self._value = ctypes.create_string_buffer(value_size)

    def _element(self, key: bytes, flags: int = 0) -> bytes:
        ctypes.memmove(self._key, key, len(self._key))
        return _ELEMENT.pack(
            self.fd, ctypes.addressof(self._key), ctypes.addressof(self._value), flags
        )

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`; None if there is none."""
        try:
            _bpf(_LOOKUP, self._element(key))
        except FileNotFoundError:
            return None
        return self._value.raw

    def set(self, key: bytes, value: bytes) -> None:
        """Put `value` at `key`.

        Raises:
            OSError: E2BIG, the map is full.
        """
        ctypes.memmove(self._value, value, len(value))
        _bpf(_UPDATE, self._element(key))

    def add(self, key: bytes, value: bytes) -> bool:
        """Put `value` at `key` if nothing is there. False if something was."""
        ctypes.memmove(self._value, value, len(value))
        try:
            _bpf(_UPDATE, self._element(key, _NO_EXIST))
        except FileExistsError:
            return False
        return True

    def delete(self, key: bytes) -> bool:
        """Take `key` away. False if it was not there."""
        ctypes.memmove(self._key, key, len(self._key))
        try:
            # What this command does not use must be 0, the value's address too.
            _bpf(_DELETE, _ELEMENT.pack(self.fd, ctypes.addressof(self._key), 0, 0))
        except FileNotFoundError:
            return False
        return True

    def read_batch(self) -> tuple[bytes, bytes]:
        """All keys and all values, one after the other: BPF_MAP_LOOKUP_BATCH, since 5.6.

        What comes or goes meanwhile may be missed.
        """
        keys: list[bytes] = []
        values: list[bytes] = []
        room, begin = _BATCH_FIRST, ctypes.create_string_buffer(8)
        following, started = ctypes.create_string_buffer(8), False
        while True:
            key_room = ctypes.create_string_buffer(room * self.key_size)
            value_room = ctypes.create_string_buffer(room * self.value_size)
            attributes = ctypes.create_string_buffer(
                _BATCH.pack(
                    ctypes.addressof(begin) if started else 0,
                    ctypes.addressof(following),
                    ctypes.addressof(key_room),
                    ctypes.addressof(value_room),
                    *(room, self.fd, 0, 0),
                )
            )
            at_end = False
            if _libc.syscall(_NR_BPF, _LOOKUP_BATCH, attributes, _BATCH.size) < 0:
                number = ctypes.get_errno()
                if number == errno.ENOSPC:
                    room *= 2
                    continue
                if number != errno.ENOENT:
                    raise OSError(number, os.strerror(number))
                at_end = True
            count = struct.unpack_from("=I", attributes.raw, _BATCH_COUNT_AT)[0]
            keys.append(key_room.raw[: count * self.key_size])
            values.append(value_room.raw[: count * self.value_size])
            if at_end:
                return b"".join(keys), b"".join(values)
            begin.raw, started = following.raw, True

    def values(self) -> list[bytes]:
        """All values of a hash or an array."""
        _, values = self.read_batch()
        size = self.value_size
        return [values[at : at + size] for at in range(0, len(values), size)]

    def delete_batch(self, keys: bytes) -> None:
        """Take all of `keys`, one after the other, away. Each must be there."""
        buffer = ctypes.create_string_buffer(keys, len(keys))
        count = len(keys) // self.key_size
        _bpf(_DELETE_BATCH, _BATCH.pack(0, 0, ctypes.addressof(buffer), 0, count, self.fd, 0, 0))

    def keys(self) -> Iterator[bytes]:
        """Every key; those that come or go meanwhile may be missed."""
        following = ctypes.create_string_buffer(len(self._key))
        seen: set[bytes] = set()
        address = 0
        while True:
            try:
                _bpf(_NEXT_KEY, _ELEMENT.pack(self.fd, address, ctypes.addressof(following), 0))
            except FileNotFoundError:
                return
            key = following.raw
            if key in seen:  # the walk began again: the entry that it stood on went away
                return
            seen.add(key)
            yield key
            ctypes.memmove(self._key, key, len(self._key))
            address = ctypes.addressof(self._key)


def recursion_misses(program: int) -> int:
    """How often a program was skipped because it was already running on that CPU (bpf_prog_info).

    0 on kernels before 5.12, which do not count it.
    """
    info = ctypes.create_string_buffer(256)
    try:
        _bpf(_INFO_BY_FD, _INFO_REQUEST.pack(program, len(info), ctypes.addressof(info)))
    except OSError:
        return 0
    return int(struct.unpack_from("=Q", info.raw, _RECURSION_MISSES_AT)[0])


def present_cpus() -> int:
    """One more than the highest number of a CPU that is there, on or off."""
    return _highest_cpu("present") + 1


def possible_cpus() -> int:
    """How many values a per-CPU map has: /sys/devices/system/cpu/possible, "0-1" or "0-3,8"."""
    return _highest_cpu("possible") + 1


def _highest_cpu(which: str) -> int:
    text = Path(f"/sys/devices/system/cpu/{which}").read_text(encoding="ascii")
    return int(text.strip().replace(",", "-").split("-")[-1])
