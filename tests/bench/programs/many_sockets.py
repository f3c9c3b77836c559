"""The terminal UI over many sockets, many of which change with each look. Not a tracer: a load.

usage: python many_sockets.py SOCKETS CHANGING CASE RESULT

Ends when it reads "q". RESULT is written then, as JSON, for each frame: when its tick began (by the
monotonic clock), ms from there until the screen has been drawn, and the CPU seconds that simulating
the sockets had taken by then. The ms are without simulating.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from socktrace.engine.garbage import relax_collector
from socktrace.lines import Address, Descriptor, Line, Process, Socket, State, Syscall
from socktrace.model.world import World
from socktrace.tui.app import SocktraceApp
from socktrace.tui.views.sockets import SocketsView
from socktrace.view.look import Look, Player, Recordings, Run, Status

PROCESSES: Final = 500
COMING: Final = 10
"""Sockets that come with each look, while as many of the oldest close."""
CASES: Final = ("by rate", "by remote address", "with a filter", "in groups")
FILTER: Final = "comm:worker-1* and lport:8080 and bytes>100"


class ManySockets:
    """A source with a world of its own, and time that goes on by the clock."""

    source = "scripted"
    of_this_machine = False
    player: Player | None = None
    recordings: Recordings | None = None

    def __init__(self, sockets: int, changing: int) -> None:
        self.world = World()
        self.spent = self.took = 0.0
        """Seconds that changing the sockets took: of CPU, and by the clock."""
        self._newest = self._oldest = 0
        choose = random.Random(1)  # noqa: S311 - a load, no secret
        # The oldest fifth is for closing. Chosen beforehand: that would take longer than changing.
        steady = range(sockets // 5, sockets + 1)
        self._chosen = itertools.cycle([choose.sample(steady, changing) for _ in range(40)])
        self._began = time.monotonic_ns()
        for pid in range(1, PROCESSES + 1):
            self.world.apply(Process(0, "seen", pid, comm=f"worker-{pid}", uid=pid % 5))
        for _ in range(sockets):
            self._come(0)

    def _come(self, t: int) -> list[Line]:
        self._newest += 1
        number, pid = self._newest, 1 + self._newest % PROCESSES
        local = Address("AF_INET", ip="10.0.0.1", port=8080)
        ip = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        remote = Address("AF_INET", ip=ip, port=1024 + number % 60_000)
        lines: list[Line] = [
            Socket(t, number, number, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "accept", pid=pid),
            State(t, number, "api", "created", "connected", "kernel", local=local, remote=remote),
            State(t, number, "tcp", "SYN-RECEIVED", "ESTABLISHED", "kernel"),
            Descriptor(t, number, pid, 3 + number % 1000, "opened", "accept4"),
        ]
        for line in lines:
            self.world.apply(line)
        for call in ("read", "write"):
            self.world.apply(
                Syscall(t, 900, pid, pid, f"worker-{pid}", call, 100, {}, fd=3, socket=number)
            )
        return lines

    def _change(self, now: int) -> tuple[set[int], list[Line | Run]]:
        lives = self.world.sockets
        fresh: list[Line | Run] = []
        changed = set(next(self._chosen))
        for number in changed:
            life = lives[number]
            life.bytes_in += number % 1500
            life.bytes_out += 100
            life.last_used = now
            life.calls["read"].count += 1
        for _ in range(COMING):
            self._oldest += 1
            closed = State(now, self._oldest, "api", "connected", "closed", "kernel")
            self.world.apply(closed)
            fresh += [closed, *self._come(now)]
            changed |= {self._oldest, self._newest}
        return changed, fresh

    def start(self) -> None:
        """Nothing is to be started."""

    @contextlib.contextmanager
    def look(self) -> Iterator[Look]:
        """Change some, and tell which."""
        began, used = time.perf_counter(), time.thread_time()
        now = time.monotonic_ns() - self._began
        changed, fresh = self._change(now)
        self.spent += time.thread_time() - used
        self.took += time.perf_counter() - began
        yield Look(self.world, now, changed, fresh)

    def status(self) -> Status:
        """All is well."""
        return Status("running")

    def failure(self) -> Exception | None:
        """Nothing fails."""
        return None

    def focus(self, socket: int | None) -> None:
        """There are no samples."""

    def close(self) -> None:
        """There is nothing to let go of."""


class Measured(SocktraceApp):
    """The app, with a stop-watch."""

    frames: list[tuple[float, float, float]]
    case: str

    def begin(self) -> None:
        """Choose what the case is about."""
        view = self.views["sockets"]
        assert isinstance(view, SocketsView)
        if self.case == "by remote address":
            view.rows.order.sort_by("remote")
        elif self.case == "with a filter":
            self.set_filter(FILTER)
        elif self.case == "in groups":
            view.rows.order.group_by("process")
        super().begin()

    def tick(self) -> None:
        """Note how long it takes."""
        began, took = time.monotonic(), feed_of(self).took
        super().tick()
        simulated = feed_of(self).took - took
        self.call_after_refresh(self._drawn_since, began, simulated)

    def _drawn_since(self, began: float, simulated: float) -> None:
        drawn = time.monotonic() - began - simulated
        self.frames.append((began, drawn * 1e3, feed_of(self).spent))


def feed_of(app: Measured) -> ManySockets:
    """The source, by its own type."""
    assert isinstance(app.feed, ManySockets)
    return app.feed


def main() -> int:
    """Run it in this terminal."""
    sockets, changing, case, result = sys.argv[1:]
    feed = ManySockets(int(sockets), int(changing))
    relax_collector()
    app = Measured(feed)
    app.frames, app.case = [], case
    status = app.run() or 0
    Path(result).write_text(json.dumps(app.frames))
    return status


if __name__ == "__main__":
    sys.exit(main())
