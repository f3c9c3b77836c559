"""Symbolic names in filters: many ways to write "AF_INET", one normal form for each.

Case does not count, nor whether "-" or "_" joins the words, nor the prefix of the kernel's
constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from socktrace.calls import CALLS
from socktrace.names.constants import ETH_P, FAMILIES, PROTOCOLS, TCP_STATES, TYPES
from socktrace.names.errnos import ALIASES, ERRNOS, errno_name


@dataclass(frozen=True)
class Vocabulary:
    """The names that one field knows."""

    prefixes: tuple[str, ...] = ()
    joint: str = "_"
    """What joins the words of a name in the normal form."""
    case: Callable[[str], str] = str.lower
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Another way to write it -> the normal form."""
    names: tuple[str, ...] = ()
    """Those there are, in normal form."""
    number: Callable[[int], str] | None = None
    """How a number is named, where people write numbers."""

    def normal(self, text: str) -> str:
        """Bring a name, or a pattern of names, into the normal form."""
        other = "-" if self.joint == "_" else "_"
        plain = self.case(text).replace(other, self.joint)
        for prefix in self.prefixes:
            plain = plain.removeprefix(prefix)
        if self.number is not None and plain.isdecimal() and len(plain) <= _MAX_DIGITS:
            plain = self.case(self.number(int(plain)))
        return self.aliases.get(plain, plain)


_MAX_DIGITS: Final = 9
_API_STATES: Final = (
    "created",
    "bound",
    "listening",
    "connecting",
    "connected",
    "shut-read",
    "shut-write",
    "shut-both",
    "closed",
)


def _normal(values: Mapping[int, str], *prefixes: str) -> tuple[str, ...]:
    plain = Vocabulary(prefixes)
    return tuple(dict.fromkeys(plain.normal(name) for name in values.values()))


def _protocols() -> tuple[str, ...]:
    known = {**ETH_P}
    for number, table in enumerate(PROTOCOLS.values()):
        known |= {(number + 1) << 20 | key: name for key, name in table.items()}
    return _normal(known, "ipproto_")


VOCABULARIES: Final[dict[str, Vocabulary]] = {
    "family": Vocabulary(
        prefixes=("af_", "pf_"),
        aliases={"local": "unix", "inet4": "inet", "ipv4": "inet", "ipv6": "inet6"},
        names=_normal(FAMILIES, "af_"),
    ),
    "type": Vocabulary(prefixes=("sock_",), names=_normal(TYPES, "sock_")),
    "protocol": Vocabulary(prefixes=("ipproto_",), names=_protocols()),
    "state": Vocabulary(
        joint="-",
        prefixes=("tcp-",),
        aliases={
            "estab": "established",
            "syn-recv": "syn-received",
            "fin-wait1": "fin-wait-1",
            "fin-wait2": "fin-wait-2",
            "timewait": "time-wait",
            "close": "closed",
        },
        names=tuple(dict.fromkeys([*_API_STATES, *(name.lower() for name in TCP_STATES.values())])),
    ),
    "role": Vocabulary(
        names=("listener", "accepted", "connector", "pair", "receiver", "sender", "unknown")
    ),
    "call": Vocabulary(names=tuple(spec.name for spec in CALLS)),
    "errno": Vocabulary(
        case=str.upper, aliases=ALIASES, names=tuple(ERRNOS.values()), number=errno_name
    ),
}
"""Field -> its names. The aliases of TCP states are those of ss(8) and netstat(8)."""
