"""What /proc says of processes, users and descriptors."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.host import descriptors, processes, users
from socktrace.host.machine import describe_host
from socktrace.host.proc_net import FILES, read_table
from socktrace.host.sock_kind import kind_of, protocol_name_of

INHERIT = True
NOBODY = 2**22 + 1
"""Beyond the highest pid there can be (PID_MAX_LIMIT)."""


def test_own_process() -> None:
    """This process is described as the system calls describe it."""
    me = processes.see_process(os.getpid(), 5)
    assert me is not None
    assert (me.t, me.pid, me.ppid, me.uid) == (5, os.getpid(), os.getppid(), os.getuid())
    assert "pytest" in " ".join(me.cmdline)
    assert me.netns == os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116 - as plain as can be


def test_hostile_name_and_arguments() -> None:
    """A name with parentheses and newlines, and arguments that are not UTF-8, are kept apart."""
    program = "open('/proc/self/comm', 'w').write('x) R 1 (\\n')\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program, b"\xff\x1b[2J", ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        seen = processes.see_process(child.pid, 0)
        started = processes.start_time(child.pid)
        child.communicate(b"\n")
    assert seen is not None
    assert seen.comm == "x) R 1 (\n"
    assert seen.ppid == os.getpid()
    assert seen.cmdline[-2:] == ("\\xff\x1b[2J", "")
    assert started is not None
    assert abs(time.clock_gettime_ns(time.CLOCK_BOOTTIME) - started) < 60e9


def test_process_that_is_gone() -> None:
    """Nothing is known of a process that is not there, and nothing is raised."""
    assert processes.see_process(NOBODY, 0) is None
    assert processes.start_time(NOBODY) is None
    assert processes.command_line(NOBODY) == ()
    assert processes.cgroup_of(NOBODY) == ""
    assert not processes.is_kernel_thread(NOBODY)
    assert descriptors.scan_descriptors([NOBODY]) == ([], [])
    assert read_table(NOBODY, "raw", 0) == {}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("0::/system.slice/ssh.service\n", "/system.slice/ssh.service"),
        ("4:memory:/docker/abc\n1:cpu:/\n0::/\n", "/docker/abc"),
        ("4:memory:/a\n3:name=systemd:/a/b:c/d\n", "/a/b:c/d"),
        ("4:memory:/a\n0::/user.slice\n", "/user.slice"),
        ("2:cpu:/\n0::/\n", "/"),
        ("", ""),
        ("garbage\n", ""),
    ],
)
def test_cgroup_path(text: str, path: str) -> None:
    """The version 2 path is taken where it says something, else the deepest of version 1."""
    assert processes.parse_cgroup(text) == path


@given(st.text())
def test_any_cgroup_file_is_read(text: str) -> None:
    """No content of a cgroup file is a fault."""
    assert processes.parse_cgroup(text) in text


def test_socket_descriptors_with_their_flags() -> None:
    """A scan finds sockets with their flags, passes over files, and over O_PATH descriptors."""
    with socket.socket() as plain, socket.socket() as other:
        plain.settimeout(0)
        os.set_inheritable(plain.fileno(), INHERIT)
        path = os.open(f"/proc/self/fd/{plain.fileno()}", os.O_PATH)
        try:
            scan = descriptors.scan_descriptors([os.getpid()])
        finally:
            os.close(path)
        found = {entry.fd: entry for entry in scan.descriptors}
        assert path not in found
        first, second = found[plain.fileno()], found[other.fileno()]
        assert (first.cloexec, first.nonblock) == (False, True)
        assert (second.cloexec, second.nonblock) == (True, False)
        assert first.inode == os.fstat(plain.fileno()).st_ino
        assert protocol_name_of(first) == "TCP"
        stale = first._replace(inode=first.inode + 1)
        assert protocol_name_of(stale) is None, "the descriptor names another socket by now"


@pytest.mark.skipif(os.geteuid() != 0, reason="drops rights: needs root")
def test_listing_without_rights_has_notes() -> None:
    """A user without rights gets what is theirs, and words about what is not."""
    program = (
        "import os, socket, time\n"
        "from socktrace.host.existing import list_existing\n"
        "mine = socket.socketpair()\n"
        "seen, listed, notes = list_existing(time.monotonic_ns)\n"
        "inodes = {entry.info.inode for entry in listed}\n"
        "assert all(os.fstat(end.fileno()).st_ino in inodes for end in mine)\n"
        "assert len(seen) > 1\n"
        "print(*notes, sep='\\n')\n"
    )
    ended = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            sys.executable,
            "-c",
            program,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    assert "could not be read" in ended.stdout


def test_kind_by_the_name_of_its_protocol() -> None:
    """The kernel's names for its protocols tell family and type; an unknown one tells nothing."""
    tcp6 = kind_of("TCPv6")
    assert tcp6 is not None
    assert tcp6[:3] == (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    assert kind_of("UNHEARD-OF") is None


def test_lines_of_proc_net() -> None:
    """Lines as the kernel prints them give the socket; /proc/net stores words in host order."""
    raw = FILES["raw"](
        "1: 0100007F:0001 00000000:0000 07 00000000:00000240 00:0 0 0 0 99 2 0 0".split(),
        "raw",
    )
    assert (raw.inode, raw.protocol, raw.type, raw.receive_queue) == (99, 1, 3, 0x240)
    assert raw.local is not None
    assert (raw.local.ip, raw.local.port) == ("127.0.0.1", 0)
    ping = FILES["icmp6"](
        ["1:", "00000000000000000000000001000000:0007", "0" * 32 + ":0000", "07",
         "00000000:00000000", "00:00000000", "00000000", "0", "0", "98", "2", "0", "0"],
        "icmp6",
    )  # fmt: skip
    assert (ping.family, ping.protocol) == (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    assert ping.local is not None
    assert (ping.local.ip, ping.local.port) == ("::1", 7)
    netlink = FILES["netlink"]("0000 15 1234 00000002 4 8 0 2 0 97".split(), "netlink")
    assert netlink.local is not None
    assert (netlink.protocol, netlink.local.port_id, netlink.inode) == (15, 1234, 97)
    packet = FILES["packet"]("0000 3 3 0003 2 1 512 0 96".split(), "packet")
    assert packet.local is not None
    assert (packet.inode, packet.local.ifindex, packet.local.protocol) == (96, 2, 3)


def test_users_by_name_and_number() -> None:
    """Names become numbers and back; a number needs no account; a wrong name is helped."""
    root = pwd.getpwuid(0).pw_name
    assert users.user_id(root) == 0
    assert users.user_id("4000000000") == 4000000000
    assert users.user_name(0) == root
    assert users.user_name(3999999999) == "3999999999"
    with pytest.raises(users.UnknownUserError) as caught:
        users.user_id("rooot")
    assert root in caught.value.next_step
    with pytest.raises(users.UnknownUserError):
        users.user_id("a\0b")


def test_host_is_this_machine() -> None:
    """The header's host is what uname(2) says, with the boot's identity."""
    host = describe_host()
    assert host.hostname == socket.gethostname()
    assert host.kernel == os.uname().release
    assert len(host.boot_id) == 36
