"""Queues and tcp_info of a socket over time, as sock_diag(7) told them.

What is shown is a table: name, field, unit, and what it means. Fields are those of struct tcp_info
(tcp(7), include/uapi/linux/tcp.h); those that a kernel does not have are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from socktrace.lines import Sample, SocketLife
from socktrace.text.columns import pad, width_of
from socktrace.text.numbers import MICROSECOND, duration, moment, plural, size
from socktrace.view.life.bars import curve
from socktrace.view.life.rows import Row, text_row
from socktrace.view.spans import Span, cut

_UNLIMITED: Final = 0x7FFFFFFF
"""TCP_INFINITE_SSTHRESH: no loss has set it yet."""


class Reading(NamedTuple):
    """What is kept of a sample."""

    t: int
    receive_queue: int | None
    send_queue: int | None
    info: tuple[int | None, ...]
    """Those fields of tcp_info that `FIELDS` names; empty: there was none."""


class Gauge(NamedTuple):
    """One curve."""

    title: str
    field: str
    """Of tcp_info, or "receive_queue" or "send_queue"."""
    write: Callable[[int], str]
    meaning: str
    listener: bool = False
    """For listening sockets; the others are for all others."""
    grows: bool = False
    """A counter: what is drawn is by how much it grew."""


def _microseconds(value: int) -> str:
    return duration(value * MICROSECOND)


def _rate(value: int) -> str:
    return f"{size(value)}/s"


def _segments(value: int) -> str:
    return plural(value, "segment")


def _threshold(value: int) -> str:
    return "none yet" if value >= _UNLIMITED else _segments(value)


GAUGES: Final = (
    Gauge("waiting", "receive_queue", str, "connections that wait for accept", listener=True),
    Gauge("backlog", "send_queue", str, "the most that may wait: listen(2)", listener=True),
    Gauge("receive queue", "receive_queue", size, "bytes that nobody has read"),
    Gauge("send queue", "send_queue", size, "bytes not yet acknowledged, or not yet sent"),
    Gauge("not sent", "tcpi_notsent_bytes", size, "of these, bytes not sent even once"),
    Gauge("round trip", "tcpi_rtt", _microseconds, "smoothed round-trip time"),
    Gauge("variation", "tcpi_rttvar", _microseconds, "by how much round trips differ"),
    Gauge("window", "tcpi_snd_cwnd", _segments, "congestion window: the most on their way"),
    Gauge("threshold", "tcpi_snd_ssthresh", _threshold, "where slow start ends"),
    Gauge("on the way", "tcpi_unacked", _segments, "sent and not acknowledged"),
    Gauge("sent again", "tcpi_total_retrans", str, "segments, in all", grows=True),
    Gauge("lost", "tcpi_lost", _segments, "believed lost now"),
    Gauge("timeout", "tcpi_rto", _microseconds, "after this long a segment is sent again"),
    Gauge("delivery", "tcpi_delivery_rate", _rate, "how fast data last reached the other end"),
    Gauge("segment size", "tcpi_snd_mss", size, "the most data in one segment"),
)
FIELDS: Final = tuple(each.field for each in GAUGES if each.field.startswith("tcpi_"))
_NARROW: Final = 100
"""Columns below which what a gauge means is told below it no more."""


def reading_of(line: Sample) -> Reading:
    """Keep of a sample what is shown: its tcp_info takes some 2 kB."""
    info = line.tcp_info
    chosen = tuple(info.get(field) for field in FIELDS) if info else ()
    return Reading(line.t, line.receive_queue, line.send_queue, chosen)


def value_of(reading: Reading, field: str) -> int | None:
    """What a reading says of a field."""
    if field == "receive_queue":
        return reading.receive_queue
    if field == "send_queue":
        return reading.send_queue
    return reading.info[FIELDS.index(field)] if reading.info else None


def gauges(
    life: SocketLife, readings: Sequence[Reading], now: int, width: int, *, recorded: bool = False
) -> list[Row]:
    """Draw the curves of a socket, the newest at the right.

    Args:
        life: the socket's.
        readings: what was told of it, the oldest first.
        now: ns since time 0 of the source.
        width: columns of the screen.
        recorded: they come from a recording: nobody can be asked for more.
    """
    if not readings:
        return _nothing(life, recorded=recorded)
    latest = readings[-1]
    listens = life.role == "listener"
    shown = [
        (gauge, value)
        for gauge in GAUGES
        if gauge.listener == listens and (value := _latest(readings, gauge.field)) is not None
    ]
    values = [gauge.write(value) for gauge, value in shown]
    number = max((width_of(text) for text in values), default=0)
    room = max(8, min(60, width - 14 - number - 4 - (44 if width >= _NARROW else 0)))
    first = readings[0].t
    rows: list[Row] = []
    for (gauge, _), text in zip(shown, values, strict=True):
        series = columns(readings, gauge, room)
        spans: list[Span] = [
            (pad(gauge.title, 14), "heading"),
            (pad(text, number, right=True), "number"),
            ("  ", "plain"),
            (pad(curve(series), room, right=True), "bar"),
        ]
        if width >= _NARROW:
            spans += [("  ", "plain"), (gauge.meaning, "faint")]
        rows.append(Row(tuple(cut(spans, width)), key=gauge.title))
    if listens and latest.receive_queue is not None and latest.send_queue is not None:
        rows.append(_fullness(latest.receive_queue, latest.send_queue))
    age = max(now - latest.t, 0)
    told = f"{plural(len(readings), 'reading')} in {duration(max(latest.t - first, 0))}"
    when = f"the latest at {moment(latest.t)}, {duration(age)} ago"
    rows += [Row(()), text_row(f"{told}; {when}", "faint")]
    if not latest.info and life.protocol == "IPPROTO_TCP" and not listens:
        rows.append(text_row("no tcp_info in it: queues only", "faint"))
    return rows


def columns(readings: Sequence[Reading], gauge: Gauge, width: int) -> list[float | None]:
    """A value for each column of a curve: one for each reading, the latest ones.

    Of a counter it is by how much it grew.
    """
    told = [
        (reading.t, value)
        for reading in readings
        if (value := value_of(reading, gauge.field)) is not None
    ]
    told = told[-width:]
    drawn: list[float | None] = [value for _, value in told]
    if gauge.grows:
        drawn = [
            max(after[1] - before[1], 0)
            for before, after in zip([told[0], *told], told, strict=False)
        ]
    return drawn


def _latest(readings: Sequence[Reading], field: str) -> int | None:
    for reading in reversed(readings):
        value = value_of(reading, field)
        if value is not None:
            return value
    return None


def _fullness(waiting: int, backlog: int) -> Row:
    if waiting > backlog:
        return text_row("the queue is full: further connections are dropped or refused", "error")
    if waiting:
        return text_row(f"{waiting} of {backlog} places taken: nobody accepts them yet", "waiting")
    return text_row(f"no connection waits; {backlog} may", "faint")


def _nothing(life: SocketLife, *, recorded: bool) -> list[Row]:
    if life.sample is not None:
        sample = life.sample
        if life.role == "listener":
            text = f"{sample.receive_queue} waiting, {sample.send_queue} may wait"
        else:
            text = (
                f"{size(sample.receive_queue or 0)} to read, {size(sample.send_queue or 0)} to send"
            )
        return [text_row(f"{text}, at {moment(sample.t)}")]
    if recorded:
        return [text_row("No reading of its queues was recorded up to this moment.", "faint")]
    if life.closed is not None:
        return [text_row("No reading of its queues came before it closed.", "faint")]
    return [
        text_row("No reading of its queues yet.", "faint"),
        text_row("sock_diag(7) is asked twice a second while this page is open.", "faint"),
    ]
