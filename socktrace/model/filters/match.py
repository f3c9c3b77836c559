"""Does a socket fit a filter? A tree becomes nested functions, built once and called often."""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from socktrace.lines import Address
from socktrace.model.filters.fields import FIELDS, Field
from socktrace.model.filters.nodes import (
    And,
    Compare,
    Filter,
    Match,
    Network,
    Not,
    Or,
    Pattern,
    Value,
    Word,
)
from socktrace.model.filters.numbers import Span
from socktrace.model.filters.patterns import literal, matcher
from socktrace.model.filters.subject import ADDRESSES, NUMBERS, TEXTS, Subject, path_text
from socktrace.names.addresses import format_address

Predicate = Callable[[Subject, int], bool]
"""Takes a socket with its surroundings and the time (ns since the recording began)."""

_TextTest = Callable[[str], bool]
_AddressTest = Callable[[Address], bool]
_IP = ipaddress.IPv4Address | ipaddress.IPv6Address

_OPERATORS: Final[dict[str, Callable[[int, int], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@lru_cache(maxsize=4096)
def _ip(text: str) -> _IP | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _same(ip: _IP) -> tuple[_IP, ...]:
    """Give an address and, for an IPv4 one that AF_INET6 carries (ipv6(7)), that one too."""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (ip,) if mapped is None else (ip, mapped)


def _in_network(text: str) -> _AddressTest:
    network = ipaddress.ip_network(text)

    def test(address: Address) -> bool:
        ip = None if address.ip is None else _ip(address.ip)
        return ip is not None and any(form in network for form in _same(ip))

    return test


def _address_pattern(pattern: str) -> _AddressTest:
    test = matcher(pattern)

    def fits(address: Address) -> bool:
        text = address.ip if address.ip is not None else path_text(address)
        return text is not None and test(text)

    return fits


def _text_test(field: Field, pattern: str) -> _TextTest:
    exact = literal(pattern)
    if field.prefix and exact is not None:
        return lambda text: text.startswith(exact)
    test = matcher(pattern)
    vocabulary = field.vocabulary
    if not vocabulary.names:
        return test
    normal = lru_cache(maxsize=256)(vocabulary.normal)
    return lambda text: test(normal(text))


def _addresses(match: Match) -> Predicate:
    values_of = ADDRESSES[match.field]
    tests = [_address_test(value) for value in match.values]
    return lambda s, _: any(test(address) for address in values_of(s) for test in tests)


def _address_test(value: Value) -> _AddressTest:
    if isinstance(value, Network):
        return _in_network(value.text)
    if isinstance(value, Pattern):
        return _address_pattern(value.text)
    raise TypeError(value)


def _texts(match: Match) -> Predicate:
    values_of = TEXTS[match.field]
    field = FIELDS[match.field]
    tests = [_text_test(field, v.text) for v in match.values if isinstance(v, Pattern)]
    return lambda s, _: any(test(text) for text in values_of(s) for test in tests)


def _numbers(match: Match) -> Predicate:
    values_of = NUMBERS[match.field]
    spans = [value for value in match.values if isinstance(value, Span)]
    return lambda s, now: any(
        low <= number <= high for number in values_of(s, now) for low, high in spans
    )


def _match(node: Match) -> Predicate:
    if node.field in ADDRESSES:
        return _addresses(node)
    return _texts(node) if node.field in TEXTS else _numbers(node)


def _compare(node: Compare) -> Predicate:
    values_of = NUMBERS[node.field]
    holds, number = _OPERATORS[node.operator], node.number
    return lambda s, now: any(holds(value, number) for value in values_of(s, now))


def _word(node: Word) -> Predicate:
    test = matcher(f"*{node.pattern.lower()}*")

    def fits(subject: Subject, _: int) -> bool:
        return any(f.comm is not None and test(f.comm.lower()) for f in subject.facts()) or any(
            test(format_address(address).lower()) for address in subject.ends()
        )

    return fits


def predicate(filter_: Filter) -> Predicate:
    """Build the function that tells whether a socket fits: for whoever asks many times."""
    match filter_:
        case And(parts):
            tests = [predicate(part) for part in parts]
            return lambda s, now: all(test(s, now) for test in tests)
        case Or(parts):
            tests = [predicate(part) for part in parts]
            return lambda s, now: any(test(s, now) for test in tests)
        case Not(part):
            test = predicate(part)
            return lambda s, now: not test(s, now)
        case Match():
            return _match(filter_)
        case Compare():
            return _compare(filter_)
        case Word():
            return _word(filter_)
        case _:
            raise TypeError(filter_)


_cached: Final = lru_cache(maxsize=64)(predicate)


def matches(filter_: Filter, subject: Subject, now: int) -> bool:
    """Tell whether a socket fits a filter at the moment ``now`` (ns since the recording began)."""
    return _cached(filter_)(subject, now)
