"""The command that is given to the user for another try."""

from __future__ import annotations

import sys

import pytest

from socktrace.host import rights


@pytest.mark.parametrize(
    ("words", "advised"),
    [
        (["record", "-o", "a b.jsonl", "--", "curl", "x"], "record -o 'a b.jsonl' -- curl x"),
        (["live", "--port", "80"], "live --port 80"),
        (["--where", "comm:x and port:80"], "--where 'comm:x and port:80'"),
        (["doctor", "--json"], "live"),
        ([], "live"),
    ],
)
def test_what_was_typed_is_given_back(
    words: list[str], advised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quoted for a shell; a command that captures nothing is answered with one that does."""
    monkeypatch.setattr(sys, "argv", ["/nowhere/socktrace", *words])
    assert rights.capturing_command() == f"{sys.executable} -m socktrace {advised}"
