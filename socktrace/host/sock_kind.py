"""What kind a socket is that no table lists: by its protocol's name in an extended attribute.

Every socket file has the attribute ``system.sockprotoname`` (net/socket.c), which names the
struct proto behind it; /proc/net/protocols lists those there are. It tells family and type of
sockets that sock_diag(7) passes over, such as TCP sockets that were never bound.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.host.inet_diag import IPPROTO_MPTCP, IPPROTO_SCTP, IPPROTO_UDPLITE

if TYPE_CHECKING:
    from socktrace.host.descriptors import SocketDescriptor

_ATTRIBUTE: Final = "system.sockprotoname"
_AF_INET: Final = int(socket.AF_INET)
_AF_INET6: Final = int(socket.AF_INET6)
_STREAM: Final = int(socket.SOCK_STREAM)
_DGRAM: Final = int(socket.SOCK_DGRAM)
_RAW: Final = int(socket.SOCK_RAW)


class SocketKind(NamedTuple):
    """Family, type and protocol; 0 for what the name leaves open."""

    family: int
    type: int = 0
    protocol: int = 0
    file: str = ""
    """Below /proc/PID/net: where more is told of it."""


_KINDS: Final[dict[str, SocketKind]] = {
    "TCP": SocketKind(_AF_INET, _STREAM, socket.IPPROTO_TCP),
    "TCPv6": SocketKind(_AF_INET6, _STREAM, socket.IPPROTO_TCP),
    "MPTCP": SocketKind(_AF_INET, _STREAM, IPPROTO_MPTCP),
    "MPTCPv6": SocketKind(_AF_INET6, _STREAM, IPPROTO_MPTCP),
    "UDP": SocketKind(_AF_INET, _DGRAM, socket.IPPROTO_UDP),
    "UDPv6": SocketKind(_AF_INET6, _DGRAM, socket.IPPROTO_UDP),
    "UDP-Lite": SocketKind(_AF_INET, _DGRAM, IPPROTO_UDPLITE),
    "UDPLITEv6": SocketKind(_AF_INET6, _DGRAM, IPPROTO_UDPLITE),
    "RAW": SocketKind(_AF_INET, _RAW, 0, "raw"),
    "RAWv6": SocketKind(_AF_INET6, _RAW, 0, "raw6"),
    "PING": SocketKind(_AF_INET, _DGRAM, socket.IPPROTO_ICMP, "icmp"),
    "PINGv6": SocketKind(_AF_INET6, _DGRAM, socket.IPPROTO_ICMPV6, "icmp6"),
    "SCTP": SocketKind(_AF_INET, 0, IPPROTO_SCTP),
    "SCTPv6": SocketKind(_AF_INET6, 0, IPPROTO_SCTP),
    "UNIX-STREAM": SocketKind(socket.AF_UNIX, _STREAM),
    "UNIX": SocketKind(socket.AF_UNIX),
    "NETLINK": SocketKind(socket.AF_NETLINK, 0, 0, "netlink"),
    "PACKET": SocketKind(socket.AF_PACKET, 0, 0, "packet"),
    "KEY": SocketKind(15, _RAW),
    "TIPC": SocketKind(30),
    "ALG": SocketKind(38, int(socket.SOCK_SEQPACKET)),
    "AF_VSOCK": SocketKind(40),
    "KCM": SocketKind(41),
    "SMC": SocketKind(43, _STREAM),
    "SMC6": SocketKind(43, _STREAM),
    "XDP": SocketKind(44, _RAW),
    "CAN_RAW": SocketKind(29, _RAW, 1),
    "CAN_BCM": SocketKind(29, _DGRAM, 2),
    "CAN_J1939": SocketKind(29, _DGRAM, 7),
    "L2CAP": SocketKind(31, 0, 0),
    "HCI": SocketKind(31, _RAW, 1),
    "SCO": SocketKind(31, int(socket.SOCK_SEQPACKET), 2),
    "RFCOMM": SocketKind(31, 0, 3),
}
"""struct proto's name -> what it is for. Numbers: include/linux/socket.h and the headers of each
family in include/uapi/linux."""


def protocol_name_of(descriptor: SocketDescriptor) -> str | None:
    """Read the name of the struct proto behind a descriptor; None if it is gone or refused."""
    path = f"/proc/{descriptor.pid}/fd/{descriptor.fd}"
    try:
        if Path(path).stat().st_ino != descriptor.inode:
            return None
        name = os.getxattr(path, _ATTRIBUTE)
    except OSError:
        return None
    return name.rstrip(b"\0").decode("ascii", "backslashreplace")


def kind_of(name: str) -> SocketKind | None:
    """Tell what a struct proto of this name serves; None for one that is not in the table."""
    return _KINDS.get(name)
