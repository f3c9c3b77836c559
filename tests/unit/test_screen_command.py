"""What must be there before the screen opens."""

from __future__ import annotations

import io

import pytest

from socktrace.commands.screen import refuse_without_terminal, there_is_a_terminal
from socktrace.errors import UsageError


class Terminal(io.StringIO):
    """A stream that is one."""

    def isatty(self) -> bool:
        """Tell so."""
        return True


@pytest.mark.parametrize(
    ("stdin", "stdout", "term", "why"),
    [
        (Terminal(), Terminal(), "xterm", None),
        (io.StringIO(), Terminal(), "xterm", "standard input is no terminal"),
        (Terminal(), io.StringIO(), "xterm", "standard output is no terminal"),
        (Terminal(), Terminal(), "dumb", "of type dumb"),
        (Terminal(), Terminal(), "", "of type dumb"),
    ],
)
def test_what_can_be_drawn_on(
    monkeypatch: pytest.MonkeyPatch,
    stdin: io.StringIO,
    stdout: io.StringIO,
    term: str,
    why: str | None,
) -> None:
    """Both streams are a terminal, of a type that is more than a printer."""
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr("sys.stdout", stdout)
    monkeypatch.setenv("TERM", term)
    assert there_is_a_terminal() == (why is None)
    if why is None:
        refuse_without_terminal("do that")
        return
    with pytest.raises(UsageError) as caught:
        refuse_without_terminal("do that")
    assert why in caught.value.why
    assert caught.value.next_step == "do that"
