"""Giving out looks: every view that must see everything does, once."""

from __future__ import annotations

from typing import cast

import pytest

from socktrace.lines import Socket
from socktrace.tui import looking
from socktrace.tui.looking import Looking
from socktrace.tui.views.base import View
from socktrace.view.look import Look
from tests.screens.scripted import ScriptedFeed


class Taker:
    """A view that only remembers what it was given."""

    def __init__(self, *, always: bool) -> None:
        self.always = always
        self.looks: list[Look] = []

    def take(self, look: Look) -> None:
        """Remember."""
        self.looks.append(look)

    @property
    def told(self) -> list[int]:
        """The sockets whose lines it was given, in order."""
        return [
            line.socket for look in self.looks for line in look.fresh if isinstance(line, Socket)
        ]


def socket(number: int) -> Socket:
    """A socket is made."""
    return Socket(number, number, number, "AF_UNIX", "SOCK_STREAM", "0", "socket", pid=1)


def watched() -> tuple[ScriptedFeed, Taker, Taker, Looking]:
    """A source, a view that sees everything, one that is seen now and then."""
    feed = ScriptedFeed()
    always, sometimes = Taker(always=True), Taker(always=False)
    return feed, always, sometimes, Looking(feed, cast("list[View]", [always, sometimes]))


def test_what_is_kept_comes_with_the_next_look() -> None:
    """A glance, and a question, take nothing from those who see everything."""
    feed, always, sometimes, given = watched()
    feed.tell(socket(1))
    given.glance(cast("View", sometimes))
    feed.tell(socket(2))
    with given.held() as look:
        assert set(look.changed) == {1, 2}
    feed.tell(socket(3))
    assert always.told == []
    assert given.look(cast("View", always))
    assert always.told == [1, 2, 3]
    assert set(always.looks[-1].changed) == {1, 2, 3}
    assert not given.look(cast("View", always))
    assert sometimes.told == [1]


def test_a_glance_at_what_sees_everything_is_none() -> None:
    """It has all that it may show already."""
    feed, always, _, given = watched()
    feed.tell(socket(1))
    given.glance(cast("View", always))
    assert always.looks == []


def test_another_moment_makes_what_was_kept_worthless() -> None:
    """After a jump, only what was told since it counts; and that there was one is not lost."""
    feed, always, _, given = watched()
    feed.tell(socket(1))
    with given.held():
        pass
    feed.reset(socket(9))
    with given.held():
        pass
    feed.tell(socket(10))
    given.look(cast("View", always))
    assert always.told == [9, 10]
    assert always.looks[-1].reset


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A screen that is paused over night does not fill the memory; what is missing is told."""
    monkeypatch.setattr(looking, "_KEPT", 3)
    feed, always, _, given = watched()
    for number in range(1, 9):
        feed.tell(socket(number))
        with given.held():
            pass
    given.look(cast("View", always))
    assert always.told == [6, 7, 8]
    assert always.looks[-1].skipped == 5
    assert set(always.looks[-1].changed) == set(range(1, 9))
