"""What bpf(2) really allows: tiny programs and maps, made by the system call itself and dropped.

Rights, lockdown, seccomp, the kernel's configuration and security modules all have a say in it;
only trying tells. Structures and numbers: include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final, NamedTuple

_SYS_BPF: Final = {"x86_64": 321, "aarch64": 280}
_MAP_CREATE: Final = 0
_PROG_LOAD: Final = 5
_RAW_TRACEPOINT_OPEN: Final = 17
_MAP_TYPE_RINGBUF: Final = 27
_ATTR_BYTES: Final = 128
"""Enough for the fields used; the kernel takes zeros beyond the fields it knows."""
_LOG_BYTES: Final = 4096

_RETURN_0: Final = bytes.fromhex("b700000000000000 9500000000000000")
"""r0 = 0; exit"""
_LICENSE: Final = b"GPL\0"

PROGRAM_KINDS: Final[dict[str, tuple[int, int]]] = {
    # name -> enum bpf_prog_type, enum bpf_attach_type expected of it (0: none).
    "SOCKET_FILTER": (1, 0),
    "KPROBE": (2, 0),
    "TRACEPOINT": (5, 0),
    "RAW_TRACEPOINT": (17, 0),
    "TRACING": (26, 24),
    "LSM": (29, 27),
}


class Attempt(NamedTuple):
    """How an attempt ended."""

    allowed: bool
    errno: int = 0
    log: str = ""
    """What the verifier had to say, if the program came as far as it."""

    @property
    def error(self) -> str:
        """Name and meaning of the error: "EPERM: Operation not permitted"."""
        return f"{errno.errorcode.get(self.errno, self.errno)}: {os.strerror(self.errno)}"


def try_program(kind: str) -> Attempt:
    """Load "return 0" as a program of this kind, one of `PROGRAM_KINDS`."""
    log = ctypes.create_string_buffer(_LOG_BYTES)
    descriptor, error = _load(kind, log)
    if descriptor >= 0:
        os.close(descriptor)
        return Attempt(allowed=True)
    said = log.value.decode("ascii", "replace").strip()
    if error == errno.EINVAL and said:
        # TRACING and LSM programs must name the function they attach to. A kernel that gets as
        # far as missing that has the kind and lets us load it.
        return Attempt(allowed=True, errno=error, log=said)
    return Attempt(allowed=False, errno=error, log=said)


def try_ring_buffer() -> Attempt:
    """Make a ring buffer of one page (since Linux 5.8)."""
    page = os.sysconf("SC_PAGE_SIZE")
    return _finish(*_bpf(_MAP_CREATE, struct.pack("=IIII", _MAP_TYPE_RINGBUF, 0, 0, page)))


def try_raw_tracepoint(name: str) -> Attempt:
    """Attach "return 0" to a raw tracepoint, and detach it at once."""
    descriptor, error = _load("RAW_TRACEPOINT", ctypes.create_string_buffer(_LOG_BYTES))
    if descriptor < 0:
        return Attempt(allowed=False, errno=error)
    try:
        text = ctypes.create_string_buffer(name.encode("ascii"))
        attributes = struct.pack("=QI", ctypes.addressof(text), descriptor)
        return _finish(*_bpf(_RAW_TRACEPOINT_OPEN, attributes))
    finally:
        os.close(descriptor)


def _load(kind: str, log: ctypes.Array[ctypes.c_char]) -> tuple[int, int]:
    program_type, attach_type = PROGRAM_KINDS[kind]
    code = ctypes.create_string_buffer(_RETURN_0, len(_RETURN_0))
    license_text = ctypes.create_string_buffer(_LICENSE)
    attributes = struct.pack(
        "=IIQQIIQII16sII",
        program_type,
        len(_RETURN_0) // 8,
        ctypes.addressof(code),
        ctypes.addressof(license_text),
        1,  # log_level
        _LOG_BYTES,
        ctypes.addressof(log),
        0,  # kern_version: of no account since 5.0
        0,  # prog_flags
        b"socktrace_try",
        0,  # prog_ifindex
        attach_type,
    )
    return _bpf(_PROG_LOAD, attributes)


def _bpf(command: int, attributes: bytes) -> tuple[int, int]:
    """Call bpf(2): the descriptor it returned or -1, and errno."""
    number = _SYS_BPF.get(os.uname().machine)
    if number is None:
        return -1, errno.ENOSYS
    buffer = ctypes.create_string_buffer(attributes, _ATTR_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(
        ctypes.c_long(number),
        ctypes.c_long(command),
        ctypes.c_void_p(ctypes.addressof(buffer)),
        ctypes.c_long(_ATTR_BYTES),
    )
    return int(result), ctypes.get_errno() if result < 0 else 0


def _finish(descriptor: int, error: int) -> Attempt:
    if descriptor < 0:
        return Attempt(allowed=False, errno=error)
    os.close(descriptor)
    return Attempt(allowed=True)
