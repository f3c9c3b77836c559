"""Sockets in network namespaces other than the test's own are found, and nobody is moved."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from socktrace.host.existing import list_existing
from socktrace.host.namespaces import (
    NetworkNamespace,
    list_network_namespaces,
    open_diag_socket_in,
    own_network_namespace,
)
from socktrace.host.sock_diag import read_all

LISTEN_THERE = """
import os, socket, sys
s = socket.create_server(("0.0.0.0", 4242))
u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
u.bind("\\0in another namespace")
print(os.fstat(s.fileno()).st_ino, os.stat("/proc/self/ns/net").st_ino, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def stranger() -> Iterator[tuple[int, int, int]]:
    """A process with a listener in a network namespace of its own: pid, socket's inode, netns."""
    process = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", LISTEN_THERE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        inode, netns = process.stdout.readline().split()
        yield process.pid, int(inode), int(netns)


@pytest.fixture
def named() -> Iterator[Path]:
    """A namespace that ip-netns(8) keeps, without a process in it."""
    name = f"socktrace-test-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield Path("/run/netns") / name
    subprocess.run(["ip", "netns", "delete", name], check=True)


def test_socket_in_another_namespace(stranger: tuple[int, int, int]) -> None:
    """It is listed with its address, its holder and its namespace; the caller stays where it is."""
    pid, inode, netns = stranger
    before = own_network_namespace()
    seen, listed, notes = list_existing(time.monotonic_ns, only_pids={pid})
    assert own_network_namespace() == before != netns
    found = next(entry for entry in listed if entry.info.inode == inode)
    assert found.info.netns == netns
    assert found.listening
    assert found.local is not None
    assert found.local.port == 4242
    assert [holder[0] for holder in found.holders] == [pid]
    assert seen[0].netns == netns
    paths = [entry.local.path for entry in listed if entry.local is not None]
    assert "in another namespace" in paths
    assert notes == []


def test_namespace_without_a_process(named: Path) -> None:
    """A namespace that only a file keeps is found by the file, and can be read."""
    found = list_network_namespaces([])
    namespace = next(one for one in found if one.inode == named.stat().st_ino)
    assert str(named) in namespace.paths
    reading = read_all([namespace])
    assert "AF_INET tcp" in reading.offered
    assert reading.notes == []


def test_socket_made_elsewhere_by_a_process_that_came_back(named: Path) -> None:
    """A socket made in a namespace that its process has left again belongs to that namespace."""
    program = (
        "import os, socket, ctypes, sys\n"
        "libc = ctypes.CDLL(None)\n"
        "home = os.open('/proc/self/ns/net', os.O_RDONLY)\n"
        f"assert libc.setns(os.open({str(named)!r}, os.O_RDONLY), 0x40000000) == 0\n"
        "s = socket.create_server(('0.0.0.0', 4243))\n"
        "assert libc.setns(home, 0x40000000) == 0\n"
        "print(os.fstat(s.fileno()).st_ino, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        inode = int(process.stdout.readline())
        _, listed, _ = list_existing(time.monotonic_ns, only_pids={process.pid})
    found = next(entry for entry in listed if entry.info.inode == inode)
    assert found.info.netns == named.stat().st_ino


def test_namespace_that_is_gone_is_a_note() -> None:
    """A namespace that cannot be entered any more is told, and the others are still read."""
    own = NetworkNamespace(own_network_namespace(), ())
    gone = NetworkNamespace(1, ("/proc/4194304/ns/net", "/proc/self/ns/net"))
    with pytest.raises(ProcessLookupError):
        open_diag_socket_in(gone)
    reading = read_all([own, gone])
    assert "AF_UNIX" in reading.offered
    assert len(reading.notes) == 1
    assert "network namespace 1 could not be entered" in reading.notes[0]
