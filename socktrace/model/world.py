"""What is known at a moment: sockets, their holders, processes. Changed by lines alone.

Whoever feeds the same lines gets the same world: a replay shows what was shown live. Calls that
were folded into sums before they reached the model come in by `World.fold`; a call must come one
way or the other, never both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from socktrace.lines import (
    Descriptor,
    Folded,
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
from socktrace.model.holders import Holders
from socktrace.model.limits import Limits
from socktrace.model.options import NO_OPTIONS, note_call
from socktrace.model.process_lives import ProcessLife, ProcessLives
from socktrace.model.states import BOUND, CLOSED, CONNECTED, CONNECTING, CREATED, LISTENING

_STREAMS: Final = frozenset({"SOCK_STREAM", "SOCK_SEQPACKET"})
_BIRTHS: Final = frozenset({"socketpair", "accept", "accept4"})
_ORIGIN_ROLES: Final = {"accept": "accepted", "socketpair": "pair"}

CONNECT_FAILURES: Final = frozenset(
    "ECONNREFUSED ETIMEDOUT EHOSTUNREACH ENETUNREACH ECONNRESET ECONNABORTED EHOSTDOWN ENETDOWN"
    " EACCES EPERM EADDRNOTAVAIL".split()
)
"""How a connection attempt fails: connect(2), icmp(7), ip(7)."""


class Books(NamedTuple):
    """What a world keeps beside the lives of its sockets and processes."""

    t: int
    lost: int
    newest: int
    open: tuple[int, ...]
    closed: tuple[int, ...]
    unexplained: frozenset[int]
    gone: tuple[int, ...]
    forgotten: tuple[int, int, int]


class World:
    """The state of the model; ask it, and change it by `apply` and `fold` only."""

    def __init__(
        self, limits: Limits | None = None, on_evict: Callable[[int], None] | None = None
    ) -> None:
        """Start empty; ``on_evict`` is told the number of each socket that is forgotten."""
        self.limits: Final = limits or Limits()
        self.sockets: Final[dict[int, SocketLife]] = {}
        self._people: Final = ProcessLives(self.limits.gone_processes)
        self.processes: Final[dict[int, ProcessLife]] = self._people.by_pid
        self.t = 0
        """The latest moment that any line told of."""
        self.lost = 0
        """Events that were seen in the kernel and not delivered."""
        self._on_evict: Final = on_evict
        self._newest = 0
        self._history: Final = self.limits.history
        self._holders: Final = Holders(self._history)
        self._open: Final[dict[int, None]] = {}
        self._closed: Final[dict[int, None]] = {}
        self._closed_evicted = 0
        self._unheld_evicted = 0
        self._states_forgotten = 0
        self._unexplained: Final[set[int]] = set()
        """Sockets whose connection attempt failed in the background, for reasons not read yet."""
        self._appliers: Final[dict[type, Callable[[Any], None]]] = {
            Syscall: self._syscall,
            Folded: self._folded,
            Socket: self._socket,
            State: self._state,
            Descriptor: self._descriptor,
            Process: self._people.take,
            TcpEvent: self._tcp,
            Sample: self._sample,
            Lost: self._lost,
        }

    def apply(self, line: Line) -> None:
        """Take in one line; a header, a finding or an end changes nothing."""
        told: Any = line
        applier = self._appliers.get(type(line))
        if applier is None:
            return
        applier(told)
        t: int = told.t
        if t > self.t:  # noqa: PLR1730 - max() would cost as much as some lines do altogether
            self.t = t

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

    @property
    def open_count(self) -> int:
        """How many sockets are not closed."""
        return len(self._open)

    def closed_sockets(self) -> list[SocketLife]:
        """Give the lives of all closed sockets still remembered, in order of their end."""
        return [self.sockets[number] for number in self._closed]

    def holders(self, socket_id: int) -> list[tuple[int, int]]:
        """Give (pid, descriptor) of each descriptor that names the socket now."""
        life = self.sockets.get(socket_id)
        return self._holders.of(life) if life is not None else []

    @property
    def evicted(self) -> int:
        """Sockets forgotten because `Limits` left no room."""
        return self._closed_evicted + self._unheld_evicted

    @property
    def evictions(self) -> Mapping[str, int]:
        """What was forgotten because `Limits` left no room: how much, by the limit's name."""
        return {
            "closed_sockets": self._closed_evicted,
            "unheld_sockets": self._unheld_evicted,
            "gone_processes": self._people.forgotten,
            "history": self._holders.forgotten + self._states_forgotten,
        }

    # --- copies: see `checkpoints` ----------------------------------------------------------

    @property
    def newest(self) -> int:
        """The socket that was told of last."""
        return self._newest

    def books(self) -> Books:
        """Copy what is kept beside the lives of sockets and processes."""
        return Books(
            t=self.t,
            lost=self.lost,
            newest=self._newest,
            open=tuple(self._open),
            closed=tuple(self._closed),
            unexplained=frozenset(self._unexplained),
            gone=self._people.gone,
            forgotten=(self._closed_evicted, self._unheld_evicted, self._states_forgotten),
        )

    def take_over(
        self,
        sockets: Mapping[int, SocketLife],
        processes: Mapping[int, ProcessLife],
        books: Books,
    ) -> None:
        """Become, from empty, the world of which these are; they are its own from now on."""
        self.sockets.update(sockets)
        for life in sockets.values():
            self._holders.adopt(life)
        self._people.take_over(processes, books.gone)
        self.t, self.lost, self._newest = books.t, books.lost, books.newest
        self._open.update(dict.fromkeys(books.open))
        self._closed.update(dict.fromkeys(books.closed))
        self._unexplained.update(books.unexplained)
        self._closed_evicted, self._unheld_evicted, self._states_forgotten = books.forgotten

    # --- lines ------------------------------------------------------------------------------

    def _socket(self, line: Socket) -> None:
        known = self.sockets.get(line.socket)
        if known is not None:
            _complete(known, line)
            return
        tcp = line.protocol == "IPPROTO_TCP" and line.origin == "socket"
        # By position: msgspec looks each name up among all 38 fields, and takes six times as long.
        self.sockets[line.socket] = SocketLife(
            line.socket,
            line.inode,
            line.family,
            line.type,
            line.protocol,
            line.origin,
            line.t,
            line.origin == "existing",  # born_before
            line.pid,
            line.listener,
            line.netns,
            line.local,
            line.remote,
            None,  # peer
            _ORIGIN_ROLES.get(line.origin, "unknown"),
            CREATED,
            "CLOSED" if tcp else None,
            line.established,
            line.accept_wait,
            None,  # closed
            [],  # states
            [],  # descriptors
            totals.NO_CALLS,
            NO_OPTIONS,
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
        states, to = life.states, line.to
        states.append(line)
        if len(states) > self._history:
            half = len(states) // 2
            del states[:half]
            self._states_forgotten += half
        if line.layer == "tcp":
            life.tcp_state = to
            return
        life.api_state = to
        if line.local is not None:
            life.local = line.local
        if line.remote is not None:
            life.remote = line.remote
        if line.peer is not None:
            self._pair(line.socket, line.peer)
        self._take_role(life, line)
        if to == CLOSED:
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
        if unheld and self._holders.any(self.sockets[oldest]):
            # Held: it stays, and goes to the back so that it is not asked about at every birth.
            among[oldest] = among.pop(oldest)
            return
        del among[oldest], self.sockets[oldest]
        self._holders.forget(oldest)
        self._unexplained.discard(oldest)
        if unheld:
            self._unheld_evicted += 1
        else:
            self._closed_evicted += 1
        if self._on_evict is not None:
            self._on_evict(oldest)

    def _descriptor(self, line: Descriptor) -> None:
        life = self.sockets.get(line.socket)
        if life is None:
            return
        if line.event == "opened":
            opened = None if line.via == "existing" else line.t
            holding = Holding(line.pid, line.fd, opened, line.via, None, None, line.inferred)
            self._holders.open(life, holding)
            return
        ended = self._holders.take(life, line.pid, line.fd)
        if ended is None:
            return
        ended.closed, ended.closed_via = line.t, line.via
        if line.inferred:
            ended.inferred = True

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

    def _folded(self, line: Folded) -> None:
        if line.socket is None:
            return
        self.fold(
            line.socket,
            line.call,
            line.count,
            line.bytes,
            line.time,
            line.errors,
            line.until,
            line.pid,
            eof_t=line.eof,
            empty_datagrams=line.empty,
            truncated=line.truncated,
            peeked=line.peeked,
            outgoing=line.outgoing,
        )

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
            # Its tcp_info, some 2 kB, stays in its line alone.
            life.sample = Sample(line.t, line.socket, line.receive_queue, line.send_queue)

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
