"""A small kernel of our own: processes, descriptor tables and sockets, and the events they cause.

It is written from the manual pages, not from the model, so that the two can be compared. It keeps
open files with true reference counts; what it does is put into ``events`` as the probes tell it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import count

from socktrace.events import (
    Call,
    Event,
    Exec,
    Exit,
    Fork,
    Passed,
    SocketInfo,
    TcpSegment,
    TcpState,
)
from socktrace.lines import Address

AF_UNIX, AF_INET = 1, 2
STREAM, DGRAM = 1, 2
CLOEXEC = 0o2000000
EST, SYN_SENT, SYN_RECV, FIN1, FIN2, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN = 1, 2, 3, 4, 5, 7, 8, 9, 10
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


class Kernel:
    """The machine; each method is a system call made by a process."""

    def __init__(self) -> None:
        """Start with nothing running."""
        self.events: list[Event] = []
        self.files: list[File] = []
        self.procs: dict[int, Proc] = {}
        self.flight: list[File] = []
        self._t = 1000
        self._pids = count(100)
        self._inodes = count(5000)
        self._addresses = count(0x1000, 0x40)
        self._ports = count(40000)

    # --- machinery --------------------------------------------------------------------------

    def tick(self) -> int:
        """Let time pass."""
        self._t += 10
        return self._t

    def call(  # noqa: PLR0913 - the fields of a Call
        self,
        proc: Proc,
        name: str,
        fd: int,
        ret: int,
        raw: tuple[int, ...] = (),
        *,
        start: int | None = None,
        sock: SocketInfo | None = None,
        other: SocketInfo | None = None,
        other_fd: int = -1,
        addr: Address | None = None,
        blob: bytes = b"",
    ) -> Call:
        """Let a call return."""
        began = self.tick() if start is None else start
        end = self.tick()
        event = Call(
            t=began,
            dur=end - began,
            pid=proc.pid,
            tid=proc.pid,
            comm="prog",
            call=name,
            fd=fd,
            ret=ret,
            raw=raw,
            files=proc.table.address,
            sock=sock,
            other=other,
            other_fd=other_fd,
            addr=addr,
            blob=blob,
        )
        self.events.append(event)
        return event

    def spawn(self) -> Proc:
        """Start a process without any socket."""
        proc = Proc(next(self._pids), FdTable(next(self._addresses)))
        self.procs[proc.pid] = proc
        return proc

    def _file(self, family: int, type_: int) -> File:
        file = File(next(self._inodes), next(self._addresses), family, type_)
        self.files.append(file)
        return file

    def _install(self, table: FdTable, fd: int, file: File, *, cloexec: bool = False) -> None:
        table.fds[fd] = file
        file.refs += 1
        table.cloexec.discard(fd)
        if cloexec:
            table.cloexec.add(fd)

    def _remove(self, proc: Proc, fd: int, *, call: str = "", start: int = 0) -> None:
        file = proc.table.fds.pop(fd)
        proc.table.cloexec.discard(fd)
        self._put(file, proc, call, start)

    def _put(self, file: File, proc: Proc, call: str, start: int) -> None:
        file.refs -= 1
        if file.refs:
            return
        if file.tcp:
            self._end_tcp(file, proc, call, start)
        for child in file.backlog:
            if child.tcp:
                self.tcp_state(child, CLOSE)
        file.graft = False

    def tcp_state(  # noqa: PLR0913 - the fields of a TcpState
        self,
        file: File,
        new: int,
        *,
        proc: Proc | None = None,
        call: str = "",
        start: int = 0,
        old: int | None = None,
    ) -> None:
        """Change a connection's state, within a call or on the kernel's own account."""
        before = file.tcp_state if old is None else old
        file.tcp_state = new
        self.events.append(
            TcpState(
                t=self.tick(),
                sock=file.info(),
                old=before,
                new=new,
                pid=proc.pid if proc else 0,
                tid=proc.pid if proc else 0,
                in_call=bool(call),
                call=call,
                call_t=start,
                exiting=proc is not None and not call,
            )
        )

    def _end_tcp(self, file: File, proc: Proc, call: str, start: int) -> None:
        if file.tcp_state in {LISTEN, SYN_SENT}:
            self.tcp_state(file, CLOSE, proc=proc, call=call, start=start)
        elif file.tcp_state == EST:
            self.tcp_state(file, FIN1, proc=proc, call=call, start=start)
            file.graft = False
            self._fin(file)
        elif file.tcp_state == CLOSE_WAIT:
            self.tcp_state(file, LAST_ACK, proc=proc, call=call, start=start)
            file.graft = False
            self._fin(file)

    def _fin(self, file: File) -> None:
        """Let a FIN arrive at the other end, and its acknowledgement here."""
        peer = file.peer
        if peer is None:
            return
        if file.tcp_state == FIN1:
            self.tcp_state(file, FIN2)
            if peer.tcp_state == EST:
                self.tcp_state(peer, CLOSE_WAIT)
        elif file.tcp_state == LAST_ACK:
            self.tcp_state(file, CLOSE)
            if peer.tcp_state == FIN2:
                self.tcp_state(peer, CLOSE)

    # --- system calls -----------------------------------------------------------------------

    def socket(self, proc: Proc, family: int, type_: int, *, cloexec: bool = False) -> int:
        """Make a socket: socket(2)."""
        file = self._file(family, type_)
        fd = proc.table.free()
        self._install(proc.table, fd, file, cloexec=cloexec)
        raw = (family, type_ | (CLOEXEC if cloexec else 0), 0)
        self.call(proc, "socket", -1, fd, raw, sock=file.info(1))
        return fd

    def socketpair(self, proc: Proc) -> tuple[int, int]:
        """Make a pair: socketpair(2)."""
        one, two = self._file(AF_UNIX, STREAM), self._file(AF_UNIX, STREAM)
        one.peer, two.peer = two, one
        one.tcp_state = two.tcp_state = EST
        first = proc.table.free()
        self._install(proc.table, first, one)
        second = proc.table.free()
        self._install(proc.table, second, two)
        self.call(
            proc,
            "socketpair",
            first,
            0,
            (AF_UNIX, STREAM, 0, 0),
            sock=one.info(1),
            other=two.info(1),
            other_fd=second,
            blob=struct.pack("=ii", first, second),
        )
        return first, second

    def bind(self, proc: Proc, fd: int) -> int:
        """Bind to a port of the kernel's choice: bind(2)."""
        file = proc.table.fds[fd]
        asked = Address("AF_INET", ip=HOST, port=0)
        ok = file.family == AF_INET and file.local is None
        if ok:
            file.local = Address("AF_INET", ip=HOST, port=next(self._ports))
        self.call(proc, "bind", fd, 0 if ok else -22, (fd, 0, 16), sock=file.info(2), addr=asked)
        return 0 if ok else -22

    def listen(self, proc: Proc, fd: int) -> None:
        """Listen, on a port of the kernel's choice if unbound: listen(2)."""
        file = proc.table.fds[fd]
        start = self.tick()
        if not file.tcp or file.tcp_state not in {CLOSE, LISTEN} or file.remote is not None:
            self.call(proc, "listen", fd, -95, (fd, 8), start=start, sock=file.info(2))
            return
        if file.local is None:
            file.local = Address("AF_INET", ip=HOST, port=next(self._ports))
        if file.tcp_state == CLOSE:
            self.tcp_state(file, LISTEN, proc=proc, call="listen", start=start)
        self.call(proc, "listen", fd, 0, (fd, 8), start=start, sock=file.info(2))

    def connect(
        self, proc: Proc, fd: int, target: File | None, *, nonblocking: bool = False
    ) -> int:
        """Connect to a listener, or to a port where nobody listens (None): connect(2)."""
        file = proc.table.fds[fd]
        start = self.tick()
        heard = target is not None and target.tcp_state == LISTEN and target.refs > 0
        addr = target.local if target is not None and heard else None
        addr = addr or Address("AF_INET", ip=HOST, port=9)
        if not file.tcp or file.tcp_state != CLOSE or file.remote is not None:
            self.call(
                proc, "connect", fd, -106, (fd, 0, 16), start=start, sock=file.info(2), addr=addr
            )
            return -106
        had = file.local
        file.local = had or Address("AF_INET", ip=HOST, port=next(self._ports))
        file.remote = addr
        self.tcp_state(file, SYN_SENT, proc=proc, call="connect", start=start)
        ret = -115 if nonblocking else 0
        if heard and target is not None:
            child = File(0, next(self._addresses), AF_INET, STREAM, graft=False)
            child.local, child.remote, child.peer = addr, file.local, file
            file.peer = child
            self.tcp_state(child, SYN_RECV, old=LISTEN)
            self.tcp_state(file, EST)
            self.tcp_state(child, EST)
            target.backlog.append(child)
        else:
            self.events.append(TcpSegment(self.tick(), file.info(), "reset-received"))
            file.remote = None
            if had is None:
                file.local = None
            self.tcp_state(file, CLOSE)
            ret = ret or -111
        self.call(proc, "connect", fd, ret, (fd, 0, 16), start=start, sock=file.info(2), addr=addr)
        return ret

    def accept(self, proc: Proc, fd: int) -> int:
        """Take a connection: accept4(2) with SOCK_CLOEXEC."""
        listener = proc.table.fds[fd]
        if not listener.backlog:
            ret = -11 if listener.tcp_state == LISTEN else -22
            self.call(
                proc,
                "accept4",
                fd,
                ret,
                (fd, 0, 0, CLOEXEC),
                other=listener.info(2),
                other_fd=fd,
            )
            return ret
        file = listener.backlog.pop(0)
        file.inode, file.graft = next(self._inodes), True
        self.files.append(file)
        new = proc.table.free()
        self._install(proc.table, new, file, cloexec=True)
        self.call(
            proc,
            "accept4",
            fd,
            new,
            (fd, 0, 0, CLOEXEC),
            sock=file.info(1),
            other=listener.info(2),
            other_fd=fd,
            addr=file.remote,
        )
        return new

    def shutdown(self, proc: Proc, fd: int) -> None:
        """Shut the sending half: shutdown(2)."""
        file = proc.table.fds[fd]
        start = self.tick()
        paired = file.family == AF_UNIX and file.peer is not None
        alive = file.tcp and file.tcp_state in {EST, CLOSE_WAIT}
        if file.tcp and file.tcp_state == EST:
            self.tcp_state(file, FIN1, proc=proc, call="shutdown", start=start)
            self._fin(file)
        elif file.tcp and file.tcp_state == CLOSE_WAIT:
            self.tcp_state(file, LAST_ACK, proc=proc, call="shutdown", start=start)
            self._fin(file)
        ret = 0 if paired or alive else -107
        self.call(proc, "shutdown", fd, ret, (fd, 1), start=start, sock=file.info(2))

    def send(self, proc: Proc, fd: int) -> None:
        """Send a few bytes: write(2)."""
        self.call(proc, "write", fd, 5, (fd, 0, 5), sock=proc.table.fds[fd].info(2))

    def dup(self, proc: Proc, fd: int) -> int:
        """Copy to the lowest free number: dup(2)."""
        file = proc.table.fds[fd]
        new = proc.table.free()
        self._install(proc.table, new, file)
        self.call(proc, "dup", fd, new, (fd,), sock=file.info(file.refs))
        return new

    def dup2(self, proc: Proc, fd: int, new: int, *, cloexec: bool = False) -> None:
        """Copy to a number of choice, closing what it named: dup2(2), dup3(2)."""
        file = proc.table.fds[fd]
        start = self.tick()
        old = proc.table.fds.get(new)
        other = old.info(old.refs) if old is not None and new != fd else None
        if new != fd:
            self._install_over(proc, new, file, start, cloexec=cloexec)
        name, raw = ("dup3", (fd, new, CLOEXEC)) if cloexec else ("dup2", (fd, new))
        ret = -22 if cloexec and fd == new else new
        self.call(
            proc,
            name,
            fd,
            ret,
            raw,
            start=start,
            sock=file.info(file.refs),
            other=other,
            other_fd=new,
        )

    def _install_over(
        self, proc: Proc, new: int, file: File, start: int, *, cloexec: bool
    ) -> None:
        file.refs += 1
        if new in proc.table.fds:
            self._remove(proc, new, call="dup2", start=start)
        file.refs -= 1
        self._install(proc.table, new, file, cloexec=cloexec)

    def dupfd(self, proc: Proc, fd: int, least: int, *, cloexec: bool) -> int:
        """Copy to a number not below: fcntl(2), F_DUPFD and F_DUPFD_CLOEXEC."""
        file = proc.table.fds[fd]
        new = proc.table.free(least)
        self._install(proc.table, new, file, cloexec=cloexec)
        raw = (fd, 1030 if cloexec else 0, least)
        self.call(proc, "fcntl", fd, new, raw, sock=file.info(file.refs))
        return new

    def set_cloexec(self, proc: Proc, fd: int, *, on: bool) -> None:
        """Mark a descriptor: fcntl(2), F_SETFD."""
        proc.table.cloexec.discard(fd)
        if on:
            proc.table.cloexec.add(fd)
        self.call(proc, "fcntl", fd, 0, (fd, 2, int(on)), sock=proc.table.fds[fd].info(2))

    def close(self, proc: Proc, fd: int) -> None:
        """Close a descriptor: close(2)."""
        start = self.tick()
        file = proc.table.fds[fd]
        info = file.info(file.refs)
        self._remove(proc, fd, call="close", start=start)
        self.call(proc, "close", fd, 0, (fd,), start=start, sock=info)

    def close_range(self, proc: Proc, first: int, last: int, *, flags: int = 0) -> None:
        """Close or mark a range: close_range(2)."""
        start = self.tick()
        if flags & 2 and proc.table.users > 1:
            self._unshare(proc)
        for fd in [fd for fd in sorted(proc.table.fds) if first <= fd <= last]:
            if flags & 4:
                proc.table.cloexec.add(fd)
            else:
                self._remove(proc, fd, call="close_range", start=start)
        self.call(proc, "close_range", -1, 0, (first, last, flags), start=start)

    def _unshare(self, proc: Proc) -> None:
        old = proc.table
        old.users -= 1
        proc.table = FdTable(next(self._addresses), 1, dict(old.fds), set(old.cloexec))
        for file in proc.table.fds.values():
            file.refs += 1

    def fork(self, proc: Proc, *, share: bool = False) -> Proc:
        """Make a child with a copy of the table, or the same: clone(2), CLONE_FILES."""
        if share:
            table = proc.table
            table.users += 1
        else:
            old = proc.table
            table = FdTable(next(self._addresses), 1, dict(old.fds), set(old.cloexec))
            for file in table.fds.values():
                file.refs += 1
        child = Proc(next(self._pids), table)
        self.procs[child.pid] = child
        self.events.append(
            Fork(
                self.tick(),
                proc.pid,
                proc.pid,
                child.pid,
                "prog",
                proc.table.address,
                table.address,
            )
        )
        return child

    def execute(self, proc: Proc) -> None:
        """Replace the program: execve(2)."""
        if proc.table.users > 1:
            self._unshare(proc)
        going = sorted(proc.table.cloexec & set(proc.table.fds))
        for fd in going:
            self._remove(proc, fd)
        self.events.append(
            Exec(self.tick(), proc.pid, proc.pid, "other", proc.table.address, ("other",))
        )

    def exit(self, proc: Proc) -> None:
        """End the process: exit_group(2)."""
        users = proc.table.users
        self.events.append(
            Exit(
                self.tick(), proc.pid, proc.pid, "prog", proc.table.address, users, True, 0  # noqa: FBT003
            )
        )
        proc.table.users -= 1
        if not proc.table.users:
            for fd in sorted(proc.table.fds):
                self._remove(proc, fd)
        del self.procs[proc.pid]

    def send_fd(self, proc: Proc, fd: int) -> None:
        """Put a descriptor into a message: sendmsg(2), SCM_RIGHTS."""
        file = proc.table.fds[fd]
        file.refs += 1
        self.flight.append(file)
        self.events.append(
            Passed(
                self.tick(),
                proc.pid,
                proc.pid,
                fd,
                False,  # noqa: FBT003
                file.info(file.refs),
                proc.table.address,
            )
        )

    def recv_fd(self, proc: Proc) -> int:
        """Take a descriptor out of a message: recvmsg(2)."""
        file = self.flight.pop(0)
        fd = proc.table.free()
        proc.table.fds[fd] = file
        self.events.append(
            Passed(
                self.tick(),
                proc.pid,
                proc.pid,
                fd,
                True,  # noqa: FBT003
                file.info(file.refs),
                proc.table.address,
            )
        )
        return fd

    # --- the truth --------------------------------------------------------------------------

    def open_inodes(self) -> set[int]:
        """Give the sockets that are open now."""
        return {file.inode for file in self.files if file.refs}

    def descriptors(self) -> set[tuple[int, int, int]]:
        """Give (table, number, inode) of all descriptors."""
        tables = {proc.table for proc in self.procs.values()}
        return {
            (table.address, fd, file.inode)
            for table in tables
            for fd, file in table.fds.items()
        }
