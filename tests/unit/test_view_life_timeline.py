"""A life drawn along time: axis, bands of states, density of calls, blocked time, marks."""

from __future__ import annotations

import time

import pytest

from socktrace.lines import Blocked, Folded, Line, TcpEvent
from socktrace.text.columns import width_of
from socktrace.text.numbers import MILLISECOND, SECOND
from socktrace.view.life.axis import Window, axis, mark_text, step_for, whole
from socktrace.view.life.bands import band, segments
from socktrace.view.life.rows import Row
from socktrace.view.life.series import Series
from socktrace.view.life.timeline import timeline
from socktrace.view.life.zooming import MARGIN, View, panned, window_of, zoomed
from socktrace.view.spans import plain
from tests.unit.life_samples import call, life_of, series_of, socket_line, state


def drawn(rows: list[Row]) -> dict[object, str]:
    """The rows by their keys, without their titles."""
    return {row.key: plain(row.spans)[MARGIN:] for row in rows}


def test_steps_are_round() -> None:
    """The smallest round step of which no more than asked for fit."""
    assert step_for(1000, 10) == 100
    assert step_for(1001, 10) == 200
    assert step_for(60 * SECOND, 5) == 15 * SECOND
    assert step_for(10**18, 10) >= 10**17


def test_marks_are_told_apart() -> None:
    """A mark has the digits that its step needs and no zeros beyond."""
    assert [mark_text(t, 500_000) for t in (0, 500_000, 1_500_000)] == ["0", "500 µs", "1.5 ms"]
    assert mark_text(65_001_000_000, 1_000_000) == "65.001 s"
    assert mark_text(90 * SECOND, 30 * SECOND) == "1 min 30 s"
    assert mark_text(7, 1) == "7 ns"


def test_axis_counts_from_birth() -> None:
    """Marks stand at round times after the origin, also where the window begins later."""
    ruler, labels = axis(Window(1_250, 2_250, 40), 1_000)
    assert plain(ruler).count("┬") >= 2
    assert plain(labels).index("500 ns") == 10


@pytest.mark.parametrize("span", [0, 1, 3, 999, 10**9, 10**18])
@pytest.mark.parametrize("width", [1, 20, 80, 300])
def test_axis_fits(span: int, width: int) -> None:
    """Ruler and labels are never wider than the window, whatever it spans."""
    ruler, labels = axis(whole(5, 5 + span, width), 5)
    assert width_of(plain(ruler)) == width
    assert width_of(plain(labels)) <= width


def test_states_become_segments() -> None:
    """Each state stands from its beginning up to the next, with its name."""
    window = Window(0, 100, 100)
    placed = segments([state("created", 0), state("connected", 40, inferred=True)], window)
    line = plain(band(placed, window, 100))
    assert line.startswith("│created─")
    assert line[40:].startswith("│connected╌")
    assert len(line) == 100


def test_states_of_one_column_are_told_to_be_several() -> None:
    """The last of them stays, behind another sign."""
    window = Window(0, 1000, 10)
    placed = segments(
        [state(to, t) for t, to in enumerate(("created", "bound", "listening"))], window
    )
    assert [(each.state, each.changes) for each in placed] == [("listening", 3)]
    assert plain(band(placed, window, 10)) == "┃listening"


def test_whole_life() -> None:
    """States, calls of each way, errors and end of file stand where they happened."""
    lines: list[Line] = [
        socket_line(),
        state("created", 0),
        state("connected", 500),
        state("ESTABLISHED", 400, "tcp"),
        call("connect", 300, 200),
        call("sendto", 600, 10, 5),
        call("recvfrom", 700, 50, 5, args={"len": 64}),
        call("recvfrom", 800, 10, -1, errno="ECONNRESET"),
        call("recvfrom", 900, 10, 0, args={"len": 64}),
        state("closed", 1000),
    ]
    life = life_of(lines)
    rows = drawn(timeline(life, series_of(lines, life), 5000, 110))
    assert "connected" in rows["API"]
    assert "ESTABLISHED" in rows["TCP"]
    assert [rows[name].count("│") for name in ("in", "out", "other")] == [3, 1, 1]
    assert rows["out"].index("│") == 60
    assert rows["marks"].strip().split() == ["!", "E"]
    assert rows["marks"].index("!") == 81
    assert not rows["blocked"].strip()


def test_blocked_time_is_shaded() -> None:
    """From the beginning of a long call to its end; two at once look otherwise."""
    lines: list[Line] = [
        socket_line(),
        call("recvfrom", 0, 50 * MILLISECOND, 5),
        call("recvfrom", 40 * MILLISECOND, 20 * MILLISECOND, 5, tid=8),
    ]
    life = life_of(lines)
    rows = drawn(timeline(life, series_of(lines, life), 99 * MILLISECOND, MARGIN + 100))
    assert rows["blocked"].rstrip() == "▒" * 40 + "▓" * 10 + "▒" * 10


def test_short_waits_one_after_another_are_not_several() -> None:
    """A column is shaded by the part of it that was waited for, however often."""
    lines: list[Line] = [socket_line()]
    lines += [call("read", t * 10 * MILLISECOND, 2 * MILLISECOND, 5) for t in range(1000)]
    life = life_of(lines)
    rows = drawn(timeline(life, series_of(lines, life), 10_000 * MILLISECOND, MARGIN + 50))
    assert set(rows["blocked"].strip()) == {"░"}


def test_what_blocks_now_reaches_to_now() -> None:
    """A call that has not returned is shaded up to the end."""
    lines: list[Line] = [socket_line()]
    life = life_of(lines)
    waiting = Blocked(t=90, since=50, pid=7, tid=7, comm="seven", call="accept4", socket=1)
    rows = drawn(timeline(life, Series(), 99, MARGIN + 100, blocked=[waiting]))
    assert rows["blocked"].rstrip() == " " * 50 + "▒" * 49


def test_what_tcp_does_is_marked() -> None:
    """Segments sent again and resets."""
    life = life_of([socket_line()])
    series = Series()
    series.add(TcpEvent(10, 1, "retransmit"), life)
    series.add(TcpEvent(90, 1, "reset-received"), life)
    rows = timeline(life, series, 99, MARGIN + 100)
    assert drawn(rows)["marks"].strip().split() == ["R", "X"]
    text = "\n".join(plain(row.spans) for row in rows)
    assert "R sent again" in text
    assert "end of file" not in text


def test_sums_are_spread() -> None:
    """Calls that were added up raise each column between the first and the last."""
    lines: list[Line] = [socket_line()]
    life = life_of(lines)
    series = Series()
    series.add(Folded(20, 59, 7, 7, "seven", "recvfrom", 400, 3, 1, 4000), life)
    rows = drawn(timeline(life, series, 99, MARGIN + 100))
    assert rows["in"].rstrip() == " " * 20 + "█" * 40


@pytest.mark.parametrize("width", [1, 20, 80, 300])
@pytest.mark.parametrize("end", [0, 1, 10**18])
def test_extremes_fit(width: int, end: int) -> None:
    """A life of no length, one of thirty years, on any screen."""
    lines: list[Line] = [
        socket_line(),
        state("created", 0),
        call("socket", 0, end),
        state("closed", end),
    ]
    life = life_of(lines)
    for row in timeline(life, series_of(lines, life), end, width)[:8]:
        assert width_of(plain(row.spans)) <= max(width, MARGIN + 8)


def test_very_many_states_take_no_time() -> None:
    """Ten thousand changes in twenty columns: drawn at once."""
    lines: list[Line] = [
        socket_line(),
        *(state("bound" if t % 2 else "connected", t) for t in range(10_000)),
    ]
    life = life_of(lines)
    began = time.perf_counter()
    rows = drawn(timeline(life, Series(), 10_000, 20))
    assert time.perf_counter() - began < 1
    assert set(rows["API"].strip()) <= set("┃─bocun…dte")


def test_hostile_states_are_escaped() -> None:
    """A recording may hold any text for a state."""
    life = life_of([socket_line(), state("\x1b[31m[/x]", 0)])
    text = "".join(plain(row.spans) for row in timeline(life, Series(), 100, 80))
    assert "\x1b" not in text
    assert "\\x1b[31m[/x]" in text


def test_zoom_halves_and_pan_moves() -> None:
    """Closer shows half as much, at the end at first; left goes back; farther shows all again."""
    life = life_of([socket_line()])
    now, width = 1_000_000, MARGIN + 100
    full = window_of(life, now, width, View())
    near = zoomed(life, now, View(), 1)
    window = window_of(life, now, width, near)
    assert window.span == full.span // 2
    assert window.end == full.end
    left = panned(life, now, near, -0.5)
    assert window_of(life, now, width, left).start < window.start
    back = panned(life, now, left, 5)
    assert back == near
    assert zoomed(life, now, near, -1) == View()
    assert panned(life, now, View(), 1) == View()


def test_zoom_ends() -> None:
    """No closer than 100 ns."""
    life = life_of([socket_line()])
    view = View()
    for _ in range(100):
        view = zoomed(life, 1_000_000, view, 1)
    assert 100 <= window_of(life, 1_000_000, 100, view).span < 400


def test_missing_calls_are_told() -> None:
    """Totals may count more calls than are kept one by one."""
    lines: list[Line] = [socket_line(), *(call("read", t, 1, 1) for t in range(50))]
    life = life_of(lines)
    rows = timeline(life, series_of(lines[:11], life), 100, 120)
    assert any("10 of 50 calls are drawn" in plain(row.spans) for row in rows)
