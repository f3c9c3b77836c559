"""Socket addresses: from the kernel's bytes to `Address`, and from there to text for people."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from socktrace.lines import Address
from socktrace.names import constants as c

_FAMILY: Final = struct.Struct("=H")
_INET: Final = struct.Struct("!H4s")
_INET6: Final = struct.Struct("!HI16s")
_SCOPE: Final = struct.Struct("=I")
_NETLINK: Final = struct.Struct("=2xII")
_PACKET: Final = struct.Struct("=2si")
_VSOCK: Final = struct.Struct("=2xII")
_INET6_WITHOUT_SCOPE: Final = 22
"""Bytes after the family in RFC 2133's sockaddr_in6, which the kernel still takes
(SIN6_LEN_RFC2133 in include/net/ipv6.h)."""


@lru_cache(maxsize=4096)
def _ip_text(family: int, ip: bytes) -> str:
    if family == c.AF_INET:
        return socket.inet_ntop(socket.AF_INET, ip[:4])
    return socket.inet_ntop(socket.AF_INET6, ip[:16])


@lru_cache(maxsize=16384)
def inet_address(family: int, ip: bytes, port: int, scope_id: int = 0) -> Address:
    """Build an AF_INET or AF_INET6 address from its bytes in network order, port in host order.

    Of a buffer longer than the family's address the first 4 or 16 bytes count. Equal arguments
    give the same object: a server's own address would otherwise be built for every event.
    """
    return Address(
        family=c.family_name(family),
        ip=_ip_text(family, ip),
        port=port,
        scope_id=scope_id or None,
    )


def _unix(rest: bytes) -> Address:
    if not rest:
        return Address(family="AF_UNIX", unnamed=True)
    abstract = rest[0] == 0
    name = rest[1:] if abstract else rest.split(b"\0", 1)[0]
    return Address(
        family="AF_UNIX", path=name.decode("utf-8", "backslashreplace"), abstract=abstract
    )


def _inet(rest: bytes) -> Address:
    port, ip = _INET.unpack_from(rest)
    return inet_address(c.AF_INET, ip, port)


def _inet6(rest: bytes) -> Address:
    port, _flow, ip = _INET6.unpack_from(rest)
    scope_id = 0
    if len(rest) >= _INET6_WITHOUT_SCOPE + _SCOPE.size:
        (scope_id,) = _SCOPE.unpack_from(rest, _INET6_WITHOUT_SCOPE)
    return inet_address(c.AF_INET6, ip, port, scope_id)


def _netlink(rest: bytes) -> Address:
    port_id, groups = _NETLINK.unpack_from(rest)
    return Address(family="AF_NETLINK", port_id=port_id, groups=groups)


def _packet(rest: bytes) -> Address:
    protocol, ifindex = _PACKET.unpack_from(rest)
    return Address(family="AF_PACKET", ifindex=ifindex, protocol=int.from_bytes(protocol, "big"))


def _vsock(rest: bytes) -> Address:
    port, cid = _VSOCK.unpack_from(rest)
    return Address(family="AF_VSOCK", port=port, cid=cid)


def _unspec(_rest: bytes) -> Address:
    return Address(family="AF_UNSPEC")


_DECODERS: Final[dict[int, tuple[int, Callable[[bytes], Address]]]] = {
    c.AF_UNSPEC: (0, _unspec),
    c.AF_UNIX: (0, _unix),
    c.AF_INET: (_INET.size, _inet),
    c.AF_INET6: (_INET6_WITHOUT_SCOPE, _inet6),
    c.AF_NETLINK: (_NETLINK.size, _netlink),
    c.AF_PACKET: (_PACKET.size, _packet),
    c.AF_VSOCK: (_VSOCK.size, _vsock),
}
"""Family -> (bytes it needs after sa_family, its decoder)."""


def parse_sockaddr(data: bytes) -> Address | None:
    """Decode a `sockaddr(3type)` of exactly as many bytes as its length argument said.

    An address too short for its family, or of a family that is known by name only, keeps its
    bytes in ``raw``. None when there is not even a family.
    """
    if len(data) < _FAMILY.size:
        return None
    (family,) = _FAMILY.unpack_from(data)
    rest = data[_FAMILY.size :]
    needed, decode = _DECODERS.get(family, (0, None))
    if decode is None or len(rest) < needed:
        return Address(family=c.family_name(family), raw=rest.hex() or None)
    return decode(rest)


def _unix_text(address: Address) -> str:
    if address.unnamed:
        return "unnamed"
    return f"@{address.path}" if address.abstract else address.path or ""


def _inet6_text(address: Address) -> str:
    scope = f"%{address.scope_id}" if address.scope_id else ""
    return f"[{address.ip}{scope}]:{address.port}"


def _netlink_text(address: Address) -> str:
    groups = f" groups={address.groups:#x}" if address.groups else ""
    return f"netlink:{address.port_id}{groups}"


def _packet_text(address: Address) -> str:
    number = address.protocol or 0
    protocol = f" {c.ETH_P.get(number) or hex(number)}" if number else ""
    return f"packet:{address.ifindex}{protocol}"


_WRITERS: Final[dict[str, Callable[[Address], str]]] = {
    "AF_UNSPEC": lambda _: "unspec",
    "AF_UNIX": _unix_text,
    "AF_INET": lambda a: f"{a.ip}:{a.port}",
    "AF_INET6": _inet6_text,
    "AF_NETLINK": _netlink_text,
    "AF_PACKET": _packet_text,
    "AF_VSOCK": lambda a: f"vsock:{a.cid}:{a.port}",
}


def format_address(address: Address) -> str:
    """Write an address as people do: "127.0.0.1:80", "[::1]:80", "/run/x.sock", "@abstract".

    Names come from strangers and are not escaped here: whoever shows the text escapes it.
    """
    writer = _WRITERS.get(address.family)
    if writer is None or address.raw is not None:
        return f"{address.family}:{address.raw}" if address.raw else address.family
    return writer(address)
