"""The tools that ours is compared with.

Each is asked for the same calls. Those that tell every single call write a line for it, with its
descriptor, its result and how long it took, to a file.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from tests.bench.measuring import BRIEF
from tests.bench.tools import TRACEPOINTS, Tool


class Bpftrace(Tool):
    """bpftrace with a program that prints a line for each call, or adds up in the kernel."""

    program = "bpftrace"

    def __init__(
        self, directory: Path, calls: Sequence[str], way: Literal["printing", "counting"]
    ) -> None:
        """Make the program."""
        self.name = {"printing": "bpftrace, printing", "counting": "bpftrace, histogram"}[way]
        self.printing = way == "printing"
        self.pace = 5 if self.printing else 1
        super().__init__(directory, calls)
        self._ready = directory / "ready"
        self._waiter = directory / "wait.sh"
        self._waiter.write_text(f": > {self._ready}\nread nothing\n", encoding="utf-8")

    def _script(self, processes: str) -> str:
        names = [TRACEPOINTS.get(call, call) for call in self.calls]
        keep, tell, forget = "", "@ns[probe] = hist(nsecs - @start[tid]);", ""
        if self.printing:
            keep = "@fd[tid] = args->{fd};"
            tell = (
                'printf("%d %d %s %s(%d) = %d %d\\n", pid, tid, comm, probe, @fd[tid], args->ret, '
                "nsecs - @start[tid]);"
            )
            forget = "delete(@fd[tid]);"
        begins = "\n".join(
            f"tracepoint:syscalls:sys_enter_{name} /{processes}/ "
            f"{{ {keep.format(fd=_FIRST.get(name, 'fd'))} @start[tid] = nsecs; }}"
            for name in names
        )
        ends = ",".join(f"tracepoint:syscalls:sys_exit_{name}" for name in names)
        return f"{begins}\n{ends} /@start[tid]/ {{ {tell} delete(@start[tid]); {forget} }}"

    def command(self, traced: Sequence[str]) -> list[str]:
        """``-c CMD``: the command begins when all probes are attached."""
        script = self._script("pid == cpid")
        return ["bpftrace", "-o", str(self.output), "-e", script, "-c", " ".join(traced)]

    def attach_command(self, pids: Sequence[int]) -> list[str]:
        """With a command of its own, whose beginning tells that all probes are attached.

        Args:
            pids: none of them: the whole machine.
        """
        self._ready.unlink(missing_ok=True)
        script = self._script(" || ".join(f"pid == {pid}" for pid in pids) or "1")
        waiter = f"/bin/sh {self._waiter}"
        return ["bpftrace", "-o", str(self.output), "-e", script, "-c", waiter]

    def attached(self) -> bool:
        """Its own command has begun."""
        return self._ready.exists()

    def count(self, calls: Sequence[str]) -> int | None:
        """The lines of calls, if it prints any."""
        return super().count(calls) if self.printing else None


_FIRST: Final = {"epoll_wait": "epfd", "sendfile64": "out_fd"}
"""The first argument of calls where it is not fd."""


class PerfTrace(Tool):
    """``perf trace``."""

    name = "perf trace"
    program = "perf"
    pace = 10

    def _asked(self) -> list[str]:
        return ["perf", "trace", "-o", str(self.output), "-e", ",".join(self.calls)]

    def command(self, traced: Sequence[str]) -> list[str]:
        """``perf trace CMD``."""
        return [*self._asked(), "--", *traced]

    def attach_command(self, pids: Sequence[int]) -> list[str]:
        """``perf trace -p PID``."""
        return [*self._asked(), "-p", ",".join(map(str, pids))]


class Strace(Tool):
    """strace, by ptrace alone or with a seccomp filter for the calls that are asked for."""

    program = "strace"
    pace = 40

    def __init__(self, directory: Path, calls: Sequence[str], *, seccomp: bool) -> None:
        """Choose."""
        self.name = "strace --seccomp-bpf" if seccomp else "strace"
        super().__init__(directory, calls)
        self._seccomp = seccomp

    def _asked(self) -> list[str]:
        way = ["--seccomp-bpf"] if self._seccomp else []
        return ["strace", "-f", "-T", *way, "-e", ",".join(self.calls), "-o", str(self.output)]

    def command(self, traced: Sequence[str]) -> list[str]:
        """``strace CMD``."""
        return [*self._asked(), *traced]

    def attach_command(self, pids: Sequence[int]) -> list[str] | None:
        """``strace -p PID``; the filter can only be there from a program's beginning."""
        if self._seccomp:
            return None
        return [*self._asked(), *(word for pid in pids for word in ("-p", str(pid)))]


def rivals(directory: Path, calls: Sequence[str]) -> tuple[list[Tool], dict[str, str]]:
    """All others, and why some are not here; none in a brief run."""
    if BRIEF:
        return [], {}
    every: list[Tool] = [
        Bpftrace(directory, calls, "counting"),
        Bpftrace(directory, calls, "printing"),
        PerfTrace(directory, calls),
        Strace(directory, calls, seccomp=True),
        Strace(directory, calls, seccomp=False),
    ]
    absent = {
        tool.name: f"{tool.program} is not installed (tests/bench/packages.txt)"
        for tool in every
        if shutil.which(tool.program) is None
    }
    for name, why in absent.items():
        print(f"left out: {name}: {why}")
    return [tool for tool in every if tool.name not in absent], absent
