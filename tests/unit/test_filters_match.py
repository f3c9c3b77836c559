"""Which sockets a filter chooses."""

from __future__ import annotations

import fnmatch
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.lines import Address, Holding
from socktrace.model.filters import Filter, Subject, matches, parse, predicate
from socktrace.model.filters.fields import FIELDS
from socktrace.model.filters.nodes import Not, conjunction, disjunction
from socktrace.model.filters.patterns import literal, matcher, quote
from socktrace.model.filters.subject import ADDRESSES, NUMBERS, TEXTS
from tests.unit.filter_samples import FILTERS, PROCESSES, SECOND, life, subject

NOW = 50 * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "comm:nginx",
        "comm:ng*",
        "comm:ng?nx",
        "comm:apache,nginx",
        "NGI",
        "192.168",
        "10.1.2.3:80",
        "n*x",
        "pid:10",
        "pid:5-15",
        "user:33",
        "cgroup:*/nginx.service",
        "fd:12",
        "fd>10",
        "port:80",
        "port:40000",
        "lport:80",
        "rport:30000-50000",
        "addr:10.0.0.0/8",
        "addr:192.168.0.9",
        "laddr:10.1.*",
        "raddr:192.168.0.0/16,::1",
        "family:inet",
        "family:in*",
        "type:stream",
        "protocol:tcp",
        "state:close-wait",
        "state:connected",
        "role:accepted",
        "origin:accept",
        "call:sendto",
        "call:recv*",
        "errno:EAGAIN",
        "inode:4711",
        "socket:7",
        "listener:2",
        "age:40s",
        "age>=40s",
        "idle>29s and idle<31s",
        "bytes:3048",
        "bytes_in:1k",
        "bytes_out:2KiB",
        "calls:4",
        "errors:2",
        "retransmits:0",
        "not comm:apache",
        "comm:apache or port:80",
        "comm:nginx port:80",
    ],
)
def test_chosen(text: str) -> None:
    """The sample connection fits each of these, and does not fit its negation."""
    assert matches(parse(text), subject(), NOW)
    assert not matches(parse(f"not ({text})"), subject(), NOW)


@pytest.mark.parametrize(
    "text",
    [
        "comm:Nginx",
        "comm:ngin",
        "apache",
        "pid:11",
        "user:0",
        "fd:13",
        "lport:40000",
        "rport:80",
        "port!=80",
        "raddr:10.0.0.0/8",
        "addr:::/0",
        "family:unix",
        "state:listen",
        "call:close",
        "errno:ECONNRESET",
        "age>40s",
        "idle>30s",
        "bytes>3048",
        "peer:8",
        "container:*",
        "path:*",
        "comm:nginx port:81",
    ],
)
def test_not_chosen(text: str) -> None:
    """The sample connection fits none of these."""
    assert not matches(parse(text), subject(), NOW)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"local": Address(family="AF_UNIX", path="/run/My.sock")}, "path:/run/*"),
        ({"local": Address(family="AF_UNIX", path="/run/My.sock")}, "addr:/run/*"),
        ({"local": Address(family="AF_UNIX", path="/run/My.sock")}, "my.s"),
        ({"local": Address(family="AF_UNIX", path="bus", abstract=True)}, "path:@bus"),
        ({"remote": Address(family="AF_INET6", ip="::ffff:10.0.0.1")}, "raddr:10.0.0.0/8"),
        ({"remote": Address(family="AF_INET6", ip="::ffff:10.0.0.1")}, "raddr:::ffff:10.0.0.1"),
        ({"remote": Address(family="AF_INET6", ip="fe80::1")}, "raddr:fe80::/10"),
        ({"connect_error": "ECONNREFUSED"}, "errno:ECONNREFUSED"),
        ({"pending_error": "ETIMEDOUT"}, "errno:etimedout"),
        ({"tcp_state": None, "api_state": "shut-read"}, "state:shut_read"),
        ({"last_used": None}, "idle:40s"),
        ({"protocol": "NETLINK_ROUTE"}, "protocol:netlink_route"),
        ({"protocol": "0"}, "protocol:0"),
        ({"family": "AF_77"}, "family:77"),
    ],
)
def test_special_sockets(changes: dict[str, Any], text: str) -> None:
    """UNIX names, mapped addresses, later failures, numbers without a name."""
    assert matches(parse(text), subject(**changes), NOW)
    assert not matches(parse(text), subject(local=None, remote=None), NOW)


def test_time_stops_at_the_close() -> None:
    """A closed socket grows no older, and is idle no longer."""
    closed = subject(closed=30 * SECOND)
    assert matches(parse("age:20s and idle:10s"), closed, NOW)
    assert matches(parse("age:20s and idle:10s"), closed, NOW * 10)


def test_holders() -> None:
    """Those that hold a socket count; of one that nobody holds, those that did."""
    past = Holding(pid=10, fd=12, opened=1, via="accept4", closed=5, closed_via="close")
    now_held = Holding(pid=20, fd=4, opened=2, via="SCM_RIGHTS")
    passed_on = subject(descriptors=[past, now_held])
    assert matches(parse('comm:"Web Content" fd:4 container:3f2a user:1000'), passed_on, NOW)
    assert not matches(parse("comm:nginx"), passed_on, NOW)
    assert matches(parse("comm:nginx fd:12"), subject(descriptors=[past]), NOW)
    assert matches(parse("pid:10"), subject(descriptors=[], last_used_by=10), NOW)
    assert not matches(parse("comm:*"), subject(descriptors=[], pid=99), NOW)


def test_holders_given() -> None:
    """Whoever has the holders at hand passes them in."""
    given_ = Subject(life=life(), holders=((20, 3),), processes=PROCESSES)
    assert matches(parse("pid:20 fd:3"), given_, NOW)


def test_every_field_can_be_asked() -> None:
    """No field is offered that the matching does not know."""
    assert {*NUMBERS, *TEXTS, *ADDRESSES} == set(FIELDS)


@given(FILTERS, FILTERS)
def test_logic(left: Filter, right: Filter) -> None:
    """and, or, not are those of logic, and no filter fails on a socket."""
    first, second = matches(left, subject(), NOW), matches(right, subject(), NOW)
    assert matches(Not(left), subject(), NOW) is not first
    assert matches(conjunction([left, right]), subject(), NOW) is (first and second)
    assert matches(disjunction([left, right]), subject(), NOW) is (first or second)
    assert predicate(left)(subject(local=None, remote=None, descriptors=[]), 0) in {True, False}


_LETTERS = st.text(alphabet="ab*?[\\\n", max_size=8)


@given(st.text(alphabet="ab*?", max_size=8), _LETTERS)
def test_patterns_against_fnmatch(pattern: str, text: str) -> None:
    """Wildcards choose what the standard library's fnmatch chooses."""
    assert matcher(pattern)(text) == fnmatch.fnmatchcase(text, pattern)


@given(_LETTERS, _LETTERS)
def test_quoted_patterns(text: str, other: str) -> None:
    """A quoted text stands for itself and for nothing else."""
    pattern = "".join(map(quote, text))
    assert literal(pattern) == text
    assert matcher(pattern)(other) is (text == other)
    assert matcher(f"{pattern}*")(text + other)


def test_hostile_text_takes_no_time() -> None:
    """Neither a long name nor a pattern of many stars can make the matching hang."""
    start = time.process_time()
    assert not matcher("*a" * 30 + "*b")("a" * 4000)
    assert time.process_time() - start < 1
