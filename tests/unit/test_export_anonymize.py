"""An anonymized recording tells nobody's secrets, and still tells the story."""

from __future__ import annotations

import re
import types
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socktrace.export.aliases import AddressAliases, Aliases
from socktrace.export.anonymize import Anonymizer
from socktrace.export.paths import anonymize_path
from socktrace.export.words import is_constant
from socktrace.lines import Header, Line, Process, Socket, State, Syscall
from socktrace.names import constants, requests, sockopts
from tests.unit.tracefile_samples import HEADER, LINES

SECRET = "S3cr§t"  # noqa: S105 - nobody's
secrets = st.sampled_from(
    [SECRET, f"/{SECRET}/a.sock", f"/run/{SECRET}", f"a {SECRET}", f"{SECRET}:1", f"--x={SECRET}"]
)
values: st.SearchStrategy[Any] = st.recursive(
    secrets | st.integers(0, 9) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["addr", "family", "flags", "x", "ip", "path"]), inner)
        | st.dictionaries(secrets, inner, max_size=2)
    ),
    max_leaves=6,
)


def planted(of: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each kind of annotation
    """Values of a type with the secret in every string that is free."""
    if of is str:
        return secrets
    if of is Any:
        return values
    if of is int:
        return st.integers(0, 99)
    origin, parts = typing.get_origin(of), typing.get_args(of)
    if origin is typing.Literal:
        return st.sampled_from(parts)
    if origin is list:
        return st.lists(planted(parts[0]), min_size=1, max_size=3)
    if origin is dict:
        keys = secrets | st.sampled_from(["addr", "msg", "optval"])
        return st.dictionaries(keys, planted(parts[1]), min_size=1, max_size=3)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([planted(part) for part in parts if part is not type(None)])
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        hints = typing.get_type_hints(of)
        return st.builds(of, **{name: planted(hints[name]) for name in of.__struct_fields__})
    return st.from_type(of)


ANY_LINE = st.one_of([planted(kind) for kind in typing.get_args(Line) if kind is not Header])


@settings(max_examples=300, deadline=None)
@given(line=ANY_LINE)
def test_no_secret_in_any_string_gets_through(line: Line) -> None:
    """Whatever field a secret is in, at whatever depth, as a key or as a value, it is replaced."""
    encoded = msgspec.json.encode(line)
    assert SECRET.encode() in encoded or not isinstance(line, Syscall | Process)
    assert SECRET.encode() not in msgspec.json.encode(Anonymizer(names=True).line(line))


@settings(max_examples=50, deadline=None)
@given(header=planted(Header))
def test_no_secret_in_the_header_gets_through(header: Header) -> None:
    """Host, command, filters and the rest."""
    after = Anonymizer(names=True).header(header)
    assert SECRET.encode() not in msgspec.json.encode(after)
    assert after.anonymized
    assert after.payload_limit == 0


def test_without_names_only_the_programs_stay() -> None:
    """comm stays, and of a command line what comm says anyway; its arguments do not."""
    process = Process(
        t=0, event="exec", pid=1, comm="curl", cmdline=["/home/ann/bin/curl", "-u", "ann:pw"],
        uid=1007, cgroup="/user.slice/user-1007.slice/x",
    )  # fmt: skip
    after = Anonymizer().line(process)
    assert isinstance(after, Process)
    assert after.comm == "curl"
    assert after.cmdline == ["curl", "arg-1", "arg-2"]
    assert after.uid == 1000
    assert after.cgroup == "/user.slice/name-1/name-2"


def test_a_command_line_that_is_not_the_programs_name_goes() -> None:
    """Servers write what they do and for whom into argv[0]."""
    process = Process(
        t=0, event="seen", pid=1, comm="postgres", cmdline=["postgres: ann db 10.0.0.7"]
    )
    after = Anonymizer().line(process)
    assert isinstance(after, Process)
    assert after.cmdline == ["arg-1"]


def test_what_tells_nothing_stays() -> None:
    """Constants, states, calls, numbers and times of an ordinary recording are as they were."""
    anonymizer = Anonymizer()
    kept = [line for line in LINES if isinstance(line, Socket | State | Syscall)]
    assert list(anonymizer.lines(kept)) == kept, "loopback addresses and constants only"


def test_the_header_keeps_what_the_story_needs() -> None:
    """Version, source and kernel number stay; who, where and when go."""
    after = Anonymizer().header(HEADER)
    assert (after.format, after.version, after.source) == ("socktrace", 1, "ebpf")
    assert (after.host.kernel, after.host.arch) == ("6.18.0", "x86_64")
    assert after.host.hostname == "host-1"
    assert after.started_at == "2000-01-01T00:00:00Z"
    assert after.command == ["curl", "arg-1"]


def test_the_same_thing_gets_the_same_stand_in() -> None:
    """In an address, an argument and a state alike, throughout the recording."""
    anonymizer = Anonymizer()
    address = {"family": "AF_INET", "ip": "10.1.2.3", "port": 443}
    call = Syscall(
        t=0, dur=0, pid=1, tid=1, comm="x", call="connect", ret=0, args={"addr": address}
    )
    first, second = anonymizer.line(call), anonymizer.line(call)
    assert first == second
    assert isinstance(first, Syscall)
    assert first.args["addr"] == {"family": "AF_INET", "ip": "192.0.2.1", "port": 443}


@pytest.mark.parametrize("module", [constants, requests, sockopts], ids=lambda m: m.__name__)
def test_every_name_that_we_give_a_number_stays(module: types.ModuleType) -> None:
    """A constant that the tables know is never taken for a secret."""
    tables = [table for name, table in vars(module).items() if not name.startswith("__")]
    names = [
        name
        for table in tables
        if isinstance(table, dict)
        for name in table.values()
        if isinstance(name, str)
    ]
    assert len(names) > 30
    assert [name for name in names if not is_constant(name)] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("127.0.0.1", r"127\.0\.0\.1"),
        ("127.0.0.53", r"127\.0\.0\.53"),
        ("0.0.0.0", r"0\.0\.0\.0"),
        ("255.255.255.255", r"255\.255\.255\.255"),
        ("8.8.8.8", r"192\.0\.2\.1"),
        ("10.0.0.1", r"192\.0\.2\.1"),
        ("224.0.0.251", r"224\.0\.0\.251"),
        ("239.1.2.3", r"233\.252\.0\.1"),
        ("169.254.7.7", r"169\.254\.1\.1"),
        ("::1", "::1"),
        ("::", "::"),
        ("2a00:1450::1", "2001:db8::1"),
        ("fe80::1234:56ff:fe78:9abc%eth0", "fe80::1"),
        ("ff02::fb", "ff02::fb"),
        ("ff02::1:ff78:9abc", "ff02::db8:0:1"),
        ("::ffff:10.0.0.1", r"::ffff:(192\.0\.2\.1|c000:201)"),
        ("::ffff:127.0.0.1", r"::ffff:(127\.0\.0\.1|7f00:1)"),
        ("no address", "address-1"),
    ],
)
def test_addresses_keep_their_class(before: str, after: str) -> None:
    """Loopback, unspecified, multicast and link-local stay such; others become examples."""
    assert re.fullmatch(after, AddressAliases().alias(before))


def test_more_addresses_than_examples_stay_distinct() -> None:
    """After RFC 5737's 762 come the benchmark network's, each address once."""
    aliases = AddressAliases()
    seen = {aliases.alias(f"11.{n // 256}.{n % 256}.1") for n in range(5000)}
    assert len(seen) == 5000
    assert any(address.startswith("198.18.") for address in seen)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/run/acme/api.sock", "/run/name-1/name-2.sock"),
        ("/var/lib/x", "/var/lib/name-1"),
        ("/dev/log", "/dev/log"),
        ("/home/ann/.ssh/agent", "/home/name-1/name-2/name-3"),
        ("/var/lib/acme/../x", "/var/lib/name-1/../name-2"),
        ("relative/run", "name-1/name-2"),
        ("/secret/run/tmp", "/name-1/name-2/name-3"),
        ("acme.v1.secret", "name-1"),
        ("", ""),
    ],
)
def test_paths_keep_their_shape(before: str, after: str) -> None:
    """Depth, well-known directories and the usual endings stay."""
    assert anonymize_path(before, Aliases()) == after
