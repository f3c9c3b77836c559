"""The tables of numbers agree with the system's own headers and with Python's modules."""

from __future__ import annotations

import errno
import fcntl
import re
import select
import socket
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.names import constants, flags, requests
from socktrace.names.errnos import ALIASES, ERRNOS, errno_name
from socktrace.names.sockopts import LEVELS, OPTIONS, level_name, option_name

_INCLUDE = Path("/usr/include")
_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)\s+(0[xX][0-9a-fA-F]+|\d+)\b", re.MULTILINE)


def _header(name: str) -> dict[str, int]:
    path = _INCLUDE / name
    if not path.exists():
        pytest.skip(f"{path} is not installed (linux-libc-dev)")
    found = {}
    for key, text in _DEFINE.findall(path.read_text(errors="replace")):
        octal = text.startswith("0") and text[1:].isdecimal()
        found[key] = int(text, 8 if octal else 0)
    return found


def _agrees(table: dict[int, str], header: dict[str, int], least: int) -> None:
    """Hold every name that both know to the same number; ``least`` keeps this from being void."""
    shared = {name: number for number, name in table.items() if name in header}
    assert shared == {name: header[name] for name in shared}
    assert len(shared) >= least


def test_errnos_against_python() -> None:
    """Every error number that Python knows has its name; where there are two, strace's."""
    for number, name in errno.errorcode.items():
        assert errno_name(number) == ALIASES.get(name, name)
    assert {"EWOULDBLOCK", "ENOTSUP", "EDEADLOCK"}.isdisjoint(ERRNOS.values())


def test_errnos_against_headers() -> None:
    """The table holds what the kernel's headers define, no more and no less."""
    header = _header("asm-generic/errno-base.h") | _header("asm-generic/errno.h")
    assert {n: name for n, name in ERRNOS.items() if n < 512} == {n: k for k, n in header.items()}


def test_internal_and_unknown_errnos() -> None:
    """What a tracer sees of interrupted calls has names; anything else keeps its number."""
    assert errno_name(512) == "ERESTARTSYS"
    assert errno_name(516) == "ERESTART_RESTARTBLOCK"
    assert errno_name(9999) == "ERRNO_9999"


@pytest.mark.parametrize(
    ("prefix", "name_of", "skipped"),
    [
        ("AF_", constants.family_name, ("AF_ROUTE",)),
        ("SOCK_", constants.type_name, ("SOCK_CLOEXEC", "SOCK_NONBLOCK")),
        (
            "IPPROTO_",
            lambda n: constants.protocol_name(2, 3, n) if n else "IPPROTO_IP",
            ("IPPROTO_HOPOPTS",),
        ),
    ],
)
def test_constants_against_python(
    prefix: str, name_of: Callable[[int], str], skipped: tuple[str, ...]
) -> None:
    """Families, types and protocols bear the names that Python's socket module has."""
    for name, value in vars(socket).items():
        if name.startswith(prefix) and name not in skipped:
            assert name_of(int(value)) == name


def test_families_against_header() -> None:
    """All families of the C library's header are known, under the same numbers."""
    path = _INCLUDE / "x86_64-linux-gnu/bits/socket.h"
    if not path.exists():
        pytest.skip(f"{path} is not installed (libc6-dev)")
    names = dict(re.findall(r"#define\s+PF_(\w+)\s+(\d+)", path.read_text()))
    aliases = {"LOCAL": "UNIX"}
    for name, number in names.items():
        if name != "MAX":
            assert constants.FAMILIES[int(number)] == f"AF_{aliases.get(name, name)}"


@pytest.mark.parametrize(
    ("level", "header", "least"),
    [
        (1, "asm-generic/socket.h", 60),
        (0, "linux/in.h", 45),
        (41, "linux/in6.h", 55),
        (6, "linux/tcp.h", 35),
        (17, "linux/udp.h", 6),
        (132, "linux/sctp.h", 60),
        (263, "linux/if_packet.h", 20),
        (270, "linux/netlink.h", 12),
        (279, "linux/if_alg.h", 6),
        (282, "linux/tls.h", 4),
        (283, "linux/if_xdp.h", 8),
        (40, "linux/vm_sockets.h", 6),
    ],
)
def test_options_against_headers(level: int, header: str, least: int) -> None:
    """Socket options have the numbers of the header of their protocol."""
    _agrees(OPTIONS[level], _header(header), least)


def test_options_complete() -> None:
    """No SO_, IPV6_ or TCP_ option that Python's socket module knows is missing."""
    rfc_3493 = {
        "IPV6_JOIN_GROUP": "IPV6_ADD_MEMBERSHIP",
        "IPV6_LEAVE_GROUP": "IPV6_DROP_MEMBERSHIP",
        "IPV6_RTHDR_TYPE_0": "0",
    }
    for level, prefix in ((1, "SO_"), (41, "IPV6_"), (6, "TCP_")):
        for name, value in vars(socket).items():
            if name.startswith(prefix) and not name.startswith(("SO_VM_", "SO_J1939_")):
                assert option_name(level, int(value)) == rfc_3493.get(name, name)


def test_levels() -> None:
    """Levels bear the names that the manual pages use."""
    _agrees(LEVELS, _header("x86_64-linux-gnu/bits/socket.h"), 20)
    assert level_name(6) == "IPPROTO_TCP"
    assert level_name(99) == "99"
    assert option_name(99, 3) == "3"


@pytest.mark.parametrize(
    ("table", "module", "prefix"),
    [
        (flags.MSG, socket, "MSG_"),
        (flags.EPOLL, select, "EPOLL"),
        (flags.POLL, select, "POLL"),
    ],
)
def test_flags_against_python(table: flags.FlagTable, module: ModuleType, prefix: str) -> None:
    """Flags of messages, epoll and poll are those of Python's modules."""
    shared = {n: v for n, v in vars(module).items() if n.startswith(prefix) and n in table.bits}
    assert len(shared) >= 10
    for name, value in shared.items():
        assert table.bits[name] == int(value)


def test_open_flags_against_header() -> None:
    """File status flags are those of the header."""
    header = _header("asm-generic/fcntl.h")
    shared = {n: v for n, v in flags.OPEN.bits.items() if n in header}
    assert shared == {n: header[n] for n in shared}
    assert len(shared) >= 12


def test_rwf_and_splice_flags() -> None:
    """RWF_ and SPLICE_F_ bits are those that the C library defines."""
    text = (_INCLUDE / "linux/fs.h").read_text() if _INCLUDE.joinpath("linux/fs.h").exists() else ""
    for name, value in re.findall(r"#define\s+(RWF_\w+)\s+\(\(__kernel_rwf_t\)(0x\w+)\)", text):
        assert flags.RWF.bits[name] == int(value, 16)
    assert flags.SPLICE.names(0xF) == [
        "SPLICE_F_MOVE",
        "SPLICE_F_NONBLOCK",
        "SPLICE_F_MORE",
        "SPLICE_F_GIFT",
    ]


def test_requests_against_headers() -> None:
    """Commands of fcntl and requests of ioctl have the headers' numbers."""
    ioctls = _header("linux/sockios.h") | _header("asm-generic/ioctls.h")
    _agrees(requests.IOCTL, ioctls | _header("asm-generic/sockios.h"), 55)
    _agrees(requests.FCNTL, _header("asm-generic/fcntl.h"), 16)
    for number, name in requests.FCNTL.items():
        if hasattr(fcntl, name) and name not in {"F_GETLK64", "F_SETLK64", "F_SETLKW64"}:
            assert getattr(fcntl, name) == number


def test_tcp_states() -> None:
    """The kernel's TCP states carry the RFC's names; a request sock counts as SYN-RECEIVED."""
    names = [constants.tcp_state_name(n) for n in range(1, 13)]
    assert names == [
        "ESTABLISHED",
        "SYN-SENT",
        "SYN-RECEIVED",
        "FIN-WAIT-1",
        "FIN-WAIT-2",
        "TIME-WAIT",
        "CLOSED",
        "CLOSE-WAIT",
        "LAST-ACK",
        "LISTEN",
        "CLOSING",
        "SYN-RECEIVED",
    ]
    assert constants.tcp_state_name(99) == "TCP_99"


@pytest.mark.parametrize(
    ("family", "type_", "protocol", "expected"),
    [
        (2, 1, 0, "IPPROTO_TCP"),
        (10, 2 | socket.SOCK_CLOEXEC, 0, "IPPROTO_UDP"),
        (2, 3, 255, "IPPROTO_RAW"),
        (2, 1, 262, "IPPROTO_MPTCP"),
        (1, 1, 0, "0"),
        (16, 3, 0, "NETLINK_ROUTE"),
        (16, 3, 15, "NETLINK_KOBJECT_UEVENT"),
        (16, 3, 17, "17"),
        (17, 3, socket.htons(3), "ETH_P_ALL"),
        (17, 3, socket.htons(0x1234), "0x1234"),
        (17, 3, 0, "0"),
    ],
)
def test_protocol_names(family: int, type_: int, protocol: int, expected: str) -> None:
    """A protocol is named in the words of its family; 0 is what socket(2) makes of it."""
    assert constants.protocol_name(family, type_, protocol) == expected


def test_type_names() -> None:
    """socket(2)'s type argument: the flags do not disturb the type."""
    both = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    assert constants.type_name(both) == "SOCK_STREAM"
    assert constants.type_names(both) == ["SOCK_STREAM", "SOCK_NONBLOCK", "SOCK_CLOEXEC"]
    assert constants.type_name(9) == "SOCK_9"
    assert constants.family_name(77) == "AF_77"


def test_flag_lists() -> None:
    """Zero is an empty list, unknown bits come last, and a list given away is the caller's own."""
    assert flags.MSG.names(0) == []
    assert flags.MSG.names(0x4040 | 1 << 27) == ["MSG_DONTWAIT", "MSG_NOSIGNAL", "0x8000000"]
    flags.MSG.names(0x40).append("spoiled")
    assert flags.MSG.names(0x40) == ["MSG_DONTWAIT"]
    assert flags.OPEN.names(0o4010000) == ["O_SYNC"]
    assert flags.OPEN.names(0o10000) == ["O_DSYNC"]


@given(
    st.sampled_from([flags.MSG, flags.OPEN, flags.EPOLL, flags.POLL, flags.SOCK]),
    st.integers(0, 2**32 - 1),
)
def test_flags_lose_nothing(table: flags.FlagTable, value: int) -> None:
    """The names of a value, put together again, are that value."""
    total = 0
    for name in table.names(value):
        total |= table.bits[name] if name in table.bits else int(name, 16)
    assert total == value
