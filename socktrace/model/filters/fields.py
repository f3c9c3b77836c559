"""The fields a filter may name: one table for the parser, the help and the completion."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from socktrace.model.filters.numbers import Unit
from socktrace.model.filters.symbols import VOCABULARIES, Vocabulary


class Kind(Enum):
    """How the values of a field are written and compared."""

    TEXT = "text, * and ? stand for any characters"
    SYMBOL = "a name, in upper or lower case"
    NUMBER = "a number or a range"
    ADDRESS = "an IP address, a network, or a path; * and ? stand for any characters"
    USER = "a user's name or number"


class Field(NamedTuple):
    """One field."""

    name: str
    kind: Kind
    description: str
    examples: tuple[str, ...]
    unit: Unit = Unit.NUMBER
    prefix: bool = False
    """Text: a value without wildcards need only be how it begins."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The names it knows; an empty vocabulary where any text will do."""
        return VOCABULARIES.get(self.name, _NO_VOCABULARY)


_NO_VOCABULARY: Final = Vocabulary()
_T, _S, _N, _A = Kind.TEXT, Kind.SYMBOL, Kind.NUMBER, Kind.ADDRESS

_FIELDS: Final = (
    Field("pid", _N, "a process that holds the socket", ("pid:1234", "pid:100-200")),
    Field("comm", _T, "name of a program that holds it", ("comm:nginx", "comm:python*")),
    Field("user", Kind.USER, "user of such a process", ("user:root", "user:1000-60000")),
    Field("cgroup", _T, "control group of such a process", ("cgroup:*/nginx.service",)),
    Field(
        "container",
        _T,
        "identifier of its container, or the beginning of it",
        ("container:3f2a9c", "container:*"),
        prefix=True,
    ),
    Field("fd", _N, "a descriptor that names it", ("fd:3", "fd>1000")),
    Field("port", _N, "port at either end", ("port:80,443", "port:1000-2000")),
    Field("lport", _N, "port at this end", ("lport:22",)),
    Field("rport", _N, "port at the other end", ("rport:5432",)),
    Field("addr", _A, "address at either end", ("addr:10.0.0.0/8", "addr:127.0.0.1,::1")),
    Field("laddr", _A, "address at this end", ("laddr:0.0.0.0",)),
    Field("raddr", _A, "address at the other end", ("raddr:fe80::/10",)),
    Field("path", _T, "UNIX path at either end; @name: abstract", ("path:/run/*", "path:@*")),
    Field("family", _S, "address family", ("family:inet", "family:AF_UNIX")),
    Field("type", _S, "socket type", ("type:stream", "type:SOCK_DGRAM")),
    Field("protocol", _S, "protocol", ("protocol:tcp", "protocol:netlink_route")),
    Field("state", _S, "API state or TCP state", ("state:listening", "state:close-wait")),
    Field("role", _S, "what it is used as", ("role:listener", "role:accepted")),
    Field("origin", _T, "how it came to be", ("origin:accept", "origin:existing")),
    Field("call", _S, "a call that was made on it", ("call:shutdown", "call:recv*")),
    Field("errno", _S, "an error that it met", ("errno:ECONNREFUSED", "errno:EAGAIN")),
    Field("inode", _N, "inode number, as in /proc/PID/fd", ("inode:48213",)),
    Field("socket", _N, "its number in this recording", ("socket:7",)),
    Field("listener", _N, "the socket that it was accepted from", ("listener:2",)),
    Field("peer", _N, "the socket at its other end", ("peer:8",)),
    Field("netns", _N, "its network namespace, by inode number", ("netns:4026531840",)),
    Field("age", _N, "time since it appeared, or till it closed", ("age>30s",), Unit.DURATION),
    Field("idle", _N, "time since a call was made on it", ("idle>=5m",), Unit.DURATION),
    Field("bytes", _N, "bytes received and sent", ("bytes>1MiB",), Unit.SIZE),
    Field("bytes_in", _N, "bytes received", ("bytes_in:0",), Unit.SIZE),
    Field("bytes_out", _N, "bytes sent", ("bytes_out>=10k",), Unit.SIZE),
    Field("calls", _N, "calls made on it", ("calls>1000",), Unit.COUNT),
    Field("errors", _N, "calls on it that failed", ("errors>0",), Unit.COUNT),
    Field("retransmits", _N, "segments that TCP sent again", ("retransmits>0",), Unit.COUNT),
)

FIELDS: Final[dict[str, Field]] = {field.name: field for field in _FIELDS}
"""Name -> field, in the order in which help shows them."""


def fields() -> tuple[Field, ...]:
    """Give every field, with its description and examples, for help and completion."""
    return _FIELDS
