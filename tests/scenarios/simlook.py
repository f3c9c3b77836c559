"""A look at the simulated kernel, as sock_diag(7) and /proc give it: no sock addresses, no refs."""

from __future__ import annotations

from collections import defaultdict

from socktrace.events import Healing, Listed, Seen, SocketInfo
from tests.scenarios.simkernel import Kernel
from tests.scenarios.simobjects import LISTEN, NETNS, File, Proc


class Look:
    """One look, which may take a while: begin it, look at processes one by one, end it."""

    def __init__(self, kernel: Kernel, since: int = 0) -> None:
        self._kernel = kernel
        self._since = since
        self._began = kernel.tick()
        self._pids = sorted(kernel.procs)
        self._waiting = list(self._pids)
        self._seen = [
            Seen(kernel.tick(), pid, 1, "prog", ("prog",), 0, "/", NETNS) for pid in self._pids
        ]
        self._listed: dict[int, Listed] = {}
        self._holders: dict[int, list[tuple[int, int, bool, bool]]] = defaultdict(list)
        self._looked: dict[int, int] = {}

    def at_some(self, count: int) -> None:
        """Look at the descriptors of so many more processes, as they are now."""
        for _ in range(min(count, len(self._waiting))):
            pid = self._waiting.pop(0)
            proc = self._kernel.procs.get(pid)
            if proc is not None:
                self._at(proc)

    def _at(self, proc: Proc) -> None:
        self._looked[proc.pid] = proc.table.address
        for fd, file in proc.table.fds.items():
            self._listed[file.inode] = self._describe(file)
            entry = (proc.pid, fd, fd in proc.table.cloexec, False)
            self._holders[file.inode].append(entry)

    def _describe(self, file: File) -> Listed:
        return Listed(
            t=self._began,
            info=SocketInfo(
                inode=file.inode,
                sk=0,
                family=file.family,
                type=file.type,
                protocol=6 if file.tcp else 17 if file.family == 2 else 0,
                tcp_state=file.tcp_state,
                local=file.local,
                remote=file.remote,
                netns=NETNS,
            ),
            local=file.local,
            remote=file.remote,
            peer_inode=file.peer.inode if file.peer is not None and file.family == 1 else 0,
            listening=file.tcp_state == LISTEN,
        )

    def end(self, *, shared: bool = True, complete: bool = True) -> Healing:
        """Look at the rest; `shared`: this kernel tells who shares a table."""
        self.at_some(len(self._waiting))
        groups: dict[int, list[int]] = defaultdict(list)
        for pid, address in self._looked.items():
            groups[address].append(pid)
        return Healing(
            t=self._kernel.tick(),
            began=self._began,
            since=self._since,
            pids=tuple(self._pids),
            looked=tuple(self._looked),
            single=tuple(self._looked),
            shared=tuple(map(tuple, groups.values())) if shared else None,
            alive=tuple({file.inode for file in self._kernel.files if file.refs}),
            listed=tuple(
                Listed(
                    t=listed.t,
                    info=listed.info,
                    local=listed.local,
                    remote=listed.remote,
                    peer_inode=listed.peer_inode,
                    listening=listed.listening,
                    holders=tuple(self._holders[inode]),
                )
                for inode, listed in self._listed.items()
            ),
            seen=tuple(self._seen),
            complete=complete,
        )
