"""Values of a field: from what was written to what it means, or to why it means nothing."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Final

from socktrace.model.filters.fields import Field, Kind
from socktrace.model.filters.nodes import Network, Pattern, Value
from socktrace.model.filters.numbers import Unit, parse_span
from socktrace.model.filters.patterns import literal, matcher, quote

UserLookup = Callable[[str], int | None]
"""A user's name -> number; None when there is no such user. The model cannot ask the system."""

_WITH_PORT: Final = re.compile(r"\[?([^\]/]+)\]?:(\d+)")


class ValueProblem(Exception):  # noqa: N818 (the error that users meet is FilterError)
    """Why a value cannot be used, and what to write instead."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint


def nearest(text: str, known: Iterable[str]) -> str | None:
    """Find the known name that a mistyped one was probably meant to be."""
    close = difflib.get_close_matches(text, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _example(field: Field) -> str:
    return f"write for example {' or '.join(field.examples)}"


def _number(field: Field, text: str) -> Value:
    try:
        return parse_span(text, field.unit)
    except ValueError as problem:
        raise ValueProblem(f"{field.name}: {problem}", _example(field)) from None


def _user(field: Field, text: str, uid_of: UserLookup | None) -> Value:
    if text[:1].isdecimal():
        try:
            return parse_span(text, Unit.NUMBER)
        except ValueError:
            pass
    uid = uid_of(text) if uid_of is not None else None
    if uid is None:
        why = f"there is no user '{text}'" if uid_of else "user names cannot be looked up here"
        raise ValueProblem(why, f"give the user's number: {field.name}:1000")
    return parse_span(str(uid), Unit.NUMBER)


def _address(field: Field, pattern: str) -> Value:
    text = literal(pattern)
    if text is None or text.startswith(("/", "@")):
        return Pattern(pattern)
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        with_port = _WITH_PORT.fullmatch(text)
        hint = (
            f"write {field.name}:{with_port[1]} and port:{with_port[2]}"
            if with_port
            else f"{_example(field)}; for a UNIX socket: path:*{text}"
        )
        raise ValueProblem(f"'{text}' is no IP address and no network", hint) from None
    single = network.num_addresses == 1
    return Network(str(network.network_address if single else network))


def _symbol(field: Field, pattern: str) -> Value:
    vocabulary = field.vocabulary
    exact = literal(pattern)
    if exact is None:
        normal = vocabulary.normal(pattern)
        if not any(map(matcher(normal), vocabulary.names)):
            raise ValueProblem(f"no {field.name} fits '{pattern}'", _example(field))
        return Pattern(normal)
    normal = vocabulary.normal(exact)
    if normal not in vocabulary.names and not normal.isdecimal():
        near = nearest(normal, vocabulary.names)
        hint = f"did you mean '{near}'?" if near else _example(field)
        raise ValueProblem(f"there is no {field.name} '{exact}'", hint)
    return Pattern("".join(map(quote, normal)))


def read_value(field: Field, pattern: str, uid_of: UserLookup | None) -> Value:
    """Understand one value of a field.

    Raises:
        ValueProblem: It makes no sense for this field.
    """
    if field.kind is Kind.TEXT:
        return Pattern(pattern)
    if field.kind is Kind.ADDRESS:
        return _address(field, pattern)
    if field.kind is Kind.SYMBOL:
        return _symbol(field, pattern)
    text = literal(pattern)
    if text is None:
        raise ValueProblem(f"{field.name} is a number: * and ? mean nothing in it", _example(field))
    if field.kind is Kind.USER:
        return _user(field, text, uid_of)
    return _number(field, text)
