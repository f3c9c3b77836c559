"""What the tracker itself has to know of a socket, beside the life that it tells."""

from __future__ import annotations

from socktrace.events import SocketInfo
from socktrace.lines import Address, SocketLife
from socktrace.model import numbers as n
from socktrace.model.descriptors import Slot
from socktrace.names.constants import SOCK_STREAM

Endpoint = tuple[int, str, int, str, int]
"""Network namespace, own address and port, the other's address and port."""


class Track:
    """A socket as the tracker follows it."""

    __slots__ = (
        "api",
        "api_t",
        "bound",
        "endpoint",
        "family",
        "held",
        "in_flight",
        "inode",
        "life",
        "listed",
        "local",
        "netns",
        "never_accepted",
        "number",
        "protocol",
        "queue",
        "remote",
        "reset_t",
        "sk",
        "tcp",
        "tcp_t",
        "type",
    )

    def __init__(self, number: int, info: SocketInfo, life: SocketLife) -> None:
        """Begin to follow the socket of this number."""
        self.number = number
        self.inode = info.inode
        self.sk = info.sk
        self.family = info.family
        self.type = info.type
        self.protocol = info.protocol
        self.netns = info.netns
        self.life = life
        self.tcp = is_tcp(info)
        self.held: Slot | None = None
        """One of the descriptors that name it; see `slots`."""
        self.in_flight = 0
        """SCM_RIGHTS messages on their way that carry it: each is a reference (unix(7))."""
        self.queue: list[Track] | None = None
        """The sockets in messages that wait to be received on it; None for none."""
        self.listed = False
        """Its holders were all listed when we attached."""
        self.bound = False
        """A call gave it its local address: it keeps it when a connection ends."""
        self.local: Address | None = info.local
        """As the kernel last showed it, told or not."""
        self.remote: Address | None = info.remote
        self.api: str | None = None
        """The API state told last."""
        self.api_t = life.created
        self.tcp_t = -1
        """When the TCP state told last began."""
        self.reset_t = -1
        self.endpoint: Endpoint | None = None
        self.never_accepted = 0
        """A listener's connections that ended before accept took them."""

    @property
    def slots(self) -> list[Slot]:
        """The descriptors that name it, over all known tables."""
        slots, slot = [], self.held
        while slot is not None:
            slots.append(slot)
            slot = slot.after
        return slots

    def hold(self, slot: Slot) -> None:
        """Add a descriptor that names it: they are chained, since most sockets have only one."""
        first = self.held
        slot.after = first
        if first is not None:
            first.before = slot
        self.held = slot

    def release(self, slot: Slot) -> None:
        """Take a descriptor away that names it no longer."""
        before, after = slot.before, slot.after
        if before is not None:
            before.after = after
        elif self.held is slot:
            self.held = after
        if after is not None:
            after.before = before
        slot.before = slot.after = None

    def learn(self, info: SocketInfo) -> None:
        """Keep what an event shows that the first one could not."""
        if info.local is not None:
            self.local = info.local
        if info.remote is not None:
            self.remote = info.remote
        if not self.netns:
            self.netns = info.netns


def is_tcp(info: SocketInfo) -> bool:
    """Tell whether a socket is TCP's."""
    return (
        info.family in n.INET_FAMILIES
        and info.type == SOCK_STREAM
        and info.protocol in n.TCP_PROTOCOLS
    )


def plain_ip(ip: str) -> str:
    """Write an IPv4 address mapped into IPv6 as the IPv4 address it is: ipv6(7)."""
    return ip[7:] if ip.startswith("::ffff:") and "." in ip else ip


def endpoint(netns: int, local: Address | None, remote: Address | None) -> Endpoint | None:
    """Make the key by which the two ends of a connection on this machine find each other."""
    if local is None or remote is None or not local.port or not remote.port:
        return None
    if local.ip is None or remote.ip is None:
        return None
    return (netns, plain_ip(local.ip), local.port, plain_ip(remote.ip), remote.port)


def reversed_endpoint(key: Endpoint) -> Endpoint:
    """Give the key of the other end."""
    netns, local_ip, local_port, remote_ip, remote_port = key
    return (netns, remote_ip, remote_port, local_ip, local_port)


def has_port(address: Address | None) -> bool:
    """Tell whether an inet address is a bound one: port 0 stands for none (ip(7))."""
    return address is not None and bool(address.port)
