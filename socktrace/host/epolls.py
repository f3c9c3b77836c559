"""The epoll instances of a process and the sockets in their interest lists.

/proc/PID/fdinfo/FD of an epoll descriptor has a line for each target: ``tfd:`` its number,
``data:`` in hexadecimal, ``ino:`` in hexadecimal and ``sdev:`` of the file (proc(5); since 5.3 with
the inode, fs/eventpoll.c, ep_show_fdinfo).
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socktrace.events import Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_EPOLL: Final = "anon_inode:[eventpoll]"
_TARGET: Final = re.compile(
    r"^tfd:\s*(\d+)\s.*?data:\s*([0-9a-f]+)\s.*?ino:\s*([0-9a-f]+)\s+sdev:\s*([0-9a-f]+)",
    re.MULTILINE,
)


def list_epolls(pids: Iterable[int], t: int) -> Iterator[Watched]:
    """Every epoll instance of `pids` that watches a socket, as far as we may see."""
    device = _socket_device()
    for pid in pids:
        for epfd in _epoll_descriptors(pid):
            targets = tuple(_sockets(pid, epfd, device))
            if targets:
                yield Watched(t=t, pid=pid, epfd=epfd, targets=targets)


def _epoll_descriptors(pid: int) -> list[int]:
    base = f"/proc/{pid}/fd"
    found = []
    try:
        names = os.listdir(base)  # noqa: PTH208 - names alone, for every process there is
    except OSError:
        return []
    for name in names:
        try:
            if os.readlink(f"{base}/{name}") == _EPOLL:  # noqa: PTH115
                found.append(int(name))
        except OSError:
            continue
    return found


def _sockets(pid: int, epfd: int, device: int) -> Iterator[tuple[int, int, int]]:
    try:
        text = Path(f"/proc/{pid}/fdinfo/{epfd}").read_text(encoding="ascii")
    except OSError:
        return
    for fd, data, inode, of_device in _TARGET.findall(text):
        if int(of_device, 16) == device:
            yield int(fd), int(inode, 16), int(data, 16)


def _socket_device() -> int:
    """The device number of sockfs, on which the inodes of sockets count."""
    with socket.socket(socket.AF_UNIX) as any_socket:
        return os.fstat(any_socket.fileno()).st_dev
