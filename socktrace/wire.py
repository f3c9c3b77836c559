"""Bytes from the ring buffers <-> events: the only file that knows where each field lies.

The layout is that of `probes/events.h`; a unit test compiles that file and compares every offset.
`DATA` records (fixed, many) stay NumPy arrays; full records (few) become events one by one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from socktrace.calls import CALLS
from socktrace.events import (
    Call,
    Event,
    Exec,
    Exit,
    Fork,
    Passed,
    SocketInfo,
    TcpSegment,
    TcpState,
)
from socktrace.names.addresses import inet_address, parse_sockaddr
from socktrace.names.constants import AF_INET, AF_INET6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from socktrace.lines import Address

ADDRESS_SIZE: Final = 112
BLOB_SIZE: Final = 208
COMM_SIZE: Final = 16

KIND_CALL, KIND_PASSED, KIND_FORK, KIND_EXEC, KIND_EXIT = 1, 2, 3, 4, 5
KIND_RENAME, KIND_TCP_STATE, KIND_TCP_SEGMENT = 6, 7, 8

FLAG_ABI32 = 0x01
FLAG_UNREADABLE = 0x02
FLAG_OUTGOING = 0x04
FLAG_IN_CALL = 0x08
FLAG_EXITING = 0x10
FLAG_LAST_THREAD = 0x20
FLAG_RECEIVED = 0x40
FLAG_CLOEXEC = 0x80
FLAG_BEGAN_BEFORE = 0x100

SEGMENTS: Final = {1: "retransmit", 2: "reset-sent", 3: "reset-received"}

NO_TIMEOUT: Final = (1 << 64) - 1

DATA: Final = np.dtype(
    [
        ("start", "<u8"),
        ("duration", "<u8"),
        ("pid", "<u4"),
        ("tid", "<u4"),
        ("inode", "<u4"),
        ("fd", "<i4"),
        ("ret", "<i4"),
        ("call", "u1"),
        ("kind", "u1"),
        ("flags", "<u2"),
        ("length", "<u8"),
        ("msg_flags", "<u4"),
        ("sequence", "<u4"),
        ("cpu", "<u2"),
        ("family", "<u2"),
        ("port", "<u2"),
        ("local_port", "<u2"),
        ("ip", "u1", (16,)),
    ]
)
"""struct data_record. Times are CLOCK_MONOTONIC ns until a source rebases them."""

FOLD: Final = np.dtype(
    [
        ("inode", "<u4"),
        ("pid", "<u4"),
        ("call", "u1"),
        ("way", "u1"),
        ("errno", "<u2"),
        ("cpu", "<u2"),
        ("epoch", "<u2"),
        ("calls", "<u8"),
        ("bytes", "<u8"),
        ("time", "<u8"),
        ("first", "<u8"),
        ("last", "<u8"),
        ("tid", "<u4"),
        ("fd", "<i4"),
        ("local_port", "<u2"),
        ("pad", "<u2"),
        ("pad2", "<u4"),
    ]
)
"""struct fold_key and struct fold_total: data calls that the kernel side added up.

``first`` is the start of the first of them and ``last`` the return of the last, CLOCK_MONOTONIC ns.
"""

WAY_OUTGOING: Final = 0x01
"""Bits of ``way``. splice(2): into the socket."""
WAY_PEEK: Final = 0x02
"""MSG_PEEK: the bytes stayed in the queue."""
WAY_EMPTY: Final = 0x04
"""Took in 0 bytes though there was room for some."""
WAY_LONGER: Final = 0x08
"""MSG_TRUNC: what came was longer than the room for it."""
WAY_LOST: Final = 0x10
"""Added up because the data ring was full, not because it was asked for."""

SOCKET_VIEW: Final = np.dtype(
    [
        ("sk", "<u8"),
        ("peer_sk", "<u8"),
        ("inode", "<u4"),
        ("netns", "<u4"),
        ("refs", "<u4"),
        ("family", "<u2"),
        ("type", "<u2"),
        ("protocol", "<u2"),
        ("tcp_state", "u1"),
        ("shutdown", "u1"),
        ("local_port", "<u2"),
        ("remote_port", "<u2"),
        ("local_ip", "u1", (16,)),
        ("remote_ip", "u1", (16,)),
    ],
    align=True,
)
"""struct socket_view."""


def full_record(payload_size: int) -> np.dtype[Any]:
    """The layout of struct full_record for a payload limit, in bytes, rounded up to 8."""
    fields: list[tuple[Any, ...]] = [
        ("head", DATA),
        ("files", "<u8"),
        ("args", "<u8", (6,)),
        ("timeout", "<u8"),
        ("socket", SOCKET_VIEW),
        ("other", SOCKET_VIEW),
        ("other_fd", "<i4"),
        ("uid", "<u4"),
        ("comm", "u1", (COMM_SIZE,)),
        ("address_length", "<u2"),
        ("blob_length", "<u2"),
        ("payload_length", "<u4"),
        ("address", "u1", (ADDRESS_SIZE,)),
        ("blob", "u1", (BLOB_SIZE,)),
    ]
    if payload_size:
        fields.append(("payload", "u1", (payload_size,)))
    return np.dtype(fields, align=True)


_HEAD_FORMAT = "QQIIIiiBBHQIIHHHH16s"
_VIEW_FORMAT = "QQIIIHHHBBHH16s16s"
_FULL: Final = struct.Struct(
    f"={_HEAD_FORMAT}Q6QQ{_VIEW_FORMAT}{_VIEW_FORMAT}iI16sHHI{ADDRESS_SIZE}s{BLOB_SIZE}s"
)
FULL_SIZE: Final = _FULL.size
"""Bytes of a full record without payload."""

_CALL_NAMES: Final = ("", *(spec.name for spec in CALLS))


def text_of(raw: bytes) -> str:
    r"""Read a NUL-terminated string of the kernel's; bytes that are not UTF-8 become ``\xNN``."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _inet(family: int, ip: bytes, port: int) -> Address | None:
    return inet_address(family, ip, port) if family in {AF_INET, AF_INET6} else None


def _view(fields: tuple[Any, ...]) -> SocketInfo | None:
    """A SocketInfo from the 14 fields of a socket_view; None where there is no socket."""
    sk, peer_sk, inode, netns, refs, family, kind, protocol, state = fields[:9]
    if not inode and not sk:
        return None
    local_port, remote_port, local_ip, remote_ip = fields[10:]
    return SocketInfo(
        inode=inode,
        sk=sk,
        family=family,
        type=kind,
        protocol=protocol,
        tcp_state=state,
        local=_inet(family, local_ip, local_port) if local_port else None,
        remote=_inet(family, remote_ip, remote_port) if remote_port else None,
        peer_sk=peer_sk,
        netns=netns,
        refs=refs,
    )


# Places of fields in an unpacked full record, after the 18 of its head.
_FILES: Final = 18
_ARGS: Final = slice(19, 25)
_TIMEOUT: Final = 25
_SOCKET: Final = slice(26, 40)
_OTHER: Final = slice(40, 54)
_OTHER_FD: Final = 54
_UID: Final = 55
_COMM: Final = 56
_ADDRESS_LENGTH, _BLOB_LENGTH, _PAYLOAD_LENGTH, _ADDRESS, _BLOB = 57, 58, 59, 60, 61


class Decoder:
    """Full records -> events.

    Args:
        base: CLOCK_MONOTONIC, ns, of the moment that is time 0.

    Attributes:
        comms: the name of each thread by its id, as records show them: fixed records carry none.
    """

    def __init__(self, base: int) -> None:
        """Decode relative to `base`."""
        self.base = base
        self.comms: dict[int, str] = {}
        self.gone: list[int] = []
        """Threads that have ended: whoever has seen to their last records forgets their names."""
        self._by_kind: dict[int, Callable[[tuple[Any, ...], bytes], Event | None]] = {
            KIND_CALL: self._call,
            KIND_PASSED: self._passed,
            KIND_FORK: self._fork,
            KIND_EXEC: self._exec,
            KIND_EXIT: self._exit,
            KIND_RENAME: self._rename,
            KIND_TCP_STATE: self._tcp_state,
            KIND_TCP_SEGMENT: self._tcp_segment,
        }

    def decode(self, record: bytes) -> Event | None:
        """The event that `record` tells of; None for one that only names a thread.

        Raises:
            ValueError: no record of ours.
        """
        if len(record) < FULL_SIZE:
            message = f"a record of {len(record)} bytes, less than {FULL_SIZE}"
            raise ValueError(message)
        fields = _FULL.unpack_from(record)
        call, kind = fields[7:9]
        decode = self._by_kind.get(kind)
        if decode is None or call >= len(_CALL_NAMES):
            message = f"unknown kind of record: {kind}, call {call}"
            raise ValueError(message)
        return decode(fields, record)

    def _call(self, f: tuple[Any, ...], record: bytes) -> Call:
        flags = f[9]
        tid = f[3]
        comm = self.comms[tid] = text_of(f[_COMM])
        length = f[_PAYLOAD_LENGTH]
        timeout = f[_TIMEOUT]
        return Call(
            t=f[0] - self.base,
            dur=f[1],
            pid=f[2],
            tid=tid,
            comm=comm,
            call=_CALL_NAMES[f[7]],
            fd=f[5],
            ret=f[6],
            raw=f[_ARGS],
            files=f[_FILES],
            sock=_view(f[_SOCKET]),
            other=_view(f[_OTHER]),
            other_fd=f[_OTHER_FD],
            addr=parse_sockaddr(f[_ADDRESS][: f[_ADDRESS_LENGTH]]) if f[_ADDRESS_LENGTH] else None,
            blob=f[_BLOB][: f[_BLOB_LENGTH]],
            timeout=None if timeout == NO_TIMEOUT else timeout,
            abi32=bool(flags & FLAG_ABI32),
            unreadable=bool(flags & FLAG_UNREADABLE),
            began_before=bool(flags & FLAG_BEGAN_BEFORE),
            payload=record[FULL_SIZE : FULL_SIZE + length] if length else b"",
        )

    def _passed(self, f: tuple[Any, ...], _record: bytes) -> Passed | None:
        sock = _view(f[_SOCKET])
        if sock is None:
            return None
        return Passed(
            t=f[0] - self.base,
            pid=f[2],
            tid=f[3],
            fd=f[5],
            received=bool(f[9] & FLAG_RECEIVED),
            sock=sock,
            files=f[_FILES],
            cloexec=bool(f[9] & FLAG_CLOEXEC),
            dur=f[1],
        )

    def _fork(self, f: tuple[Any, ...], _record: bytes) -> Fork:
        comm = text_of(f[_COMM])
        self.comms[f[6]] = comm
        return Fork(
            t=f[0] - self.base,
            pid=f[2],
            tid=f[3],
            child=f[6],
            comm=comm,
            files=f[_FILES],
            child_files=f[_ARGS][0],
            uid=f[_UID],
        )

    def _exec(self, f: tuple[Any, ...], _record: bytes) -> Exec:
        comm = self.comms[f[3]] = text_of(f[_COMM])
        return Exec(
            t=f[0] - self.base,
            pid=f[2],
            tid=f[3],
            comm=comm,
            files=f[_FILES],
            cmdline=command_line(f[_BLOB][: f[_BLOB_LENGTH]]),
            uid=f[_UID],
        )

    def _exit(self, f: tuple[Any, ...], _record: bytes) -> Exit:
        self.gone.append(f[3])
        return Exit(
            t=f[0] - self.base,
            pid=f[2],
            tid=f[3],
            comm=text_of(f[_COMM]),
            files=f[_FILES],
            files_users=f[10],
            last_thread=bool(f[9] & FLAG_LAST_THREAD),
            code=f[6],
        )

    def _rename(self, f: tuple[Any, ...], _record: bytes) -> None:
        self.comms[f[3]] = text_of(f[_COMM])

    def _tcp_state(self, f: tuple[Any, ...], _record: bytes) -> TcpState | None:
        sock = _view(f[_SOCKET])
        if sock is None:
            return None
        return TcpState(
            t=f[0] - self.base,
            sock=sock,
            old=f[5],
            new=f[6],
            pid=f[2],
            tid=f[3],
            in_call=bool(f[9] & FLAG_IN_CALL),
            call=_CALL_NAMES[f[7]],
            call_t=f[_ARGS][0] - self.base if f[_ARGS][0] else 0,
            exiting=bool(f[9] & FLAG_EXITING),
        )

    def _tcp_segment(self, f: tuple[Any, ...], _record: bytes) -> TcpSegment | None:
        sock = _view(f[_SOCKET])
        if sock is None:
            return None
        return TcpSegment(t=f[0] - self.base, sock=sock, event=SEGMENTS.get(f[6], "retransmit"))


def command_line(raw: bytes) -> tuple[str, ...]:
    """The arguments of a program from the memory where the kernel lays them, NUL between them.

    What did not fit is missing from the end; a cut argument keeps its beginning and gains "...".
    """
    if not raw:
        return ()
    cut = not raw.endswith(b"\0")
    parts = raw.rstrip(b"\0").split(b"\0")
    words = tuple(part.decode("utf-8", "backslashreplace") for part in parts)
    return (*words[:-1], words[-1] + "...") if cut else words


def ends(records: NDArray[np.void]) -> NDArray[np.uint64]:
    """When each record's call returned: the order in which the kernel told of them."""
    heads = records["head"] if "head" in (records.dtype.names or ()) else records
    total: NDArray[np.uint64] = heads["start"] + heads["duration"]
    return total


def rows(records: NDArray[np.void]) -> Iterator[bytes]:
    """The bytes of each full record."""
    raw = records.tobytes()
    size = records.dtype.itemsize
    return (raw[at : at + size] for at in range(0, len(raw), size))
