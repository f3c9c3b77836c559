"""What a screen sees of its source, ten times a second: everything that is known at one moment.

A source keeps its model to itself but for the time of a look: whoever has one takes what it needs,
quickly, and lets go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, Self

from socktrace.lines import Blocked, Line, Syscall
from socktrace.model.world import World


class RunSum(NamedTuple):
    """Calls of one kind by one process among those of a run, added up."""

    call: str
    pid: int
    tid: int
    """The thread that made the last of them."""
    comm: str
    fd: int
    """The descriptor that the last of them was made on."""
    sockets: tuple[int, ...]
    """The sockets that they were made on: one, but where a run has calls on very many."""
    calls: int
    """How many they are."""
    bytes: int
    """Sum of the results of those that moved data."""
    errors: Mapping[str, int]
    """errno name -> how often."""
    first_t: int
    """When the first of them began."""
    last_t: int
    """When the last of them returned."""
    time: int
    """Sum of durations, ns."""


class Run(Protocol):
    """Data calls that returned one after another with nothing between them: `engine.datacalls`."""

    @property
    def size(self) -> int:
        """How many they are."""

    def lines(self) -> Iterable[Syscall]:
        """A line for each: takes some 2 us for each of them."""

    def joined(self, others: Sequence[Self]) -> Self:
        """These and others as one run."""

    def sums(self) -> Sequence[RunSum]:
        """What they come to: some 3 ms for 50,000 calls."""

    def singles(self, row: RunSum, most: int) -> Iterable[Syscall]:
        """A line for each of those that one of `sums` adds up, but no more than ``most``."""


class Look(NamedTuple):
    """What a source knows at one moment. To be read only, and only while it is held."""

    world: World
    now: int
    """ns since time 0 of the source."""
    changed: Collection[int]
    """Numbers of the sockets of which anything was told since the look before: new ones, and
    closed and forgotten ones too."""
    fresh: Sequence[Line | Run]
    """What was told since the look before, in order; calls that were only added up among it."""
    skipped: int = 0
    """Lines that were told and are not in ``fresh``, since there was no room for them."""
    blocked: Mapping[int, Sequence[Blocked]] = {}
    """Socket -> the calls that wait for it now, as of the last time that was asked."""
    hidden: frozenset[int] = frozenset()
    """Processes that are not to be shown: they show us (the terminal's side)."""
    reset: bool = False
    """Nothing of the looks before holds any more: another moment of a recording was chosen."""


class Status(NamedTuple):
    """How a source is doing. Cheap, and to be had without holding it."""

    phase: Literal["starting", "listing", "running", "ended", "failed"]
    calls: int = 0
    """System calls seen so far."""
    lost: int = 0
    """Events lost so far."""
    behind: float = 0.0
    """Seconds for which what has come waits already to be interpreted."""
    notes: tuple[str, ...] = ()
    """What cannot be seen here and why, in sentences."""
    doing: str = ""
    """What takes long just now: "compiling the probes"; empty: nothing."""
    recording: str | None = None
    """The file that is being recorded to."""
    recorded: int = 0
    """Events written to it."""


class Marks(NamedTuple):
    """What a time line shows of a recording, in as many parts as were asked for."""

    calls: Sequence[int]
    errors: Sequence[int]
    born: Sequence[int]
    closed: Sequence[int]
    findings: Sequence[int]


class Player(Protocol):
    """Moves through a recording. Times are ns since the recording began."""

    playing: bool
    skip_idle: bool
    """Whether time in which nothing happens is skipped while playing."""

    @property
    def began(self) -> datetime | None:
        """When the recording began, UTC; None if it does not say."""

    @property
    def start(self) -> int:
        """The moment of the first line."""

    @property
    def end(self) -> int:
        """The moment of the last line, as far as it has been read."""

    @property
    def now(self) -> int:
        """The moment that is shown."""

    @property
    def speed(self) -> float:
        """1.0: as fast as it happened."""

    @speed.setter
    def speed(self, value: float) -> None: ...

    def play(self) -> None:
        """Go on from here; from the beginning where it is over."""

    def pause(self) -> None:
        """Stay at this moment."""

    def seek(self, t: int) -> None:
        """Go to a moment."""

    def step(self, count: int) -> None:
        """Go forward by so many events (calls, states, ...), or back if it is below zero."""

    def birth(self, socket: int) -> int | None:
        """The moment at which a socket was told of first; None: not in what has been read."""

    def next_finding(self) -> int | None:
        """The moment of the first finding after this one, or of the first of all."""

    @property
    def findings(self) -> int:
        """How many findings there are."""

    def marks(self, parts: int) -> Marks:
        """What happened when."""


class Recordings(Protocol):
    """Writes what a live source tells to a file while it is watched."""

    def begin(self, path: str) -> None:
        """Begin with what is known now. RecordingError: it cannot be created."""

    def end(self) -> str | None:
        """End it: the file's name, None if none was being written."""

    @property
    def error(self) -> Exception | None:
        """Why the last one ended before its time."""


class Feed(Protocol):
    """A source of sockets for a screen."""

    source: str
    """What the header calls it: "eBPF", "recording NAME", "sock_diag only"."""
    of_this_machine: bool
    """Its processes are those that /proc has now; a recording may be of another machine."""
    player: Player | None
    """For a recording."""
    recordings: Recordings | None
    """For a live source."""

    def start(self) -> None:
        """Begin; returns at once, what takes long goes on in threads."""

    def look(self) -> AbstractContextManager[Look]:
        """Hold the source for a moment. What changed is given once: to whoever looks first."""

    def status(self) -> Status:
        """How it is doing."""

    def failure(self) -> Exception | None:
        """Why it ended before its time."""

    def focus(self, socket: int | None) -> None:
        """Sample this socket's queues and tcp_info more often than others (twice a second)."""

    def close(self) -> None:
        """End at once, and let go of everything."""


def lines_of(fresh: Iterable[Line | Run]) -> Iterator[Line]:
    """Every line of what is fresh, runs taken apart: for tests and for small amounts."""
    for item in fresh:
        if isinstance(item, Line):
            yield item
        else:
            yield from item.lines()
