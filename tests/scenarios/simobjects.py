"""What the simulated kernel is made of: open files, descriptor tables, processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from socktrace.events import SocketInfo
from socktrace.lines import Address

AF_UNIX, AF_INET = 1, 2
STREAM, DGRAM = 1, 2
CLOEXEC = 0o2000000
EST, SYN_SENT, SYN_RECV, FIN1, FIN2, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN = (
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    10,
)
HOST = "127.0.0.1"
NETNS = 4026531840


@dataclass(eq=False)
class File:
    """An open file description that is a socket, and its sock."""

    inode: int
    sk: int
    family: int
    type: int
    refs: int = 0
    tcp_state: int = CLOSE
    local: Address | None = None
    remote: Address | None = None
    peer: File | None = None
    backlog: list[File] = field(default_factory=list)
    graft: bool = True
    """Whether a file names the sock: not so before accept and after the last close."""

    @property
    def tcp(self) -> bool:
        """Whether this is a TCP socket."""
        return self.family == AF_INET and self.type == STREAM

    def info(self, refs: int = 0) -> SocketInfo:
        """Show it as the probes do."""
        return SocketInfo(
            inode=self.inode if self.graft else 0,
            sk=self.sk,
            family=self.family,
            type=self.type,
            protocol=6 if self.tcp else 17 if self.family == AF_INET else 0,
            tcp_state=self.tcp_state,
            local=self.local,
            remote=self.remote,
            peer_sk=self.peer.sk if self.peer is not None and self.family == AF_UNIX else 0,
            netns=NETNS,
            refs=refs,
        )


@dataclass(eq=False)
class FdTable:
    """A struct files_struct."""

    address: int
    users: int = 1
    fds: dict[int, File] = field(default_factory=dict)
    cloexec: set[int] = field(default_factory=set)

    def free(self, least: int = 3) -> int:
        """Find the lowest free number."""
        return next(fd for fd in count(least) if fd not in self.fds)


@dataclass(eq=False)
class Proc:
    """A process with one thread."""

    pid: int
    table: FdTable
