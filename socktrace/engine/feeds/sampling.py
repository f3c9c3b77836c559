"""Queues of sockets, asked of sock_diag(7) now and then: no event tells that they fill."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from socktrace.events import Sampled
from socktrace.host import tcp_info
from socktrace.host.descriptors import list_pids
from socktrace.host.namespaces import list_network_namespaces
from socktrace.host.sock_diag import TABLES, read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from socktrace.host.diag_socket import DiagSocket

SECONDS: Final = 2.0
"""Between two readings of all queues."""
FOCUS_SECONDS: Final = 0.5
"""The same while somebody looks at one socket."""
_SHARE: Final = 0.04
"""Of the time at most: a reading of 50,000 sockets takes half a second."""
_SAMPLED: Final = ("AF_INET tcp", "AF_INET6 tcp", "AF_INET udp", "AF_INET6 udp", "AF_UNIX")
"""Tables whose queues tell of bytes or connections that wait."""


class _Queues(NamedTuple):
    receive: int | None
    send: int | None


class Sampler:
    """A thread that reads queues, and gives those that are not what they were.

    Args:
        now: the source's clock, ns.
        sink: gets what was read, in this thread.
    """

    def __init__(self, now: Callable[[], int], sink: Callable[[list[Sampled]], object]) -> None:
        self.focus = 0
        """Inode of a socket whose tcp_info is wanted each time; 0: none."""
        self._now = now
        self._sink = sink
        self._known: dict[int, _Queues] = {}
        self._over = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queues", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def look_at(self, inode: int) -> None:
        """Sample this socket at once, and often from now on; 0: none any more."""
        self.focus = inode
        self._hurry.set()

    def stop(self) -> None:
        """End; a reading that is going on is not waited for."""
        self._over.set()
        self._hurry.set()

    def _run(self) -> None:
        # Nothing that others want waits for this: sched(7). By thread, on Linux.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while not self._over.is_set():
            began = time.monotonic()
            self._sink(list(self._read()))
            took = time.monotonic() - began
            wait = FOCUS_SECONDS if self.focus else SECONDS
            self._hurry.wait(max(wait, took / _SHARE))
            self._hurry.clear()

    def _read(self) -> Iterator[Sampled]:
        t = self._now()
        namespaces = list_network_namespaces(list_pids())
        tables = [table for table in TABLES if table.name in _SAMPLED]
        found = read_all(namespaces, tables).sockets
        known = self._known
        for inode in known.keys() - found.keys():
            del known[inode]
        for inode, socket in found.items():
            queues = _Queues(socket.receive_queue, socket.send_queue)
            if inode == self.focus:
                yield _sampled(t, inode, socket, tcp_info.decode(socket.info) or None)
            elif known.get(inode) != queues and (inode in known or queues != (0, 0)):
                yield _sampled(t, inode, socket, None)
            known[inode] = queues


def _sampled(t: int, inode: int, socket: DiagSocket, info: dict[str, int] | None) -> Sampled:
    return Sampled(t, inode, socket.receive_queue, socket.send_queue, info)
