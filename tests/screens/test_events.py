"""The events view: follow, search, filter, hide, take apart, go from use to use, read."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from socktrace.lines import Line
from socktrace.names.manual import page_of
from socktrace.tui.app import SocktraceApp
from socktrace.tui.dialogs.choose import Choose
from socktrace.tui.dialogs.manual import Manual, find_page, read_page, told
from socktrace.tui.views.events import EventsView
from socktrace.tui.widgets.reader import Reader
from socktrace.view.events.entries import bare, call_of, socket_of
from socktrace.view.look import Run
from socktrace.view.spans import plain
from tests.screens.scripted import ScriptedFeed, recorded
from tests.unit.event_samples import HOSTILE, SECOND, call, storm

Test = Callable[["Screen"], Awaitable[None]]


class Screen:
    """The events view of an app under test."""

    def __init__(self, app: SocktraceApp, pilot: Pilot[int], feed: ScriptedFeed) -> None:
        self.app, self.pilot, self.feed = app, pilot, feed
        view = app.views["events"]
        assert isinstance(view, EventsView)
        self.view = view
        self.said: list[str] = []
        app.notify = lambda text, **_: self.said.append(text)  # type: ignore[method-assign]

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def tell(self, *lines: Line | Run) -> None:
        """These come, and are seen."""
        for line in lines:
            if isinstance(line, Line):
                self.feed.tell(line)
            else:
                self.feed._fresh.append(line)
        self.look()
        await self.pilot.pause()

    def look(self) -> None:
        """Let a tick pass."""
        self.app.tick()

    @property
    def text(self) -> str:
        """All that is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips)

    @property
    def at(self) -> Any:
        """The line under the cursor."""
        entry = self.view.selected()
        assert entry is not None
        return bare(entry)

    @property
    def following(self) -> Any:
        """Whether the end is followed. Any: mypy takes a bool for the same after a key."""
        return self.view._list.following

    @property
    def dialog(self) -> type:
        """The kind of screen that is on top."""
        return type(self.app.screen)

    def go(self, number: int) -> None:
        """Put the cursor somewhere."""
        self.view._go(number)

    def find(self, name: str, start: int = 0) -> int:
        """The number of the first call of this name."""
        return next(n for n, e in self.view.told.since(start) if call_of(e) == name)


def screen(
    test: Test, lines: Iterable[Line] | str = "tcp_echo", size: tuple[int, int] = (120, 40)
) -> None:
    """Run a test in the events view, over these lines or a sample recording."""

    async def run() -> None:
        feed = ScriptedFeed(recorded(lines) if isinstance(lines, str) else lines)
        app = SocktraceApp(feed)
        async with app.run_test(size=size) as pilot:
            await pilot.press("4")
            await pilot.pause()
            await test(Screen(app, pilot, feed))

    asyncio.run(run())


# --- what is seen ---


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


def test_search_moves_and_hides_nothing() -> None:
    """To the next hit, the one before, and round."""

    async def test(it: Screen) -> None:
        count = len(it.view.rows)
        it.go(0)
        assert it.view.search("accept4(", 0)
        assert it.at.call == "accept4"
        assert not it.view.search("no such text", 1)
        assert it.at.call == "accept4"
        assert it.view.search("close(", 1)
        first = it.at
        assert it.view.search("close(", 1)
        assert it.at is not first
        assert it.view.search("close(", -1)
        assert it.at is first
        assert len(it.view.rows) == count
        assert it.view._list.marked == "close("
        assert it.view.search("", 0)
        assert it.view._list.marked is None

    screen(test)


@pytest.mark.parametrize("there", [True, False])
def test_a_long_search_goes_on_by_itself(there: bool) -> None:  # noqa: FBT001
    """Keys are answered meanwhile; in the end it says that there is nothing."""

    async def test(it: Screen) -> None:
        it.go(0)
        assert it.view.search("needle(" if there else "nothing", 1)
        for _ in range(500):
            if it.view._search is None:
                break
            await it.pilot.pause(0.01)
        assert it.view._search is None
        if there:
            assert it.at.call == "needle"
        else:
            assert it.said == ["not found: nothing"]

    lines = [call(t, f"c{t % 900}") for t in range(20_000)]
    screen(test, [*lines, call(10**6, "needle"), call(10**7)])


# --- ways ---


def test_from_use_to_use() -> None:
    """Of one socket, whoever uses it."""

    async def test(it: Screen) -> None:
        it.go(it.find("accept4"))
        await it.press("less_than_sign")
        assert it.at.call == "close"
        await it.press(*["less_than_sign"] * 5)
        assert it.at.call == "socket"
        assert "no earlier use of #1" in it.said[-1]
        await it.press("greater_than_sign")
        assert it.at.call == "bind"
        assert not it.following

    screen(test)


def test_to_the_call_that_made_a_socket() -> None:
    """From any line about it."""

    async def test(it: Screen) -> None:
        it.go(it.find("read"))
        await it.press("circumflex_accent")
        assert it.at.call == "accept4"

    screen(test)


def test_from_elsewhere_to_an_event() -> None:
    """The last one of a socket; the first from a moment on; or that there is none."""

    async def test(it: Screen) -> None:
        await it.press("1")
        it.app.open_events(socket=1)
        assert it.app.view is it.view
        assert it.view.selected_socket() == 1
        last = max(n for n, e in it.view.told.since(0) if socket_of(e) == 1)
        assert it.view._list.cursor_key == (last, -1)
        it.app.open_events(t=12_500_000)
        assert it.at.t >= 12_500_000
        it.app.open_events(socket=77)
        assert "no line about #77" in it.said[-1]

    screen(test)


def test_the_way_back_leads_to_the_same_row() -> None:
    """And to following, where that was so."""

    async def test(it: Screen) -> None:
        it.go(5)
        before = it.at
        await it.press("1", "escape")
        assert it.at is before
        assert not it.following
        await it.press("end", "1", "escape")
        assert it.following

    screen(test)


def test_another_moment_of_a_recording() -> None:
    """All is forgotten, and nothing is left open of what was there."""

    async def test(it: Screen) -> None:
        it.go(5)
        await it.press("enter")
        it.feed.reset(call(7, "listen"))
        it.look()
        await it.pilot.pause()
        assert len(it.view.told) == 1
        assert "listen(" in it.text
        assert it.following
        assert it.at.call == "listen"

    screen(test)


def test_what_is_copied() -> None:
    """What happened, or the whole line."""

    async def test(it: Screen) -> None:
        it.go(it.find("bind"))
        cell = it.view.under_cursor()
        assert cell is not None
        assert cell.cell.startswith("bind(3<#1>, 127.0.0.1:0) = 0")
        assert "tcp_echo(17151)" in cell.row
        assert cell.cell in cell.row

    screen(test)


def test_what_could_not_be_kept_is_told() -> None:
    """Lines that were skipped on their way here."""

    async def test(it: Screen) -> None:
        it.view.told.skipped = 1_234
        it.view.draw()
        await it.pilot.pause()
        assert "1234 lines skipped" in it.text

    screen(test)


# --- the manual ---


def test_the_manual_of_a_call() -> None:
    """Of a call, of the call that an entry came of; with what its error means."""

    async def test(it: Screen) -> None:
        it.go(it.find("connect", it.find("listen")))
        await it.press("m")
        await it.pilot.pause()
        assert it.dialog is Manual
        assert "Connect a socket to an address" in it.text
        assert "int connect(int sockfd" in it.text
        await it.press("m")
        assert it.dialog is not Manual
        change = next(
            n for n, e in it.view.told.since(0) if getattr(bare(e), "to", "") == "listening"
        )
        it.go(change)
        await it.press("m")
        await it.pilot.pause()
        assert "listen(2)" in it.text
        await it.press("escape")
        assert it.app.view is it.view

    screen(test)


def test_the_manual_says_what_the_error_means() -> None:
    """Of this very call."""
    page = page_of("connect")
    assert page is not None
    text = "\n".join(plain(line) for line in told(page, "ECONNREFUSED", 70))
    assert text.startswith("here it failed with ECONNREFUSED: nobody listens at that address")
    assert "▸ ECONNREFUSED" in text
    assert all(len(line) <= 73 for line in text.split("\n"))
    assert "here it failed" not in plain([s for line in told(page, None, 70) for s in line])


def test_no_page_about_what_is_no_call() -> None:
    """It is said, and nothing opens."""

    async def test(it: Screen) -> None:
        await it.press("m")
        assert it.said == ["there is no page about this call"]

    screen(test, [call(1, "[/x]")])


def test_a_page_that_the_system_does_not_have() -> None:
    """Neither asking nor reading fails."""
    page = page_of("accept4")
    assert page is not None
    nowhere = page._replace(manual="no-such-call-at-all")
    assert asyncio.run(find_page(nowhere)) is None

    async def test(it: Screen) -> None:
        it.app.push_screen(Manual(nowhere))
        await it.pilot.pause(0.5)
        dialog = it.app.screen
        assert isinstance(dialog, Manual)
        dialog.notify = it.app.notify  # type: ignore[method-assign]
        await it.press("enter")
        assert it.app.screen is dialog
        assert "no page no-such-call-at-all(2)" in it.said[-1]

    screen(test)


def test_without_man_there_is_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without man(1)."""
    monkeypatch.setenv("PATH", "/nonexistent")
    page = page_of("read")
    assert page is not None
    assert asyncio.run(find_page(page)) is None


def test_reading_the_systems_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """man(1) is run on the file until it ends; ^C in it is not for us."""
    man = tmp_path / "man"
    man.write_text('#!/bin/sh\necho "$@" > "$0.args"\nkill -INT $PPID\nexit 3\n')
    man.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    before = signal.getsignal(signal.SIGINT)
    read_page("/some/page.2.gz")
    assert (tmp_path / "man.args").read_text() == "-l /some/page.2.gz\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_where_the_terminal_cannot_be_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a browser, or in this test: it is said, and man is not run."""

    async def test(it: Screen) -> None:
        page = page_of("read")
        assert page is not None
        dialog = Manual(page)
        it.app.push_screen(dialog)
        await it.pilot.pause()
        dialog._file = "/some/page"
        dialog.notify = it.app.notify  # type: ignore[method-assign]
        await it.press("enter")
        assert it.said[-1] == "this terminal cannot be given to another program"
        assert it.app.screen is dialog

    monkeypatch.setattr("socktrace.tui.dialogs.manual.read_page", lambda _: pytest.fail("run"))
    screen(test)
