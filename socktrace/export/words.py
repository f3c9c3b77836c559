"""Which strings of a recording are words of the kernel or of socktrace itself, and tell nothing."""

from __future__ import annotations

import re
from typing import Final

from socktrace.calls import CALLS
from socktrace.model.limits import Limits, option_name
from socktrace.model.states import API_EDGES
from socktrace.names.errnos import ERRNOS

_PREFIXES: Final = (
    "AF PF SOCK IPPROTO SOL SO TCP UDP IP IPV6 ICMP ICMPV6 MSG EPOLL POLL SHUT F FD O SCM SPLICE"
    " RWF CLOSE_RANGE MCAST ETH_P NETLINK PACKET SCTP VSOCK CAN BTPROTO ALG TLS XDP IP6T"
)
_CONSTANT: Final = re.compile(
    rf"(?:{'|'.join(_PREFIXES.split())})_[A-Z0-9][A-Z0-9_]*|E?POLL[A-Z]+|(?:FIO|SIO|TIO|TCGET)[A-Z]+"
    r"|SIG[A-Z]{2,6}[0-9+-]*\Z"
)
"""Symbolic constants of the headers behind the man pages, by their prefixes."""
_NUMBER: Final = re.compile(r"-?(?:0x[0-9a-f]{1,16}|[0-9]{1,20})\Z")

_TCP_STATES: Final = (
    "CLOSED CLOSE LISTEN SYN-SENT SYN-RECEIVED SYN-RECV NEW-SYN-RECV ESTABLISHED FIN-WAIT-1"
    " FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT"
)
_OWN: Final = (
    "header process socket syscall folded blocked state descriptor tcp sample finding lost"  # kinds
    " healed end seen fork exec exit opened closed retransmit reset-sent reset-received"  # events
    " api kernel unknown note warning critical life data wide"
    " existing received execve pidfd_getfd unshare i386"
    " ebpf strace scripted x86_64 aarch64 riscv64"
)
_PHRASES: Final = frozenset(
    ("ring full", "program skipped", "map full", "command exited", "duration", "interrupted")
)
WORDS: Final = frozenset(
    (
        *(spec.name for spec in CALLS),
        *(state for edge in API_EDGES for state in edge),
        *_TCP_STATES.split(),
        *_OWN.split(),
        *map(option_name, Limits._fields),
        *_PHRASES,
        *ERRNOS.values(),
        "socktrace",
        "AF_DECnet",
    )
)
"""What lines say in words of their own."""


def is_constant(text: str) -> bool:
    """Whether a text is a symbolic constant or one of our own words."""
    return text in WORDS or _CONSTANT.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether a text is a number: how a constant is written that has no name."""
    return _NUMBER.match(text) is not None
