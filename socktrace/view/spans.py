"""Text as a screen shows it: pieces, each with the role it plays.

A role says what a piece is, and the theme says how that looks; what matters is told by a word or a
sign as well, so that nothing is lost without colour. Text from outside must have gone through
`socktrace.escape.printable` before it becomes part of a span.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from socktrace.text.columns import fit, width_of

Role = Literal[
    "plain",
    "faint",  # less important, or of what is over
    "heading",  # titles of columns and parts
    "title",  # the name of what a page is about
    "accent",  # what the eye is to find: the sorted column, a search hit
    "socket",  # the sign of a socket
    "process",  # the name of a program
    "address",
    "number",
    "good",  # established, listening, done
    "waiting",  # blocked, connecting: neither good nor bad
    "warning",
    "error",
    "critical",
    "key",  # a key to press
    "inferred",  # concluded, not seen
    "bar",  # filled parts of bars and diagrams
    "bar2",  # a second series in them
]
ROLES: Final[tuple[str, ...]] = Role.__args__  # type: ignore[attr-defined]

Span = tuple[str, Role]
"""A piece of text and its role."""
Spans = Sequence[Span]
"""One line of a screen."""


def plain(spans: Iterable[Span]) -> str:
    """Give the text without its roles: for search, for copying, for tests."""
    return "".join(text for text, _ in spans)


def cut(spans: Iterable[Span], width: int) -> list[Span]:
    """Cut a line to this many columns, with an ellipsis where something is missing."""
    line = list(spans)
    room = width
    kept: list[Span] = []
    for place, (text, role) in enumerate(line):
        wide = width_of(text)
        if wide > room:
            kept.append((fit(text, room), role))
            return kept
        if wide == room and any(width_of(rest) for rest, _ in line[place + 1 :]):
            kept.append((fit(text + " ", room), role))
            return kept
        kept.append((text, role))
        room -= wide
    return kept
