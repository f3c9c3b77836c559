"""Logs of events, and what their rows say."""

from __future__ import annotations

from socktrace.lines import (
    Line,
)
from socktrace.view.events.choice import Choice
from socktrace.view.events.entries import Entry
from socktrace.view.events.log import EventLog
from socktrace.view.events.rows import EventRows
from socktrace.view.look import Run
from socktrace.view.spans import plain
from tests.unit.event_samples import look_at


def log_of(*fresh: Line | Run, most: int = 1_000) -> EventLog:
    """A list that was told these in one look, and then that no more comes."""
    log = EventLog(most)
    look = look_at(*fresh)
    log.update(look)
    log.update(look_at(now=look.now))
    return log


def entries(log: EventLog) -> list[Entry]:
    """All that it holds."""
    return [entry for _, entry in log.since(0)]


def rows_of(log: EventLog) -> EventRows:
    """All of it as rows."""
    rows = EventRows(log, Choice())
    rows.extend()
    rows.width(200)
    return rows


def texts(rows: EventRows, width: int = 200) -> list[str]:
    """What the rows say."""
    return [plain(rows.line(index, width)).rstrip() for index in range(len(rows))]


# --- what is kept ---
