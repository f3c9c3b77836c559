"""The first line: what this is, where it comes from, what is missing, and the views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from socktrace.escape import printable
from socktrace.text.columns import fit
from socktrace.tui.actions import VIEWS
from socktrace.tui.widgets.line import Line, Piece, spread, width
from socktrace.view.findings import SEVERITIES

_LEAST: Final = 12
"""Columns in which a source's name still tells something."""


class Facts(NamedTuple):
    """What the header tells."""

    source: str
    notes: Sequence[str]
    current: str
    badge: tuple[int, str | None]
    """How many findings, and how bad the worst is."""


def header(facts: Facts, room: int) -> list[Piece]:
    """Lay the line out: the views keep their names as long as there is room for them."""
    name = Piece(" socktrace ", "title")
    for short, words in ((False, True), (False, False), (True, False)):
        tabs = _tabs(facts, short=short)
        source = _source(facts, room - width(tabs) - name.width, words=words)
        if source:
            return spread([name, *source], tabs, room)
    return spread([name], tabs, room)


def _source(facts: Facts, room: int, *, words: bool) -> list[Piece]:
    """The source, and how much it lacks, in words or as a number; where there is room, why."""
    notes = facts.notes
    count = f" ▲ {len(notes)} missing" if words else f" ▲{len(notes)}"
    sign = Piece(count, "warning", "sources") if notes else Piece("")
    room -= sign.width + 1
    source = printable(facts.source)
    if room < min(_LEAST, len(source)):
        return []
    pieces = [Piece(fit(source, room), "faint", "sources"), sign]
    rest = room - pieces[0].width
    if notes and rest > 2 * _LEAST:
        pieces.append(Piece(fit(f": {printable(notes[0])}", rest), "faint", "sources"))
    return pieces


def _tabs(facts: Facts, *, short: bool) -> list[Piece]:
    """The views by number and name; short: the name of the one that is shown alone."""
    pieces = []
    for number, name in enumerate(VIEWS, 1):
        text = f"{number} {name}" if not short or name == facts.current else str(number)
        pieces += _tab(text, name, facts)
    return pieces


def _tab(text: str, name: str, facts: Facts) -> list[Piece]:
    action = f"view('{name}')"
    chosen = name == facts.current
    pieces = [Piece(f" {text} ", "heading" if chosen else "plain", action, marked=chosen)]
    count, worst = facts.badge
    if name == "findings" and count:
        severity = SEVERITIES[worst or "note"]
        pieces.append(Piece(f"{severity.glyph}{count} ", severity.role, action))
    return pieces


class Header(Line):
    """The first line."""

    def lay_out(self, room: int) -> list[Piece]:
        """Ask the app."""
        app = self.tracer
        return header(
            Facts(app.feed.source, app.status.notes, app.view.label, app.findings_badge()), room
        )
