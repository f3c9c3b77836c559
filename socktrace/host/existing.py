"""Sockets and processes that were there before we attached: sock_diag(7) joined with /proc.

Neither source is a snapshot: sockets come and go between two readings. sock_diag is read, then
/proc, then sock_diag once more for what /proc named and the first reading did not have. Whatever
is not in either is asked for its kind through its descriptor, or has vanished.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from socktrace.events import Listed, Seen, SocketInfo
from socktrace.host import proc_net, tcp_info
from socktrace.host.descriptors import list_pids, scan_descriptors
from socktrace.host.diag_socket import TCP_CLOSE, DiagSocket
from socktrace.host.namespaces import list_network_namespaces, network_namespace_of
from socktrace.host.processes import is_kernel_thread, see_process
from socktrace.host.sock_diag import read_all
from socktrace.host.sock_kind import kind_of, protocol_name_of
from socktrace.lines import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from socktrace.host.descriptors import SocketDescriptor
    from socktrace.host.sock_diag import Reading

_INET: Final = frozenset({int(socket.AF_INET), int(socket.AF_INET6)})
_UNNAMED: Final = Address("AF_UNIX", unnamed=True)
_PIDS_SHOWN: Final = 5
_STATELESS: Final = frozenset({int(socket.AF_NETLINK), int(socket.AF_PACKET)})
"""Families whose state number is none of include/net/tcp_states.h."""


_Thing = TypeVar("_Thing")


class Survey(NamedTuple):
    """What exists."""

    seen: list[Seen]
    listed: list[Listed]
    notes: list[str]
    """What could not be read, in words for people."""
    everyone: list[int]
    """Every process that there was at the beginning."""
    looked: list[int]
    """Processes whose descriptors were read."""
    reading: Reading
    """What sock_diag(7) said, before and after that."""


def list_existing(
    now: Callable[[], int],
    *,
    exclude_pids: Collection[int] = frozenset(),
    only_pids: Collection[int] | None = None,
) -> tuple[list[Seen], list[Listed], list[str]]:
    """List processes and every socket that a descriptor of theirs names: see `survey`.

    Returns:
        Processes, sockets, and notes: what could not be read, in words for people.
    """
    return survey(now, exclude_pids=exclude_pids, only_pids=only_pids)[:3]


def survey(
    now: Callable[[], int],
    *,
    exclude_pids: Collection[int] = frozenset(),
    only_pids: Collection[int] | None = None,
    pause: Callable[[], object] = lambda: None,
) -> Survey:
    """Look at processes and at every socket that a descriptor of theirs names.

    Args:
        now: The recording's clock, ns. A `Listed` bears the moment just before the reading that
            showed it: nothing that it tells is older than that.
        exclude_pids: Processes to leave out, with sockets that only they hold.
        only_pids: The processes to look at, where not all.
        pause: Called again and again, for what cannot wait until this is done.
    """
    everyone = list_pids()
    wanted = set(everyone if only_pids is None else only_pids).difference(exclude_pids)
    pids = sorted(wanted)
    seen = [
        process
        for pid in _pausing(pids, pause)
        if not is_kernel_thread(pid) and (process := see_process(pid, now())) is not None
    ]
    namespaces = list_network_namespaces(everyone)
    started = now()
    first = read_all(_pausing(namespaces, pause))
    scan = scan_descriptors(_pausing(pids, pause))
    holders: defaultdict[int, list[SocketDescriptor]] = defaultdict(list)
    for descriptor in scan.descriptors:
        holders[descriptor.inode].append(descriptor)
    listed = [
        _listed(started, first.sockets[inode], first, held)
        for inode, held in holders.items()
        if inode in first.sockets
    ]
    notes = list(first.notes)
    late = {inode: held for inode, held in holders.items() if inode not in first.sockets}
    if late:
        restarted = now()
        second = read_all(_pausing(namespaces, pause))
        others = _Others(notes)
        for inode, held in late.items():
            found = second.sockets.get(inode) or others.find(held)
            if found is not None:
                listed.append(_listed(restarted, found, second, held))
        first.sockets.update(second.sockets)
        first.nameless = second.nameless
    if scan.unreadable:
        notes.append(_unreadable_note(scan.unreadable))
    unread = set(scan.unreadable)
    looked = [pid for pid in pids if pid not in unread]
    return Survey(seen, listed, notes, everyone, looked, first)


def _pausing(things: Iterable[_Thing], pause: Callable[[], object]) -> Iterator[_Thing]:
    for thing in things:
        pause()
        yield thing


def _listed(t: int, found: DiagSocket, reading: Reading, held: list[SocketDescriptor]) -> Listed:
    inet = found.family in _INET
    local, remote = found.local, found.remote
    if found.family == socket.AF_UNIX:
        peer = reading.sockets.get(found.peer_inode)
        local = local or _UNNAMED
        if peer is not None:
            remote = peer.local or _UNNAMED
    info = SocketInfo(
        inode=found.inode,
        sk=0,
        family=found.family,
        type=found.type,
        protocol=found.protocol,
        tcp_state=0 if found.family in _STATELESS else found.sk_state,
        local=local if inet else None,
        remote=remote if inet else None,
        netns=found.netns,
    )
    return Listed(
        t=t,
        info=info,
        local=local,
        remote=remote,
        peer_inode=found.peer_inode,
        holders=tuple((d.pid, d.fd, d.cloexec, d.nonblock) for d in held),
        receive_queue=found.receive_queue,
        send_queue=found.send_queue,
        listening=found.listening and found.family not in _STATELESS,
        tcp_info=tcp_info.decode(found.info) or None,
        shutdown=found.shutdown,
    )


class _Others:
    """Sockets that sock_diag did not list: what else there is to learn of them."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._tables: dict[tuple[int, str], dict[int, DiagSocket]] = {}

    def find(self, held: list[SocketDescriptor]) -> DiagSocket | None:
        """Describe the socket that `held` name, or None if it has vanished."""
        for descriptor in held:
            name = protocol_name_of(descriptor)
            if name is not None:
                return self._describe(descriptor, name)
        return None

    def _describe(self, descriptor: SocketDescriptor, name: str) -> DiagSocket:
        kind = kind_of(name)
        if kind is None:
            self._notes.append(
                f"the socket with inode {descriptor.inode} is of a kind that is not known here: "
                f"{name}"
            )
            return _bare(descriptor.inode, 0, 0, 0)
        if kind.file:
            table = self._table(descriptor.pid, kind.file)
            found = table.get(descriptor.inode)
            if found is not None:
                return found
        return _bare(descriptor.inode, kind.family, kind.type, kind.protocol)

    def _table(self, pid: int, file: str) -> dict[int, DiagSocket]:
        netns = network_namespace_of(pid)
        table = self._tables.get((netns, file))
        if table is None:
            table = self._tables[netns, file] = proc_net.read_table(pid, file, netns)
        return table


def _bare(inode: int, family: int, kind: int, protocol: int) -> DiagSocket:
    """Make what is left to say of a socket that no table has.

    TCP and UDP keep every socket in a table that is bound or connected, so one that is in none
    is closed. Its network namespace cannot be told from outside.
    """
    state = TCP_CLOSE if family in _INET else 0
    return DiagSocket(
        family=family, type=kind, protocol=protocol, state=state, inode=inode, cookie=0
    )


def _unreadable_note(pids: list[int]) -> str:
    count = len(pids)
    shown = ", ".join(str(pid) for pid in sorted(pids)[:_PIDS_SHOWN])
    more = ", ..." if count > _PIDS_SHOWN else ""
    processes = "1 process" if count == 1 else f"{count} processes"
    return (
        f"the descriptors of {processes} could not be read (pid {shown}{more}): "
        "sockets that only they hold are not listed"
    )
