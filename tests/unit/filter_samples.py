"""Sockets, processes and filters for the tests of the filter language."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from socktrace.lines import Address, CallTotals, Holding, SocketLife
from socktrace.model.filters import Filter, ProcessFacts, Subject
from socktrace.model.filters.fields import FIELDS, Kind
from socktrace.model.filters.nodes import (
    Compare,
    Match,
    Network,
    Not,
    Pattern,
    Value,
    Word,
    conjunction,
    disjunction,
)
from socktrace.model.filters.numbers import Span
from socktrace.model.filters.patterns import quote

SECOND = 10**9

PROCESSES = {
    10: ProcessFacts(comm="nginx", uid=33, cgroup="/system.slice/nginx.service"),
    20: ProcessFacts(comm="Web Content", uid=1000, container="3f2a9cd0"),
}


def life(**changes: Any) -> SocketLife:
    """Give an accepted connection of nginx that saw two calls, with some fields changed."""
    values: dict[str, Any] = {
        "socket": 7,
        "inode": 4711,
        "family": "AF_INET",
        "type": "SOCK_STREAM",
        "protocol": "IPPROTO_TCP",
        "origin": "accept",
        "created": 10 * SECOND,
        "listener": 2,
        "local": Address(family="AF_INET", ip="10.1.2.3", port=80),
        "remote": Address(family="AF_INET", ip="192.168.0.9", port=40000),
        "role": "accepted",
        "api_state": "connected",
        "tcp_state": "CLOSE-WAIT",
        "descriptors": [Holding(pid=10, fd=12, opened=10 * SECOND, via="accept4")],
        "calls": {
            "recvfrom": CallTotals(count=3, errors={"EAGAIN": 2}),
            "sendto": CallTotals(count=1),
        },
        "bytes_in": 1000,
        "bytes_out": 2048,
        "last_used": 20 * SECOND,
    }
    return SocketLife(**(values | changes))


def subject(**changes: Any) -> Subject:
    """Give that connection with its surroundings."""
    return Subject.of(life(**changes), PROCESSES)


_text = st.text(alphabet=st.sampled_from("ab-./:,\\\"' ()*?!<>=@é\n") | st.characters(), max_size=8)
_pattern = st.lists(
    st.sampled_from(["?", "x*"]) | st.sampled_from("ab-./:,\\\"' ()*?!<>=@é\n").map(quote),
    max_size=6,
).map("".join) | _text.map(lambda text: "".join(map(quote, text)))
_number = st.integers(0, 10**20 - 1)
_network = st.ip_addresses().map(str) | st.integers(0, 2**16 - 1).map(
    lambda n: f"10.{n >> 8}.{n & 255}.0/24"
)
_span = st.tuples(_number, _number).map(lambda pair: Span(min(pair), max(pair)))


def _value_of(name: str) -> st.SearchStrategy[Value]:
    field = FIELDS[name]
    if field.kind is Kind.TEXT:
        return _pattern.map(Pattern)
    if field.kind is Kind.ADDRESS:
        return _network.map(Network) | _pattern.map(lambda text: Pattern(f"/{text}"))
    if field.kind is Kind.SYMBOL:
        known = st.sampled_from(field.vocabulary.names)
        return known.map(Pattern) | known.map(lambda text: Pattern(f"*{text[1:]}"))
    return _span | _number.map(lambda n: Span(n, n))


_matches = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: st.lists(_value_of(name), min_size=1, max_size=3).map(
        lambda values: Match(name, tuple(values))
    )
)
_compares = st.builds(
    Compare,
    st.sampled_from([name for name, field in FIELDS.items() if field.kind is Kind.NUMBER]),
    st.sampled_from(["<", "<=", ">", ">="]),
    _number,
)
_words = _pattern.filter(bool).map(Word)


def _joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3)
    return inner.map(Not) | several.map(conjunction) | several.map(disjunction)


FILTERS: st.SearchStrategy[Filter] = st.recursive(
    _matches | _compares | _words, _joined, max_leaves=8
)
"""Filters as the parser could have built them."""
