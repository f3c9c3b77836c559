"""The truth harness itself: strace's text is read right, and differences are not overlooked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.strace.address import read_address
from tests.kernel.strace.compare import compare
from tests.kernel.strace.parser import StraceCall, parse
from tests.kernel.strace.scan import fields, split, unquote

TCP = "3<TCP:[127.0.0.1:47059->127.0.0.1:41512]>"


def one(line: str) -> StraceCall:
    """Read a text that has one call."""
    (call,) = parse([line])
    return call


def test_commas_in_strings_brackets_and_decorations_do_not_split() -> None:
    """Only the commas between arguments count, whatever the arguments hold."""
    text = r'11<UNIX-STREAM:[12298,@"a]>,b"]>, "x, \"y\")", [1, 2], {a=1, b=f(2, 3)}, 0x2 /* , */'
    assert split(text) == [
        r'11<UNIX-STREAM:[12298,@"a]>,b"]>',
        r'"x, \"y\")"',
        "[1, 2]",
        "{a=1, b=f(2, 3)}",
        "0x2 /* , */",
    ]
    assert split("0</dev/null<char 1:3>>, 4</tmp/a, b\\76 (deleted)>, 1<<12") == [
        "0</dev/null<char 1:3>>",
        "4</tmp/a, b\\76 (deleted)>",
        "1<<12",
    ]
    assert split("") == []


def test_fields_have_names_or_positions() -> None:
    """A structure's entries are found by name; unnamed ones by position."""
    assert fields('{a=1, inet_pton(AF_INET6, "::1", &x), b="=,"}') == {
        "a": "1",
        "1": 'inet_pton(AF_INET6, "::1", &x)',
        "b": '"=,"',
    }


def test_strings_are_unescaped_to_bytes() -> None:
    """C's escapes, octal and hexadecimal, give the bytes the program used."""
    assert unquote(r'"a\0b\377\n\"\\\x41\1"...') == b'a\0b\xff\n"\\A\x01'


def test_a_call_with_a_decorated_result() -> None:
    """Descriptor, result, decoration and arguments of a call that made a socket."""
    call = one(
        f"7534  1795247756.935246 accept4({TCP}, {{sa_family=AF_INET, sin_port=htons(41512), "
        'sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_CLOEXEC) = '
        "9<TCP:[127.0.0.1:47059->127.0.0.1:41512]> <0.000040>"
    )
    assert (call.tid, call.name, call.ret, call.errno) == (7534, "accept4", 9, None)
    assert call.fd(0) == 3
    assert call.names_socket(0)
    assert call.made_socket
    assert call.args[2:] == ("[16]", "SOCK_CLOEXEC")


def test_a_string_that_looks_like_a_result() -> None:
    """What a program sends cannot pass for the end of the call."""
    call = one(f'7 sendto({TCP}, ") = -1 EPIPE (x", 13, 0, NULL, 0) = 13')
    assert (call.ret, call.errno) == (13, None)


@pytest.mark.parametrize(
    ("end", "ret", "errno"),
    [
        ("= -1 EAGAIN (Resource temporarily unavailable)", -1, "EAGAIN"),
        ("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", -1, "ERESTARTSYS"),
        ("= 0x802 (flags O_RDWR|O_NONBLOCK)", 0x802, None),
        ("= 1 ([{fd=9, revents=POLLOUT}])", 1, None),
        ("= 0 (Timeout) <0.1>", 0, None),
        ("= ?", None, None),
    ],
)
def test_results(end: str, ret: int | None, errno: str | None) -> None:
    """Each form in which strace writes a result."""
    call = one(f"7 fcntl({TCP}, F_GETFL) {end}")
    assert (call.ret, call.errno) == (ret, errno)


def test_halves_are_joined_by_thread() -> None:
    """Calls that others interrupt are put together, each in its own thread."""
    calls = list(
        parse(
            [
                "5 strace: [ Process PID=5 runs in 32 bit mode. ]",
                "5 recv(3<TCP:[1]>,  <unfinished ...>",
                "6 accept(4<TCP:[2]>, NULL, NULL <unfinished ...>",
                '5 <... recv resumed>"late", 8, 0)   = 4',
                "6 <... accept resumed>)             = 5<TCP:[3]>",
            ]
        )
    )
    assert [(call.tid, call.name, call.ret, call.fd(0)) for call in calls] == [
        (5, "recv", 4, 3),
        (6, "accept", 5, 4),
    ]
    assert calls[0].args == ("3<TCP:[1]>", '"late"', "8", "0")


def test_calls_that_never_return() -> None:
    """A thread ended within a call, in each way strace tells of it, has a call without result."""
    calls = parse(
        [
            "5 accept(3<TCP:[1]>, NULL, NULL <unfinished ...>",
            "5 +++ killed by SIGKILL +++",
            "6 accept(3<TCP:[1]>, NULL, NULL <unfinished ...>",
            "6 <... accept resumed> <unfinished ...>) = ?",
            "7 accept(3<TCP:[1]>, NULL, NULL <unfinished ...>) = ?",
            "9 accept(3<TCP:[1]> <detached ...>",
            "8 accept(3<TCP:[1]>, NULL, NULL <unfinished ...>",
        ]
    )
    assert [(call.tid, call.name, call.fd(0), call.ret) for call in calls] == [
        (tid, "accept", 3, None) for tid in (5, 6, 7, 9, 8)
    ]


def test_signals_and_ends_are_not_calls() -> None:
    """Notices between the calls are passed over; other text is refused."""
    assert not list(parse(["5 --- SIGCHLD {si_signo=SIGCHLD} ---", "5 +++ exited with 0 +++"]))
    with pytest.raises(ValueError, match="not a line"):
        list(parse(["no thread"]))
    with pytest.raises(ValueError, match="not a call"):
        list(parse(["5 what"]))


INET6 = '{sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "%s", &a), sin6_scope_id=%s}'
PACKET = "{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=%s, sll_halen=6}"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}',
            {"family": "AF_INET", "ip": "127.0.0.1", "port": 80},
        ),
        (
            INET6 % ("::ffff:127.0.0.1", 0),
            {"family": "AF_INET6", "ip": "::ffff:127.0.0.1", "port": 9},
        ),
        (
            INET6 % ("fe80::1", 'if_nametoindex("lo")'),
            {"family": "AF_INET6", "ip": "fe80::1", "port": 9, "scope_id": 1},
        ),
        ("{sa_family=AF_UNIX}", {"family": "AF_UNIX", "unnamed": True}),
        (
            r'{sa_family=AF_UNIX, sun_path="/run/\303\251 \"x\""}',
            {"family": "AF_UNIX", "path": '/run/é "x"'},
        ),
        (
            r'{sa_family=AF_UNIX, sun_path=@"ab\0c\377)}"}',
            {"family": "AF_UNIX", "path": "ab\0c\\xff)}", "abstract": True},
        ),
        (
            "{sa_family=AF_NETLINK, nl_pid=7534, nl_groups=0x00000011}",
            {"family": "AF_NETLINK", "port_id": 7534, "groups": 0x11},
        ),
        (
            PACKET % 'if_nametoindex("lo")',
            {"family": "AF_PACKET", "ifindex": 1, "protocol": 0x800},
        ),
        (
            r'{sa_family=AF_PACKET, sa_data="\10\0\1\0\0\0\4\3\0\6\0\0\0\0\0\0"}',
            {"family": "AF_PACKET", "ifindex": 1, "protocol": 0x800},
        ),
        (r'{sa_family=AF_UNSPEC, sa_data="\0\0"}', {"family": "AF_UNSPEC"}),
        (r'{sa_family=AF_INET, sa_data="\0\0"}', {"family": "AF_INET"}),
        ("0x7ffc5c2fdb20", None),
        ("NULL", None),
    ],
)
def test_addresses(text: str, address: dict[str, Any] | None) -> None:
    """Each family's address becomes what a recording would say."""
    assert read_address(text) == address


STRACE = (
    r"""
9 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[12]>
9 read(4</etc/passwd>, "root"..., 4096) = 900
9 connect(3<TCP:[12]>, {sa_family=AF_INET, sin_port=htons(80), \
sin_addr=inet_addr("127.0.0.1")}, 16) = -1 ECONNREFUSED (Connection refused)
9 sendmmsg(3<UDP:[127.0.0.1:9]>, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(7), \
sin_addr=inet_addr("127.0.0.1")}, msg_namelen=16}, msg_len=1}, \
{msg_hdr={msg_name=NULL, msg_namelen=0}, msg_len=5}], 2, 0) = 2
9 close(3<TCP:[12]>) = 0
9 close(3) = -1 EBADF (Bad file descriptor)
9 poll([{fd=0, events=POLLIN}], 1, 0) = 0 (Timeout)
9 accept(5<TCP:[1]>, NULL, NULL <unfinished ...>) = ?
""".replace("\\\n", "")
    .strip()
    .splitlines()
)


def recorded(call: str, ret: int, t: int, fd: int | None = None, **more: Any) -> dict[str, Any]:
    """Make a recording's line."""
    line = {"kind": "syscall", "t": t, "pid": 9, "tid": 9, "call": call, "ret": ret, "args": {}}
    return line | ({} if fd is None else {"fd": fd}) | more


def faithful() -> list[dict[str, Any]]:
    """Make the recording that agrees with STRACE."""
    http = {"family": "AF_INET", "ip": "127.0.0.1", "port": 80}
    echo = {"family": "AF_INET", "ip": "127.0.0.1", "port": 7}
    return [
        {"kind": "socket", "socket": 7, "inode": 12},
        recorded("socket", 3, 1, socket=7),
        recorded("connect", -1, 2, 3, errno="ECONNREFUSED", args={"addr": http}, socket=7),
        recorded("sendmmsg", 2, 3, 3, args={"addr": echo}),
        recorded("sendmmsg", 2, 3, 3),
        recorded("close", 0, 4, 3) | {"tid": 10},
        recorded("close", 0, 4, 3),
        recorded("close", -1, 5, 3, errno="EBADF"),
        recorded("poll", 0, 6),
    ]


def test_agreement() -> None:
    """A faithful recording has no difference; other threads and other descriptors do not count."""
    report = compare(faithful(), parse(STRACE))
    assert report.differences == []
    assert (report.compared, report.threads) == (6, 1)


@pytest.mark.parametrize(
    ("position", "change"),
    [
        (0, {"inode": 13}),
        (1, {"ret": 4}),
        (2, {"errno": "ETIMEDOUT"}),
        (2, {"fd": 4}),
        (2, {"args": {}}),
        (2, {"args": {"addr": {"family": "AF_INET", "ip": "127.0.0.1", "port": 81}}}),
        (4, {"args": {"addr": {"family": "AF_INET", "ip": "127.0.0.1", "port": 7}}}),
        (6, {"call": "shutdown"}),
        (8, {"ret": 1}),
    ],
)
def test_each_kind_of_difference_is_found(position: int, change: dict[str, Any]) -> None:
    """A wrong result, error, descriptor, address or name is a difference."""
    lines = faithful()
    lines[position] |= change
    assert compare(lines, parse(STRACE)).differences


@pytest.mark.parametrize("position", [1, 2, 4, 6, 7])
def test_a_missing_line_is_one_difference(position: int) -> None:
    """After a missing call the comparison finds its place again."""
    lines = faithful()
    del lines[position]
    assert len(compare(lines, parse(STRACE)).differences) == 1


def test_a_line_too_many_is_one_difference() -> None:
    """A call that strace did not see is a difference."""
    lines = faithful()
    lines.insert(3, recorded("listen", 0, 2, 3))
    assert len(compare(lines, parse(STRACE)).differences) == 1


def test_a_thread_that_was_not_recorded() -> None:
    """Every call of a thread that is missing altogether is a difference."""
    lines = [line for line in faithful() if line.get("tid") != 9]
    assert len(compare(lines, parse(STRACE)).differences) == 5


def test_a_wait_that_names_no_socket_need_not_be_recorded() -> None:
    """A recording leaves out waits for terminals and pipes."""
    lines = [line for line in faithful() if line.get("call") != "poll"]
    assert len(lines) < len(faithful())
    assert compare(lines, parse(STRACE)).differences == []


def test_a_call_cut_short_may_be_recorded() -> None:
    """The kernel may tell of the return of a call whose thread was ended in it."""
    lines = [*faithful(), recorded("accept", -1, 7, 5, errno="ERESTARTSYS")]
    assert compare(lines, parse(STRACE)).differences == []


def test_a_call_that_strace_could_not_read_is_left_out() -> None:
    """A thread killed before strace looked at its registers leaves a line without a name."""
    lines = ["9 ???( <unfinished ...>", "9 +++ killed by SIGKILL +++"]
    assert list(parse(lines)) == []
