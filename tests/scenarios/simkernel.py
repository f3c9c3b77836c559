"""A small kernel of our own: processes, descriptor tables and sockets, and the events they cause.

It is written from the manual pages, not from the model, so that the two can be compared. It keeps
open files with true reference counts; what it does is put into ``events`` as the probes tell it.
"""

from __future__ import annotations

import struct

from socktrace.events import Exec, Exit, Fork, Passed, TcpSegment
from socktrace.lines import Address
from tests.scenarios.simmachine import Machine
from tests.scenarios.simobjects import (
    AF_INET,
    AF_UNIX,
    CLOEXEC,
    CLOSE,
    CLOSE_WAIT,
    EST,
    FIN1,
    HOST,
    LAST_ACK,
    LISTEN,
    STREAM,
    SYN_RECV,
    SYN_SENT,
    FdTable,
    File,
    Proc,
)


class Kernel(Machine):
    """The machine; each method is a system call made by a process."""

    def socket(self, proc: Proc, family: int, type_: int, *, cloexec: bool = False) -> int:
        """Make a socket."""
        file = self.file(family, type_)
        fd = proc.table.free()
        self.install(proc.table, fd, file, cloexec=cloexec)
        raw = (family, type_ | (CLOEXEC if cloexec else 0), 0)
        self.call(proc, "socket", -1, fd, raw, sock=file.info(1))
        return fd

    def socketpair(self, proc: Proc) -> tuple[int, int]:
        """Make a pair."""
        one, two = self.file(AF_UNIX, STREAM), self.file(AF_UNIX, STREAM)
        one.peer, two.peer = two, one
        one.tcp_state = two.tcp_state = EST
        first = proc.table.free()
        self.install(proc.table, first, one)
        second = proc.table.free()
        self.install(proc.table, second, two)
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
        """Bind to a port of the kernel's choice."""
        file = proc.table.fds[fd]
        asked = Address("AF_INET", ip=HOST, port=0)
        ok = file.family == AF_INET and file.local is None
        if ok:
            file.local = Address("AF_INET", ip=HOST, port=next(self.ports))
        self.call(proc, "bind", fd, 0 if ok else -22, (fd, 0, 16), sock=file.info(2), addr=asked)
        return 0 if ok else -22

    def listen(self, proc: Proc, fd: int) -> None:
        """Listen, on a port of the kernel's choice if unbound."""
        file = proc.table.fds[fd]
        start = self.tick()
        if not file.tcp or file.tcp_state not in {CLOSE, LISTEN} or file.remote is not None:
            self.call(proc, "listen", fd, -95, (fd, 8), start=start, sock=file.info(2))
            return
        if file.local is None:
            file.local = Address("AF_INET", ip=HOST, port=next(self.ports))
        if file.tcp_state == CLOSE:
            self.tcp_state(file, LISTEN, proc=proc, call="listen", start=start)
        self.call(proc, "listen", fd, 0, (fd, 8), start=start, sock=file.info(2))

    def connect(
        self, proc: Proc, fd: int, target: File | None, *, nonblocking: bool = False
    ) -> int:
        """Connect to a listener, or to a port where nobody listens (None)."""
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
        file.local = had or Address("AF_INET", ip=HOST, port=next(self.ports))
        file.remote = addr
        self.tcp_state(file, SYN_SENT, proc=proc, call="connect", start=start)
        ret = -115 if nonblocking else 0
        if heard and target is not None:
            child = File(0, next(self.addresses), AF_INET, STREAM, graft=False)
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
        file.inode, file.graft = next(self.inodes), True
        self.files.append(file)
        new = proc.table.free()
        self.install(proc.table, new, file, cloexec=True)
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
        """Shut the sending half."""
        file = proc.table.fds[fd]
        start = self.tick()
        paired = file.family == AF_UNIX and file.peer is not None
        alive = file.tcp and file.tcp_state in {EST, CLOSE_WAIT}
        if file.tcp and file.tcp_state == EST:
            self.tcp_state(file, FIN1, proc=proc, call="shutdown", start=start)
            self.fin(file)
        elif file.tcp and file.tcp_state == CLOSE_WAIT:
            self.tcp_state(file, LAST_ACK, proc=proc, call="shutdown", start=start)
            self.fin(file)
        ret = 0 if paired or alive else -107
        self.call(proc, "shutdown", fd, ret, (fd, 1), start=start, sock=file.info(2))

    def send(self, proc: Proc, fd: int) -> None:
        """Send a few bytes: write(2)."""
        self.call(proc, "write", fd, 5, (fd, 0, 5), sock=proc.table.fds[fd].info(2))

    def dup(self, proc: Proc, fd: int) -> int:
        """Copy to the lowest free number."""
        file = proc.table.fds[fd]
        new = proc.table.free()
        self.install(proc.table, new, file)
        self.call(proc, "dup", fd, new, (fd,), sock=file.info(file.refs))
        return new

    def dup2(self, proc: Proc, fd: int, new: int, *, cloexec: bool = False) -> None:
        """Copy to a number of choice, closing what it named."""
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

    def _install_over(self, proc: Proc, new: int, file: File, start: int, *, cloexec: bool) -> None:
        file.refs += 1
        if new in proc.table.fds:
            self.remove(proc, new, call="dup2", start=start)
        file.refs -= 1
        self.install(proc.table, new, file, cloexec=cloexec)

    def dupfd(self, proc: Proc, fd: int, least: int, *, cloexec: bool) -> int:
        """Copy to a number not below: fcntl(2), F_DUPFD and F_DUPFD_CLOEXEC."""
        file = proc.table.fds[fd]
        new = proc.table.free(least)
        self.install(proc.table, new, file, cloexec=cloexec)
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
        """Close a descriptor."""
        start = self.tick()
        file = proc.table.fds[fd]
        info = file.info(file.refs)
        self.remove(proc, fd, call="close", start=start)
        self.call(proc, "close", fd, 0, (fd,), start=start, sock=info)

    def close_range(self, proc: Proc, first: int, last: int, *, flags: int = 0) -> None:
        """Close or mark a range."""
        start = self.tick()
        if flags & 2 and proc.table.users > 1:
            self._unshare(proc)
        for fd in [fd for fd in sorted(proc.table.fds) if first <= fd <= last]:
            if flags & 4:
                proc.table.cloexec.add(fd)
            else:
                self.remove(proc, fd, call="close_range", start=start)
        self.call(proc, "close_range", -1, 0, (first, last, flags), start=start)

    def _unshare(self, proc: Proc) -> None:
        old = proc.table
        old.users -= 1
        proc.table = FdTable(next(self.addresses), 1, dict(old.fds), set(old.cloexec))
        for file in proc.table.fds.values():
            file.refs += 1

    def fork(self, proc: Proc, *, share: bool = False) -> Proc:
        """Make a child with a copy of the table, or the same: clone(2), CLONE_FILES."""
        if share:
            table = proc.table
            table.users += 1
        else:
            old = proc.table
            table = FdTable(next(self.addresses), 1, dict(old.fds), set(old.cloexec))
            for file in table.fds.values():
                file.refs += 1
        child = Proc(next(self.pids), table)
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
            self.remove(proc, fd)
        self.events.append(
            Exec(self.tick(), proc.pid, proc.pid, "other", proc.table.address, ("other",))
        )

    def exit(self, proc: Proc) -> None:
        """End the process: exit_group(2)."""
        users = proc.table.users
        self.events.append(
            Exit(
                self.tick(),
                proc.pid,
                proc.pid,
                "prog",
                proc.table.address,
                users,
                last_thread=True,
                code=0,
            )
        )
        proc.table.users -= 1
        if not proc.table.users:
            for fd in sorted(proc.table.fds):
                self.remove(proc, fd)
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
