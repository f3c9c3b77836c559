"""What a recording holds, counted while its lines pass by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.lines import Blocked, End, Folded, Healed, Line, Lost, Process, Syscall
from socktrace.text.losses import Losses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class CallCount:
    """How often a call was made, how it failed and how long it took in all."""

    def __init__(self) -> None:
        self.count = 0
        self.folded = 0
        """How many of them were only added up: they have no lines of their own."""
        self.time = 0
        self.errors: dict[str, int] = {}


class ProcessNode:
    """A process between its first line and its exit."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ppid: int | None = None
        self.comm: str | None = None
        self.cmdline: list[str] | None = None
        self.exit: Process | None = None
        self.calls = 0


class Tally:
    """Sums over all lines; add each line once, in order."""

    def __init__(self) -> None:
        self.calls: dict[str, CallCount] = {}
        self.processes: list[ProcessNode] = []
        """In order of appearance; a process number used again has a node for each use."""
        self.losses = Losses()
        """What was not delivered, and when the kernel's own tables were read because of it."""
        self.blocked: list[Blocked] = []
        """Calls that had not returned when the recording ended."""
        self.end: End | None = None
        self.last = 0
        """The latest moment of any line: how long the recording is."""
        self._current: dict[int, ProcessNode] = {}

    def add(self, line: Line) -> None:
        """Count a line."""
        moment = getattr(line, "t", 0)
        if isinstance(line, Syscall):
            moment += line.dur
            errors = {line.errno: 1} if line.errno is not None else {}
            self._add_calls(line, 1, line.dur, errors)
        elif isinstance(line, Folded):
            moment = line.until
            self._add_calls(line, line.count, line.time, line.errors)
            self.calls[line.call].folded += line.count
        elif isinstance(line, Process):
            self._add_process(line)
        elif isinstance(line, Blocked):
            self.blocked.append(line)
        elif isinstance(line, Lost | Healed):
            self.losses.add(line)
        elif isinstance(line, End):
            self.end = line
        self.last = max(self.last, moment)

    def name_of(self, pid: int) -> str | None:
        """The name of a process's program, as last told."""
        node = self._current.get(pid)
        return node.comm if node else None

    def children(self) -> Iterator[tuple[int, ProcessNode]]:
        """The processes that made calls and those they descend from, each with its depth."""
        shown = self.shown_processes()
        below: dict[int | None, list[ProcessNode]] = {}
        known = {node.pid for node in shown}
        for node in shown:
            parent = node.ppid if node.ppid in known and node.ppid != node.pid else None
            below.setdefault(parent, []).append(node)
        waiting = [(0, node) for node in reversed(below.pop(None, []))]
        while waiting or below:
            if not waiting:  # parents that name each other: only in a recording that was altered
                waiting = [(0, node) for node in below.pop(next(iter(below)))]
            depth, node = waiting.pop()
            yield depth, node
            waiting += [(depth + 1, child) for child in reversed(below.pop(node.pid, []))]

    def shown_processes(self) -> list[ProcessNode]:
        """The processes that made calls and those they descend from."""
        wanted = {node.pid for node in self.processes if node.calls}
        for pid in tuple(wanted):
            parent = self._current[pid].ppid
            while parent in self._current and parent not in wanted:
                wanted.add(parent)
                parent = self._current[parent].ppid
        return [node for node in self.processes if node.pid in wanted]

    def _add_calls(
        self, line: Syscall | Folded, count: int, time: int, errors: Mapping[str, int]
    ) -> None:
        call = self.calls.setdefault(line.call, CallCount())
        call.count += count
        call.time += time
        for errno, failures in errors.items():
            call.errors[errno] = call.errors.get(errno, 0) + failures
        node = self._node(line.pid)
        node.calls += count
        if node.comm is None:
            node.comm = line.comm

    def _add_process(self, line: Process) -> None:
        if line.event == "fork" and line.pid in self._current and self._current[line.pid].exit:
            del self._current[line.pid]
        node = self._node(line.pid)
        node.ppid = node.ppid if line.ppid is None else line.ppid
        node.comm = line.comm or node.comm
        node.cmdline = line.cmdline or node.cmdline
        if line.event == "exit":
            node.exit = line

    def _node(self, pid: int) -> ProcessNode:
        node = self._current.get(pid)
        if node is None:
            node = self._current[pid] = ProcessNode(pid)
            self.processes.append(node)
        return node
