"""AF_INET and AF_INET6 in sock_diag(7): requests and answers of include/uapi/linux/inet_diag.h."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

from socktrace.host.diag_socket import DiagSocket
from socktrace.names.addresses import inet_address

if TYPE_CHECKING:
    from socktrace.lines import Address

_REQUEST: Final = struct.Struct("=BBBBI48s")
"""struct inet_diag_req_v2: family, protocol, extensions, pad, states, empty sockid."""
_MESSAGE: Final = struct.Struct("=BBBB2s2s16s16sIQIIIII")
"""struct inet_diag_msg: family, state, timer, retransmits; sockid: source port, destination port
(network order), source, destination, interface, cookie; expires, rqueue, wqueue, uid, inode."""
_ATTRIBUTE: Final = struct.Struct("=HH")
"""struct nlattr: length with this header, type."""
_MEMORY: Final = struct.Struct("=9I")

# Extensions: number n is asked for by bit n - 1 of idiag_ext.
_INFO: Final = 2
_SKMEMINFO: Final = 7
_SHUTDOWN: Final = 8
_PROTOCOL: Final = 10
_SKV6ONLY: Final = 11
_EXTENSIONS: Final = 1 << _INFO - 1 | 1 << _SKMEMINFO - 1 | 1 << _SHUTDOWN - 1
_REQ_PROTOCOL: Final = 3
"""INET_DIAG_REQ_PROTOCOL: for protocols whose number does not fit idiag_protocol's 8 bits."""
_MAX_U8: Final = 255
_LINK_LOCAL: Final = 0xFE80
_LINK_LOCAL_MASK: Final = 0xFFC0
"""fe80::/10 (RFC 4291, section 2.5.6)."""

IPPROTO_MPTCP: Final = 262
IPPROTO_SCTP: Final = 132
IPPROTO_UDPLITE: Final = 136
_TYPES: Final[dict[int, int]] = {
    socket.IPPROTO_TCP: int(socket.SOCK_STREAM),
    IPPROTO_MPTCP: int(socket.SOCK_STREAM),
    socket.IPPROTO_UDP: int(socket.SOCK_DGRAM),
    IPPROTO_UDPLITE: int(socket.SOCK_DGRAM),
    socket.IPPROTO_RAW: int(socket.SOCK_RAW),
}
PROTOCOLS: Final[dict[str, int]] = {
    "tcp": int(socket.IPPROTO_TCP),
    "mptcp": IPPROTO_MPTCP,
    "udp": int(socket.IPPROTO_UDP),
    "udplite": IPPROTO_UDPLITE,
    "raw": int(socket.IPPROTO_RAW),
    "sctp": IPPROTO_SCTP,
}
"""What is asked for, by each family in turn. IPPROTO_RAW stands for raw sockets of all
protocols. ping sockets (icmp(7)) have no handler here. MPTCP comes after TCP because its subflows
carry the inode of the socket they belong to (net/mptcp/subflow.c): what is read last stays."""


def request(family: int, protocol: int, states: int) -> bytes:
    """Build the request for all sockets of `protocol` in one of `states` (a mask by number)."""
    small = protocol if protocol <= _MAX_U8 else 0
    body = _REQUEST.pack(family, small, _EXTENSIONS, 0, states, b"")
    if protocol > _MAX_U8:
        body += _ATTRIBUTE.pack(8, _REQ_PROTOCOL) + struct.pack("=I", protocol)
    return body


def parse(buffer: bytearray, start: int, end: int, protocol: int, netns: int) -> DiagSocket:
    """Read one struct inet_diag_msg and its attributes."""
    (
        family, state, timer, retransmits, sport, dport, source, destination, interface,
        cookie, expires, receive_queue, send_queue, uid, inode,
    ) = _MESSAGE.unpack_from(buffer, start)  # fmt: skip
    memory: tuple[int, ...] = ()
    info = b""
    shutdown = 0
    v6only: bool | None = None
    raw_protocol = protocol
    offset = start + _MESSAGE.size
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(buffer, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            break
        if kind == _INFO and protocol == socket.IPPROTO_TCP:  # others put other structures there
            info = bytes(buffer[offset + 4 : offset + length])
        elif kind == _SHUTDOWN:
            shutdown = buffer[offset + 4]
        elif kind == _SKMEMINFO and length >= 4 + _MEMORY.size:
            memory = _MEMORY.unpack_from(buffer, offset + 4)
        elif kind == _SKV6ONLY:
            v6only = bool(buffer[offset + 4])
        elif kind == _PROTOCOL:
            raw_protocol = buffer[offset + 4]
        offset += (length + 3) & ~3
    local_port = int.from_bytes(sport, "big")
    remote_port = int.from_bytes(dport, "big")
    if protocol == socket.IPPROTO_RAW:
        # A raw socket keeps its protocol where others keep their port (net/ipv4/af_inet.c).
        local_port = remote_port = 0
    if family == socket.AF_INET:
        source, destination = source[:4], destination[:4]
    return DiagSocket(
        family=family,
        type=_TYPES.get(protocol, 0),
        protocol=raw_protocol,
        state=state,
        inode=inode,
        cookie=cookie,
        netns=netns,
        local=_endpoint(family, source, local_port, interface),
        remote=_endpoint(family, destination, remote_port, interface),
        uid=uid,
        receive_queue=receive_queue,
        send_queue=send_queue,
        timer=timer,
        expires=expires,
        retransmits=retransmits,
        shutdown=shutdown,
        v6only=v6only,
        memory=memory,
        info=info,
    )


def _endpoint(family: int, ip: bytes, port: int, interface: int) -> Address | None:
    """Give the address, or None for the one that stands for "none": all zero, port 0."""
    if port == 0 and not any(ip):
        return None
    # Such an address means nothing without its interface (ipv6(7)).
    prefix = int.from_bytes(ip[:2], "big") & _LINK_LOCAL_MASK
    link_local = family == socket.AF_INET6 and prefix == _LINK_LOCAL
    return inet_address(family, ip, port, interface if link_local else 0)
