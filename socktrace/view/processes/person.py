"""A process that has to do with sockets, and its sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from socktrace.lines import Blocked
from socktrace.model.filters import ProcessFacts
from socktrace.model.process_lives import ProcessLife
from socktrace.view.sockets.outside import Outside

OTHER: Final = 0
LISTENS: Final = 1
CONNECTS: Final = 2
"""What a socket is counted as."""


class Person:
    """A process and its sums."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "calls",
        "container",
        "errors",
        "fitting",
        "flow",
        "held",
        "life",
        "longest",
        "moved",
        "pid",
        "rates",
        "told",
        "version",
        "waiting",
    )

    def __init__(self, pid: int, life: ProcessLife | None, container: str | None) -> None:
        self.pid, self.life = pid, life
        self.container = container
        self.told = 0 if life is None else life.told
        """When the last line told of it."""
        self.held: dict[int, int] = {}
        """Number of each socket it holds -> `OTHER`, `LISTENS` or `CONNECTS`."""
        self.bytes_in = self.bytes_out = self.calls = self.errors = 0
        self.fitting = 0
        """Of its sockets, how many fit the filter."""
        self.waiting = 0
        """Threads of it that are blocked in a call on sockets now."""
        self.longest: Blocked | None = None
        """The call that one of them has waited in longest."""
        self.flow = (0, 0, 0)
        """Bytes in, bytes out and calls since it was first seen here: for the rates."""
        self.moved: list[tuple[int, int, int, int]] = []
        """The same at some moments, the moment first."""
        self.rates = (0.0, 0.0, 0.0)
        """Of these three, a second."""
        self.version = 0
        """Changes with everything above."""

    @property
    def ended(self) -> int | None:
        """When it ended."""
        return None if self.life is None else self.life.ended

    @property
    def comm(self) -> str | None:
        """The name of its program."""
        return None if self.life is None else self.life.comm


class Share:
    """What one socket adds to the sums of processes."""

    __slots__ = ("bytes_in", "bytes_out", "calls", "errors", "fits", "kind", "open", "people")

    def __init__(self, people: tuple[Person, ...], kind: int, *, is_open: bool, fits: bool) -> None:
        self.people, self.kind = people, kind
        self.open, self.fits = is_open, fits
        self.bytes_in = self.bytes_out = self.calls = self.errors = 0


class Facts(Mapping[int, ProcessFacts]):
    """What filters ask of processes, looked up when they ask."""

    def __init__(self, outside: Outside) -> None:
        self.lives: Mapping[int, ProcessLife] = {}
        self._container_of: Final = lru_cache(maxsize=4_096)(outside.container)

    def container(self, life: ProcessLife | None) -> str | None:
        """The container that a process runs in."""
        return self._container_of(life.cgroup) if life is not None and life.cgroup else None

    def __getitem__(self, pid: int) -> ProcessFacts:
        life = self.lives[pid]
        return ProcessFacts(life.comm, life.uid, life.cgroup, self.container(life))

    def __iter__(self) -> Iterator[int]:
        return iter(self.lives)

    def __len__(self) -> int:
        return len(self.lives)
