"""The view of all sockets: what is seen there, in what order, and what is hidden."""

from __future__ import annotations

import pytest

from socktrace.text.numbers import SECOND
from socktrace.tui.dialogs.choose import Choose
from tests.screens.home import Home, run, several
from tests.screens.text import lines, shows, text
from tests.unit.socket_samples import closed, connected, moved


def test_what_is_seen_first() -> None:
    """Each socket in a line, the titles above, what is shown in a line above these."""

    async def act(home: Home) -> None:
        assert home.numbers() == [4, 3, 2, 1]
        assert "4 sockets" in home.line("sorted by")
        assert "PROCESS" in home.line("REMOTE")
        assert "◆ listening" in home.line("0.0.0.0:80")
        assert "● connected" in home.line("10.0.0.30:80")

    run(act)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40), (200, 60), (300, 60)])
def test_every_size(size: tuple[int, int]) -> None:
    """The most important is there at 80 columns; more where there is room."""

    async def act(home: Home) -> None:
        row = home.line("10.0.0.30")
        for part in ("zebra", "10", "TCP", "● connected", "active" if size[0] < 260 else "0s"):
            assert part in row
        assert all(len(line) <= size[0] for line in lines(home.app))

    run(act, size=size)


def test_a_connection_appears_and_goes() -> None:
    """It is there with the next look, dimmed when it has closed, and gone after a while."""

    async def act(home: Home) -> None:
        await home.tell(*connected(9, "10.9.9.9", t=5))
        assert home.numbers()[0] == 9
        assert "10.9.9.9:80" in text(home.app)
        await home.tell(closed(9, 6))
        assert "✕ closed" in home.line("10.9.9.9:80")
        home.feed.pass_time(15 * SECOND)
        await home.look()
        await home.second()
        assert "10.9.9.9:80" not in text(home.app)

    run(act)


def test_closed_ones() -> None:
    """`o` shows all that are remembered, then none, then the latest again."""

    async def act(home: Home) -> None:
        home.feed.pass_time(15 * SECOND)
        await home.look()
        await home.second()
        assert 1 not in home.numbers()
        await home.press("o")
        assert 1 in home.numbers()
        assert "all closed ones" in home.line("sorted by")
        await home.press("o")
        assert 1 not in home.numbers()
        assert "no closed ones" in home.line("sorted by")
        await home.press("o")
        assert "closed" not in home.line("sorted by")

    run(act, [*several(), closed(1, 5)])


def test_the_selected_socket_stays_in_place() -> None:
    """Others are sorted round it."""

    async def act(home: Home) -> None:
        await home.press("pagedown", "pagedown", "up", "up", "up")
        number = home.selected()
        assert number is not None
        there = f"10.0.0.1:{1000 + number} "
        row = lines(home.app).index(home.line(there))
        await home.tell(*(moved(n, "write", 9999, 6) for n in range(1, 20)))
        await home.second()
        await home.second()
        assert home.numbers()[0] == 19
        assert home.selected() == number
        assert there in lines(home.app)[row]

    run(act, [line for n in range(1, 120) for line in connected(n)])


def test_sorting_by_keys() -> None:
    """Left and right select a column, `s` sorts by it, and again the other way round."""

    async def act(home: Home) -> None:
        await home.press(*["left"] * 20, "right", "s")
        assert home.view.rows.order.sort.name == "process"
        assert home.numbers() == [2, 4, 1, 3]
        assert "›PROCESS▲" in home.line("REMOTE")  # noqa: RUF001 - the sign of the column
        await home.press("s")
        assert home.numbers() == [3, 1, 4, 2]
        assert "sorted by PROCESS ▼" in home.line("sorted by")
        await home.press("h", "l", "l")
        assert home.view.rows.selected == "pid"

    run(act)


def test_sorting_by_the_menu_and_by_the_mouse() -> None:
    """`S` lists every column; a click on a title sorts by it."""

    async def act(home: Home) -> None:
        await home.press("S")
        assert shows(home.app, Choose)
        await home.press("home", "1")
        assert home.view.rows.order.sort.name == "findings"
        await home.press("S", "escape")
        assert home.view.rows.order.sort.name == "findings"
        header = home.line("REMOTE")
        await home.pilot.click("SocketList", offset=(header.index("LOCAL") + 1, 0))
        await home.pilot.pause()
        assert home.view.rows.order.sort.name == "local"

    run(act)


def test_groups() -> None:
    """`b` goes through the groupings; Enter and `z` open a group, `Z` all of them."""

    async def act(home: Home) -> None:
        await home.press("b")
        assert "by process" in home.line("sorted by")
        assert [isinstance(key, tuple) for key in home.numbers()] == [True, True]
        await home.press("enter")
        assert len(home.numbers()) == 4
        await home.press("down", "z")
        assert len(home.numbers()) == 2
        assert isinstance(home.view.list.cursor_key, tuple)
        await home.press("Z")
        assert len(home.numbers()) == 6
        await home.press("b", "b", "b", "b")
        assert home.view.rows.order.grouping is None
        await home.press("z")
        assert "no groups" in text(home.app)

    run(act)


def test_a_click_on_a_groups_sign_opens_it() -> None:
    """One click on the sign; elsewhere it selects."""

    async def act(home: Home) -> None:
        await home.press("b")
        await home.pilot.click("SocketList", offset=(30, 1))
        await home.pilot.pause()
        assert len(home.numbers()) == 2
        column = home.line("▸").index("▸")
        await home.pilot.click("SocketList", offset=(column, 1))
        await home.pilot.pause()
        assert len(home.numbers()) == 4

    run(act)


def test_filter() -> None:
    """Only what fits is shown; how much is hidden is told, and `u` shows all."""

    async def act(home: Home) -> None:
        home.app.set_filter("comm:ant")
        await home.look()
        assert home.numbers() == [4, 2]
        assert "2 of 4 sockets  2 hidden (u shows all)" in home.line("sorted by")
        assert home.view.shown_sockets() == [4, 2]
        home.app.set_filter("comm:nobody")
        await home.look()
        assert "nothing fits the filter: u shows all" in text(home.app)
        assert home.view.under_cursor() is None
        await home.press("u")
        assert home.numbers() == [4, 3, 2, 1]
        assert home.view.shown_sockets() is None

    run(act)


def test_hiding_and_showing_only() -> None:
    """`H` and `x` ask what is meant and add it to the filter."""

    async def act(home: Home) -> None:
        await home.press("down", "down", "H")
        assert shows(home.app, Choose)
        assert "program ant" in text(home.app)
        await home.press("1")
        assert home.app.filter_text == "not comm:ant"
        assert home.numbers() == [3, 1]
        await home.press("home", "end", "x")
        screen = home.app.screen
        assert isinstance(screen, Choose)
        titles = [choice.title for choice in screen.choices]
        await home.press(str(1 + titles.index("remote address 10.0.0.30")))
        assert home.app.filter_text == "not comm:ant and raddr:10.0.0.30"
        assert home.numbers() == [1]
        await home.press("x", "escape")
        assert home.numbers() == [1]

    run(act)


def test_hiding_a_group() -> None:
    """Of a group, what all its sockets have in common is offered."""

    async def act(home: Home) -> None:
        await home.press("b", "H")
        assert "process 20" in text(home.app)
        assert "socket #" not in text(home.app)
        await home.press("2")
        assert home.app.filter_text == "not pid:20"

    run(act)
