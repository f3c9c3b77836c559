"""Parts of a socket's page: descriptors, calls and their durations, queues; which are shown."""

from __future__ import annotations

import numpy as np
import pytest

from socktrace.lines import Descriptor, Holding, Line, Process, Sample
from socktrace.text.numbers import SECOND
from socktrace.view.life.bars import bar, curve, level
from socktrace.view.life.calls import ALL, calls
from socktrace.view.life.gauges import GAUGES, gauges, reading_of
from socktrace.view.life.histogram import buckets, histogram, quantiles
from socktrace.view.life.holders import MOST, holders, tree
from socktrace.view.life.layout import PARTS, after, layout
from socktrace.view.life.rows import Target
from socktrace.view.spans import plain
from tests.unit.life_samples import (
    call,
    life_of,
    page,
    series_of,
    socket_line,
    state,
    text_of,
)

# --- bars ---


def test_bars() -> None:
    """As long as their share, to the eighth; nothing is nothing, little is something."""
    assert bar(8, 8, 4) == "████"
    assert bar(1, 8, 4) == "▌"
    assert bar(1, 10**9, 4) == "▏"
    assert not bar(0, 8, 4)
    assert [level(value, 8) for value in (0, 1, 4, 8)] == [" ", "▁", "▄", "█"]
    assert curve([0, None, 4, 8]) == "▁ ▄█"


# --- durations ---


def test_buckets_double() -> None:
    """Each range begins where the one before ends, and is twice as long."""
    found = buckets(np.array([500, 999, 1000, 4000, 4001]))
    assert [(each.start, each.stop, each.calls) for each in found] == [
        (500, 1000, 2),
        (1000, 2000, 1),
        (2000, 4000, 0),
        (4000, 8000, 2),
    ]


def test_bucket_extremes() -> None:
    """No call, a call of no length, one of thirty years, one that a damaged file made negative."""
    assert buckets(np.array([], dtype=np.int64)) == []
    assert [each.calls for each in buckets(np.array([0]))] == [1]
    last = buckets(np.array([10**18]))[-1]
    assert last.start <= 10**18
    assert last.stop is None or last.stop > 10**18
    assert sum(each.calls for each in buckets(np.array([-5, 0]))) == 2


def test_quantiles() -> None:
    """Of a hundred durations from 1 to 100."""
    told = dict(quantiles(np.arange(1, 101)))
    assert told == {"half": 51, "90 %": 91, "99 %": 100, "all": 100}


def test_a_range_leads_to_its_longest_call() -> None:
    """Enter on a range goes to the call that took longest in it."""
    rows = histogram(np.array([1500, 1900, 1700, 100]), "read", 100, np.array([10, 20, 30, 40]))
    targets = {row.key: row.target for row in rows if row.target is not None}
    assert targets == {
        ("bucket", 1000): Target("event", 20),
        ("bucket", 0): Target("event", 40),
    }


def test_histogram_shows_shares() -> None:
    """The largest range has the longest bar."""
    rows = histogram(np.array([1500] * 3 + [100_000]), "read", 100)
    text = text_of(rows)
    assert "How long read took" in text
    assert "4 single calls" in text
    first, *_, last = text.splitlines()[2:]
    assert first.lstrip().startswith("1 µs to 2 µs  3")
    assert "75 %" in first
    assert last.lstrip().startswith("64 µs to 128 µs  1")
    assert first.count("█") > last.count("█") > 0


# --- calls ---


def test_calls_are_summed_and_one_is_chosen() -> None:
    """The table is of all; the histogram of the chosen one."""
    lines: list[Line] = [
        socket_line(),
        call("read", 0, 10, 100),
        call("read", 1, 30, -1, errno="ECONNRESET"),
        call("write", 2, 50, 7),
    ]
    life = life_of(lines)
    series = series_of(lines, life)
    text = text_of(calls(life, series, "read", 100))
    assert "▸ read" in text
    assert "ECONNRESET 1" in text
    assert "20 ns" in text  # the mean
    assert "2 single calls" in text
    assert "3 single calls" in text_of(calls(life, series, ALL, 100))
    assert "3 single calls" in text_of(calls(life, series, "gone", 100))
    assert "Every call is kept one by one" in text


def test_calls_not_kept_are_told() -> None:
    """Sums are exact, the histogram is of the last ones."""
    lines: list[Line] = [socket_line(), *(call("read", t, 10, 1) for t in range(300))]
    life = life_of(lines)
    text = text_of(calls(life, series_of(lines[:201], life), ALL, 100))
    assert "Of 300 calls the last 200 are kept one by one" in text
    assert "300" in text


def test_no_calls() -> None:
    """That is said."""
    life = life_of([socket_line()])
    assert "No call on it has returned" in text_of(calls(life, series_of([]), ALL, 80))


# --- descriptors ---


def held(pid: int, fd: int, opened: int | None, via: str, closed: int | None = None) -> Holding:
    """A descriptor."""
    return Holding(pid, fd, opened, via, closed, "close" if closed is not None else None)


def test_tree() -> None:
    """A child has its parent's descriptor, a duplicate stands below its source."""
    first = held(1, 3, 0, "socket")
    forked = held(2, 3, 10, "fork")
    copied = held(2, 9, 20, "dup")
    passed = held(5, 4, 30, "SCM_RIGHTS")
    lines: list[Line] = [call("dup", 15, 5, 9, pid=2, fd=3, args={"oldfd": 3})]
    (root,) = tree([first, forked, copied, passed], {2: 1}, lines)
    assert root.holding is first
    child, message = root.children
    assert child.holding is forked
    assert not child.guessed
    assert child.children[0].holding is copied
    assert not child.children[0].guessed
    assert message.holding is passed
    assert message.guessed


def test_a_socket_in_a_message() -> None:
    """Whoever sent it may have closed it before it was received."""
    sent = held(1, 3, 0, "socket", closed=5)
    (root,) = tree([sent, held(2, 4, 10, "SCM_RIGHTS")], {})
    assert root.holding is sent
    assert root.children[0].guessed


def test_tree_without_evidence() -> None:
    """A parent that never held it, a source that had closed: they stand at the root."""
    closed = held(1, 3, 0, "socket", closed=5)
    roots = tree([closed, held(2, 3, 10, "fork"), held(3, 4, None, "existing")], {2: 1})
    assert len(roots) == 3


def test_a_duplicate_of_unknown_source_is_a_guess() -> None:
    """No line of the dup(2) is kept: it was made of what was there."""
    (root,) = tree([held(1, 3, 0, "socket"), held(1, 4, 10, "fcntl")], {})
    assert root.children[0].guessed


def test_holders_are_told() -> None:
    """Who, how, since when, until when; Enter goes to the process."""
    lines: list[Line] = [
        Process(0, "seen", 1, comm="master"),
        socket_line(pid=1),
        Descriptor(0, 1, 1, 3, "opened", "socket"),
        Process(SECOND, "fork", 2, ppid=1, comm="worker[/x]"),
        Descriptor(SECOND, 1, 2, 3, "opened", "fork"),
        Descriptor(2 * SECOND, 1, 1, 3, "closed", "close"),
    ]
    found = page(lines)
    rows = holders(found.life, found.name_of, found.parents, 5 * SECOND, 100)
    text = text_of(rows)
    assert "└─ 3" in text
    assert "worker[/x](2)" in text
    assert "close after 2 s" in text.replace("2.00 s", "2 s")
    assert "held for 4.00 s" in text
    assert "1 descriptor now, 1 before" in text
    assert [row.target for row in rows[1:3]] == [Target("process", 1), Target("process", 2)]


def test_thousands_of_holders() -> None:
    """Those that are open come first, and what is left out is counted."""
    life = life_of([socket_line()])
    life.descriptors = [held(n, 3, n, "fork", closed=n + 1 if n % 2 else None) for n in range(2000)]
    rows = holders(life, lambda _: None, {}, 9999, 80)
    assert sum(row.target is not None for row in rows) == MOST
    text = text_of(rows)
    assert "1000 descriptors now, 1000 before; 1700 not listed" in text


def test_nobody_holds_it() -> None:
    """Closed or not, that is said."""
    life = life_of([socket_line()])
    assert "No descriptor" in text_of(holders(life, lambda _: None, {}, 0, 80))
    life.descriptors = [held(1, 3, 0, "socket", closed=5)]
    assert "nobody holds it" in text_of(holders(life, lambda _: None, {}, 0, 200))


# --- queues ---


def test_gauges_of_a_connection() -> None:
    """Those that were told, with units; the newest at the right."""
    life = life_of([socket_line()])
    readings = [
        reading_of(Sample(t * SECOND, 1, t * 100, 0, {"tcpi_rtt": 250, "tcpi_snd_cwnd": 10}))
        for t in range(1, 9)
    ]
    rows = gauges(life, readings, 9 * SECOND, 120)
    text = {str(row.key): plain(row.spans) for row in rows}
    assert "800 B" in text["receive queue"]
    assert "▁▂▃▄▅▆▇█" in text["receive queue"]
    assert "250 µs" in text["round trip"]
    assert "10 segments" in text["window"]
    assert "delivery" not in text
    assert "waiting" not in text
    assert "8 readings in 7.00 s; the latest at 8.000000, 1.00 s ago" in text_of(rows)


def test_counters_are_drawn_by_their_growth() -> None:
    """Segments that were sent again: the curve shows when."""
    life = life_of([socket_line()])
    told = (0, 0, 3, 3, 3)
    readings = [
        reading_of(Sample(t, 1, 0, 0, {"tcpi_total_retrans": n})) for t, n in enumerate(told)
    ]
    rows = {row.key: plain(row.spans) for row in gauges(life, readings, 9, 80)}
    assert "▁▁█▁▁" in rows["sent again"]


@pytest.mark.parametrize(
    ("waiting", "words"),
    [(0, "no connection waits"), (3, "3 of 4 places"), (5, "the queue is full")],
)
def test_gauges_of_a_listener(waiting: int, words: str) -> None:
    """Connections that wait, against the most that may."""
    life = life_of([socket_line(), state("listening", 0)])
    rows = gauges(life, [reading_of(Sample(1, 1, waiting, 4))], 2, 100)
    assert {row.key for row in rows} >= {"waiting", "backlog"}
    assert words in text_of(rows)
    assert "receive queue" not in text_of(rows)


def test_no_reading() -> None:
    """What that means depends on the source."""
    life = life_of([socket_line()])
    assert "twice a second" in text_of(gauges(life, [], 0, 80))
    assert "was recorded" in text_of(gauges(life, [], 0, 80, recorded=True))
    closed = life_of([socket_line(), state("closed", 5)])
    assert "before it closed" in text_of(gauges(closed, [], 9, 80))
    sampled = life_of([socket_line(), Sample(1, 1, 2048, 0)])
    assert "2.0 KiB to read" in text_of(gauges(sampled, [], 9, 80))


def test_every_gauge_writes() -> None:
    """Each unit takes any number that the kernel may give."""
    for gauge in GAUGES:
        for value in (0, 1, 2**31 - 1, 2**63):
            assert gauge.write(value)


# --- which parts are shown ---


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("size", [(80, 20), (120, 36), (200, 20), (200, 56), (20, 5)])
def test_the_current_part_is_shown(part: str, size: tuple[int, int]) -> None:
    """Whatever the size; all of them where there is room."""
    chosen = layout(*size, part)
    assert part in chosen.parts
    assert len(set(chosen.parts)) == len(chosen.parts)
    if size == (200, 56):
        assert chosen.parts == PARTS
    if size == (80, 20):
        assert chosen.parts == (part,)


def test_parts_follow_each_other() -> None:
    """Tab goes round, and back again."""
    part = PARTS[0]
    for _ in PARTS:
        part = after(part, 1)
    assert part == PARTS[0]
    assert after(PARTS[0], -1) == PARTS[-1]
