"""A process for each connection (socketserver.ForkingTCPServer)."""

from __future__ import annotations

import os
import socket
import socketserver


class Echo(socketserver.BaseRequestHandler):
    """Echo one message."""

    def handle(self) -> None:
        """Answer with what was received."""
        self.request.sendall(self.request.recv(64))


def ask(address: tuple[str, int]) -> None:
    """Be a client."""
    with socket.create_connection(address, timeout=4) as client:
        client.sendall(b"hello")
        if client.recv(64) != b"hello":
            os._exit(1)


def main() -> None:
    """Serve two client processes."""
    with socketserver.ForkingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.timeout = 3
        clients = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                ask(server.server_address)
                os._exit(0)
            clients.append(child)
            server.handle_request()
        if any(os.waitpid(child, 0)[1] for child in clients):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
