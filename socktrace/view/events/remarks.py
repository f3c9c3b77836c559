"""What is said above the list: what it leaves out, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from socktrace.escape import printable
from socktrace.text.numbers import plural
from socktrace.view.spans import Span

if TYPE_CHECKING:
    from socktrace.view.events.choice import Choice
    from socktrace.view.events.log import EventLog


class Going(NamedTuple):
    """What goes on."""

    following: bool
    blocked: int = 0
    """Calls that wait just now."""
    search: tuple[str, int] | None = None
    """What is looked for, and at how many lines that was done."""


def remarks(log: EventLog, choice: Choice, shown: int, going: Going) -> list[Span]:
    """Write them: what matters most first."""
    parts: list[list[Span]] = []
    parts.append([("▼ following", "good")] if going.following else [("■ staying", "waiting")])
    if choice.only:
        names = ", ".join(map(str, choice.only))
        parts.append([("only ", "accent"), (names, "plain")])
    if choice.hidden:
        names = ", ".join(map(str, choice.hidden))
        parts.append([("hidden: ", "accent"), (names, "plain")])
    if choice.only or choice.hidden:
        parts.append([("u", "key"), (" shows all", "faint")])
    if choice.undecided:
        parts.append([(f"{plural(choice.undecided, 'socket')} still to be filtered", "waiting")])
    if going.search is not None:
        text, count = going.search
        parts.append([(f"looking for {printable(text, 30)}: {count:,} of {shown:,}", "waiting")])
    if log.skipped:
        parts.append([(f"▲ {plural(log.skipped, 'line')} skipped: too many came", "warning")])
    if going.blocked:
        parts.append([(f"{plural(going.blocked, 'call')} blocked now", "warning")])
    spans: list[Span] = []
    for part in parts:
        spans += [("  ", "plain"), *part] if spans else part
    return spans


def counted(log: EventLog, shown: int) -> list[Span]:
    """Write how many lines there are, and that the oldest are gone."""
    count = f"{shown:,} of {len(log):,}" if shown < len(log) else f"{shown:,}"
    spans: list[Span] = [(f"{count} {'line' if shown == 1 else 'lines'}", "faint")]
    if log.first:
        spans.append((f", the oldest {log.first:,} forgotten", "faint"))
    return spans
