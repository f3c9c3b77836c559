"""Network namespaces (network_namespaces(7)): which there are, and how to open a socket in one.

A namespace is known by the inode number of its file in nsfs (namespaces(7)). It is reached through
a process that lives in it, or through a file that keeps it alive without one, as `ip netns add`
makes.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.host.netlink import open_diag_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

_CLONE_NEWNET: Final = 0x40000000
"""include/uapi/linux/sched.h."""
_NAMED: Final = (Path("/run/netns"), Path("/run/docker/netns"))
"""Where ip-netns(8) and Docker keep namespaces as bind mounts."""
_PATHS_KEPT: Final = 3
"""Ways into a namespace that are remembered: the first process may be gone by then."""
_OWN: Final = "/proc/thread-self/ns/net"


class NetworkNamespace(NamedTuple):
    """A network namespace and the files that lead into it."""

    inode: int
    paths: tuple[str, ...]


def own_network_namespace() -> int:
    """Inode number of the calling thread's network namespace."""
    return Path(_OWN).stat().st_ino


def network_namespace_of(pid: int) -> int:
    """Inode number of the process's network namespace; 0 if it is gone or not ours to see."""
    try:
        link = str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return 0
    return int(link[5:-1])  # "net:[4026531833]"


def list_network_namespaces(pids: Iterable[int]) -> list[NetworkNamespace]:
    """Find every network namespace that a process of `pids` or a file of ip-netns(8) leads to.

    The calling thread's own comes first. Namespaces held by nothing but an open descriptor or a
    thread other than its process's first are not found.
    """
    own = Path(_OWN).stat()
    paths: dict[int, list[str]] = {own.st_ino: []}
    for pid in pids:
        inode = network_namespace_of(pid)
        if inode and inode != own.st_ino:
            known = paths.setdefault(inode, [])
            if len(known) < _PATHS_KEPT:
                known.append(f"/proc/{pid}/ns/net")
    for path in _named_namespaces():
        try:
            status = path.stat()
        except OSError:
            continue
        # A file that was made but never mounted on lies in another file system than nsfs.
        if status.st_dev == own.st_dev and status.st_ino != own.st_ino:
            paths.setdefault(status.st_ino, []).append(str(path))
    return [NetworkNamespace(inode, tuple(ways)) for inode, ways in paths.items()]


def open_diag_socket_in(namespace: NetworkNamespace) -> socket.socket:
    """Open a sock_diag(7) socket that speaks for `namespace`, from whichever thread.

    A netlink socket belongs for life to the namespace it was made in, so only its making has to
    happen there: in a thread that enters it and ends, because setns(2) with CLONE_NEWNET moves
    the calling thread alone.

    Raises:
        OSError: No way into it is left, or none is permitted (EPERM: needs CAP_SYS_ADMIN).
    """
    if not namespace.paths:
        return open_diag_socket()
    opened: list[socket.socket] = []
    errors: list[OSError] = []

    def enter() -> None:
        for path in namespace.paths:
            try:
                _set_network_namespace(path, namespace.inode)
                opened.append(open_diag_socket())
            except OSError as error:
                errors.append(error)
            else:
                return

    thread = Thread(target=enter, name="socktrace-netns", daemon=True)
    thread.start()
    thread.join()
    if not opened:
        raise errors[-1]
    return opened[0]


def _named_namespaces() -> list[Path]:
    found: list[Path] = []
    for directory in _NAMED:
        try:
            found.extend(sorted(directory.iterdir()))
        except OSError:
            continue
    return found


def _set_network_namespace(path: str, inode: int) -> None:
    """Move the calling thread; the file must still lead to the namespace that was listed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_ino != inode:
            raise ProcessLookupError(path)
        # os.setns() exists from Python 3.12 on only.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), path)
    finally:
        os.close(descriptor)
