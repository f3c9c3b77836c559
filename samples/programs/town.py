"""A small town of servers and clients for two seconds: something of everything a table can show.

A web server with two workers asks a database over AF_UNIX; visitors keep connections and ask now
and then; a resolver answers datagrams. Three are no good neighbours: one asks and never reads, one
does not close what the server has closed, one waits for an answer that does not come.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 2.0
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2048\r\n\r\n" + b"." * 2048
ROW = b"r" * 300
CLOSING, SILENT = b"bye", b"wait"
"""Questions that the server answers by closing, and not at all."""


def start(name: str, work: Callable[[], None]) -> int:
    """Begin a process of this name."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Path("/proc/self/comm").write_text(name)
    with contextlib.suppress(ConnectionError, KeyboardInterrupt):
        work()
    os._exit(0)


def database(listener: socket.socket) -> None:
    """Answer each line with a row, one thread of work for all."""
    ready = select.poll()
    ready.register(listener, select.POLLIN)
    clients: dict[int, socket.socket] = {}
    while True:
        for fd, _ in ready.poll():
            if fd == listener.fileno():
                client, _ = listener.accept()
                clients[client.fileno()] = client
                ready.register(client, select.POLLIN)
            elif clients[fd].recv(100):
                clients[fd].send(ROW)
            else:
                ready.unregister(fd)
                clients.pop(fd).close()


def worker(listener: socket.socket, store: str) -> None:
    """Serve visitors by epoll(7); each page takes a row."""
    rows = socket.socket(socket.AF_UNIX)
    rows.connect(store)
    listener.settimeout(0)  # it does not block
    ready = select.epoll()
    ready.register(listener, select.EPOLLIN)
    visitors: dict[int, socket.socket] = {}
    while True:
        for fd, _ in ready.poll():
            if fd == listener.fileno():
                with contextlib.suppress(BlockingIOError):
                    visitor, _ = listener.accept()
                    visitors[visitor.fileno()] = visitor
                    ready.register(visitor, select.EPOLLIN)
                continue
            asked = visitors[fd].recv(1000)
            if asked and asked != CLOSING:
                if asked != SILENT:
                    rows.send(b"?")
                    rows.recv(1000)
                    visitors[fd].send(PAGE)
                continue
            ready.unregister(fd)
            visitors.pop(fd).close()


def visitor(address: tuple[str, int], pause: float) -> None:
    """Keep a connection, and ask for a page now and then."""
    with socket.create_connection(address) as server:
        while True:
            server.send(b"GET / HTTP/1.1\r\n\r\n")
            server.recv(len(PAGE), socket.MSG_WAITALL)
            time.sleep(pause)


def never_reads(address: tuple[str, int]) -> None:
    """Ask again and again: what is sent stays in the queue."""
    with socket.create_connection(address) as server:
        for _ in range(4):
            server.send(b"GET / HTTP/1.1\r\n\r\n")
            time.sleep(0.25)
        time.sleep(SECONDS)


def leaks(address: tuple[str, int]) -> None:
    """Leave each connection as it is when the server has closed it: CLOSE-WAIT."""
    kept = []
    while True:
        kept.append(socket.create_connection(address))
        kept[-1].send(CLOSING)
        time.sleep(0.3)


def waits(address: tuple[str, int]) -> None:
    """Ask something that is not answered."""
    with socket.create_connection(address) as server:
        server.send(SILENT)
        server.recv(100)


def resolver(names: socket.socket) -> None:
    """Answer each datagram."""
    while True:
        asked, where = names.recvfrom(512)
        names.sendto(asked + b" is 127.0.0.1", where)


def asks_names(address: tuple[str, int]) -> None:
    """Look something up, again and again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
        names.connect(address)
        while True:
            names.send(b"town.test")
            names.recv(512)
            time.sleep(0.4)


def main() -> None:
    """Let them live for a while."""
    with tempfile.TemporaryDirectory(prefix="town-") as directory:
        store = f"{directory}/rows.sock"
        with (
            socket.socket(socket.AF_UNIX) as rows,
            socket.create_server(("127.0.0.1", 0), backlog=16) as web,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names,
        ):
            rows.bind(store)
            rows.listen(8)
            names.bind(("127.0.0.1", 0))
            place, resolving = web.getsockname(), names.getsockname()
            people: list[tuple[str, Callable[[], None]]] = [
                ("database", lambda: database(rows)),
                ("web", lambda: worker(web, store)),
                ("web", lambda: worker(web, store)),
                ("resolver", lambda: resolver(names)),
            ]
            pids = [start(*each) for each in people]
        people = [
            ("browser", lambda: visitor(place, 0.15)),
            ("crawler", lambda: visitor(place, 0.25)),
            ("monitor", lambda: visitor(place, 0.6)),
            ("never-reads", lambda: never_reads(place)),
            ("leaks", lambda: leaks(place)),
            ("waits", lambda: waits(place)),
            ("asks-names", lambda: asks_names(resolving)),
        ]
        pids += [start(*each) for each in people]
        time.sleep(SECONDS)
        for pid in reversed(pids):
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
