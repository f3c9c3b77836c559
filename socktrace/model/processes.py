"""Processes: born with a descriptor table shared or copied, given a new program, ended."""

from __future__ import annotations

import signal

from socktrace.events import Exec, Exit, Fork, Renamed, Seen
from socktrace.lines import Cause, Process
from socktrace.model.core import Core
from socktrace.model.descriptors import Table
from socktrace.model.holding import Act, Place, correction, put, tell
from socktrace.model.states import CLOSED
from socktrace.model.tables import drop_slots, end_table, leave_table, release, table_of


def seen(core: Core, event: Seen, t: int, *, inferred: bool = False) -> bool:
    """Take in a process that existed at the moment ``t``; False if it was known to have gone."""
    if core.gone.get(event.pid, -1) >= t:
        return False
    core.emit(
        Process(
            t=t,
            event="seen",
            pid=event.pid,
            ppid=event.ppid,
            comm=event.comm or None,
            cmdline=list(event.cmdline) or None,
            uid=event.uid,
            cgroup=event.cgroup,
            netns=event.netns,
            inferred=inferred,
        )
    )
    return True


def fork(core: Core, event: Fork) -> None:
    """Take in a new process: its table is the parent's, or a copy of it."""
    t, child = event.t, event.child
    if core.gone.get(child, -1) >= t:
        core.late += 1
        return
    known = core.world.processes.get(child)
    if known is None or known.ended is not None or known.appeared < t:
        core.emit(
            Process(t=t, event="fork", pid=child, ppid=event.pid, comm=event.comm, uid=event.uid)
        )
    core.gone.pop(child, None)
    parent = table_of(core, event.files, event.pid, t)
    if event.child_files and event.child_files == event.files:
        if parent is not None and child not in parent.pids:
            release(core, child, correction(t), keep=parent)
            core.tables.join(parent, child)
        return
    table = _table_of_child(core, event)
    if parent is None:
        return
    for slot, track in parent.held():
        if slot.since > t or slot.fd in table.slots or track.api == CLOSED:
            continue
        place = Place(table, slot.fd, child)
        put(place, track, t, cloexec=slot.cloexec)
        tell(core, "opened", place, track, Act(t, "fork"))


def _table_of_child(core: Core, event: Fork) -> Table:
    """Find the child's table: one of its events may have come before the fork.

    A table or a process of the same number that is older than the fork has ended unseen.
    """
    t, child, files = event.t, event.child, event.child_files
    table = core.tables.by_files.get(files) if files else None
    if table is not None and (child not in table.pids or table.born < t):
        end_table(core, table, correction(t))
        table = None
    if table is None:
        mine = core.tables.latest(child)
        if mine is not None and mine.born > t and not (files and mine.files):
            table = mine
            if files:
                core.tables.rename(table, files)
    release(core, child, correction(t), keep=table)
    return table or core.tables.create(files, child, t)


def execute(core: Core, event: Exec) -> None:
    """Take in a new program: descriptors marked close-on-exec are gone."""
    t, pid = event.t, event.pid
    if core.gone.get(pid, -1) >= t:
        core.late += 1
        return
    core.emit(
        Process(
            t=t, event="exec", pid=pid, comm=event.comm, cmdline=list(event.cmdline), uid=event.uid
        )
    )
    mine = core.tables.latest(pid)
    moved = event.files and event.files not in core.tables.by_files
    if moved and mine is not None and len(mine.pids) == 1:
        # Nobody else is known to use it, so it is the same table behind a new address.
        core.tables.rename(mine, event.files)
    table = table_of(core, event.files, pid, t)
    if table is not None:
        # execve ends all other threads, and with them the tables that they had of their own.
        release(core, pid, Act(t, "exit", "exit"), keep=table)
        going = [slot for slot, _ in table.held() if slot.cloexec and slot.since <= t]
        drop_slots(core, going, Act(t, "exec", Cause(t, event.tid)))


def renamed(core: Core, event: Renamed) -> None:
    """Take in a new name of a process that is known."""
    life = core.world.processes.get(event.pid)
    if life is None or life.ended is not None or life.comm == event.comm:
        return
    core.emit(Process(t=event.t, event="seen", pid=event.pid, comm=event.comm))


def leave(core: Core, event: Exit) -> None:
    """Take in the end of a thread; with the last of its users a table ends, too."""
    t, pid = event.t, event.pid
    if core.gone.get(pid, -1) >= t:
        core.late += 1
        return
    act = Act(t, "exit", "exit")
    table = core.tables.known(event.files, pid) or core.tables.by_files.get(event.files)
    if table is not None:
        others = len(table.pids) > (pid in table.pids)
        if event.files_users == 1 or (event.last_thread and not others):
            end_table(core, table, act)
        elif event.last_thread and pid in table.pids:
            leave_table(core, table, pid, t)
    if not event.last_thread:
        return
    release(core, pid, act)
    note_end(core, pid, t)
    number = event.code & 0x7F
    core.emit(
        Process(
            t=t,
            event="exit",
            pid=pid,
            comm=event.comm,
            exit_code=None if number else event.code >> 8 & 0xFF,
            signal=_signal_name(number) if number else None,
        )
    )


def note_end(core: Core, pid: int, t: int) -> None:
    """Remember that a process has ended, so that what comes late is known to be late."""
    core.gone[pid] = t
    if len(core.gone) > core.limits.gone_processes:
        del core.gone[next(iter(core.gone))]


def _signal_name(number: int) -> str:
    """Name a signal; real-time ones count from SIGRTMIN: signal(7)."""
    try:
        return signal.Signals(number).name
    except ValueError:
        first = signal.SIGRTMIN.value
        return f"SIGRTMIN+{number - first}" if number > first else f"SIG{number}"
