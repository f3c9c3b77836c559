"""Full records -> events.

Where a field lies is worked out from the layouts in `wire`, once, when this is imported.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from itertools import islice
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
    Renamed,
    SocketInfo,
    TcpSegment,
    TcpState,
)
from socktrace.names.addresses import inet_address, parse_sockaddr
from socktrace.names.constants import AF_INET, AF_INET6
from socktrace.wire import (
    ADDRESS_SIZE,
    BLOB_SIZE,
    FLAG_ABI32,
    FLAG_BEGAN_BEFORE,
    FLAG_CLOEXEC,
    FLAG_EXITING,
    FLAG_IN_CALL,
    FLAG_LAST_THREAD,
    FLAG_RECEIVED,
    FLAG_UNREADABLE,
    FULL_SIZE,
    KIND_CALL,
    KIND_EXEC,
    KIND_EXIT,
    KIND_FORK,
    KIND_PASSED,
    KIND_RENAME,
    KIND_TCP_SEGMENT,
    KIND_TCP_STATE,
    NO_TIMEOUT,
    PAYLOAD_MOST,
    SEGMENTS,
    ends,
    full_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from socktrace.lines import Address

_FULL_LAYOUT: Final = full_record(8)
"""With room for payload, so that its place is known too."""


def _place(path: str) -> tuple[int, np.dtype[Any]]:
    """Where in a full record a field lies, and what it is; "args.0": the first of an array."""
    at, layout = 0, _FULL_LAYOUT
    for name in path.split("."):
        if name.isdecimal() and layout.subdtype is not None:
            layout = layout.subdtype[0]
            at += int(name) * layout.itemsize
        else:
            fields = layout.fields
            if fields is None:
                raise KeyError(path)
            layout, inner = fields[name][:2]
            at += inner
    return at, layout


_CODES: Final = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i4": "i"}


def _code(layout: np.dtype[Any]) -> str:
    """The format of one field in the language of the module struct."""
    if layout.subdtype is None:
        return _CODES[layout.str[1:]]
    kind, (count,) = layout.subdtype
    return f"{count}s" if kind.itemsize == 1 else f"{count}{_CODES[kind.str[1:]]}"


def _reader(*paths: str) -> Callable[..., tuple[Any, ...]]:
    """Make what reads only these fields of a full record, given in the order in which they lie.

    What is not read costs nothing. "a:b" is all bytes from field a to the end of field b.
    """
    code, at = "=", 0
    for path in paths:
        first, _, last = path.partition(":")
        (begin, layout), (tail, tail_layout) = _place(first), _place(last or first)
        end = tail + tail_layout.itemsize
        code += f"{begin - at}x{end - begin}s" if last else f"{begin - at}x{_code(layout)}"
        at = end
    return struct.Struct(code).unpack_from


def _view_of(name: str) -> list[str]:
    """The fields of a socket_view that `_view` takes."""
    plain = "sk peer_sk inode netns refs family type protocol tcp_state"
    return [f"{name}.{field}" for field in plain.split()] + [
        f"{name}.local_port:{name}.remote_ip",
    ]


_KIND_AT: Final = _place("head.kind")[0]
_CALL_AT: Final = _place("head.call")[0]
_ADDRESS_AT: Final = _place("address")[0]
_BLOB_AT: Final = _place("blob")[0]
_PAYLOAD_AT: Final = _place("payload")[0]

_read_call: Final = _reader(
    *"head.start head.duration head.pid head.tid head.fd head.ret head.call head.flags".split(),
    *"files args timeout".split(),
    *_view_of("socket"),
    *_view_of("other"),
    *"other_fd comm address_length blob_length payload_length".split(),
)
_read_tcp: Final = _reader(
    *"head.start head.pid head.tid head.fd head.ret head.call head.flags args.0".split(),
    *_view_of("socket"),
)
_read_passed: Final = _reader(
    *"head.start head.duration head.pid head.tid head.fd head.flags files".split(),
    *_view_of("socket"),
)
_read_task: Final = _reader(
    *"head.start head.pid head.tid head.ret head.flags head.length files args.0 uid comm".split(),
    "blob_length",
)
_ADDRESSES: Final = struct.Struct("=HH16s16s")
"""local_port to remote_ip of a socket_view."""

_CALL_NAMES: Final = ("", *(spec.name for spec in CALLS))


@lru_cache(maxsize=4096)
def text_of(raw: bytes) -> str:
    r"""Read a NUL-terminated string of the kernel's; bytes that are not UTF-8 become ``\xNN``."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


@lru_cache(maxsize=4096)
def _pair(family: int, raw: bytes) -> tuple[Address | None, Address | None]:
    """Both addresses of a socket_view; most events show those that the one before them showed."""
    local_port, remote_port, local_ip, remote_ip = _ADDRESSES.unpack(raw)
    return (
        inet_address(family, local_ip, local_port) if local_port else None,
        inet_address(family, remote_ip, remote_port) if remote_port else None,
    )


def _view(fields: Sequence[Any]) -> SocketInfo | None:
    """A SocketInfo from what `_view_of` names; None where there is no socket."""
    if not fields[0] and not fields[2]:
        return None
    sk, peer_sk, inode, netns, refs, family, kind, protocol, state, addresses = fields
    local, remote = _pair(family, addresses) if family in _INET else (None, None)
    return SocketInfo(inode, sk, family, kind, protocol, state, local, remote, peer_sk, netns, refs)


_INET: Final = frozenset({AF_INET, AF_INET6})

Buffer = bytes | memoryview
"""Records in a row."""


def _cut(raw: Buffer, at: int, length: int, most: int) -> bytes:
    """The bytes of an area of a record; one that claims more than it has room for is cut."""
    return bytes(raw[at : at + min(length, most)])


def _bytes_of(records: NDArray[np.void]) -> Buffer:
    """Whole records as bytes, without a copy where they lie in a row already."""
    return np.ascontiguousarray(records).view(np.uint8).data if len(records) else b""


def _without_execs_renames(events: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Leave out the new names that execve(2) gives: it is told itself, just after."""
    kept: list[tuple[int, Event]] = []
    after: dict[int, type] = {}
    for each in reversed(events):
        event = each[1]
        if isinstance(event, Renamed | Exec | Call):
            if isinstance(event, Renamed) and after.get(event.pid) is Exec:
                continue
            after[event.pid] = type(event)
        kept.append(each)
    kept.reverse()
    return kept


class Decoder:
    """Full records -> events.

    Args:
        base: CLOCK_MONOTONIC, ns, of the moment that is time 0.

    Attributes:
        comms: the name of each thread by its id, as records show them: fixed records carry none.
    """

    def __init__(self, base: int, thread_names: int = 65_536) -> None:
        """Decode relative to `base`; keep about this many names of threads."""
        self.base = base
        self.forgotten = 0
        """Names of threads that there was no room for."""
        self._names_most = thread_names
        self.comms: dict[int, str] = {}
        self.gone: list[int] = []
        """Threads that have ended: whoever has seen to their last records forgets their names."""
        self._by_kind: dict[int, Callable[[Buffer, int], Event | None]] = {
            KIND_CALL: self._call,
            KIND_PASSED: self._passed,
            KIND_FORK: self._fork,
            KIND_EXEC: self._exec,
            KIND_EXIT: self._exit,
            KIND_RENAME: self._rename,
            KIND_TCP_STATE: self._tcp_state,
            KIND_TCP_SEGMENT: self._tcp_segment,
        }

    def events(self, records: NDArray[np.void]) -> list[tuple[int, Event]]:
        """The (time of return, event) of each of these full records that tells of one.

        Raises:
            ValueError: they are no records of ours.
        """
        raw, base, by_kind = _bytes_of(records), self.base, self._by_kind
        kinds, calls = records["head"]["kind"], records["head"]["call"]
        good = (kinds >= KIND_CALL) & (kinds <= KIND_TCP_SEGMENT) & (calls < len(_CALL_NAMES))
        if not good.all() or records.dtype.itemsize < FULL_SIZE:
            message = "a record of unknown kind"
            raise ValueError(message)
        self._let_names_go()
        places = range(0, len(raw), records.dtype.itemsize)
        events = [
            (end - base, event)
            for end, at, kind in zip(ends(records).tolist(), places, kinds.tolist(), strict=True)
            if (event := by_kind[kind](raw, at)) is not None
        ]
        return _without_execs_renames(events) if (kinds == KIND_RENAME).any() else events

    def _let_names_go(self) -> None:
        """Forget the names that were learnt first, where there are too many."""
        surplus = len(self.comms) - self._names_most
        if surplus > 0:
            for tid in list(islice(self.comms, surplus)):
                del self.comms[tid]
            self.forgotten += surplus

    def decode(self, raw: Buffer, at: int = 0) -> Event | None:
        """The event that the record at `at` tells of; None for one that only names a thread.

        Raises:
            ValueError: no record of ours.
        """
        if len(raw) - at < FULL_SIZE:
            message = f"a record of {len(raw) - at} bytes, less than {FULL_SIZE}"
            raise ValueError(message)
        decode = self._by_kind.get(raw[at + _KIND_AT])
        if decode is None or raw[at + _CALL_AT] >= len(_CALL_NAMES):
            kind, call = raw[at + _KIND_AT], raw[at + _CALL_AT]
            message = f"unknown kind of record: {kind}, call {call}"
            raise ValueError(message)
        return decode(raw, at)

    def _call(self, raw: Buffer, at: int) -> Call:
        fields = _read_call(raw, at)
        start, duration, pid, tid, fd, ret, call, flags, files = fields[:9]
        timeout = fields[15]
        other_fd, name, address_length, blob_length, payload_length = fields[36:]
        comm = self.comms[tid] = text_of(name)
        address, blob, payload = None, b"", b""
        if address_length:
            address = parse_sockaddr(_cut(raw, at + _ADDRESS_AT, address_length, ADDRESS_SIZE))
        if blob_length:
            blob = _cut(raw, at + _BLOB_AT, blob_length, BLOB_SIZE)
        if payload_length:
            payload = _cut(raw, at + _PAYLOAD_AT, payload_length, PAYLOAD_MOST)
        return Call(
            start - self.base,
            duration,
            pid,
            tid,
            comm,
            _CALL_NAMES[call],
            fd,
            ret,
            fields[9:15],
            files,
            _view(fields[16:26]),
            _view(fields[26:36]),
            other_fd,
            address,
            blob,
            None if timeout == NO_TIMEOUT else timeout,
            bool(flags & FLAG_ABI32),
            bool(flags & FLAG_UNREADABLE),
            payload,
            bool(flags & FLAG_BEGAN_BEFORE),
        )

    def _passed(self, raw: Buffer, at: int) -> Passed | None:
        start, duration, pid, tid, fd, flags, files, *view = _read_passed(raw, at)
        sock = _view(view)
        if sock is None:
            return None
        return Passed(
            t=start - self.base,
            pid=pid,
            tid=tid,
            fd=fd,
            received=bool(flags & FLAG_RECEIVED),
            sock=sock,
            files=files,
            cloexec=bool(flags & FLAG_CLOEXEC),
            dur=duration,
        )

    def _fork(self, raw: Buffer, at: int) -> Fork:
        start, pid, tid, child, _, _, files, child_files, uid, name, _ = _read_task(raw, at)
        comm = self.comms[child] = text_of(name)
        return Fork(start - self.base, pid, tid, child, comm, files, child_files, uid)

    def _exec(self, raw: Buffer, at: int) -> Exec:
        start, pid, tid, _, _, _, files, _, uid, name, blob_length = _read_task(raw, at)
        comm = self.comms[tid] = text_of(name)
        words = _cut(raw, at + _BLOB_AT, blob_length, BLOB_SIZE)
        return Exec(start - self.base, pid, tid, comm, files, command_line(words), uid)

    def _exit(self, raw: Buffer, at: int) -> Exit:
        start, pid, tid, code, flags, users, files, _, _, name, _ = _read_task(raw, at)
        self.gone.append(tid)
        last = bool(flags & FLAG_LAST_THREAD)
        return Exit(start - self.base, pid, tid, text_of(name), files, users, last, code)

    def _rename(self, raw: Buffer, at: int) -> Renamed | None:
        start, pid, tid, _, _, _, _, _, _, name, _ = _read_task(raw, at)
        comm = self.comms[tid] = text_of(name)
        return Renamed(start - self.base, pid, comm) if tid == pid else None

    def _tcp_state(self, raw: Buffer, at: int) -> TcpState | None:
        fields = _read_tcp(raw, at)
        sock = _view(fields[8:])
        if sock is None:
            return None
        start, pid, tid, old, new, call, flags, call_t = fields[:8]
        return TcpState(
            start - self.base,
            sock,
            old,
            new,
            pid,
            tid,
            bool(flags & FLAG_IN_CALL),
            _CALL_NAMES[call],
            call_t - self.base if call_t else 0,
            bool(flags & FLAG_EXITING),
        )

    def _tcp_segment(self, raw: Buffer, at: int) -> TcpSegment | None:
        fields = _read_tcp(raw, at)
        sock = _view(fields[8:])
        if sock is None:
            return None
        return TcpSegment(fields[0] - self.base, sock, SEGMENTS.get(fields[4], "retransmit"))


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
