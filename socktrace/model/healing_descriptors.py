"""Descriptor tables brought in line with what /proc showed: a part of healing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from socktrace.model.holding import Place, correction, drop, install, tell

if TYPE_CHECKING:
    from collections.abc import Hashable

    from socktrace.events import Healing
    from socktrace.model.core import Core
    from socktrace.model.descriptors import Slot, Table
    from socktrace.model.tracks import Track

Names = dict[int, "tuple[Track, bool]"]
"""Descriptor of a process -> the socket it was found to name, and whether it is close-on-exec."""


class Descriptors:
    """Corrects tables; sockets that nobody is left to hold are the caller's to judge."""

    def __init__(self, core: Core, event: Healing) -> None:
        """Prepare for one healing."""
        self.count = 0
        """Descriptors that were told to have been opened or closed."""
        self._core: Final = core
        self._event: Final = event
        self._single: Final = frozenset(event.single)
        self._group: Final = {
            pid: group for group in event.shared or () for pid in group if len(group) > 1
        }
        self._homes: Final[dict[Hashable, Table]] = {}
        """The table of each group of processes, by the group."""
        self._taken: Final[set[int]] = set()
        """Those tables, by identity."""

    def correct(self, named: dict[int, Names]) -> None:
        """Let each process hold what it was found to hold, and nothing else."""
        for pid, names in named.items():
            ended = self._core.gone.get(pid)
            if ended is None or ended <= self._event.began:
                self._correct(pid, names)
        for table in self._homes.values():
            if len(table.pids) == 1:
                # It may have moved meanwhile: the next event of its process shows where it is.
                self._core.tables.forget_address(table)

    def drop_all(self, track: Track) -> None:
        """Take a socket from all that hold it."""
        for slot in list(track.slots):
            self._drop(slot, self._event.began)

    def leave_all(self, pid: int) -> None:
        """Let a process go from its tables."""
        for table in list(self._core.tables.by_pid.get(pid, ())):
            self._leave(table, pid, self._event.began)

    def used_since(self, pid: int) -> bool:
        """Tell whether events have shown the process to use descriptors since the look began."""
        began = self._event.began
        return any(
            table.born > began or any(slot.since > began for slot in table.slots.values())
            for table in self._core.tables.by_pid.get(pid, ())
            if len(table.pids) == 1
        )

    def _correct(self, pid: int, names: Names) -> None:
        tables = self._core.tables
        moment = self._event.began
        mine = list(tables.by_pid.get(pid, ()))
        if mine and mine[-1].born > moment:
            # Since then it has been seen to get a table of its own (unshare(2), close_range(2)).
            # What had been closed in the one before is not known of this one: nothing is added.
            self._drop_others(mine[-1], names, moment)
            return
        if len(mine) > 1 and pid not in self._single:
            # Threads with tables of their own, of which /proc/PID/fd shows only one.
            self._add_missing(pid, mine, names, moment)
            return
        table = mine.pop() if mine else None
        for other in mine:
            self._leave(other, pid, moment)
        group = self._group_of(pid, table, names)
        home = self._homes.get(group)
        if home is None and table is not None and id(table) not in self._taken:
            home = table
        elif table is not None and table is not home:
            self._leave(table, pid, moment)
        if home is None:
            if not names:
                return
            home = tables.create(0, pid, moment)
        elif group in self._homes:
            if pid not in home.pids:
                tables.join(home, pid)
            return
        self._homes[group] = home
        self._taken.add(id(home))
        self._drop_others(home, names, moment)
        self._fill(home, pid, names, moment)

    def _drop_others(self, table: Table, names: Names, moment: int) -> None:
        """Let a table name nothing but what was found, or what has changed since."""
        for slot, track in table.held():
            if slot.since <= moment and (slot.fd not in names or names[slot.fd][0] is not track):
                self._drop(slot, moment)

    def _group_of(self, pid: int, table: Table | None, names: Names) -> Hashable:
        """Tell processes with one table from those with tables of their own."""
        if self._event.shared is not None:
            return self._group.get(pid, (pid,))
        if table is None or len(table.pids) == 1:
            return (pid,)
        # The kernel does not say: those that were believed to share it and hold the same, do.
        return (id(table), *sorted((fd, track.number) for fd, (track, _) in names.items()))

    def _add_missing(self, pid: int, tables: list[Table], names: Names, moment: int) -> None:
        for fd, name in names.items():
            slots = [table.slots.get(fd) for table in tables]
            if not any(slot is not None and slot.track is name[0] for slot in slots):
                self._fill(tables[-1], pid, {fd: name}, moment)

    def _fill(self, table: Table, pid: int, names: Names, moment: int) -> None:
        act = correction(moment)
        for fd, (track, cloexec) in names.items():
            slot = table.slots.get(fd)
            if slot is not None and slot.since > moment:
                continue
            if slot is not None and slot.track is track:
                slot.cloexec = cloexec
                continue
            holder = pid if pid in table.pids else next(iter(table.pids))
            install(self._core, Place(table, fd, holder), track, act, cloexec=cloexec)
            self.count += 1

    def _leave(self, table: Table, pid: int, moment: int) -> None:
        """Let a process go from one table: who shares it keeps what it names."""
        self._core.tables.leave(table, pid)
        heir = next(iter(table.pids), None)
        act = correction(moment)
        for slot, track in table.held():
            if heir is None:
                self._drop(slot, moment)
            elif slot.pid == pid:
                slot.pid = heir
                tell(self._core, "opened", Place(table, slot.fd, heir), track, act)
                tell(self._core, "closed", Place(table, slot.fd, pid), track, act)
                self.count += 2

    def _drop(self, slot: Slot, moment: int) -> None:
        drop(self._core, slot, correction(moment))
        self.count += 1
