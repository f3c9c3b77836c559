"""A thread for each connection (socketserver.ThreadingTCPServer), three clients in turn."""

from __future__ import annotations

import socket
import socketserver
import threading


class Echo(socketserver.StreamRequestHandler):
    """Echo lines."""

    def handle(self) -> None:
        """Until the client closes."""
        for line in self.rfile:
            self.wfile.write(line)


def main() -> None:
    """Run server and clients."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        for _ in range(3):
            with socket.create_connection(server.server_address, timeout=4) as client:
                client.sendall(b"line\n")
                if client.recv(64) != b"line\n":
                    raise SystemExit(1)
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    main()
