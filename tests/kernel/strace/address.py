"""Socket addresses as strace prints them, brought into the form that recordings use."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from tests.kernel.strace.scan import fields, unquote

Address = dict[str, Any]

_CALL: Final = re.compile(r"\w+\((.*)\)$")
_ETHERTYPES: Final = {"ETH_P_ALL": 0x0003, "ETH_P_IP": 0x0800, "ETH_P_ARP": 0x0806}
"""include/uapi/linux/if_ether.h, those that the programs under test use."""


def _inner(text: str) -> str:
    """Return what is within ``htons(...)``, ``inet_addr(...)``, ``if_nametoindex(...)``."""
    match = _CALL.match(text)
    return match[1] if match else text


def _number(text: str) -> int:
    """Read 10, 0x1f, 00000003 (strace prints netlink groups in hexadecimal without 0x)."""
    return int(text, 0)


def _device(text: str) -> int:
    """Read an interface index: ``if_nametoindex("lo")`` or a number."""
    inner = _inner(text)
    return socket.if_nametoindex(unquote(inner).decode()) if inner[0] == '"' else _number(inner)


def _inet(parts: dict[str, str]) -> Address:
    ip = unquote(_inner(parts["sin_addr"])).decode()
    return {"ip": ip, "port": _number(_inner(parts["sin_port"]))}


def _inet6(parts: dict[str, str]) -> Address:
    ip = next(value for value in parts.values() if value.startswith("inet_pton("))
    packed = socket.inet_pton(socket.AF_INET6, ip.split('"')[1])
    address: Address = {
        "ip": socket.inet_ntop(socket.AF_INET6, packed),
        "port": _number(_inner(parts["sin6_port"])),
    }
    scope = _device(parts["sin6_scope_id"])
    return address | {"scope_id": scope} if scope else address


def _unix(parts: dict[str, str]) -> Address:
    path = parts.get("sun_path")
    if path is None:
        return {"unnamed": True}
    abstract = path.startswith("@")
    name = unquote(path.removeprefix("@")).decode("utf-8", "backslashreplace")
    return {"path": name, "abstract": True} if abstract else {"path": name}


def _netlink(parts: dict[str, str]) -> Address:
    return {"port_id": _number(parts["nl_pid"]), "groups": int(parts["nl_groups"], 16)}


def _packet(parts: dict[str, str]) -> Address:
    if "sa_data" in parts:
        # As short as the kernel returns it for Ethernet (packet(7)): shown as bytes.
        data = unquote(parts["sa_data"])
        return {
            "ifindex": int.from_bytes(data[2:6], sys.byteorder),
            "protocol": int.from_bytes(data[:2], "big"),
        }
    protocol = _inner(parts["sll_protocol"])
    known = _ETHERTYPES.get(protocol)
    return {
        "ifindex": _device(parts["sll_ifindex"]),
        "protocol": _number(protocol) if known is None else known,
    }


_READERS: Final[dict[str, Callable[[dict[str, str]], Address]]] = {
    "AF_INET": _inet,
    "AF_INET6": _inet6,
    "AF_UNIX": _unix,
    "AF_NETLINK": _netlink,
    "AF_PACKET": _packet,
}


def read_address(text: str) -> Address | None:
    """Read an address argument; None for NULL, for a bare pointer and for one not returned.

    Of a family that is not in the table, and of an address too short for its family, only the
    family is kept.
    """
    if not text.startswith("{sa_family="):
        return None
    parts = fields(text)
    family = parts["sa_family"]
    reader = _READERS.get(family)
    if reader is None or ("sa_data" in parts and family != "AF_PACKET"):
        return {"family": family}
    return {"family": family} | reader(parts)
