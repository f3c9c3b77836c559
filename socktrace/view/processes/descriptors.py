"""The descriptors of one process as they are now: its sockets, and what else /proc shows."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.lines import Holding, SocketLife
from socktrace.model.world import World
from socktrace.text import addresses
from socktrace.text.columns import pad
from socktrace.text.numbers import SECOND
from socktrace.view.look import Look
from socktrace.view.processes.person import Person
from socktrace.view.sockets import short
from socktrace.view.sockets.states import face
from socktrace.view.spans import Span, Spans, plain

AT_ONCE: Final = 4_000
"""Sockets looked at in one look."""
LONGEST: Final = 400
_NARROWEST: Final = 3

_KINDS: Final = (
    ("pipe:", "pipe"),
    ("anon_inode:[eventpoll]", "epoll"),
    ("anon_inode:[eventfd]", "eventfd"),
    ("anon_inode:[timerfd]", "timerfd"),
    ("anon_inode:[signalfd]", "signalfd"),
    ("anon_inode:inotify", "inotify"),
    ("anon_inode:[pidfd]", "pidfd"),
    ("anon_inode:[io_uring]", "io_uring"),
    ("anon_inode:bpf", "bpf"),
    ("anon_inode:", "anonymous"),
    ("socket:", "socket"),
    ("/dev/pts/", "terminal"),
    ("/dev/tty", "terminal"),
    ("/dev/", "device"),
    ("/memfd:", "memory"),
    ("/", "file"),
)
"""How the target of a link of /proc/PID/fd begins -> what it is."""


class Named(NamedTuple):
    """A descriptor of another kind, as /proc shows it."""

    fd: int
    target: str
    cloexec: bool | None


class Held(NamedTuple):
    """A descriptor that names a socket."""

    life: SocketLife
    holding: Holding


Entry = Held | Named


class Column(NamedTuple):
    """A column of the table."""

    name: str
    width: int


_FLEXIBLE: Final = "names"
_COLUMNS: Final = (
    Column("fd", 6),
    Column("kind", 13),
    Column(_FLEXIBLE, 30),
    Column("state", 14),
    Column("by", 12),
    Column("for", 7),
    Column("on exec", 7),
    Column("socket", 7),
)
"""As they stand."""
_GIVING_WAY: Final = ("on exec", "by", "for", "socket")
"""Those that go first where the screen is narrow."""


class DescriptorRows:
    """The rows: `socktrace.tui.widgets.row_list.Rows`. A row's key is the descriptor's number."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self.others: Sequence[Named] | None = None
        """What else is open, sockets among it; None: not known."""
        self._entries: dict[int, Entry] = {}
        self._order: list[int] = []
        self._fds: dict[int, tuple[int, ...]] = {}
        """Socket -> the descriptors by which the process holds it."""
        self._cloexec: dict[int, bool | None] = {}
        self._queue: dict[int, None] = {}
        self._places: dict[int, int] = {}
        self._now = 0
        self._room = 80

    @property
    def sockets(self) -> int:
        """How many of the descriptors name sockets."""
        return sum(map(len, self._fds.values()))

    def choose(self, person: Person | None) -> None:
        """Show another process's descriptors."""
        self.pid = None if person is None else person.pid
        self.others = None
        self._queue = {} if person is None else dict.fromkeys(person.held)
        for table in (self._entries, self._fds, self._cloexec, self._places):
            table.clear()
        self._order = []

    def take(self, look: Look, person: Person | None, changed: set[int]) -> None:
        """Take in what changed: sockets that the process holds or held."""
        self._now = look.now
        if look.reset:
            self.choose(person)
        if person is None:
            return
        self._queue.update(dict.fromkeys(n for n in changed if n in person.held or n in self._fds))
        if not self._queue:
            return
        others = False
        for number in list(itertools.islice(self._queue, AT_ONCE)):
            del self._queue[number]
            others |= self._see(number, look.world, person.pid)
        if others:
            self._put_in_order()

    def show_others(self, others: Sequence[Named] | None) -> None:
        """Take what /proc showed: of sockets, whether exec closes them; of the others, all."""
        self.others = others
        for fd in self._named():
            del self._entries[fd]
        self._cloexec = {each.fd: each.cloexec for each in others or ()}
        for each in others or ():
            if each.fd not in self._entries:
                self._entries[each.fd] = each
        self._put_in_order()

    def entry(self, key: Hashable) -> Entry | None:
        """What a descriptor names."""
        return self._entries.get(key) if isinstance(key, int) else None

    def socket(self, key: Hashable) -> int | None:
        """The socket that a descriptor names."""
        entry = self.entry(key)
        return entry.life.socket if isinstance(entry, Held) else None

    def _named(self) -> set[int]:
        return {fd for fd, entry in self._entries.items() if isinstance(entry, Named)}

    def _see(self, number: int, world: World, pid: int) -> bool:
        """Look at one socket; True if others of the process's descriptors name it than before."""
        before = self._fds.pop(number, ())
        for fd in before:
            entry = self._entries.get(fd)
            if isinstance(entry, Held) and entry.life.socket == number:
                del self._entries[fd]
        life = world.sockets.get(number)
        held = [] if life is None else life.descriptors
        fds = tuple(h.fd for h in held if h.pid == pid and h.closed is None)
        if life is not None and fds:
            self._entries.update(
                (h.fd, Held(life, h)) for h in held if h.pid == pid and h.closed is None
            )
            self._fds[number] = fds
        return fds != before

    def _put_in_order(self) -> None:
        self._order = sorted(self._entries)
        self._places = {fd: place for place, fd in enumerate(self._order)}

    # --- rows -------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many descriptors are known."""
        return len(self._order)

    def key(self, index: int) -> int:
        """The descriptor."""
        return self._order[index]

    def index(self, key: Hashable) -> int | None:
        """Where a descriptor stands."""
        return self._places.get(key) if isinstance(key, int) else None

    def version(self, index: int) -> Hashable:
        """Changes with what is told of it."""
        fd = self._order[index]
        entry = self._entries.get(fd)
        if not isinstance(entry, Held):
            return (self.pid, entry, self._room)
        life = entry.life
        ends = (life.local, life.remote, life.api_state, life.tcp_state, life.closed)
        return (self.pid, life.socket, ends, self._cloexec.get(fd), self._now // SECOND, self._room)

    def width(self, room: int) -> int:
        """As wide as there is room."""
        self._room = room
        return room

    def header(self, width: int) -> Spans:
        """The titles."""
        del width
        titles: dict[str, Span] = {column.name: (column.name, "heading") for column in _COLUMNS}
        return _row(titles, self._room)

    def line(self, index: int, width: int) -> Spans:
        """One descriptor."""
        del width
        fd = self._order[index]
        entry = self._entries.get(fd)
        if entry is None:
            return []
        cells: dict[str, Span] = {"fd": (str(fd), "number")}
        cells["on exec"] = (_on_exec(self._cloexec.get(fd)), "plain")
        if isinstance(entry, Held):
            cells |= self._socket(entry)
        else:
            cells["kind"] = (kind_of(entry.target), "faint")
            cells[_FLEXIBLE] = (printable(entry.target, LONGEST), "faint")
        return _row(cells, self._room)

    def _socket(self, held: Held) -> dict[str, Span]:
        life, holding = held
        state = face(life.api_state, life.tcp_state, life.connect_error)
        since = max(self._now - (life.created if holding.opened is None else holding.opened), 0)
        older = ">" if holding.opened is None else ""
        inferred = holding.inferred
        return {
            "kind": (addresses.kind(life), "plain"),
            _FLEXIBLE: (addresses.ends(life.local, life.remote), "address"),
            "state": (state.text, state.role),
            "by": (
                printable(holding.via, LONGEST) + ("?" if inferred else ""),
                "inferred" if inferred else "plain",
            ),
            "for": (older + short.span(since), "number"),
            "socket": (addresses.sign(life.socket), "socket"),
        }

    def text(self, key: Hashable) -> str:
        """A row as text, for the clipboard."""
        index = self.index(key)
        return "" if index is None else plain(self.line(index, 200)).rstrip()


def kind_of(target: str) -> str:
    """What a descriptor names that is no socket: "file", "pipe", "epoll"."""
    return next((kind for start, kind in _KINDS if target.startswith(start)), "other")


def _on_exec(cloexec: bool | None) -> str:  # noqa: FBT001 - a cell
    return "" if cloexec is None else "closes" if cloexec else "stays"


@lru_cache(maxsize=64)
def _layout(width: int) -> tuple[tuple[str, int], ...]:
    left = {column.name: column.width for column in _COLUMNS}
    for name in _GIVING_WAY:
        if sum(left.values()) + len(left) - 1 > width:
            del left[name]
    rest = width - sum(wide for name, wide in left.items() if name != _FLEXIBLE) - len(left) + 1
    left[_FLEXIBLE] = max(rest, _NARROWEST)
    return tuple(left.items())


def _row(cells: Mapping[str, Span], width: int) -> Spans:
    line: list[Span] = []
    for name, wide in _layout(width):
        text, role = cells.get(name, ("", "plain"))
        line += [(pad(text, wide, right=name in {"fd", "for"}), role), (" ", "plain")]
    return line[:-1]
