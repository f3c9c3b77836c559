"""How long one waits: from the command to the first event, and from Ctrl-C to the prompt."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.bench.measuring import BRIEF, in_turn, table

SOCKTRACE = str(Path(sys.executable).parent / "socktrace")


def _calls_until(stop: threading.Event) -> None:
    """Something to be seen: a socket pair every few milliseconds."""
    while not stop.is_set():
        for end in socket.socketpair():
            end.close()
        time.sleep(0.002)


def _start_and_quit() -> tuple[float, float]:
    """Milliseconds to the first event shown, and from SIGINT to the end."""
    stop = threading.Event()
    threading.Thread(target=_calls_until, args=(stop,), daemon=True).start()
    begin = time.monotonic()
    with subprocess.Popen(
        [SOCKTRACE, "live", "--pid", str(os.getpid())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        seen = b""
        while b"socketpair(" not in seen:
            assert select.select([process.stdout], [], [], 30)[0]
            seen += os.read(process.stdout.fileno(), 1 << 16)
        started = time.monotonic()
        stop.set()
        process.send_signal(signal.SIGINT)
        while os.read(process.stdout.fileno(), 1 << 16):
            pass
        process.wait(30)
        ended = time.monotonic()
    assert process.returncode == 0
    return (started - begin) * 1000, (ended - started) * 1000


def test_start_and_quit() -> None:
    """The first event shows and the program ends; how soon is printed."""
    quits: list[float] = []

    def start() -> float:
        began, ended = _start_and_quit()
        quits.append(ended)
        return began

    starts = in_turn({"command to first event shown": start}, rounds=7)[
        "command to first event shown"
    ]
    kept = quits[-len(starts) :]
    print(
        table(
            "Start and quit", {"command to first event shown": starts, "Ctrl-C to end": kept}, "ms"
        )
    )
    assert BRIEF or max(starts) < 10_000
