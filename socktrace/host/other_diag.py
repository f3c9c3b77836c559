"""AF_NETLINK, AF_PACKET and AF_VSOCK in sock_diag(7).

Sources: include/uapi/linux/netlink_diag.h, packet_diag.h, vm_sockets_diag.h. Their sockets are few,
so this favours plainness over speed.
"""

from __future__ import annotations

import socket
import struct
from typing import Final

from socktrace.host.diag_socket import DiagSocket
from socktrace.lines import Address

_ATTRIBUTE: Final = struct.Struct("=HH")
_SHOW_REQUEST: Final = struct.Struct("=BBHIIQ")
"""struct netlink_diag_req, struct packet_diag_req: family, protocol, pad, inode, show, cookie."""
_NETLINK_MESSAGE: Final = struct.Struct("=BBBBIIIIQ")
"""family, type, protocol, state, port id, its peer's, peer group, inode, cookie."""
_PACKET_MESSAGE: Final = struct.Struct("=BBHIQ")
"""family, type, protocol (ETH_P_*), inode, cookie."""
_VSOCK_REQUEST: Final = struct.Struct("=BBHIIIQ")
"""family, protocol, pad, states, inode, show, cookie."""
_VSOCK_MESSAGE: Final = struct.Struct("=BBBBIIIIIQ")
"""family, type, state, shutdown, own cid and port, peer's cid and port, inode, cookie."""

_NDIAG_PROTO_ALL: Final = 255
_NDIAG_SHOW: Final = 0x1 | 0x2
"""NDIAG_SHOW_MEMINFO, NDIAG_SHOW_GROUPS."""
_NETLINK_MEMINFO: Final = 0
_NETLINK_GROUPS: Final = 1
_PACKET_SHOW: Final = 0x01 | 0x10
"""PACKET_SHOW_INFO, PACKET_SHOW_MEMINFO."""
_PACKET_INFO: Final = 0
_PACKET_UID: Final = 5
_PACKET_MEMINFO: Final = 6
_ANY: Final = 0xFFFFFFFF
"""VMADDR_CID_ANY, VMADDR_PORT_ANY (vsock(7)): not bound, not connected."""


def netlink_request() -> bytes:
    """Build the request for all AF_NETLINK sockets of all protocols."""
    return _SHOW_REQUEST.pack(socket.AF_NETLINK, _NDIAG_PROTO_ALL, 0, 0, _NDIAG_SHOW, 0)


def packet_request() -> bytes:
    """Build the request for all AF_PACKET sockets."""
    return _SHOW_REQUEST.pack(socket.AF_PACKET, 0, 0, 0, _PACKET_SHOW, 0)


def vsock_request(states: int) -> bytes:
    """Build the request for all AF_VSOCK sockets in one of `states` (a mask by number)."""
    return _VSOCK_REQUEST.pack(socket.AF_VSOCK, 0, 0, states, 0, 0, 0)


def parse_netlink(buffer: bytearray, start: int, end: int, netns: int) -> DiagSocket:
    """Read one struct netlink_diag_msg and its attributes."""
    family, kind, protocol, state, port_id, peer_id, peer_group, inode, cookie = (
        _NETLINK_MESSAGE.unpack_from(buffer, start)
    )
    attributes = _attributes(buffer, start + _NETLINK_MESSAGE.size, end)
    memory = _memory(attributes.get(_NETLINK_MEMINFO, b""))
    groups = int.from_bytes(attributes.get(_NETLINK_GROUPS, b"")[:4], "little")
    to_someone = peer_id or peer_group
    return DiagSocket(
        family=family,
        type=kind,
        protocol=protocol,
        state=state,
        inode=inode,
        cookie=cookie,
        netns=netns,
        local=Address("AF_NETLINK", port_id=port_id, groups=groups),
        remote=Address("AF_NETLINK", port_id=peer_id, groups=peer_group) if to_someone else None,
        receive_queue=memory[0] if memory else None,
        send_queue=memory[2] if memory else None,
        memory=memory,
    )


def parse_packet(buffer: bytearray, start: int, end: int, netns: int) -> DiagSocket:
    """Read one struct packet_diag_msg and its attributes."""
    family, kind, protocol, inode, cookie = _PACKET_MESSAGE.unpack_from(buffer, start)
    attributes = _attributes(buffer, start + _PACKET_MESSAGE.size, end)
    memory = _memory(attributes.get(_PACKET_MEMINFO, b""))
    interface = int.from_bytes(attributes.get(_PACKET_INFO, b"")[:4], "little")
    return DiagSocket(
        family=family,
        type=kind,
        protocol=protocol,
        state=0,
        inode=inode,
        cookie=cookie,
        netns=netns,
        local=Address("AF_PACKET", ifindex=interface, protocol=protocol),
        uid=int.from_bytes(attributes.get(_PACKET_UID, b""), "little"),
        receive_queue=memory[0] if memory else None,
        send_queue=memory[2] if memory else None,
        memory=memory,
    )


def parse_vsock(buffer: bytearray, start: int, _end: int, netns: int) -> DiagSocket:
    """Read one struct vsock_diag_msg."""
    family, kind, state, shutdown, cid, port, peer_cid, peer_port, inode, cookie = (
        _VSOCK_MESSAGE.unpack_from(buffer, start)
    )
    unbound = port == _ANY
    alone = peer_port in (_ANY, 0) and peer_cid in (_ANY, 0)
    return DiagSocket(
        family=family,
        type=kind,
        protocol=0,
        state=state,
        inode=inode,
        cookie=cookie,
        netns=netns,
        local=None if unbound else Address("AF_VSOCK", cid=cid, port=port),
        remote=None if alone else Address("AF_VSOCK", cid=peer_cid, port=peer_port),
        shutdown=shutdown,
    )


def _attributes(buffer: bytearray, offset: int, end: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(buffer, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            break
        found[kind] = bytes(buffer[offset + 4 : offset + length])
        offset += (length + 3) & ~3
    return found


def _memory(value: bytes) -> tuple[int, ...]:
    return struct.unpack(f"={len(value) // 4}I", value[: len(value) // 4 * 4])
