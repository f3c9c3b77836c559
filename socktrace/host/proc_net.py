"""Sockets by /proc/PID/net (proc(5)): for the kinds that sock_diag(7) may have no handler for."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.host.diag_socket import DiagSocket
from socktrace.lines import Address
from socktrace.names.addresses import inet_address

if TYPE_CHECKING:
    from collections.abc import Callable

_IPV4_BYTES: Final = 4
_IPPROTO_OF_PING: Final = {"icmp": socket.IPPROTO_ICMP, "icmp6": socket.IPPROTO_ICMPV6}


def read_table(pid: int, file: str, netns: int) -> dict[int, DiagSocket]:
    """Read one of `FILES` as the network namespace of `pid` shows it: inode -> socket.

    Empty when the process or the file is not there. A line that is not as expected is passed over.
    """
    try:
        with Path(f"/proc/{pid}/net/{file}").open(encoding="ascii", errors="replace") as lines:
            next(lines, None)
            rows = [line.split() for line in lines]
    except OSError:
        return {}
    found: dict[int, DiagSocket] = {}
    for row in rows:
        try:
            entry = FILES[file](row, file)
        except (ValueError, IndexError, struct.error):
            continue
        if entry.inode:
            found[entry.inode] = msgspec.structs.replace(entry, netns=netns)
    return found


def _inet(row: list[str], file: str) -> DiagSocket:
    """Read "sl local remote st tx:rx tr:when retr uid timeout inode" (net/ipv4/raw.c, ping.c)."""
    raw = file.startswith("raw")
    send_queue, receive_queue = (int(part, 16) for part in row[4].split(":"))
    # A raw socket's protocol stands in the place of its port.
    protocol = int(row[1].partition(":")[2], 16) if raw else _IPPROTO_OF_PING[file]
    return DiagSocket(
        family=socket.AF_INET6 if file.endswith("6") else socket.AF_INET,
        type=socket.SOCK_RAW if raw else socket.SOCK_DGRAM,
        protocol=protocol,
        state=int(row[3], 16),
        inode=int(row[9]),
        cookie=0,
        local=_address(row[1], with_port=not raw),
        remote=_address(row[2], with_port=False),
        uid=int(row[7]),
        receive_queue=receive_queue,
        send_queue=send_queue,
    )


def _address(text: str, *, with_port: bool) -> Address | None:
    """Read "0100007F:0016": 32-bit words as this machine stores them, then the port."""
    words, _, port_text = text.partition(":")
    ip = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    port = int(port_text, 16) if with_port else 0
    if not any(ip) and not port:
        return None
    return inet_address(socket.AF_INET if len(ip) == _IPV4_BYTES else socket.AF_INET6, ip, port)


def _netlink(row: list[str], _file: str) -> DiagSocket:
    """Read "sk protocol port groups rmem wmem dump locks drops inode" (af_netlink.c)."""
    return DiagSocket(
        family=socket.AF_NETLINK,
        type=0,
        protocol=int(row[1]),
        state=0,
        inode=int(row[9]),
        cookie=0,
        local=Address("AF_NETLINK", port_id=int(row[2]), groups=int(row[3], 16)),
        receive_queue=int(row[4]),
        send_queue=int(row[5]),
    )


def _packet(row: list[str], _file: str) -> DiagSocket:
    """Read "sk refs type protocol interface running rmem uid inode" (net/packet/af_packet.c)."""
    protocol = int(row[3], 16)
    return DiagSocket(
        family=socket.AF_PACKET,
        type=int(row[2]),
        protocol=protocol,
        state=0,
        inode=int(row[8]),
        cookie=0,
        local=Address("AF_PACKET", ifindex=int(row[4]), protocol=protocol),
        uid=int(row[7]),
        receive_queue=int(row[6]),
    )


FILES: Final[dict[str, Callable[[list[str], str], DiagSocket]]] = {
    "raw": _inet,
    "raw6": _inet,
    "icmp": _inet,
    "icmp6": _inet,
    "netlink": _netlink,
    "packet": _packet,
}
"""File below /proc/PID/net -> how its lines are read."""
