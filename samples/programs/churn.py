"""Opens, copies, passes and closes sockets at random: "churn.py 2 7" is for 2 s, seed 7.

For observers that must follow descriptors: sockets and copies are made and closed in several
processes, handed from one to the other, lost by exec, exit and kill.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time

MOST = 60
"""Open sockets a process, beyond which it closes some."""
LEAST = 2

SENDS, HANDS_OVER, CLOSES, FORKS = 0.5, 0.3, 0.4, 0.05
"""How likely each is in a turn."""


def grow(draw: random.Random, held: list[socket.socket]) -> None:
    """One more socket, or two."""
    match draw.randint(0, 3):
        case 0:
            held.extend(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        case 1:
            held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        case 2:
            held.append(draw.choice(held).dup())
        case _:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                held.append(socket.create_connection(listener.getsockname(), timeout=2))
                held.append(listener.accept()[0])


def hand_over(draw: random.Random, channel: socket.socket, held: list[socket.socket]) -> None:
    """Pass a descriptor to a sibling, or take what one passed."""
    channel.settimeout(0)
    try:
        if draw.random() < SENDS:
            socket.send_fds(channel, [b"d"], [draw.choice(held).fileno()])
        else:
            _, fds, _, _ = socket.recv_fds(channel, 1, 4)
            held.extend(socket.socket(fileno=fd) for fd in fds)
    except BlockingIOError:
        pass


def live(seconds: float, seed: int, channel: socket.socket) -> None:
    """Churn until the time is over."""
    draw = random.Random(seed)  # noqa: S311 - choices, not secrets
    held: list[socket.socket] = list(socket.socketpair())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        grow(draw, held)
        if draw.random() < HANDS_OVER:
            hand_over(draw, channel, held)
        while len(held) > MOST or (len(held) > LEAST and draw.random() < CLOSES):
            held.pop(draw.randrange(len(held))).close()
        if draw.random() < FORKS:
            inherit(draw, held)
        time.sleep(0.002)


def inherit(draw: random.Random, held: list[socket.socket]) -> None:
    """A child that holds copies of everything and ends in one of three ways."""
    draw.choice(held).set_inheritable(inheritable=True)
    child = os.fork()
    if child == 0:
        way = draw.randint(0, 2)
        if way == 0:
            os.execv("/bin/true", ["true"])  # noqa: S606 - descriptors lost by exec are the point
        if way == 1:
            time.sleep(1)
        os._exit(0)
    time.sleep(0.005)
    try:
        os.kill(child, signal.SIGKILL)
    finally:
        os.waitpid(child, 0)


def main(seconds: float = 1.0, seed: int = 1, processes: int = 3) -> None:
    """Several processes that share one channel."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            live(seconds, seed * 1000 + number, far if number % 2 else near)
            os._exit(0)
        children.append(child)
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((float, int, int), sys.argv[1:], strict=False)))
