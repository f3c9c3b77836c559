"""--limit on the command line: what it takes, what it refuses, what is said of what went."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import msgspec
import pytest

from socktrace import cli
from socktrace.commands import limiting
from socktrace.errors import UsageError
from socktrace.export.words import WORDS
from socktrace.lines import Descriptor, End, Socket, State
from socktrace.model.limits import Limits, options
from socktrace.tracefile.replay import EVERYTHING
from tests.unit.tracefile_samples import write

if TYPE_CHECKING:
    from pathlib import Path

    from socktrace.lines import Line


def parsed(*words: str, base: Limits | None = None) -> Limits:
    """Return the limits of a command line."""
    parser = argparse.ArgumentParser()
    limiting.add_option(parser, base)
    return limiting.limits(parser.parse_args(words), base)


def test_limits_by_name() -> None:
    """Several at once, several times; the last of one name counts, the rest stays as it is."""
    assert parsed() == Limits()
    given = parsed("--limit", "closed-sockets=5, history=7", "--limit", "closed-sockets=6")
    assert given == Limits(closed_sockets=6, history=7)
    assert parsed("--limit", "epolls=1", base=EVERYTHING) == EVERYTHING._replace(epolls=1)


@pytest.mark.parametrize(
    ("given", "why", "next_step"),
    [
        ("closed-socket=5", "no limit of the name 'closed-socket'", "did you mean closed-sockets"),
        ("qqq=5", "no limit of the name", "choose from closed-sockets, "),
        ("history", "'' is not a number from 1", "--limit history=10000"),
        ("history=0", "'0' is not a number", "--limit history="),
        ("history=-1", "'-1' is not", "--limit"),
        ("history=9999999999999999999999", "is not a number from 1 to", "--limit"),
        ("history=\u0663", "is not a number", "--limit"),
        ("", "it has no name", "choose from"),
        ("history=5,", "it has no name", "choose from"),
    ],
)
def test_what_is_no_limit_is_refused(given: str, why: str, next_step: str) -> None:
    """The reason names what is wrong, the next step the nearest that is right."""
    with pytest.raises(UsageError) as caught:
        parsed("--limit", given)
    assert why in caught.value.why
    assert next_step in caught.value.next_step


@pytest.mark.parametrize("command", ["record", "live", "show"])
def test_help_names_every_limit(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever captures sees the defaults, too."""
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    shown = "".join(capsys.readouterr().out.split())
    for name, field in options():
        assert name in shown
        if command != "show":
            assert f"{name}={getattr(Limits(), field)}" in shown


def test_the_words_are_not_anonymized() -> None:
    """The names of limits tell nothing of anybody."""
    assert {name for name, _ in options()} <= WORDS


def _closed(number: int) -> list[Line]:
    t = number * 10
    return [
        Socket(
            t=t, socket=number, inode=number, family="AF_INET", type="SOCK_STREAM",
            protocol="IPPROTO_TCP", origin="socket", pid=7,
        ),
        Descriptor(t=t, socket=number, pid=7, fd=3, event="opened", via="socket"),
        State(t=t, socket=number, layer="api", from_=None, to="created", cause="unknown"),
        State(t=t + 5, socket=number, layer="api", from_="created", to="closed", cause="exit"),
    ]  # fmt: skip


def test_show_tells_what_was_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the recorder, and by show itself where it is asked to forget."""
    end = End(99, 0, 0, "duration", evicted={"closed-sockets": 3211, "odd\x1b": 2})
    lines: list[Line] = [line for number in range(1, 6) for line in _closed(number)]
    path = str(write(tmp_path / "t.jsonl", lines, end))
    assert cli.main(["show", path]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    recorded = "while recording, 3,211 closed sockets forgotten (--limit closed-sockets=N)"
    assert recorded in shown
    assert "2 of odd\\x1b forgotten" in shown
    assert "5 TCP" in shown
    assert cli.main(["show", path, "--limit", "closed-sockets=2"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert recorded in shown
    assert "! 3 closed sockets forgotten (--limit closed-sockets=2)" in shown
    assert "2 TCP" in shown


def test_an_end_that_forgot_nothing_says_nothing() -> None:
    """The field is there only where there is something in it."""
    assert b"evicted" not in msgspec.json.encode(End(9, 1, 0, "duration"))
