"""A recording in a dozen lines: what, when, how long, who, how much, and what is missing."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from socktrace.escape import printable
from socktrace.text.columns import Column, table, wrap
from socktrace.text.evicted import evicted_sentences
from socktrace.text.lives import count_kinds
from socktrace.text.losses import losses_text
from socktrace.text.numbers import duration, plural, size
from socktrace.text.stream import blocked_text, process_name
from socktrace.text.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from socktrace.lines import Header, SocketLife
    from socktrace.text.tally import ProcessNode, Tally

LABEL: Final = 11
"""Columns of the names of the facts."""
LONGEST: Final = 160
MOST_PROCESSES: Final = 40
MOST_CALLS: Final = 30
MOST_BLOCKED: Final = 20


def summary_text(  # noqa: PLR0913 - all that a summary is made of
    name: str,
    header: Header,
    tally: Tally,
    lives: Sequence[SocketLife],
    missing: Sequence[str],
    *,
    width: int,
    style: Style = PLAIN,
) -> Iterator[str]:
    """Write the summary.

    Args:
        name: The file's.
        header: The recording's.
        tally: Of all its lines.
        lives: Of all its sockets.
        missing: Sentences about what is cut off, ignored or does not add up.
        width: Columns of the terminal.
        style: With or without colour.
    """
    yield style.paint("heading", printable(name, LONGEST))
    for label, value in _facts(header, tally, lives):
        yield from wrap(f"  {label:<{LABEL}} {value}", width, LABEL + 3)
    for sentence in _warnings(tally, lives, missing):
        for line in wrap(f"  ! {sentence}", width, 4):
            yield style.paint("warning", line)
    yield from _lost(tally, header, width, style)
    tree = list(_tree(tally))
    if tree:
        yield ""
        yield style.paint("heading", "Processes")
        for line in tree:
            yield from wrap(line, width, len(line) - len(line.lstrip(" ")) + 4)
    if tally.blocked:
        yield ""
        yield style.paint("heading", "Blocked at the end")
        for call in tally.blocked[:MOST_BLOCKED]:
            yield from wrap("  " + blocked_text(call, style), width, 4)
        if len(tally.blocked) > MOST_BLOCKED:
            yield f"  … {len(tally.blocked)} in all"
    if tally.calls:
        yield ""
        yield style.paint("heading", "Calls")
        yield from _calls(tally, width - 2)


def _facts(header: Header, tally: Tally, lives: Sequence[SocketLife]) -> Iterator[tuple[str, str]]:
    host = header.host
    yield "recorded", f"{printable(header.started_at, LONGEST)}, for {duration(tally.last)}"
    told = (host.hostname, host.kernel, host.arch)
    yield "on", ", ".join(printable(word, LONGEST) for word in told)
    made_by = f", by {printable(header.generator, LONGEST)}" if header.generator else ""
    yield "source", printable(header.source, LONGEST) + made_by
    if header.command:
        yield "command", printable(shlex.join(header.command), LONGEST)
    if header.filters:
        given = (f"{name}={value}" for name, value in header.filters.items())
        yield "filters", printable(" ".join(given), LONGEST)
    if header.payload_limit:
        yield "payload", f"up to {header.payload_limit} bytes of what each call carried"
    if header.anonymized:
        yield "anonymized", "names, paths and addresses are replaced"
    if tally.end is not None:
        yield "ended", printable(tally.end.reason, LONGEST)
    yield "sockets", f"{len(lives)}: {count_kinds(lives)}" if lives else "none"
    received, sent = (sum(each) for each in _bytes(lives))
    yield "bytes", f"{size(received)} in, {size(sent)} out"
    count = sum(call.count for call in tally.calls.values())
    failed = sum(sum(call.errors.values()) for call in tally.calls.values())
    folded = sum(call.folded for call in tally.calls.values())
    calls = f"{count}, of which {failed} failed" if failed else str(count)
    yield (
        "calls",
        f"{calls}; {folded} only added up, with no lines of their own" if folded else calls,
    )


def _bytes(lives: Sequence[SocketLife]) -> tuple[list[int], list[int]]:
    return [life.bytes_in for life in lives], [life.bytes_out for life in lives]


def _warnings(tally: Tally, lives: Sequence[SocketLife], missing: Sequence[str]) -> Iterator[str]:
    for (reason, summed), count in tally.losses.by_reason.items():
        where = "counted in the sums of their sockets" if summed else "counted nowhere else"
        yield f"{plural(count, 'event')} lost: {printable(reason, LONGEST)}; {where}"
    at_the_end = tally.end.lost_events if tally.end else 0
    if at_the_end > sum(tally.losses.by_reason.values()):
        yield f"{plural(at_the_end, 'event')} lost in all, by the end line"
    if tally.end is not None:
        for sentence in evicted_sentences(tally.end.evicted):
            yield f"while recording, {sentence}"
    before = sum(life.born_before for life in lives)
    if tally.end is not None and tally.end.unreadable:
        records = plural(tally.end.unreadable, "call")
        yield f"of {records} a part lay in memory that was not resident, and could not be read"
    if before:
        yield f"{plural(before, 'socket')} existed before: what they did till then is unknown"
    yield from (printable(sentence, 2 * LONGEST) for sentence in missing)


def _lost(tally: Tally, header: Header, width: int, style: Style) -> Iterator[str]:
    if not tally.losses.kinds:
        return
    yield ""
    yield style.paint("heading", "Lost")
    for line in losses_text(tally.losses, header.rings):
        yield from wrap(line, width, len(line) - len(line.lstrip(" ")) + 2)


def _tree(tally: Tally) -> Iterator[str]:
    for number, (depth, node) in enumerate(tally.children()):
        if number == MOST_PROCESSES:
            yield f"  … {len(tally.processes)} processes in all"
            return
        command = printable(shlex.join(node.cmdline), LONGEST // 2) if node.cmdline else ""
        parts = [process_name(node.comm, node.pid), command, plural(node.calls, "call")]
        text = "  ".join(part for part in [*parts, _end(node)] if part)
        yield "  " + "  " * min(depth, 20) + text


def _end(node: ProcessNode) -> str:
    if node.exit is None:
        return ""
    if node.exit.signal:
        return f"killed by {printable(node.exit.signal, LONGEST)}"
    return f"status {node.exit.exit_code}" if node.exit.exit_code is not None else "ended"


def _calls(tally: Tally, width: int) -> Iterator[str]:
    ordered = sorted(tally.calls.items(), key=lambda item: -item[1].count)
    rows = [
        (
            printable(name, LONGEST),
            str(call.count),
            duration(call.time),
            ", ".join(f"{printable(errno, 40)} {n}" for errno, n in call.errors.items()),
        )
        for name, call in ordered[:MOST_CALLS]
    ]
    columns = (
        Column("call", shrinks=True),
        Column("count", right=True),
        Column("time", right=True),
        Column("errors", shrinks=True),
    )
    yield from (f"  {line}" for line in table(columns, rows, width))
    if len(ordered) > MOST_CALLS:
        yield f"  … and {len(ordered) - MOST_CALLS} more names"
