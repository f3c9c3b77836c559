"""A call as either observer saw it, in the terms that a recording and strace have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from socktrace.calls import CALLS
from tests.kernel.strace.address import Address, read_address
from tests.kernel.strace.parser import StraceCall, inode
from tests.kernel.strace.scan import fields, split

WAITS: Final = frozenset(
    """poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64
    epoll_wait epoll_pwait epoll_pwait2""".split()
)
"""Compared by name and result: what they wait for is in memory that changes under both."""

MANY: Final = frozenset("sendmmsg recvmmsg recvmmsg_time64".split())
"""A recording has a line for each message of these."""

NO_DESCRIPTOR: Final = WAITS | {"socket", "socketpair", "close_range"}

_SOCKET: Final = re.compile(r"\d<(?:socket:|TCP|UDP|UNIX|NETLINK|PACKET|RAW|PING|ICMP)")
"""A descriptor that strace decorates as a socket's."""

_NAMES: Final = frozenset(spec.name for spec in CALLS)

_NAMING: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(
        "read write readv writev preadv2 pwritev2 dup fcntl fcntl64 ioctl".split(), (0,)
    ),
    **dict.fromkeys("dup2 dup3 sendfile sendfile64".split(), (0, 1)),
    "splice": (0, 2),
    "epoll_ctl": (2,),
}
"""Calls that are a socket's business only if one of these arguments names a socket."""

_EITHER: Final = frozenset(("splice", "epoll_ctl"))
"""Calls whose socket is not always the first argument; it is what they are told to be made on."""

_ADDRESS: Final = {
    "bind": 1,
    "connect": 1,
    "accept": 1,
    "accept4": 1,
    "getsockname": 1,
    "getpeername": 1,
    "sendto": 4,
    "recvfrom": 4,
}
"""Which argument is the address."""

_ANSWERED: Final = frozenset("accept accept4 getsockname getpeername recvfrom recvmsg".split())
"""Here the address is an answer: a failed call has none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One call."""

    name: str
    fd: int | None
    ret: int | None
    """None: it never returned to the program."""
    errno: str | None
    addresses: tuple[Address | None, ...]
    """One, or one a message."""
    inode: int | None
    """Of the socket it was made on, or that socket(2) made; None: not told."""
    text: str
    """As the observer wrote it, for people."""
    optional: bool = False
    """A wait that names no socket: a recording has it only if one was in an epoll instance."""

    def agrees(self, other: Seen) -> bool:
        """Tell whether both can be the same call; their addresses are another question."""
        return (self.name, self.fd, self.ret, self.errno) == (
            other.name,
            other.fd,
            other.ret,
            other.errno,
        )

    def difference(self, other: Seen) -> str | None:
        """Say what is told otherwise of a call that both have."""
        if self.addresses != other.addresses:
            return f"address {self.addresses}, by strace {other.addresses}"
        if None not in (self.inode, other.inode) and self.inode != other.inode:
            return f"inode {self.inode}, by strace {other.inode}"
        return None


def from_strace(calls: Iterable[StraceCall]) -> dict[int, list[Seen]]:
    """Sort strace's calls by thread; those that a recording need not have are left out."""
    threads: dict[int, list[Seen]] = {}
    for call in calls:
        thread = threads.setdefault(call.tid, [])
        if _concerns_sockets(call):
            thread.append(_strace_seen(call))
    return threads


def _concerns_sockets(call: StraceCall) -> bool:
    if call.name not in _NAMES:
        return False
    if call.name == "close":
        return call.names_socket(0) or call.errno == "EBADF"
    if call.name == "pidfd_getfd":
        return call.made_socket
    naming = _NAMING.get(call.name)
    return naming is None or any(call.names_socket(position) for position in naming)


def _descriptor(call: StraceCall) -> int | None:
    """Find the descriptor that a recording has as ``fd``: of several that which names a socket."""
    if call.name in NO_DESCRIPTOR:
        return None
    naming = _NAMING.get(call.name, (0,)) if call.name in _EITHER else (0,)
    return call.fd(next(filter(call.names_socket, naming), naming[0]))


def _strace_seen(call: StraceCall) -> Seen:
    return Seen(
        name=call.name,
        fd=_descriptor(call),
        ret=call.ret,
        errno=call.errno,
        addresses=_strace_addresses(call),
        inode=_strace_inode(call),
        text=call.line,
        optional=call.name in WAITS and not _SOCKET.search(call.line),
    )


def _strace_inode(call: StraceCall) -> int | None:
    if call.name == "socket":
        return inode(call.decoration)
    if call.name in NO_DESCRIPTOR or not call.names_socket(0):
        return None
    return inode(call.args[0])


def _strace_addresses(call: StraceCall) -> tuple[Address | None, ...]:
    if call.name in MANY and (call.ret or 0) > 0:
        messages = split(call.args[1][1:-1])[: call.ret]
        return tuple(_message_address(fields(message)["msg_hdr"]) for message in messages)
    if call.name in MANY or (call.errno is not None and call.name in _ANSWERED):
        return (None,)
    if call.name in ("sendmsg", "recvmsg"):
        return (_message_address(call.args[1]),)
    position = _ADDRESS.get(call.name, len(call.args))
    return (read_address(call.args[position]) if position < len(call.args) else None,)


def _message_address(text: str) -> Address | None:
    return read_address(fields(text).get("msg_name", "")) if text.startswith("{") else None


def from_recording(lines: Iterable[dict[str, Any]]) -> dict[int, list[Seen]]:
    """Sort a recording's calls by thread."""
    lines = list(lines)
    inodes = {line["socket"]: line["inode"] for line in lines if line["kind"] == "socket"}
    threads: dict[int, list[Seen]] = {}
    for call in _whole_calls(line for line in lines if line["kind"] == "syscall"):
        seen = _recorded_seen(call, inodes.get(call[0].get("socket")))
        threads.setdefault(call[0]["tid"], []).append(seen)
    return threads


def _whole_calls(lines: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Put the lines of one sendmmsg or recvmmsg together; order holds within each thread."""
    begun: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        tid = line["tid"]
        before = begun.get(tid)
        if before and (before[0]["t"], before[0]["call"]) == (line["t"], line["call"]):
            before.append(line)
            continue
        if before:
            yield begun.pop(tid)
        if line["call"] in MANY:
            begun[tid] = [line]
        else:
            yield [line]
    yield from begun.values()


def _recorded_seen(lines: list[dict[str, Any]], inode_of_socket: int | None) -> Seen:
    first = lines[0]
    error = first.get("errno")
    args = ", ".join(f"{name}={value}" for name, value in first["args"].items())
    return Seen(
        name=first["call"],
        fd=None if first["call"] in NO_DESCRIPTOR else first.get("fd", -1),
        ret=first["ret"],
        errno=error,
        addresses=tuple(_without_bytes(line["args"].get("addr")) for line in lines),
        inode=inode_of_socket,
        text=f"{first['call']}({first.get('fd')}; {args}) = {first['ret']} {error or ''}",
    )


def _without_bytes(address: Address | None) -> Address | None:
    """Keep the family alone where an address was kept as bytes: strace shows those otherwise."""
    return {"family": address["family"]} if address and "raw" in address else address
