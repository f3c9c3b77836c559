"""TCP's own changes of state: each is told, and a call is named as the cause only if it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from socktrace.events import TcpState
from tests.kernel.capturing import python, run

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
    outside = Path("/proc/self/ns/net").stat().st_ino
    for _ in range(4):
        captured = run([*prepared, *python(ONE_CPU_EACH)])
        # TCP's changes are told of the whole machine: what else runs on it does not matter here.
        (closing,) = [
            event for event in captured.of(TcpState)
            if (event.old, event.new) == (ESTABLISHED, CLOSE_WAIT) and event.sock.netns != outside
        ]  # fmt: skip
        assert not closing.in_call
        assert not closing.exiting
        if closing.tid == int(captured.output):
            return
    pytest.skip("the segment came on top of another thread each time")
