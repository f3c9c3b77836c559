"""What is kept of a socket's life, to be shown when the source is no longer held.

Numbers that change with each call stand in arrays (`store`); this is the rest, taken anew when a
line told that it changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from socktrace.lines import Address, SocketLife
from socktrace.model.filters import ProcessFacts
from socktrace.model.world import World
from socktrace.view.sockets.outside import Outside


class Facts(NamedTuple):
    """A socket, as it was when it was last looked at."""

    socket: int
    inode: int
    family: str
    type: str
    protocol: str
    listener: int | None
    netns: int | None
    local: Address | None
    remote: Address | None
    peer: int | None
    role: str
    api_state: str
    tcp_state: str | None
    connect_error: str | None
    born_before: bool
    origin: str
    holders: tuple[tuple[int, int], ...]
    """(pid, descriptor) of each that names it now; of a closed one, of those that did at last."""
    pid: int | None
    """The process it is shown with: who holds it, else who used it last, else who made it."""
    process: ProcessFacts

    @property
    def fd(self) -> int | None:
        """The first descriptor of that process."""
        return next((fd for pid, fd in self.holders if pid == self.pid), None)


_COPIED: Final = attrgetter(*Facts._fields[:16])
NOBODY: Final = ProcessFacts()


def facts_of(life: SocketLife, world: World, people: People) -> Facts:
    """Take the facts of a socket."""
    if life.closed is None:
        holders = tuple(world.holders(life.socket))
    else:
        held = life.descriptors
        holders = ((held[-1].pid, held[-1].fd),) if held else ()
    pid = holders[0][0] if holders else life.last_used_by or life.pid
    process = NOBODY if pid is None else people.of(pid)
    return Facts._make((*_COPIED(life), holders, pid, process))


class People(Mapping[int, ProcessFacts]):
    """What filters and cells ask of processes, the same object as long as nothing changes."""

    def __init__(self, outside: Outside) -> None:
        self.world: World | None = None
        """Where processes are looked up."""
        self._outside = outside
        self.renamed: set[int] = set()
        """Processes that were found to have another name than before."""
        self._known: dict[int, ProcessFacts] = {}
        self._containers: dict[str, str | None] = {}

    def of(self, pid: int) -> ProcessFacts:
        """Give what is known of a process; to be called while the source is held."""
        known = self._known.get(pid)
        life = self.world.processes.get(pid) if self.world is not None else None
        if life is None:
            return known or NOBODY
        if known is not None:
            if (known.comm, known.uid, known.cgroup) == (life.comm, life.uid, life.cgroup):
                return known
            self.renamed.add(pid)
        elif len(self._known) > _MOST:
            self._known.clear()
        found = ProcessFacts(life.comm, life.uid, life.cgroup, self._container(life.cgroup))
        self._known[pid] = found
        return found

    def _container(self, cgroup: str | None) -> str | None:
        if not cgroup:
            return None
        if cgroup not in self._containers:
            if len(self._containers) > _MOST:
                self._containers.clear()
            self._containers[cgroup] = self._outside.container(cgroup)
        return self._containers[cgroup]

    def __getitem__(self, pid: int) -> ProcessFacts:
        return self.of(pid)

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


_MOST: Final = 50_000
"""Processes, and control groups, that are remembered; beyond that all are asked for anew."""
