"""A client that keeps every connection it opens: "leaker.py 20 0.01" opens 20, one every 10 ms."""

from __future__ import annotations

import socket
import sys
import time


def main(count: int = 20, pause: float = 0.01) -> None:
    """Open and never close."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []
    for _ in range(count):
        kept.append(socket.create_connection(listener.getsockname(), timeout=4))
        kept.append(listener.accept()[0])
        time.sleep(pause)


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))
