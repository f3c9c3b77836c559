"""The filter language: what is understood, what is refused, and how it says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socktrace.model.filters import Filter, FilterError, complete, fields, from_options, parse
from socktrace.model.filters.numbers import Span, Unit, format_span, parse_span
from socktrace.model.filters.symbols import VOCABULARIES
from tests.unit.filter_samples import FILTERS


@given(FILTERS)
def test_text_of_a_filter_means_the_filter(tree: Filter) -> None:
    """What a filter prints is read back as an equal filter."""
    assert parse(str(tree)) == tree


def _tried(text: str) -> Filter | FilterError:
    try:
        return parse(text)
    except FilterError as error:
        return error


@given(st.text(alphabet=st.sampled_from("ab:>=<!-()\"'\\*?,. \n") | st.characters()))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything but give a filter or a FilterError whose place is inside the text."""
    outcome = _tried(text)
    if isinstance(outcome, FilterError):
        assert 0 <= outcome.position <= len(text)
        assert all(line.isprintable() for line in str(outcome).split("\n"))
        assert len(str(outcome).split("\n")) == 4
    else:
        assert parse(str(outcome)) == outcome


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("comm:nginx and age>30s", "comm:nginx and age>30s"),
        ("comm:nginx age>30", "comm:nginx and age>30s"),
        ("a or b and c", "a or b and c"),
        ("(a or b) and c", "(a or b) and c"),
        ("((a))", "a"),
        ("a AND (b && c) || NOT d", "a and b and c or not d"),
        ("-comm:x !fd:3 -(a b)", "not comm:x and not fd:3 and not (a and b)"),
        ("comm != x", "not comm:x"),
        ("comm=x", "comm:x"),
        ("port:80,443, 1000-2000", "port:80,443,1000-2000"),
        ("state:CLOSE_WAIT,estab", "state:close-wait,established"),
        ("family:AF_INET,Unix,ipv6", "family:inet,unix,inet6"),
        ("type:SOCK_STREAM", "type:stream"),
        ("protocol:IPPROTO_TCP,netlink_route", "protocol:tcp,netlink_route"),
        ("errno:111,EWOULDBLOCK,eagain", "errno:ECONNREFUSED,EAGAIN,EAGAIN"),
        ("call:RECV*", "call:recv*"),
        ("age>=90m idle<1.5s", "age>=90m and idle<1500ms"),
        ("bytes>1.5KiB bytes_in:10k", "bytes>1536 and bytes_in:10000"),
        ("calls>2M", "calls>2000000"),
        ("addr:10.1.2.3/8,[::1]", "addr:10.0.0.0/8,::1"),
        ("addr:::ffff:1.2.3.4", "addr:::ffff:102:304"),
        ('path:"/tmp/my dir/*"', 'path:"/tmp/my dir/*"'),
        (r"path:/tmp/my\ dir/\*", r'path:"/tmp/my dir/\*"'),
        ('"and" "a:b"', '"and" and "a:b"'),
        ("127.0.0.1:80", '"127.0.0.1:80"'),
        ("user:0,1000-2000", "user:0,1000-2000"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    """Ways to write the same thing are the same filter, told in one way."""
    assert str(parse(text)) == normal


@pytest.mark.parametrize(
    ("text", "position", "reason", "hint"),
    [
        ("comm:x and stat:listen", 11, "no field 'stat'", "did you mean 'state'?"),
        ("zzz:1", 0, "no field 'zzz'", "pid, comm, user"),
        ("state:lisening", 6, "no state 'lisening'", "did you mean 'listening'?"),
        ("errno:ECONREFUSED", 6, "no errno", "did you mean 'ECONNREFUSED'?"),
        ("family:zz*", 7, "no family fits", "family:inet"),
        ("port:http", 5, "not a whole number", "port:80,443"),
        ("port:9-1", 5, "ends before it begins", "port:80,443"),
        ("port:80k", 5, "not a unit", "port:80,443"),
        ("pid:1*", 4, "* and ? mean nothing", "pid:1234"),
        ("age>1.5ns", 4, "finer than", "age>30s"),
        ("fd>1-2", 3, "a range cannot be compared", "fd:low-high"),
        ("comm>3", 0, "'comm' is no number", "comm:nginx"),
        ("addr:1.2.3.4:80", 5, "no IP address", "addr:1.2.3.4 and port:80"),
        ("addr:x.sock", 5, "no IP address", "path:*x.sock"),
        ("user:bob", 5, "cannot be looked up", "user:1000"),
        ("(a", 0, "not closed", ")"),
        ("a )", 2, "closes nothing", "take it away"),
        ("a and", 5, "a term is missing", "comm:nginx"),
        ("or a", 0, "a term is missing", "comm:nginx"),
        ("comm: x", 5, "has no value", "without a space"),
        ('a "b', 2, "quote is not closed", '"'),
        ('""', 0, "nothing to look for", "comm:nginx"),
        ("  ", 2, "empty", "comm:nginx"),
        ("(" * 1000, 50, "nested too deeply", "fewer"),
        ("not " * 1000 + "a", 200, "nested too deeply", "fewer"),
    ],
)
def test_refusals(text: str, position: int, reason: str, hint: str) -> None:
    """A mistake is shown where it is, with its reason and what to write instead."""
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert error.position == position
    assert reason in error.reason
    assert hint in error.hint


def test_error_shows_the_place() -> None:
    """The caret stands under the mistake, also behind characters that are shown escaped."""
    with pytest.raises(FilterError) as caught:
        parse('"\x1b[1m" and stat:x')
    lines = str(caught.value).splitlines()
    assert "\x1b" not in str(caught.value)
    assert lines[1][lines[2].index("^") :] == "stat:x"


def test_user_names() -> None:
    """A user's name becomes a number by the look-up that is passed in; unknown ones are refused."""
    users = {"bob": 1000}
    assert str(parse("user:bob", uid_of=users.get)) == "user:1000"
    with pytest.raises(FilterError, match="no user 'eve'"):
        parse("user:eve", uid_of=users.get)


def test_options() -> None:
    """The same option again widens, another one narrows; none is no filter."""
    assert from_options() is None
    assert from_options(pid=[], where=None) is None
    combined = from_options(
        pid=[1, 2],
        comm=["Web Content", "a,b*"],
        port=["80,443", "1000-2000"],
        where=["age>1s or idle>1s", "fd:3"],
    )
    assert str(combined) == (
        'pid:1,2 and comm:"Web Content",a,b* and port:80,443,1000-2000'
        " and (age>1s or idle>1s or fd:3)"
    )
    assert str(from_options(where="fd:3", state="LISTEN")) == "state:listen and fd:3"


def test_option_mistakes() -> None:
    """A bad option shows itself as it was typed; an option that does not exist is a bug."""
    with pytest.raises(FilterError) as caught:
        from_options(port=["80", "x"])
    assert caught.value.text == "--port x"
    assert caught.value.position == len("--port ")
    with pytest.raises(TypeError, match="colour"):
        from_options(colour=["red"])


def test_every_field_explains_itself() -> None:
    """Each field has a description, and each of its examples is a filter on that field."""
    for field in fields():
        assert field.description
        assert field.examples
        for example in field.examples:
            text = str(parse(example, uid_of={"root": 0}.get))
            assert text.startswith(field.name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sta", ["state:"]),
        ("comm:x and (ag", ["age>"]),
        ("-sta", ["-state:"]),
        ("a o", ["origin:", "or"]),
        ("state:clos", ["state:closed", "state:close-wait", "state:closing"]),
        ("state:CLOSE_W", ["state:close-wait"]),
        ("family:inet,uni", ["family:inet,unix"]),
        ("errno:econnr", ["errno:ECONNRESET", "errno:ECONNREFUSED"]),
        ("comm:W", ['comm:"Web Content"']),
        ("comm:z", []),
        ('comm:"Web Con', []),
        ("nofield:x", []),
    ],
)
def test_completion(text: str, expected: list[str]) -> None:
    """The word at the cursor is completed; what follows the cursor does not matter."""
    known = {"comm": ["Web Content", "nginx"]}
    assert complete(text + " and fd:3", len(text), known) == expected


def test_completion_of_nothing() -> None:
    """At the start every field is offered, and only "not" among the connectives."""
    offered = complete("", 0)
    assert [word.rstrip(":>") for word in offered] == [*(f.name for f in fields()), "not"]


@given(st.sampled_from(list(Unit)), st.tuples(st.integers(0, 10**19), st.integers(0, 10**19)))
def test_numbers(unit: Unit, ends: tuple[int, int]) -> None:
    """A number that is printed is read back as the same one, in every unit."""
    span = Span(min(ends), max(ends))
    assert parse_span(format_span(span, unit), unit) == span


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1.5s", Unit.DURATION, 1_500_000_000),
        ("2", Unit.DURATION, 2_000_000_000),
        ("3\N{GREEK SMALL LETTER MU}s", Unit.DURATION, 3000),
        ("3µs", Unit.DURATION, 3000),
        ("1d", Unit.DURATION, 86400 * 10**9),
        ("1GiB", Unit.SIZE, 2**30),
        ("1.5Ki", Unit.SIZE, 1536),
        ("10kB", Unit.SIZE, 10_000),
        ("1T", Unit.COUNT, 10**12),
    ],
)
def test_units(text: str, unit: Unit, expected: int) -> None:
    """Units mean what SI and IEC say."""
    assert parse_span(text, unit) == Span(expected, expected)


def test_vocabularies_are_normal() -> None:
    """Every known name is its own normal form, so that it can be found at all."""
    for vocabulary in VOCABULARIES.values():
        assert [vocabulary.normal(name) for name in vocabulary.names] == list(vocabulary.names)
        assert set(vocabulary.aliases.values()) <= set(vocabulary.names)
