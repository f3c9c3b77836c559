"""Tables of a socket's past: its changes of state, and what a listener accepted."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from socktrace.escape import printable
from socktrace.lines import Cause
from socktrace.text import addresses
from socktrace.text.columns import Column
from socktrace.text.numbers import duration, moment
from socktrace.text.stream import cause_text
from socktrace.view.life.bands import ROLES
from socktrace.view.life.page import Page
from socktrace.view.life.rows import Row, Target, table_rows, text_row
from socktrace.view.spans import Span

_LONGEST: Final = 64
_MOST_ACCEPTED: Final = 100
_MOST_STATES: Final = 200


def accepted(page: Page, width: int) -> list[Row]:
    """Write the sockets that were accepted, the newest first, and how long they waited."""
    shown = page.accepted[:_MOST_ACCEPTED]
    columns = (
        Column("accepted", right=True),
        Column("at", right=True),
        Column("waited", right=True),
        Column("from", shrinks=True),
        Column("state"),
    )
    rows = table_rows(
        columns,
        (
            (
                [
                    (addresses.sign(life.socket), "socket"),
                    (moment(life.created), "plain"),
                    ("?" if life.accept_wait is None else duration(life.accept_wait), "number"),
                    (addresses.address(life.remote), "address"),
                    (printable(life.api_state, _LONGEST), ROLES.get(life.api_state, "plain")),
                ],
                Target("socket", life.socket),
                ("accepted", life.socket),
            )
            for life in shown
        ),
        width,
    )
    notes = []
    if len(page.accepted) > len(shown):
        notes.append(f"the last {len(shown)} are listed")
    waits = sorted(life.accept_wait for life in page.accepted if life.accept_wait is not None)
    if len(waits) > 1:
        half = duration(waits[(len(waits) - 1) // 2])
        ends = f"{duration(waits[0])} to {duration(waits[-1])}"
        notes.append(f"waited {ends} for accept, half of them no longer than {half}")
    return [*rows, *(text_row(note, "faint") for note in notes)]


def changes(page: Page, width: int) -> list[Row]:
    """Write the latest changes of state, the newest first: Enter goes to the call."""
    life = page.life
    causes = page.causes()
    ordered = sorted(life.states, key=lambda state: state.t, reverse=True)
    rows: list[tuple[list[Span], Target | None, Hashable]] = []
    for state in ordered[:_MOST_STATES]:
        cause = state.cause
        name = causes.get((cause.t, cause.tid)) if isinstance(cause, Cause) else None
        target = Target("event", cause.t) if isinstance(cause, Cause) else None
        before = f"{printable(state.from_, _LONGEST)} → " if state.from_ else ""
        guess = " (inferred)" if state.inferred else ""
        rows.append((
            [
                (moment(state.t), "plain"),
                ("TCP" if state.layer == "tcp" else "API", "faint"),
                (before + printable(state.to, _LONGEST), ROLES.get(state.to, "plain")),
                (cause_text(cause, name) + guess, "inferred" if guess else "plain"),
            ],
            target,
            ("state", state.t, state.layer, state.to),
        ))  # fmt: skip
    columns = (
        Column("at", right=True),
        Column("layer"),
        Column("change"),
        Column("cause", shrinks=True),
    )
    laid = table_rows(columns, rows, width) if rows else []
    rest = len(ordered) - len(rows)
    return [*laid, *([Row(((f"… {rest} before", "faint"),))] if rest > 0 else [])]
