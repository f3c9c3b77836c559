"""Limits while capturing: the recorder forgets, the recording does not, and both say so."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from socktrace.lines import End, Socket, State
from socktrace.tracefile import open_recording
from tests.kernel.capturing import SOCKTRACE, python

pytestmark = pytest.mark.kernel

CHURN = """
import os, socket, sys
listener = socket.create_server(('127.0.0.1', 0))
for _ in range(100):
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    server.sendall(b'x' * 7)
    client.recv(99)
    client.close()
    server.close()
"""
SOCKETS = 201
"""What it makes: the listener, and both ends of a hundred connections."""
KEPT = 10


def test_the_recording_has_what_the_recorder_forgot(tmp_path: Path) -> None:
    """Each socket is born and closed once, whatever was forgotten meanwhile; the count is exact."""
    path = tmp_path / "t.jsonl"
    run = subprocess.run(
        [SOCKTRACE, "record", "-o", path, "--limit", f"closed-sockets={KEPT}", "--",
         *python(CHURN)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    sentence = f"{SOCKETS - KEPT} closed sockets forgotten (--limit closed-sockets={KEPT})"
    assert sentence in run.stderr
    with open_recording(str(path)) as recording:
        lines = list(recording)
    born = [line.socket for line in lines if isinstance(line, Socket)]
    closed = Counter(
        line.socket
        for line in lines
        if isinstance(line, State) and line.layer == "api" and line.to == "closed"
    )
    assert born == list(range(1, SOCKETS + 1))
    assert closed == Counter(born)
    end = lines[-1]
    assert isinstance(end, End)
    assert end.evicted == {"closed-sockets": SOCKETS - KEPT}
    shown = subprocess.run(
        [SOCKTRACE, "show", path], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert f"{SOCKETS - KEPT} closed sockets forgotten" in shown
    assert "700 B in, 700 B out" in shown


def test_live_tells_what_it_forgot() -> None:
    """At the end, beside what was lost."""
    run = subprocess.run(
        [SOCKTRACE, "live", "--limit", f"closed-sockets={KEPT}", "--", *python(CHURN)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert f"{SOCKETS - KEPT} closed sockets forgotten" in run.stderr
