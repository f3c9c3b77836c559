"""AF_UNIX in sock_diag(7): requests and answers of include/uapi/linux/unix_diag.h."""

from __future__ import annotations

import socket
import struct
from typing import Final

from socktrace.host.diag_socket import DiagSocket
from socktrace.names.addresses import parse_sockaddr

_REQUEST: Final = struct.Struct("=BBHIIIQ")
"""struct unix_diag_req: family, protocol, pad, states, inode, what to show, cookie."""
_MESSAGE: Final = struct.Struct("=BBBBIQ")
"""struct unix_diag_msg: family, type, state, pad, inode, cookie."""
_ATTRIBUTE: Final = struct.Struct("=HH")
_U32: Final = struct.Struct("=I")
_QUEUES: Final = struct.Struct("=II")
"""struct unix_diag_rqlen: udiag_rqueue, udiag_wqueue."""
_MEMORY: Final = struct.Struct("=9I")

_SHOW: Final = 0x01 | 0x04 | 0x08 | 0x10 | 0x20 | 0x40
"""UDIAG_SHOW_NAME, _PEER, _ICONS, _RQLEN, _MEMINFO, _UID."""
_NAME: Final = 0
_PEER: Final = 2
_ICONS: Final = 3
_RQLEN: Final = 4
_MEMINFO: Final = 5
_SHUTDOWN: Final = 6
_UID: Final = 7


def request(states: int) -> bytes:
    """Build the request for all AF_UNIX sockets in one of `states` (a mask by number)."""
    return _REQUEST.pack(socket.AF_UNIX, 0, 0, states, 0, _SHOW, 0)


def parse(buffer: bytearray, start: int, end: int, netns: int) -> DiagSocket:
    """Read one struct unix_diag_msg and its attributes."""
    family, kind, state, _, inode, cookie = _MESSAGE.unpack_from(buffer, start)
    name = b""
    peer = uid = shutdown = 0
    queues: tuple[int | None, int | None] = (None, None)
    pending: tuple[int, ...] = ()
    memory: tuple[int, ...] = ()
    offset = start + _MESSAGE.size
    while offset + 4 <= end:
        length, attribute = _ATTRIBUTE.unpack_from(buffer, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            break
        value = offset + 4
        if attribute == _NAME:
            name = bytes(buffer[value : offset + length])
        elif attribute == _PEER:
            (peer,) = _U32.unpack_from(buffer, value)
        elif attribute == _RQLEN:
            queues = _QUEUES.unpack_from(buffer, value)
        elif attribute == _SHUTDOWN:
            shutdown = buffer[value]
        elif attribute == _UID:
            (uid,) = _U32.unpack_from(buffer, value)
        elif attribute == _MEMINFO and length >= 4 + _MEMORY.size:
            memory = _MEMORY.unpack_from(buffer, value)
        elif attribute == _ICONS:
            pending = struct.unpack_from(f"={(length - 4) // 4}I", buffer, value)
        offset += (length + 3) & ~3
    return DiagSocket(
        family=family,
        type=kind,
        protocol=0,
        state=state,
        inode=inode,
        cookie=cookie,
        netns=netns,
        local=parse_sockaddr(struct.pack("=H", socket.AF_UNIX) + name) if name else None,
        uid=uid,
        receive_queue=queues[0],
        send_queue=queues[1],
        shutdown=shutdown,
        peer_inode=peer,
        pending=pending,
        memory=memory,
    )
