"""Stand-ins that are the same for the same thing throughout a recording."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import chain
from typing import Final

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address

_DOCUMENTATION: Final = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
"""RFC 5737: addresses for documentation, 762 hosts."""
_OVERFLOW: Final = ("198.18.0.0/15", "240.0.0.0/4")
"""RFC 2544 (benchmarks) and RFC 1112, section 4 (reserved): for recordings with more."""
_DOCUMENTATION6: Final = int(IPv6("2001:db8::"))
"""RFC 3849: 2001:db8::/32."""
_MULTICAST: Final = int(IPv4("233.252.0.0"))
"""RFC 6676, section 2: MCAST-TEST-NET."""
_MULTICAST6: Final = 0xDB8 << 32
"""RFC 6676, section 3: group FF0X:0:0:0:0:DB8::/96, with the scope of the original."""
_LINK_LOCAL: Final = int(IPv4("169.254.1.0"))
"""RFC 3927, section 2.1: the first that a host may take."""
_LINK_LOCAL6: Final = int(IPv6("fe80::"))
_ASSIGNED_BITS: Final = 16
"""IPv6 multicast groups with only these bits set are IANA's well-known ones (RFC 4291, section
2.7.1); others may carry part of an interface's address (solicited-node)."""


class Aliases:
    """Numbered stand-ins, by category: the first user is 1000, the next 1001."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def number(self, category: str) -> int:
        """The next number of a category, from 1."""
        self._counts[category] = self._counts.get(category, 0) + 1
        return self._counts[category]

    def alias(self, category: str, original: str) -> str:
        """The stand-in for a text: "path-1"."""
        key = category, original
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = f"{category}-{self.number(category)}"
        return found


class AddressAliases:
    """Internet addresses to others of the same class; what says nothing of a place stays."""

    def __init__(self) -> None:
        self._known: dict[IPv4 | IPv6, str] = {}
        self._hosts: Iterator[IPv4] = chain.from_iterable(
            ipaddress.IPv4Network(network).hosts() for network in (*_DOCUMENTATION, *_OVERFLOW)
        )
        self._aliases = Aliases()

    def alias(self, text: str) -> str:
        """The stand-in for an address; for what is none, an address all the same."""
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return self._aliases.alias("address", text)
        found = self._known.get(address)
        if found is None:
            replaced = self._ipv4(address) if isinstance(address, IPv4) else self._ipv6(address)
            found = self._known[address] = str(replaced)
        return found

    def _ipv4(self, address: IPv4) -> IPv4:
        if address.is_loopback or address.is_unspecified or address == _BROADCAST:
            return address
        if address.is_multicast:
            if address in _LOCAL_CONTROL:
                return address
            return IPv4(_MULTICAST + self._aliases.number("group") % 2**16)
        if address.is_link_local:
            return IPv4(_LINK_LOCAL + self._aliases.number("link") % 2**15)
        return next(self._hosts)

    def _ipv6(self, address: IPv6) -> IPv6:
        if address.ipv4_mapped is not None:
            return IPv6("::ffff:" + self.alias(str(address.ipv4_mapped)))
        if address.is_loopback or address.is_unspecified:
            return address
        if address.is_multicast:
            head, group = divmod(int(address), 1 << 112)
            if group < 1 << _ASSIGNED_BITS:
                return address
            return IPv6((head << 112) + _MULTICAST6 + self._aliases.number("group"))
        if address.is_link_local:
            return IPv6(_LINK_LOCAL6 + self._aliases.number("link"))
        return IPv6(_DOCUMENTATION6 + self._aliases.number("host"))


_BROADCAST: Final = IPv4("255.255.255.255")
_LOCAL_CONTROL: Final = ipaddress.IPv4Network("224.0.0.0/24")
"""RFC 5771, section 4: assigned by IANA, never forwarded: mDNS, LLMNR and the like."""
