"""A source that tells lines when a test says so, and a recording of a program as one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from socktrace.lines import Blocked, Line
from socktrace.model.world import World
from socktrace.tracefile import open_recording
from socktrace.view.look import Look, Player, Recordings, Run, Status

TRACES = Path(__file__).parents[2] / "samples" / "traces"


class ScriptedFeed:
    """Tells what it is given by `tell`, at once; time goes on by `pass_time` and by lines."""

    source = "scripted"
    of_this_machine = False

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.world = World()
        self.now = 0
        self.player: Player | None = None
        self.recordings: Recordings | None = None
        self.focused: int | None = None
        self.blocked: Mapping[int, Sequence[Blocked]] = {}
        self.hidden: frozenset[int] = frozenset()
        self.state = Status("running")
        self.error: Exception | None = None
        self.closed = False
        self._fresh: list[Line | Run] = []
        self._changed: set[int] = set()
        self._reset = False
        self.tell(*lines)

    def tell(self, *lines: Line) -> None:
        """These happened."""
        for line in lines:
            self.world.apply(line)
            self.now = max(self.now, self.world.t)
            self._fresh.append(line)
            number = getattr(line, "socket", None)
            if number is not None:
                self._changed.add(number)

    def pass_time(self, ns: int) -> None:
        """Nothing happened for so long."""
        self.now += ns

    def reset(self, *lines: Line) -> None:
        """Another moment: the world of these lines."""
        self.world = World()
        self.now = 0
        self._fresh.clear()
        self._changed.clear()
        self._reset = True
        self.tell(*lines)

    def start(self) -> None:
        """Nothing is to be started."""

    @contextlib.contextmanager
    def look(self) -> Iterator[Look]:
        """Give what was told since."""
        fresh, changed, reset = self._fresh, self._changed, self._reset
        self._fresh, self._changed, self._reset = [], set(), False
        yield Look(
            self.world,
            self.now,
            changed,
            fresh,
            blocked=self.blocked,
            hidden=self.hidden,
            reset=reset,
        )

    def status(self) -> Status:
        """As the test says."""
        return self.state

    def failure(self) -> Exception | None:
        """As the test says."""
        return self.error

    def focus(self, socket: int | None) -> None:
        """Remember it for the test."""
        self.focused = socket

    def close(self) -> None:
        """Remember it for the test."""
        self.closed = True


def recorded(name: str) -> list[Line]:
    """The lines of a sample recording ("tcp_echo")."""
    with open_recording(str(TRACES / f"{name}.jsonl")) as recording:
        return list(recording)
