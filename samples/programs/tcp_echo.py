"""A TCP server and its client in two threads, from listen to end of file."""

from __future__ import annotations

import socket
import threading


def serve(listener: socket.socket) -> None:
    """Echo one connection until its end."""
    with listener, listener.accept()[0] as connection:
        while data := connection.recv(64):
            connection.sendall(data)


def main() -> None:
    """Run both ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    server = threading.Thread(target=serve, args=(listener,))
    server.start()
    with socket.create_connection(address, timeout=4) as client:
        client.sendall(b"hello")
        if client.recv(64) != b"hello":
            raise SystemExit(1)
    server.join()


if __name__ == "__main__":
    main()
