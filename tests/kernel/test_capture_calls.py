"""Every captured call, on each of the three ways into the kernel, against what the caller saw."""

from __future__ import annotations

import shutil

import pytest

from socktrace.calls import CALLS, Kind
from socktrace.events import Call
from tests.kernel.capturing import Captured, Row, compiled, run

SPECS = {spec.name: spec for spec in CALLS}


def number_flags(abi: str) -> list[str]:
    """Tell the program each call's numbers."""
    flags = []
    for spec in CALLS:
        number = spec.nr64 if abi == "64" else spec.nr32
        flags += [f"-DNR_{spec.name}={number}", f"-DSC_{spec.name}={spec.socketcall}"]
    return flags


WAYS = {"64": [], "32": ["-m32"], "socketcall": ["-m32", "-DUSE_SOCKETCALL"]}


@pytest.fixture(scope="module", params=WAYS)
def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Captured]:
    """Run the program that makes every call."""
    name: str = request.param
    assert shutil.which("gcc"), "tests/kernel/packages.txt"
    target = tmp_path_factory.mktemp("every") / f"every-{name}"
    program = compiled("every_call.c", target, *WAYS[name], *number_flags(name))
    return name, run([program])


def arguments(told: Call | Row, count: int) -> dict[str, int]:
    """Give what a record holds of the arguments, by their names."""
    spec = SPECS[told.call]
    if isinstance(told, Call):
        return dict(zip(spec.args, told.raw[:count], strict=False))
    size: str = next(name for name in ("count", "len", "iovcnt") if name in spec.args)
    kept: dict[str, int] = {size: told.length}
    if "flags" in spec.args:
        kept["flags"] = told.msg_flags
    if spec.name != "splice":
        kept[spec.args[0]] = told.fd & 0xFFFFFFFF
    return kept


def test_every_call_is_told_as_it_was_made(way: tuple[str, Captured]) -> None:
    """Name, arguments and result of every call are those that the program printed, in order."""
    name, captured = way
    told = captured.told()
    printed = [line.split() for line in captured.output.splitlines()]
    assert [call.call for call in told] == [words[0] for words in printed]
    for call, words in zip(told, printed, strict=True):
        result, *args = map(int, words[1:])
        assert call.ret == result, words
        assert call.pid == call.tid == captured.pid
        spec = SPECS[call.call]
        made = dict(zip(spec.args, args, strict=False))
        for argument, value in arguments(call, len(spec.args)).items():
            assert value == made[argument], (words, argument)
        if isinstance(call, Call):
            assert call.abi32 == (name != "64")
            assert call.comm == f"every-{name}"[:15]
            assert not call.unreadable
        else:
            assert bool(call.flags & 1) == (name != "64")
            assert call.inode


def test_no_call_of_the_table_was_left_out(way: tuple[str, Captured]) -> None:
    """The program makes each call that its way into the kernel has: the test above is whole."""
    name, captured = way
    made = {line.split()[0] for line in captured.output.splitlines()}
    for spec in CALLS:
        direct = spec.nr64 if name == "64" else spec.nr32
        if direct >= 0 or (name == "socketcall" and spec.socketcall >= 0):
            assert spec.name in made | ({"accept"} if name == "32" else set())


def test_nothing_is_lost_and_the_books_are_even(way: tuple[str, Captured]) -> None:
    """What the kernel side attempted is what was delivered, ring by ring."""
    _, captured = way
    books = captured.counters
    assert (books.lost, books.unreadable, captured.losses) == (0, 0, [])
    assert books.data_attempted == len(captured.rows)
    # A rename is told but is no event.
    assert 0 <= books.life_attempted + books.wide_attempted - len(captured.events) <= 3


def test_each_kind_travels_as_it_should(way: tuple[str, Captured]) -> None:
    """Calls that move bytes are fixed records, but for those with more to tell."""
    _, captured = way
    assert {SPECS[row.call].kind for row in captured.rows} == {Kind.DATA}
    assert {SPECS[call.call].kind for call in captured.calls()} == {Kind.LIFE, Kind.WIDE}


def test_timeouts_by_pointer(way: tuple[str, Captured]) -> None:
    """Timeouts are those that were given, in every width, though the kernel overwrites some."""
    name, captured = way
    timeouts = {call.call: call.timeout for call in captured.calls() if call.timeout is not None}
    expected = {"pselect6": 1000, "ppoll": 1000, "epoll_pwait2": 1000}
    expected |= {"select": 1_000_000} if name == "64" else {"_newselect": 1_000_000}
    if name != "64":
        expected |= dict.fromkeys(("pselect6_time64", "ppoll_time64", "recvmmsg_time64"), 1000)
    assert timeouts.pop("recvmmsg", 1000) == 1000
    assert timeouts == expected


def test_addresses_passed_in_and_returned(way: tuple[str, Captured]) -> None:
    """Each call with an address has it, and the sockets have their own."""
    _, captured = way
    bound, named = (captured.calls(name)[0] for name in ("bind", "getsockname"))
    connected, accepted = captured.calls("connect")[0], captured.calls("accept4")[0]
    assert bound.addr is not None
    assert (bound.addr.ip, bound.addr.port) == ("127.0.0.1", 0)
    assert named.addr is not None
    assert named.addr.port
    assert connected.addr == named.addr
    assert connected.sock is not None
    assert accepted.sock is not None
    assert connected.sock.remote == named.addr == accepted.sock.local
    assert accepted.addr == connected.sock.local == accepted.sock.remote
    assert accepted.other is not None
    assert accepted.other.inode == bound.sock.inode if bound.sock else False
    refused = captured.calls("connect")[-1]
    assert refused.addr is not None
    assert refused.addr.port == 1
    unix = captured.calls("connect")[1]
    assert unix.addr is not None
    assert unix.addr.path == "/nowhere at all"
    sent = next(row for row in captured.rows if row.call == "sendto" and row.family)
    got = next(row for row in captured.rows if row.call == "recvfrom" and row.family)
    assert sent.ip == got.ip == bytes((127, 0, 0, 1)) + bytes(12)
    assert sent.local_port == got.port != 0
    assert sent.port == captured.calls("getsockname")[1].addr.port  # type: ignore[union-attr]
