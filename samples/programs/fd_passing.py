"""A listener passed to another process by socket.send_fds, which serves it."""

from __future__ import annotations

import os
import socket


def serve(channel: socket.socket) -> None:
    """Take the listener and echo one connection."""
    _, fds, _, _ = socket.recv_fds(channel, 16, 4)
    with socket.socket(fileno=fds[0]) as listener, listener.accept()[0] as connection:
        connection.sendall(connection.recv(64))


def main() -> None:
    """Run both processes."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        serve(theirs)
        os._exit(0)
    theirs.close()
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    socket.send_fds(ours, [b"listener"], [listener.fileno()])
    listener.close()
    with socket.create_connection(address, timeout=4) as client:
        client.sendall(b"hello")
        if client.recv(64) != b"hello":
            raise SystemExit(1)
    ours.close()
    if os.waitpid(child, 0)[1]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
