"""Socket addresses: the kernel's bytes, made by the C library's rules, become what was meant."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.lines import Address
from socktrace.names.addresses import format_address, inet_address, parse_sockaddr


def _sockaddr(sock: socket.socket) -> bytes:
    """Ask the kernel for a socket's own address, as raw bytes."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(128)
    length = ctypes.c_uint32(len(buffer))
    assert libc.getsockname(sock.fileno(), buffer, ctypes.byref(length)) == 0
    return buffer.raw[: length.value]


@pytest.mark.parametrize(
    ("family", "host"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::")],
)
def test_inet_as_the_kernel_writes_it(family: socket.AddressFamily, host: str) -> None:
    """A bound socket's raw address says what Python's getsockname says of it."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((host, 0))
        except OSError as error:
            pytest.skip(f"{host} cannot be bound here: {error}")
        address = parse_sockaddr(_sockaddr(sock))
        assert address is not None
        assert (address.ip, address.port) == sock.getsockname()[:2]
        assert address.family == family.name
        assert address.scope_id is None


def test_unix_as_the_kernel_writes_it(tmp_path: Path) -> None:
    """Path, abstract and no name are told apart as unix(7) does."""
    path = str(tmp_path / "socket")
    abstract = f"socktrace-test-{os.getpid()}"
    for name, expected in (
        (path, Address(family="AF_UNIX", path=path)),
        ("\0" + abstract, Address(family="AF_UNIX", path=abstract, abstract=True)),
        (None, Address(family="AF_UNIX", unnamed=True)),
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            if name is not None:
                sock.bind(name)
            assert parse_sockaddr(_sockaddr(sock)) == expected


def test_netlink_as_the_kernel_writes_it() -> None:
    """A netlink socket's port id and groups are read."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, 0x11))
        port_id, groups = sock.getsockname()
        expected = Address(family="AF_NETLINK", port_id=port_id, groups=groups)
        assert parse_sockaddr(_sockaddr(sock)) == expected


_INET6 = struct.pack("=H", 10) + struct.pack("!HI", 80, 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"\x02", None),
        (b"\0\0" + bytes(14), Address(family="AF_UNSPEC")),
        (b"\x02\0\x00\x50\x7f\0\0", Address(family="AF_INET", raw="00507f0000")),
        (b"\x02\0\x00\x50\x7f\0\0\x01", Address(family="AF_INET", ip="127.0.0.1", port=80)),
        (
            _INET6 + bytes(10) + b"\xff\xff\x01\x02\x03\x04",
            Address(family="AF_INET6", ip="::ffff:1.2.3.4", port=80),
        ),
        (
            _INET6 + b"\xfe\x80" + bytes(13) + b"\x01" + struct.pack("=I", 3),
            Address(family="AF_INET6", ip="fe80::1", port=80, scope_id=3),
        ),
        (
            b"\x01\0/run/a\xff\0junk",
            Address(family="AF_UNIX", path="/run/a\\xff"),
        ),
        (b"\x01\0\0a\0b\xff", Address(family="AF_UNIX", path="a\0b\\xff", abstract=True)),
        (b"\x01\0\0", Address(family="AF_UNIX", path="", abstract=True)),
        (b"\x01\0", Address(family="AF_UNIX", unnamed=True)),
        (
            b"\x11\0\x08\x00" + struct.pack("=i", 2) + bytes(12),
            Address(family="AF_PACKET", ifindex=2, protocol=0x0800),
        ),
        (
            b"\x28\0\0\0" + struct.pack("=II", 1024, 2) + bytes(4),
            Address(family="AF_VSOCK", port=1024, cid=2),
        ),
        (b"\x1d\0\x01\x02", Address(family="AF_CAN", raw="0102")),
        (b"\x1d\0", Address(family="AF_CAN")),
        (b"\xff\xff\x01", Address(family="AF_65535", raw="01")),
    ],
)
def test_known_bytes(data: bytes, expected: Address | None) -> None:
    """Each family, too short ones, unknown ones and hostile names."""
    assert parse_sockaddr(data) == expected


@given(st.binary(max_size=140))
def test_never_fails(data: bytes) -> None:
    """Whatever a program passes as an address becomes an address that can be shown."""
    address = parse_sockaddr(data)
    assert (address is None) == (len(data) < 2)
    if address is not None:
        format_address(address).encode()


@given(st.binary(min_size=16, max_size=16), st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_inet6_text(ip: bytes, port: int, scope_id: int) -> None:
    """The text of an IPv6 address means the same bytes to another implementation."""
    address = inet_address(10, ip, port, scope_id)
    assert address.ip is not None
    assert ipaddress.ip_address(address.ip).packed == ip
    assert address.port == port
    assert address.scope_id == (scope_id or None)


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_inet_paths_agree(ip: ipaddress.IPv4Address, port: int) -> None:
    """The fast way and the way through a sockaddr give the same address."""
    data = struct.pack("=H", 2) + struct.pack("!H", port) + ip.packed + bytes(8)
    address = inet_address(2, ip.packed, port)
    assert parse_sockaddr(data) == address
    assert inet_address(2, ip.packed + bytes(12), port) == address
    assert format_address(address) == f"{ip}:{port}"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Address(family="AF_INET6", ip="::1", port=80), "[::1]:80"),
        (Address(family="AF_INET6", ip="fe80::1", port=80, scope_id=2), "[fe80::1%2]:80"),
        (Address(family="AF_UNIX", path="/run/x.sock"), "/run/x.sock"),
        (Address(family="AF_UNIX", path="bus", abstract=True), "@bus"),
        (Address(family="AF_UNIX", unnamed=True), "unnamed"),
        (Address(family="AF_NETLINK", port_id=0, groups=0), "netlink:0"),
        (Address(family="AF_NETLINK", port_id=7, groups=17), "netlink:7 groups=0x11"),
        (Address(family="AF_PACKET", ifindex=2, protocol=3), "packet:2 ETH_P_ALL"),
        (Address(family="AF_VSOCK", cid=2, port=1024), "vsock:2:1024"),
        (Address(family="AF_UNSPEC"), "unspec"),
        (Address(family="AF_CAN", raw="01"), "AF_CAN:01"),
        (Address(family="AF_INET", raw="00"), "AF_INET:00"),
    ],
)
def test_text_for_people(address: Address, expected: str) -> None:
    """Addresses are written as people write them."""
    assert format_address(address) == expected
