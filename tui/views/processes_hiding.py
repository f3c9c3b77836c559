"""Hiding processes, or showing only some: what there is to choose, and the filter it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from socktrace.escape import printable
from socktrace.model.filters import Filter
from socktrace.model.filters.nodes import Match, Pattern
from socktrace.model.filters.numbers import Span
from socktrace.model.filters.patterns import quote
from socktrace.tui.dialogs.choose import Choice
from socktrace.view.processes.person import Person

_LONGEST = 40


def choices(person: Person, user_name: Callable[[int], str]) -> Iterator[Choice[Filter]]:
    """What a process has in common with others, and the filter for each of these."""
    pid = Match("pid", (Span(person.pid, person.pid),))
    yield Choice(f"process {person.pid}", pid, "its sockets alone")
    if person.comm is not None:
        name = printable(person.comm, _LONGEST)
        yield Choice(f"program {name}", _text("comm", person.comm), "every process of that name")
    uid = None if person.life is None else person.life.uid
    if uid is not None:
        user = printable(user_name(uid), _LONGEST)
        yield Choice(f"user {user}", Match("user", (Span(uid, uid),)), "every process of theirs")
    if person.container is not None:
        title = f"container {printable(person.container, _LONGEST)}"
        yield Choice(title, _text("container", person.container), "every process in it")


def _text(field: str, value: str) -> Filter:
    return Match(field, (Pattern("".join(map(quote, value))),))
