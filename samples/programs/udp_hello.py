"""A UDP "hello" and its answer, in one process."""

from __future__ import annotations

import socket


def main() -> None:
    """Run both ends."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        server.settimeout(4)
        client.settimeout(4)
        server.bind(("127.0.0.1", 0))
        client.sendto(b"hello", server.getsockname())
        _, sender = server.recvfrom(64)
        server.sendto(b"world", sender)
        if client.recvfrom(64)[0] != b"world":
            raise SystemExit(1)


if __name__ == "__main__":
    main()
