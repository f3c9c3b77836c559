"""What filters can name just now: programs, users, ports and addresses that are there."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from socktrace.escape import printable
from socktrace.host import users

if TYPE_CHECKING:
    from socktrace.lines import Address
    from socktrace.model.world import World
    from socktrace.tui.looking import Looking

_MOST: Final = 5_000
"""Sockets and processes that are looked at: the source is held meanwhile."""


def user_id(name: str) -> int | None:
    """A user's number; None if there is no such user."""
    try:
        return users.user_id(name)
    except users.UnknownUserError:
        return None


def known_values(looking: Looking) -> dict[str, set[str]]:
    """Field of a filter -> values that are there now."""
    with looking.held() as look:
        known, uids = _collect(look.world)
    # Asking for names may take long (nsswitch.conf(5)): not while the source is held.
    known["user"] = {users.user_name(uid) for uid in uids}
    # What cannot be shown as it is cannot be typed either: wildcards will have to do.
    return {
        field: {value for value in values if printable(value) == value}
        for field, values in known.items()
    }


def _collect(world: World) -> tuple[dict[str, set[str]], set[int]]:
    comms: set[str] = set()
    cgroups: set[str] = set()
    uids: set[int] = set()
    pids: set[str] = set()
    for process in islice(reversed(world.processes.values()), _MOST):
        pids.add(str(process.pid))
        if process.comm is not None:
            comms.add(process.comm)
        if process.cgroup is not None:
            cgroups.add(process.cgroup)
        if process.uid is not None:
            uids.add(process.uid)
    ports: set[str] = set()
    addresses: set[str] = set()
    paths: set[str] = set()
    for life in islice(reversed(world.sockets.values()), _MOST):
        for address in (life.local, life.remote):
            if address is not None:
                _add(address, ports, addresses, paths)
    known = {
        "pid": pids,
        "comm": comms,
        "cgroup": cgroups,
        **dict.fromkeys(("port", "lport", "rport"), ports),
        **dict.fromkeys(("addr", "laddr", "raddr"), addresses),
        "path": paths,
    }
    return known, uids


def _add(address: Address, ports: set[str], addresses: set[str], paths: set[str]) -> None:
    if address.port is not None:
        ports.add(str(address.port))
    if address.ip is not None:
        addresses.add(address.ip)
    if address.path is not None:
        paths.add(f"@{address.path}" if address.abstract else address.path)
