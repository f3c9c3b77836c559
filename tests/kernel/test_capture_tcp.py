"""TCP's own changes of state: each is told, and a call is named as the cause only if it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture
from socktrace.events import TcpState
from tests.kernel.capturing import Captured, python, run

ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE = range(1, 8)
CLOSE_WAIT, LAST_ACK, LISTEN = 8, 9, 10
"""include/net/tcp_states.h."""

PAIR = """
import socket
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen()
c = socket.socket(); c.connect(l.getsockname()); s, _ = l.accept()
c.shutdown(socket.SHUT_WR); s.recv(1); s.close(); c.recv(1); c.close(); l.close()
"""


def test_the_states_of_a_connection() -> None:
    """Both ends go through the states of RFC 9293; what a call did is told to be of that call."""
    captured = run(python(PAIR))
    states = [event for event in captured.of(TcpState) if event.pid == captured.pid]
    edges = [(event.old, event.new) for event in states]
    # Which end's last change comes first is the kernel's affair.
    assert sorted(edges) == sorted([
        (CLOSE, LISTEN), (CLOSE, SYN_SENT), (LISTEN, SYN_RECV), (SYN_SENT, ESTABLISHED),
        (SYN_RECV, ESTABLISHED), (ESTABLISHED, FIN_WAIT1), (ESTABLISHED, CLOSE_WAIT),
        (FIN_WAIT1, FIN_WAIT2), (CLOSE_WAIT, LAST_ACK), (FIN_WAIT2, CLOSE), (LAST_ACK, CLOSE),
        (LISTEN, CLOSE),
    ])  # fmt: skip
    causes = {(event.old, event.new): event.call for event in states if event.in_call}
    assert causes[CLOSE, LISTEN] == "listen"
    assert causes[CLOSE, SYN_SENT] == "connect"
    assert causes[SYN_SENT, ESTABLISHED] == "connect"
    assert causes[ESTABLISHED, FIN_WAIT1] == "shutdown"
    assert causes[CLOSE_WAIT, LAST_ACK] == "close"
    assert causes[LISTEN, CLOSE] == "close"
    assert (ESTABLISHED, CLOSE_WAIT) not in causes, "the other end's shutdown did that"


ONE_CPU_EACH = """
import os, socket, sys, time
os.sched_setaffinity(0, {0})
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen()
if os.fork() == 0:
    c = socket.create_connection(l.getsockname())
    c.send(b"x")
    time.sleep(0.2)
    c.close()
    os._exit(0)
s, _ = l.accept()
os.sched_setaffinity(0, {1})
s.recv(1)
until = time.monotonic() + 0.4
while time.monotonic() < until:
    pass
print(os.getpid())
"""


def test_a_thread_that_is_only_interrupted_is_no_cause(tmp_path: Path) -> None:
    """A segment that arrives on top of the thread that used the socket last is not of its call.

    Receive packet steering brings the segment to the CPU where that thread computes, so that the
    softirq finds it running, its last call on that very socket.
    """
    if (os.cpu_count() or 1) < 2:
        pytest.skip("needs two CPUs")
    assert shutil.which("unshare")
    setup = (
        "mount -t sysfs none /sys && ip link set lo up && "
        'echo 2 > /sys/class/net/lo/queues/rx-0/rps_cpus && exec "$@"'
    )
    prepared = ["unshare", "--net", "--mount", "sh", "-c", setup, "sh"]
    probe = subprocess.run([*prepared, "true"], capture_output=True, check=False, cwd=tmp_path)
    if probe.returncode:
        pytest.skip("no receive packet steering here")
    for _ in range(4):
        captured = run([*prepared, *python(ONE_CPU_EACH)])
        (closing,) = [
            event for event in captured.of(TcpState)
            if (event.old, event.new) == (ESTABLISHED, CLOSE_WAIT)
        ]  # fmt: skip
        assert not closing.in_call
        assert not closing.exiting
        if closing.tid == int(captured.output):
            return
    pytest.skip("the segment came on top of another thread each time")


STRANGERS = """
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
sys.stdin.readline()
for _ in range(50):
    with socket.create_connection(listener.getsockname()):
        listener.accept()[0].close()
"""


@pytest.fixture
def talkers() -> Iterator[list[subprocess.Popen[str]]]:
    """Two programs that each listen already, and talk to themselves once they are told to."""
    made = [
        subprocess.Popen([sys.executable, "-c", STRANGERS], stdin=PIPE, stdout=PIPE, text=True)
        for _ in range(2)
    ]
    yield made
    for process in made:
        process.communicate(timeout=10)


def _socket_of(pid: int) -> int:
    """Return the inode of a process's only socket."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    (found,) = [link for link in links if link.startswith("socket:")]
    return int(found.removeprefix("socket:[").rstrip("]"))


@pytest.mark.parametrize("which", [0, 1])
def test_strangers_are_not_told_of(talkers: list[subprocess.Popen[str]], which: int) -> None:
    """What TCP does on sockets of a process that is not captured stays in the kernel.

    Of one that is, all is told, whether its sockets were there before or not.
    """
    ports = [int(process.stdout.readline()) for process in talkers if process.stdout]
    watched = talkers[which]
    found = Captured()
    with Capture(CaptureOptions(pids=frozenset({watched.pid}))) as capture:
        capture.start()
        capture.know([_socket_of(watched.pid)], [ports[which]])
        for process in talkers:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
            process.wait(10)
        capture.stop()
        found.take(capture, everything=True)
    states = found.of(TcpState)
    seen = {
        address.port
        for state in states
        for address in (state.sock.local, state.sock.remote)
        if address
    }
    assert ports[which] in seen
    assert ports[1 - which] not in seen
    # Both ends of 50 connections, and the listener's end.
    assert sum(state.new == CLOSE for state in states) == 101
    assert sum((state.old, state.new) == (SYN_RECV, ESTABLISHED) for state in states) == 50
