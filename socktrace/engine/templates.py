"""What the line of a data call looks like, but for what differs from call to call.

Programs make the same few calls over and over: most of a line stays as it is, but for times,
lengths, results, the thread and the socket. A template is such a line as a format for ``%``, to be
filled in by `DataCalls`. It is taken from what `data_lines` says of an example, so that the two
cannot differ.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from socktrace.engine.datalines import TWO_ENDS, data_lines
from socktrace.names.addresses import inet_address
from socktrace.tracefile.encoding import encode
from socktrace.wire import (
    DATA,
    FLAG_ABI32,
    FLAG_BEGAN_BEFORE,
    FLAG_OUTGOING,
    FLAG_UNREADABLE,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEMPLATES_MOST: Final = 4096
"""Templates kept, of each of two sorts, some 500 bytes each. A server that answers ever new
addresses would collect them for ever; beginning anew costs it a few microseconds a call."""

_SHOWN: Final = FLAG_ABI32 | FLAG_UNREADABLE | FLAG_OUTGOING | FLAG_BEGAN_BEFORE
"""Bits of ``flags`` that a line depends on."""


class _Key(NamedTuple):
    """What a template depends on."""

    error: int
    """The result, if it is negative; else 0."""
    fd: int
    """That of `TWO_ENDS` calls, whose arguments name it too; else 0."""
    msg_flags: int
    flags: int
    call: int
    family: int
    port: int
    ip: bytes


_KEY: Final = np.dtype(
    list(zip(_Key._fields, "<i4 <i4 <u4 <u2 u1 <u2 <u2 V16".split(), strict=True))
)
_KEY_FORMAT: Final = struct.Struct("<iiIHBHH16s")
_BEFORE_ADDRESS: Final = 17
"""Bytes of a key before ``port`` and ``ip``."""
_HAS_TWO_ENDS: Final = np.isin(np.arange(256), sorted(TWO_ENDS))
"""By the call's number."""
_LENGTH: Final = (1 << 64) - 1
"""The example's length: no other number in a line is as large."""
_NO_IP: Final = bytes(16)


class _Nobody:
    """Names the example's thread and numbers its socket."""

    @staticmethod
    def of(_tid: int, _pid: int) -> str:
        return ""

    @staticmethod
    def socket_id(_inode: int) -> int:
        return 0

    @staticmethod
    def ensure_socket(_inode: int, _t: int) -> int:
        return 0


class Templates(dict[bytes, bytes]):
    """Templates by what they depend on; made when first asked for."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._without_address: dict[bytes, list[bytes]] = {}

    def of(self, records: NDArray[np.void]) -> list[bytes]:
        """The template of each record; of layout `wire.DATA`."""
        two_ends = _HAS_TWO_ENDS[records["call"]]
        keys = np.empty(len(records), _KEY)
        keys["error"] = np.minimum(records["ret"], 0)
        keys["fd"] = np.where(two_ends, records["fd"], 0)
        keys["flags"] = records["flags"] & _SHOWN
        for name in ("msg_flags", "call", "family", "port"):
            keys[name] = records[name]
        keys["ip"] = records["ip"].view("V16").ravel()
        meaningless = ~(two_ends | (records["family"] != 0))
        keys["port"][meaningless] = 0
        keys["ip"][meaningless] = _NO_IP
        # NumPy drops the zero bytes at the end of these: keys that differ still do.
        return list(map(self.__getitem__, keys.view(f"S{_KEY.itemsize}").tolist()))

    def __missing__(self, short: bytes) -> bytes:
        """Make the template of a key."""
        if len(self) >= TEMPLATES_MOST:
            self.clear()
        raw = short.ljust(_KEY.itemsize, b"\0")
        key = _Key._make(_KEY_FORMAT.unpack(raw))
        if key.family and key.call not in TWO_ENDS:
            address = encode(inet_address(key.family, key.ip, key.port))
            text = address.join(self._around_address(raw[:_BEFORE_ADDRESS], key, address))
        else:
            text = _template(key)
        self[short] = text
        return text

    def _around_address(self, beginning: bytes, key: _Key, address: bytes) -> list[bytes]:
        """A key's template, split where the address stands; whole, if it has none."""
        known = self._without_address
        parts = known.get(beginning)
        if parts is None:
            if len(known) >= TEMPLATES_MOST:
                known.clear()
            parts = known[beginning] = _template(key).split(address)
        return parts


def _template(key: _Key) -> bytes:
    record = np.zeros(1, DATA)
    for name in ("fd", "msg_flags", "flags", "call", "family", "port"):
        record[name] = getattr(key, name)
    record["ip"] = np.frombuffer(key.ip, np.uint8)
    record["ret"], record["length"], record["inode"] = key.error, _LENGTH, 1
    (line,) = data_lines(record, _Nobody(), _Nobody())
    text = encode(line)  # made of our own words and of numbers: it has no "%"
    for example, value in (
        (b'"t":0,"dur":0,"pid":0,"tid":0,"comm":""', b'"t":%d,"dur":%d,%b'),
        (b'"ret":%d' % line.ret, b'"ret":%d'),
        (b"%d" % _LENGTH, b"%d"),
        (b',"fd":%d,"socket":0' % key.fd, b',"fd":%d%b'),
    ):
        text = text.replace(example, value, 1)
    return text + b"\n"
