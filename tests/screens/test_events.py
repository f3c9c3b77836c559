"""The events view: follow, search, filter, hide, take apart, go from use to use, read."""

from __future__ import annotations

from typing import Any

import pytest

from socktrace.tui.dialogs.choose import Choose
from socktrace.tui.widgets.reader import Reader
from socktrace.view.events.entries import socket_of
from socktrace.view.spans import plain
from tests.screens.events_screen import Screen, screen
from tests.unit.event_samples import HOSTILE, SECOND, call, storm


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (300, 20), (40, 10)])
def test_the_newest_lines_are_seen_at_any_size(size: tuple[int, int]) -> None:
    """With titles, and what is so above them."""

    async def test(it: Screen) -> None:
        assert "following" in it.text
        assert "seconds" in it.text
        assert it.following
        assert "connected → closed"[: max(4, size[0] - 45)] in it.text

    screen(test, size=size)


def test_an_empty_list_says_so() -> None:
    """And nothing that is done there fails."""

    async def test(it: Screen) -> None:
        assert "no events yet" in it.text
        await it.press("up", "end", "enter", "e", "m", "x", "h", "H", "greater_than_sign")
        await it.press("circumflex_accent", "f", "f", "u", "tab")
        assert "no events yet" in it.text

    screen(test, [])


def test_lines_come_while_another_view_is_open() -> None:
    """The view sees every look."""

    async def test(it: Screen) -> None:
        await it.press("1")
        await it.tell(call(SECOND, "listen"))
        await it.press("4")
        assert "listen(" in it.text

    screen(test)


def test_follow_and_stay() -> None:
    """Moving up ends it, End goes on; lines that come leave the cursor where it is."""

    async def test(it: Screen) -> None:
        await it.press("up")
        assert not it.following
        before = it.at
        await it.tell(*(call(SECOND + t, "listen") for t in range(100)))
        assert it.at is before
        assert "staying" in it.text
        await it.press("end")
        assert it.following
        await it.tell(call(2 * SECOND, "bind"))
        await it.tell()
        assert it.at.call == "bind"
        await it.press("f")
        await it.tell(call(3 * SECOND, "connect"))
        assert it.at.call == "bind"
        await it.press("f")
        assert it.at.call == "connect"

    screen(test)


def test_scrolling_up_with_the_mouse_ends_following() -> None:
    """Whoever looks at old lines is not pulled away from them."""

    async def test(it: Screen) -> None:
        it.view._list.scroll_to(y=3, animate=False, force=True)
        await it.tell(*(call(SECOND + t, "listen") for t in range(50)))
        await it.pilot.pause()
        assert not it.following
        assert it.view._list.scroll_offset.y == 3

    screen(test)


def test_long_lines_are_whole_to_the_side() -> None:
    """First the result is seen; whoever moves to the right sees all arguments."""

    async def test(it: Screen) -> None:
        assert "SOCK_STRE…) = -1 EMFILE" in it.text
        assert "IPPROTO_TCP" not in it.text
        await it.tell()
        await it.press("right", "right")
        assert "IPPROTO_TCP) = -1 EMFILE" in it.text
        await it.press("left", "left")
        assert "IPPROTO_TCP" not in it.text

    kind = {"domain": "AF_INET", "type": ["SOCK_STREAM"], "protocol": "IPPROTO_TCP"}
    failed = call(1, "socket", ret=-1, errno="EMFILE", args=kind, dur=3_440)
    screen(test, [failed], size=(80, 24))


def test_a_resize_does_not_end_following() -> None:
    """At any moment, to any size."""

    async def test(it: Screen) -> None:
        for size in ((80, 24), (200, 60), (100, 12), (120, 40)):
            await it.pilot.resize_terminal(*size)
            await it.pilot.pause()
            await it.tell(call(SECOND, "listen"))
            assert it.following
            assert "listen(" in it.text

    screen(test)


def test_hostile_names_do_not_break_the_screen() -> None:
    """Escape sequences, markup, wide letters, names of 4,000 bytes."""

    async def test(it: Screen) -> None:
        await it.press("enter")
        await it.pilot.pause()
        assert "\x1b" not in it.text
        assert "\\x1b[2J[/x]" in it.text
        await it.press("h")
        assert isinstance(it.app.screen, Choose)
        assert "\\x1b[2J" in it.text

    lines = [call(1, HOSTILE, comm=HOSTILE * 10, args={HOSTILE: HOSTILE}, errno=HOSTILE)]
    screen(test, [*lines, call(2, comm="[/x]")][:1])


# --- sums ---


def test_a_storm_is_a_row_that_can_be_taken_apart() -> None:
    """By `e` and by Enter, and put together again."""

    async def test(it: Screen) -> None:
        await it.tell(storm(1_203, sockets=1))
        await it.press("end")
        assert "\N{MULTIPLICATION SIGN} 1,203 recvfrom(3<#101>)" in it.text
        count = len(it.view.rows)
        await it.press("e")
        assert len(it.view.rows) == count + 1_000
        assert "recvfrom(3<#101>, len=64" in it.text
        await it.press("down", "enter")
        assert it.view._reader.has_class("open")
        await it.press("escape", "up", "enter")
        assert len(it.view.rows) == count
        it.go(0)
        await it.press("e")
        assert "can be taken apart" in it.said[-1]

    screen(test)


def test_a_second_of_storm_is_one_row() -> None:
    """It grows where it stands."""

    async def test(it: Screen) -> None:
        for tick in range(5):
            await it.tell(storm(1_000, start=tick * SECOND // 10))
        assert it.text.count("\N{MULTIPLICATION SIGN}") == 1
        assert "\N{MULTIPLICATION SIGN} 5,000 recvfrom" in it.text

    screen(test, [])


# --- one event whole ---


def test_enter_shows_an_event_and_then_opens_its_socket() -> None:
    """Below the list; Escape closes it, and comes back from the socket's page."""

    async def test(it: Screen) -> None:
        it.go(it.find("connect"))
        await it.press("enter")
        await it.pilot.pause()
        assert it.app.view is it.view
        assert "arguments" in it.text
        assert "127.0.0.1" in plain(_lines(it))
        assert not it.following
        await it.press("enter")
        assert it.app.view.label == "socket"
        assert it.app.socket == 2
        await it.press("escape")
        assert it.app.view is it.view
        assert it.at.call == "connect"
        await it.press("escape")
        assert it.app.view is it.view
        assert not it.view._reader.has_class("open")
        await it.press("escape")
        assert it.app.view.label == "sockets"

    screen(test)


def _lines(it: Screen) -> list[Any]:
    return [span for line in it.view._reader._lines for span in line]


def test_an_event_without_a_socket_opens_its_process() -> None:
    """There is always somewhere to go on to."""

    async def test(it: Screen) -> None:
        await it.press("end", "enter", "enter")
        assert it.app.view.label == "processes"

    screen(test, [call(1, "socket", ret=-1, errno="EMFILE")])


def test_tab_goes_to_the_event_and_back() -> None:
    """To scroll it."""

    async def test(it: Screen) -> None:
        await it.press("tab")
        assert it.view._list.has_focus
        await it.press("enter")
        await it.pilot.pause()
        await it.press("tab")
        assert it.view.query_one(Reader).has_focus
        await it.press("tab")
        assert it.view._list.has_focus

    screen(test)


@pytest.mark.parametrize(("width", "wide"), [(120, False), (149, False), (150, True), (200, True)])
def test_an_event_is_shown_below_or_beside(width: int, wide: bool) -> None:  # noqa: FBT001
    """Where there is room."""

    async def test(it: Screen) -> None:
        await it.press("enter")
        await it.pilot.pause()
        reader, rows = it.view._reader.region, it.view._list.region
        assert (reader.x >= rows.right) == wide
        assert (reader.y >= rows.bottom) == (not wide)

    screen(test, size=(width, 30))


# --- what is chosen ---


@pytest.mark.parametrize("key", ["h", "H"])
def test_hiding_a_call(key: str) -> None:
    """What is hidden is told, and `u` shows it again."""

    async def test(it: Screen) -> None:
        count = len(it.view.rows)
        it.go(it.find("getsockname"))
        await it.press(key)
        assert "call getsockname" in it.text
        assert "process tcp_echo(17151)" in it.text
        assert "socket #1" in it.text
        await it.press("1")
        assert "hidden: call getsockname" in it.text
        assert "getsockname(" not in it.text
        assert len(it.view.rows) < count
        assert "of 58 lines" in it.text
        await it.press("u")
        assert len(it.view.rows) == count
        assert "hidden" not in it.text

    screen(test)


def test_showing_only_a_socket() -> None:
    """All about it, and what comes about it later."""

    async def test(it: Screen) -> None:
        it.go(it.find("connect"))
        await it.press("x", "3")
        assert {socket_of(it.view.told[n]) for n in it.view.rows.numbers} == {2}
        assert it.view.shown_sockets() == [2]
        await it.tell(call(SECOND, "listen", socket=1), call(SECOND + 1, "bind", socket=2))
        assert "bind(" in it.text
        assert "listen(" not in it.text
        assert "only socket #2" in it.text

    screen(test)


def test_a_choice_that_is_not_made_changes_nothing() -> None:
    """Escape."""

    async def test(it: Screen) -> None:
        await it.press("x", "escape")
        assert it.view.choice.everything

    screen(test)


@pytest.mark.parametrize("paused", [False, True])
def test_the_filter_of_the_app(paused: bool) -> None:  # noqa: FBT001
    """At once, whether the screen stands still or not."""

    async def test(it: Screen) -> None:
        if paused:
            await it.press("space")
        assert it.app.set_filter("role:listener")
        await it.pilot.pause(0.1)
        assert {socket_of(it.view.told[n]) for n in it.view.rows.numbers} == {1}
        assert it.app.set_filter("port:1")
        await it.pilot.pause(0.1)
        assert "nothing fits" in it.text
        await it.press("u")
        assert it.app.filter_text == ""
        assert it.view.choice.everything

    screen(test)


# --- search ---
