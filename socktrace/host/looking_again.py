"""What exists, looked up anew after a loss: the matter that the model is healed with."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from socktrace.events import Healing, SocketInfo
from socktrace.host.existing import survey
from socktrace.host.shared_tables import sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from socktrace.events import Listed
    from socktrace.host.sock_diag import Reading

_NEEDED: Final = frozenset({"AF_INET tcp", "AF_INET udp", "AF_UNIX"})
"""Tables without which a socket that is not listed may still be there."""
_TCP: Final = 6
"""IPPROTO_TCP."""
_TIME_WAIT: Final = 6
"""TCP_TIME_WAIT of include/net/tcp_states.h: there may be tens of thousands, and all are over."""


def look_again(  # noqa: PLR0913 - whom to look at, and how
    now: Callable[[], int],
    since: int,
    *,
    exclude_pids: Collection[int] = frozenset(),
    only_pids: Collection[int] | None = None,
    again: bool = False,
    pause: Callable[[], object] = lambda: None,
) -> Healing:
    """Look at everything that the model follows.

    Args:
        now: the recording's clock, ns.
        since: when the first of what was lost may have happened.
        exclude_pids: processes to leave out.
        only_pids: those that are followed, where not all.
        again: nothing was lost since the look before.
        pause: called again and again, for what cannot wait until this is done.
    """
    began = now()
    found = survey(now, exclude_pids=exclude_pids, only_pids=only_pids, pause=pause)
    reading = found.reading
    return Healing(
        t=now(),
        began=began,
        since=since,
        pids=tuple(found.everyone),
        looked=tuple(found.looked),
        single=tuple(pid for pid in found.looked if _has_one_thread(pid)),
        shared=sharing(_alike(found.looked, found.listed)),
        alive=tuple(reading.sockets),
        orphans=_orphans(reading),
        listed=tuple(found.listed),
        seen=tuple(found.seen),
        tables=reading.offered >= _NEEDED,
        complete=not found.notes,
        again=again,
    )


def _has_one_thread(pid: int) -> bool:
    """Whether it has; each thread is a directory, and so a link to the one above (proc(5))."""
    try:
        return os.stat(f"/proc/{pid}/task").st_nlink == 3  # noqa: PLR2004, PTH116 - thousands
    except OSError:
        return False


def _alike(pids: list[int], listed: list[Listed]) -> list[list[int]]:
    """Processes that hold the same sockets under the same numbers."""
    held: dict[int, set[tuple[int, int]]] = {pid: set() for pid in pids}
    for socket in listed:
        for pid, fd, _, _ in socket.holders:
            held[pid].add((fd, socket.info.inode))
    groups: defaultdict[frozenset[tuple[int, int]], list[int]] = defaultdict(list)
    for pid, names in held.items():
        if names:
            groups[frozenset(names)].append(pid)
    return [group for group in groups.values() if len(group) > 1]


def _orphans(reading: Reading) -> tuple[SocketInfo, ...]:
    return tuple(
        SocketInfo(
            inode=0,
            sk=0,
            family=found.family,
            type=found.type,
            protocol=found.protocol,
            tcp_state=found.sk_state,
            local=found.local,
            remote=found.remote,
            netns=found.netns,
        )
        for found in reading.nameless
        if found.protocol == _TCP and found.sk_state != _TIME_WAIT
    )
