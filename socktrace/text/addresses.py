"""Sockets by their names: kind, ends, and the sign by which lines refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from socktrace.escape import printable
from socktrace.lines import Address
from socktrace.names.addresses import format_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


LONGEST: Final = 120
"""Characters of an address: a path has at most 108 bytes (unix(7)), escaped perhaps more."""
MOST_SIGNS: Final = 8
"""Sockets that are named of those that one call waits for."""

_TRANSPORTS: Final = {
    "IPPROTO_TCP": "TCP",
    "IPPROTO_UDP": "UDP",
    "IPPROTO_SCTP": "SCTP",
    "IPPROTO_MPTCP": "MPTCP",
    "IPPROTO_ICMP": "ICMP",
    "IPPROTO_ICMPV6": "ICMP",
}
_TYPES: Final = {
    "SOCK_STREAM": "stream",
    "SOCK_DGRAM": "datagram",
    "SOCK_SEQPACKET": "seqpacket",
    "SOCK_RAW": "raw",
}
_DEFAULTS: Final = {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP"}
"""What protocol 0 means in the internet families (ip(7))."""


class OfAKind(Protocol):
    """What has a family, a type and a protocol: a socket's line, its life, or facts of it."""

    @property
    def family(self) -> str:
        """As "AF_INET"."""

    @property
    def type(self) -> str:
        """As "SOCK_STREAM"."""

    @property
    def protocol(self) -> str:
        """As "IPPROTO_TCP"."""


def kind(socket: OfAKind) -> str:
    """Name a socket's family, type and protocol shortly: "TCP", "UDP v6", "unix stream"."""
    kind_of = _TYPES.get(socket.type) or _tail(socket.type)
    if socket.family not in ("AF_INET", "AF_INET6"):
        family = _tail(socket.family)
        if family == "netlink":
            return f"netlink {_tail(socket.protocol)}".rstrip()
        return f"{family} {kind_of}"
    transport = _TRANSPORTS.get(socket.protocol) or _DEFAULTS.get(
        socket.type, _tail(socket.protocol)
    )
    if socket.type == "SOCK_RAW":
        transport = f"raw {_tail(socket.protocol)}"
    return transport + (" v6" if socket.family == "AF_INET6" else "")


def address(value: Address | None) -> str:
    """Write an address; "-" where there is none."""
    return printable(format_address(value), LONGEST) if value else "-"


def address_from(value: Mapping[str, object]) -> str | None:
    """Write an address as the arguments of a call hold it; None if it is something else."""
    try:
        return address(msgspec.convert(value, Address))
    except (msgspec.ValidationError, TypeError):
        return None


def ends(local: Address | None, remote: Address | None) -> str:
    """Write both ends: "127.0.0.1:80 → 127.0.0.1:4711"."""
    return f"{address(local)} → {address(remote)}" if remote else address(local)


def sign(socket: int) -> str:
    """How lines refer to a socket: "#3"."""
    return f"#{socket}"


def signs(sockets: Sequence[int]) -> str:
    """How lines refer to several: "#3 #5"."""
    shown = " ".join(map(sign, sockets[:MOST_SIGNS]))
    return f"{shown} …" if len(sockets) > MOST_SIGNS else shown


def _tail(constant: str) -> str:
    return printable(constant.partition("_")[2].lower() or constant, 20)
