"""Descriptor tables as the kernel has them: shared, copied, and found by their identity.

A table is a struct files_struct. Threads share it; a process made with CLONE_FILES shares it with
its parent (clone(2)); any other child has a copy. Only numbers that name sockets are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from socktrace.model.tracks import Track


class Slot:
    """One number of a table: what it names, or that it names no socket any more."""

    __slots__ = ("after", "before", "cloexec", "fd", "pid", "since", "table", "track")

    def __init__(  # noqa: PLR0913 - a row of the table
        self, table: Table, fd: int, track: Track, pid: int, since: int, *, cloexec: bool
    ) -> None:
        """Let ``fd`` name a socket from ``since`` on."""
        self.table: Final = table
        self.fd: Final = fd
        self.track: Track | None = track
        """A number that names no socket any more stays, so that an event that comes late does not
        open it again."""
        self.before: Slot | None = None
        self.after: Slot | None = None
        """The other descriptors that name the socket: see `Track.hold`."""
        self.pid = pid
        """Under which process the holder is told: one of those that share the table."""
        self.since = since
        """When it last changed."""
        self.cloexec = cloexec


class Table:
    """A descriptor table and the processes that are known to use it."""

    __slots__ = ("born", "files", "pids", "slots")

    def __init__(self, files: int, pid: int, born: int) -> None:
        """Begin an empty table; ``files`` 0: its address has not been seen yet."""
        self.files = files
        self.born: Final = born
        """When it first became known."""
        self.pids: Final[dict[int, None]] = {pid: None}
        self.slots: Final[dict[int, Slot]] = {}

    def held(self) -> list[tuple[Slot, Track]]:
        """Give the numbers that name a socket, and which."""
        return [(slot, slot.track) for slot in self.slots.values() if slot.track is not None]


class Tables:
    """All tables, by address and by process."""

    def __init__(self) -> None:
        """Start with none."""
        self.by_files: Final[dict[int, Table]] = {}
        self.by_pid: Final[dict[int, list[Table]]] = {}
        """Usually one; more where threads of the process have tables of their own. The one
        used last is last."""

    def known(self, files: int, pid: int) -> Table | None:
        """Find the table that an event names, if it is already known to be this process's."""
        if files:
            table = self.by_files.get(files)
            return table if table is not None and pid in table.pids else None
        mine = self.by_pid.get(pid)
        return mine[-1] if mine else None

    def latest(self, pid: int) -> Table | None:
        """Give the table that a process is known to have used last."""
        mine = self.by_pid.get(pid)
        return mine[-1] if mine else None

    def create(self, files: int, pid: int, born: int) -> Table:
        """Make an empty table for a process."""
        table = Table(files, pid, born)
        if files:
            self.by_files[files] = table
        self.by_pid.setdefault(pid, []).append(table)
        return table

    def join(self, table: Table, pid: int) -> None:
        """Let a further process use a table."""
        table.pids[pid] = None
        mine = self.by_pid.setdefault(pid, [])
        if table in mine:
            mine.remove(table)
        mine.append(table)

    def leave(self, table: Table, pid: int) -> None:
        """Let a process no longer use a table; the last to leave takes it away."""
        table.pids.pop(pid, None)
        mine = self.by_pid.get(pid)
        if mine is not None and table in mine:
            mine.remove(table)
            if not mine:
                del self.by_pid[pid]
        if not table.pids and self.by_files.get(table.files) is table:
            del self.by_files[table.files]

    def forget_address(self, table: Table) -> None:
        """Doubt where a table is: the next event of one of its processes shows it."""
        if self.by_files.get(table.files) is table:
            del self.by_files[table.files]
        table.files = 0

    def rename(self, table: Table, files: int) -> None:
        """Give a table the address that has now been seen."""
        if self.by_files.get(table.files) is table:
            del self.by_files[table.files]
        table.files = files
        self.by_files[files] = table
