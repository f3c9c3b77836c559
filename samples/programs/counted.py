"""Moves bytes over many sockets at once and prints what each socket sent and received.

The output is one JSON object: inode number -> [bytes received, bytes sent]. An observer's totals
can be held against it. Lengths come from a seeded generator.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import threading


def pump(near: socket.socket, far: socket.socket, seed: int, totals: dict[int, list[int]]) -> None:
    """Send near -> far in random pieces, by different calls, and count at both ends."""
    draw = random.Random(seed)  # noqa: S311 - lengths, not secrets
    lot = bytes(3000)
    sent = received = 0
    for turn in range(60):
        length = draw.randint(1, len(lot))
        if turn % 3 == 0:
            sent += near.send(lot[:length])
        elif turn % 3 == 1:
            sent += os.write(near.fileno(), lot[:length])
        else:
            sent += near.sendmsg([lot[: length // 2], lot[length // 2 : length]])
        while received < sent:
            ways = (lambda: far.recv(4096), lambda: os.read(far.fileno(), 4096))
            received += len(ways[draw.randint(0, 1)]())
    totals[os.fstat(near.fileno()).st_ino] = [0, sent]
    totals[os.fstat(far.fileno()).st_ino] = [received, 0]


def pairs() -> list[tuple[socket.socket, socket.socket]]:
    """Connected pairs of different kinds."""
    made = [
        socket.socketpair(socket.AF_UNIX, kind)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(3):
            client = socket.create_connection(listener.getsockname(), timeout=4)
            made.append((client, listener.accept()[0]))
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(receiver.getsockname())
    made.append((sender, receiver))
    return made


def main() -> None:
    """A thread for each pair."""
    totals: dict[int, list[int]] = {}
    made = pairs()
    threads = [
        threading.Thread(target=pump, args=(near, far, seed, totals))
        for seed, (near, far) in enumerate(made)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    sys.stdout.write(json.dumps(totals) + "\n")


if __name__ == "__main__":
    main()
