"""What is known at a moment: sockets, their holders, processes. Changed by lines alone.

Whoever feeds the same lines gets the same world: a replay shows what was shown live. Calls that
were folded into sums before they reached the model come in by `World.fold`; a call must come one
way or the other, never both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from socktrace.lines import (
    Descriptor,
    Holding,
    Line,
    Lost,
    Process,
    Sample,
    Socket,
    SocketLife,
    State,
    Syscall,
    TcpEvent,
)
from socktrace.model import totals
from socktrace.model.limits import Limits
from socktrace.model.options import note_call
from socktrace.model.states import BOUND, CLOSED, CONNECTED, CONNECTING, CREATED, LISTENING

_STREAMS: Final = frozenset({"SOCK_STREAM", "SOCK_SEQPACKET"})
_BIRTHS: Final = frozenset({"socketpair", "accept", "accept4"})
_ORIGIN_ROLES: Final = {"accept": "accepted", "socketpair": "pair"}

CONNECT_FAILURES: Final = frozenset(
    "ECONNREFUSED ETIMEDOUT EHOSTUNREACH ENETUNREACH ECONNRESET ECONNABORTED EHOSTDOWN ENETDOWN"
    " EACCES EPERM EADDRNOTAVAIL".split()
)
"""How a connection attempt fails: connect(2), icmp(7), ip(7)."""


class ProcessLife(msgspec.Struct):
    """A process, as far as its lines told."""

    pid: int
    appeared: int
    ppid: int | None = None
    comm: str | None = None
    cmdline: list[str] | None = None
    uid: int | None = None
    cgroup: str | None = None
    netns: int | None = None
    ended: int | None = None
    exit_code: int | None = None
    signal: str | None = None


class World:
    """The state of the model; ask it, and change it by `apply` and `fold` only."""

    def __init__(
        self, limits: Limits | None = None, on_evict: Callable[[int], None] | None = None
    ) -> None:
        """Start empty; ``on_evict`` is told the number of each socket that is forgotten."""
        self.limits: Final = limits or Limits()
        self.sockets: Final[dict[int, SocketLife]] = {}
        self.processes: Final[dict[int, ProcessLife]] = {}
        self.t = 0
        """The latest moment that any line told of."""
        self.lost = 0
        """Events that were seen in the kernel and not delivered."""
        self.evicted = 0
        """Sockets forgotten because `Limits` left no room."""
        self._on_evict: Final = on_evict
        self._newest = 0
        self._holders: Final[dict[int, dict[tuple[int, int], list[Holding]]]] = {}
        self._open: Final[dict[int, None]] = {}
        self._closed: Final[dict[int, None]] = {}
        self._gone: Final[dict[int, None]] = {}
        self._unexplained: Final[set[int]] = set()
        """Sockets whose connection attempt failed in the background, for reasons not read yet."""
        self._appliers: Final[dict[type, Callable[[Any], None]]] = {
            Syscall: self._syscall,
            Socket: self._socket,
            State: self._state,
            Descriptor: self._descriptor,
            Process: self._process,
            TcpEvent: self._tcp,
            Sample: self._sample,
            Lost: self._lost,
        }

    def apply(self, line: Line) -> None:
        """Take in one line; a header, a finding or an end changes nothing."""
        applier = self._appliers.get(type(line))
        if applier is None:
            return
        applier(line)
        t: int = getattr(line, "t", 0)
        self.t = max(self.t, t)

    def fold(  # noqa: PLR0913, PLR0917 - the columns of a row
        self,
        socket_id: int,
        call_name: str,
        count: int,
        bytes: int,  # noqa: A002 - the name it has in CallTotals
        time_ns: int,
        errors: Mapping[str, int],
        last_t: int,
        last_pid: int,
        *,
        eof_t: int | None = None,
        empty_datagrams: int = 0,
        truncated: int = 0,
        peeked: int = 0,
        outgoing: bool = False,
    ) -> None:
        """Take in many data calls of one kind on one socket; see `folds.DataFold`."""
        life = self.sockets.get(socket_id)
        if life is None:
            return
        totals.add_fold(
            life,
            call_name,
            count=count,
            bytes_=bytes,
            time_ns=time_ns,
            errors=errors,
            last_t=last_t,
            last_pid=last_pid,
            eof_t=eof_t,
            empty_datagrams=empty_datagrams,
            truncated=truncated,
            peeked=peeked,
            outgoing=outgoing,
        )
        for name in errors:
            self._explain(life, name)
        self.t = max(self.t, last_t)

    # --- questions --------------------------------------------------------------------------

    def life(self, socket_id: int) -> SocketLife:
        """Give a socket's whole life; KeyError when there is none (any more)."""
        return self.sockets[socket_id]

    def open_sockets(self) -> list[SocketLife]:
        """Give the lives of all sockets that are not closed, oldest first."""
        return [self.sockets[number] for number in self._open]

    def closed_sockets(self) -> list[SocketLife]:
        """Give the lives of all closed sockets still remembered, in order of their end."""
        return [self.sockets[number] for number in self._closed]

    def holders(self, socket_id: int) -> list[tuple[int, int]]:
        """Give (pid, descriptor) of each descriptor that names the socket now."""
        held = self._holders.get(socket_id, {})
        return [key for key, holdings in held.items() for _ in holdings]

    # --- lines ------------------------------------------------------------------------------

    def _socket(self, line: Socket) -> None:
        known = self.sockets.get(line.socket)
        if known is not None:
            _complete(known, line)
            return
        tcp = line.protocol == "IPPROTO_TCP" and line.origin == "socket"
        self.sockets[line.socket] = SocketLife(
            socket=line.socket,
            inode=line.inode,
            family=line.family,
            type=line.type,
            protocol=line.protocol,
            origin=line.origin,
            created=line.t,
            born_before=line.origin == "existing",
            pid=line.pid,
            listener=line.listener,
            netns=line.netns,
            local=line.local,
            remote=line.remote,
            role=_ORIGIN_ROLES.get(line.origin, "unknown"),
            tcp_state="CLOSED" if tcp else None,
            established=line.established,
            accept_wait=line.accept_wait,
        )
        self._open[line.socket] = None
        self._newest = line.socket
        if line.peer is not None:
            self._pair(line.socket, line.peer)
        self._evict(self._open, self.limits.unheld_sockets, unheld=True)

    def _pair(self, socket_id: int, peer_id: int) -> None:
        """Let both ends know each other, where being a peer is mutual.

        A datagram socket of AF_UNIX that is connected says nothing of the other's association.
        """
        life, peer = self.sockets.get(socket_id), self.sockets.get(peer_id)
        if life is None:
            return
        life.peer = peer_id
        one_way = life.family == "AF_UNIX" and life.type == "SOCK_DGRAM"
        if peer is not None and peer.peer is None and (not one_way or life.origin == "socketpair"):
            peer.peer = socket_id

    def _state(self, line: State) -> None:
        life = self.sockets.get(line.socket)
        if life is None:
            return
        life.states.append(line)
        if len(life.states) > self.limits.history:
            del life.states[: self.limits.history // 2]
        if line.layer == "tcp":
            life.tcp_state = line.to
            return
        life.api_state = line.to
        if line.local is not None:
            life.local = line.local
        if line.remote is not None:
            life.remote = line.remote
        if line.peer is not None:
            self._pair(line.socket, line.peer)
        self._take_role(life, line)
        if line.to == CLOSED:
            self._close(life, line.t)
        elif line.from_ == CLOSED:
            self._reopen(life)
        else:
            self._note_attempt(life, line)

    def _note_attempt(self, life: SocketLife, line: State) -> None:
        if line.from_ == CONNECTING and line.to in {CREATED, BOUND}:
            if line.cause == "kernel":
                self._unexplained.add(line.socket)
            elif life.connect_error is None:
                life.connect_error = life.pending_error
        elif line.to in {CONNECTING, CONNECTED}:
            life.connect_error = None
            if line.to == CONNECTING:
                life.pending_error = None
            self._unexplained.discard(line.socket)

    def _take_role(self, life: SocketLife, line: State) -> None:
        if line.to == LISTENING:
            life.role = "listener"
        elif life.role == "unknown" and line.to in {CONNECTING, CONNECTED}:
            by_us = line.from_ is not None and life.type in _STREAMS
            life.role = "connector" if by_us else life.role

    def _reopen(self, life: SocketLife) -> None:
        life.closed = None
        self._closed.pop(life.socket, None)
        self._open[life.socket] = None

    def _close(self, life: SocketLife, t: int) -> None:
        life.closed = t
        self._open.pop(life.socket, None)
        self._unexplained.discard(life.socket)
        self._closed[life.socket] = None
        self._evict(self._closed, self.limits.closed_sockets)

    def _evict(self, among: dict[int, None], limit: int, *, unheld: bool = False) -> None:
        if len(among) <= limit:
            return
        oldest = next(iter(among))
        if unheld and self._holders.get(oldest):
            # Held: it stays, and goes to the back so that it is not asked about at every birth.
            among[oldest] = among.pop(oldest)
            return
        del among[oldest], self.sockets[oldest]
        self._holders.pop(oldest, None)
        self._unexplained.discard(oldest)
        self.evicted += 1
        if self._on_evict is not None:
            self._on_evict(oldest)

    def _descriptor(self, line: Descriptor) -> None:
        life = self.sockets.get(line.socket)
        if life is None:
            return
        held = self._holders.setdefault(line.socket, {})
        key = (line.pid, line.fd)
        if line.event == "opened":
            opened = None if line.via == "existing" else line.t
            holding = Holding(line.pid, line.fd, opened, line.via, inferred=line.inferred)
            held.setdefault(key, []).append(holding)
            life.descriptors.append(holding)
            if len(life.descriptors) > self.limits.history:
                _trim(life)
            return
        holdings = held.get(key)
        if not holdings:
            return
        holding = holdings.pop()
        holding.closed, holding.closed_via = line.t, line.via
        if line.inferred:
            holding.inferred = True
        if not holdings:
            del held[key]

    def _syscall(self, line: Syscall) -> None:
        life = self.sockets.get(line.socket) if line.socket is not None else None
        if life is None:
            return
        totals.count_line(life, line)
        note_call(life, line)
        if line.call in _BIRTHS and line.ret >= 0:
            self._born(life, line)
        if line.errno is not None:
            self._explain(life, line.errno)
        elif line.call == "getsockopt" and line.args.get("optname") == "SO_ERROR":
            value = line.args.get("optval")
            if isinstance(value, str):
                life.pending_error = value
                self._explain(life, value)

    def _born(self, life: SocketLife, line: Syscall) -> None:
        """Tell a new socket how it was asked for: its own line has come just before."""
        if line.call == "socketpair":
            made = [life, self.sockets.get(life.peer) if life.peer is not None else None]
        else:
            born = self.sockets.get(self._newest)
            made = [born] if born is not None and born.listener == life.socket else []
        flags = totals.names_in(line.args.get("type") or line.args.get("flags"))
        for each in made:
            if each is not None:
                each.nonblocking = "SOCK_NONBLOCK" in flags

    def _explain(self, life: SocketLife, errno: str) -> None:
        """Keep the error by which a call told why a connection attempt failed before it."""
        if life.socket in self._unexplained and errno in CONNECT_FAILURES:
            life.connect_error = life.pending_error = errno
            self._unexplained.discard(life.socket)

    def _process(self, line: Process) -> None:
        life = self.processes.get(line.pid)
        if life is None or (life.ended is not None and line.event != "exit"):
            life = self.processes[line.pid] = ProcessLife(line.pid, line.t)
            self._gone.pop(line.pid, None)
        for field in ("ppid", "comm", "cmdline", "uid", "cgroup", "netns"):
            value = getattr(line, field)
            if value is not None:
                setattr(life, field, value)
        if line.event != "exit":
            return
        life.ended, life.exit_code, life.signal = line.t, line.exit_code, line.signal
        self._gone[line.pid] = None
        if len(self._gone) > self.limits.gone_processes:
            oldest = next(iter(self._gone))
            del self._gone[oldest], self.processes[oldest]

    def _tcp(self, line: TcpEvent) -> None:
        life = self.sockets.get(line.socket)
        if life is None:
            return
        if line.event == "retransmit":
            life.retransmits += 1
        else:
            life.resets += 1

    def _sample(self, line: Sample) -> None:
        life = self.sockets.get(line.socket)
        if life is not None:
            life.sample = line

    def _lost(self, line: Lost) -> None:
        self.lost += line.count
        life = self.sockets.get(line.socket) if line.socket is not None else None
        if life is None:
            return
        life.lost += line.count
        if line.call is not None:
            totals.add_lost(life, line)


def _complete(life: SocketLife, line: Socket) -> None:
    """Fill in what was not known when the socket first appeared."""
    life.family, life.type, life.protocol = line.family, line.type, line.protocol
    life.origin, life.born_before = line.origin, line.origin == "existing"
    if life.role == "unknown":
        life.role = _ORIGIN_ROLES.get(line.origin, "unknown")
    for field in ("pid", "netns", "local", "remote"):
        if getattr(life, field) is None:
            setattr(life, field, getattr(line, field))


def _trim(life: SocketLife) -> None:
    """Forget the older half of the descriptors, but not those that are open."""
    half = len(life.descriptors) // 2
    life.descriptors[:half] = [each for each in life.descriptors[:half] if each.closed is None]
