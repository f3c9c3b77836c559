"""Which descriptor table an event means, and what becomes of tables as processes come and go."""

from __future__ import annotations

from collections.abc import Iterable

from socktrace.model.core import Core
from socktrace.model.descriptors import Slot, Table
from socktrace.model.holding import Act, Place, correction, drop, put, settle, tell


def table_of(core: Core, files: int, pid: int, t: int) -> Table | None:
    """Find the descriptor table that an event means; None when the process had ended by then."""
    table = core.tables.known(files, pid)
    if table is None and core.gone.get(pid, -1) < t:
        table = _meet(core, files, pid, t)
    return table


def _meet(core: Core, files: int, pid: int, t: int) -> Table:
    """Take in a pair of table and process that was never seen together."""
    tables = core.tables
    mine = tables.latest(pid)
    there = tables.by_files.get(files) if files else None
    if mine is not None and not mine.files:
        if there is None:
            tables.rename(mine, files)
            return mine
        _merge(core, mine, there, pid, t)
        return there
    if mine is None:
        if there is None:
            return tables.create(files, pid, t)
        tables.join(there, pid)
        return there
    if there is not None:
        # A process joins no table later than at its birth: the address was given away again.
        end_table(core, there, correction(t))
    return _unshare(core, mine, files, pid, t)


def _merge(core: Core, provisional: Table, table: Table, pid: int, t: int) -> None:
    """Let a process that was listed by itself turn out to share a known table."""
    twice = []
    for slot, track in provisional.held():
        if slot.fd in table.slots:
            twice.append(slot)
            continue
        track.release(slot)
        put(Place(table, slot.fd, slot.pid), track, slot.since, cloexec=slot.cloexec)
    drop_slots(core, twice, correction(t))
    core.tables.leave(provisional, pid)
    core.tables.join(table, pid)


def _unshare(core: Core, mine: Table, files: int, pid: int, t: int) -> Table:
    """Give a process a copy of its table: unshare(2), close_range(2), or execve(2).

    Where only this process was known to use the old one, another of its threads still does.
    """
    table = core.tables.create(files, pid, t)
    shared = len(mine.pids) > 1
    for slot, track in mine.held():
        place = Place(table, slot.fd, pid)
        put(place, track, slot.since, cloexec=slot.cloexec)
        if not shared or slot.pid != pid:
            tell(core, "opened", place, track, Act(t, "unshare"))
    if shared:
        leave_table(core, mine, pid, t, told=False)
    return table


def leave_table(core: Core, table: Table, pid: int, t: int, *, told: bool = True) -> None:
    """Let a process go from a table that others go on using: what it held they hold.

    ``told``: its holders are told to be closed; else another table of its own keeps them.
    """
    core.tables.leave(table, pid)
    heir = next(iter(table.pids))
    for slot, track in table.held():
        if slot.pid != pid:
            continue
        slot.pid = heir
        tell(core, "opened", Place(table, slot.fd, heir), track, Act(t, "fork"))
        if told:
            tell(core, "closed", Place(table, slot.fd, pid), track, Act(t, "exit"))


def end_table(core: Core, table: Table, act: Act) -> None:
    """Close all that a table names: nobody uses it any more."""
    drop_slots(core, [slot for slot, _ in table.held()], act)
    for pid in list(table.pids):
        core.tables.leave(table, pid)


def drop_slots(core: Core, slots: Iterable[Slot], act: Act) -> None:
    """Close several numbers by one act: all of them first, then the sockets that nobody holds."""
    tracks = [track for slot in slots if (track := drop(core, slot, act)) is not None]
    for track in dict.fromkeys(tracks):
        settle(core, track, act)


def release(core: Core, pid: int, act: Act, *, keep: Table | None = None) -> None:
    """Let a process go from all its tables, but ``keep``; those that nobody else uses end."""
    for table in list(core.tables.by_pid.get(pid, ())):
        if table is keep:
            continue
        if len(table.pids) > 1:
            leave_table(core, table, pid, act.t)
        else:
            end_table(core, table, act)
