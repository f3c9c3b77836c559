"""The inside of the simulated kernel: open files with true reference counts, and a little TCP."""

from __future__ import annotations

from itertools import count

from socktrace.events import Call, Event, SocketInfo, TcpState
from socktrace.lines import Address
from tests.scenarios.simobjects import (
    CLOSE,
    CLOSE_WAIT,
    EST,
    FIN1,
    FIN2,
    LAST_ACK,
    LISTEN,
    SYN_SENT,
    FdTable,
    File,
    Proc,
)


class Machine:
    """Keeps what exists, and writes down what happens."""

    def __init__(self) -> None:
        """Start with nothing running."""
        self.events: list[Event] = []
        self.files: list[File] = []
        self.procs: dict[int, Proc] = {}
        self.flight: list[File] = []
        self._t = 1000
        self.pids = count(100)
        self.inodes = count(5000)
        self.addresses = count(0x1000, 0x40)
        self.ports = count(40000)

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
        proc = Proc(next(self.pids), FdTable(next(self.addresses)))
        self.procs[proc.pid] = proc
        return proc

    def file(self, family: int, type_: int) -> File:
        """Make a sock that no descriptor names yet."""
        file = File(next(self.inodes), next(self.addresses), family, type_)
        self.files.append(file)
        return file

    def install(self, table: FdTable, fd: int, file: File, *, cloexec: bool = False) -> None:
        """Let a number name a file."""
        table.fds[fd] = file
        file.refs += 1
        table.cloexec.discard(fd)
        if cloexec:
            table.cloexec.add(fd)

    def remove(self, proc: Proc, fd: int, *, call: str = "", start: int = 0) -> None:
        """Let a number name nothing; with the last of them the file goes."""
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
            self.fin(file)
        elif file.tcp_state == CLOSE_WAIT:
            self.tcp_state(file, LAST_ACK, proc=proc, call=call, start=start)
            file.graft = False
            self.fin(file)

    def fin(self, file: File) -> None:
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

    # --- the truth --------------------------------------------------------------------------

    def open_inodes(self) -> set[int]:
        """Give the sockets that are open now."""
        return {file.inode for file in self.files if file.refs}

    def descriptors(self) -> set[tuple[int, int, int]]:
        """Give (table, number, inode) of all descriptors."""
        tables = {proc.table for proc in self.procs.values()}
        return {
            (table.address, fd, file.inode) for table in tables for fd, file in table.fds.items()
        }
