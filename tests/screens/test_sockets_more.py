"""The view of all sockets: searching, columns, names, ways to other views, and edges."""

from __future__ import annotations

from socktrace.settings import Settings
from socktrace.text.numbers import SECOND
from socktrace.tui.dialogs.columns import ChooseColumns
from tests.screens.home import Home, run
from tests.screens.scripted import recorded
from tests.screens.text import lines, shows, text
from tests.unit.socket_samples import closed, connected, process


def test_search_moves_and_marks() -> None:
    """To the next row with the text, round at the end; the filter stays what it was."""

    async def act(home: Home) -> None:
        assert home.app.search_for("ZEBRA", 0)
        assert home.selected() == 3
        assert home.app.search_for("zebra", 1)
        assert home.selected() == 1
        assert home.app.search_for("zebra", 1)
        assert home.selected() == 3
        assert home.app.search_for("listening", -1)
        assert home.selected() == 4
        assert not home.app.search_for("no such thing", 1)
        assert home.selected() == 4
        assert len(home.numbers()) == 4

    run(act)


def test_choosing_columns() -> None:
    """`K`: on and off, up and down; what is chosen is shown in that order."""

    async def act(home: Home) -> None:
        await home.press("K")
        assert shows(home.app, ChooseColumns)
        await home.press("space", "J", "enter")
        names = [each.column.name for each in home.view.rows.placed]
        assert names[:3] == ["pid", "process", "fd"]
        await home.press("K", "d")
        assert home.view.rows.columns == ()
        await home.press("K", "space", "escape")
        assert home.view.rows.columns == ()

    run(act)


def test_columns_of_the_configuration() -> None:
    """They are shown whole, and scroll sideways where they do not fit."""
    columns = "state local remote tcp process calls blocked errors nonsense".split()

    async def act(home: Home) -> None:
        assert "no such columns: nonsense" in text(home.app)
        assert [each.column.name for each in home.view.rows.placed] == columns[:-1]
        await home.press(*["right"] * 9)
        assert home.view.list.scroll_offset.x > 0
        assert "ERRORS" in home.line("CALLS")
        await home.press(*["left"] * 12)
        assert home.view.list.scroll_offset.x == 0

    run(act, size=(80, 24), settings=Settings(columns=tuple(columns)))


def test_how_long_closed_ones_stay_is_configured() -> None:
    """None at all, if the user says so."""

    async def act(home: Home) -> None:
        assert len(home.numbers()) == 4
        await home.tell(closed(1, 5 * SECOND))
        await home.second()
        await home.second()
        assert home.numbers() == [4, 3, 2]

    run(act, settings=Settings(keep_closed=0.0))


def test_going_elsewhere_and_back() -> None:
    """Enter opens the socket, `v` its events, `p` the other end; Escape comes back to it."""

    async def act(home: Home) -> None:
        await home.press("down", "enter")
        assert (home.app.view.label, home.app.socket) == ("socket", 3)
        await home.press("escape")
        assert (home.app.view.label, home.selected()) == ("sockets", 3)
        await home.press("v")
        assert home.app.view.label == "events"
        await home.press("1")
        await home.press("p")
        assert home.app.view.label == "sockets"
        assert "not on this machine" in text(home.app)

    run(act)


def test_the_other_end() -> None:
    """Of a pair on this machine `p` opens the peer."""

    async def act(home: Home) -> None:
        home.view.return_to(2)
        await home.press("p")
        assert (home.app.view.label, home.app.socket) == ("socket", 3)

    run(act, recorded("tcp_echo"))


def test_copying() -> None:
    """The cell in the selected column, and the row."""

    async def act(home: Home) -> None:
        home.view.rows.selected = "remote"
        home.view.return_to(1)
        under = home.view.under_cursor()
        assert under is not None
        assert under.cell == "10.0.0.30:80"
        assert under.row.startswith("zebra  10  3  TCP  10.0.0.1:1001  10.0.0.30:80")
        assert home.view.selected_pid() == 10

    run(act)


def test_names_on_demand() -> None:
    """`D` shows names of addresses and ports where hosts(5) and services(5) know them."""

    async def act(home: Home) -> None:
        assert "127.0.0.1:80" in text(home.app)
        await home.press("D")
        await home.look()
        assert "127.0.0.1:80" not in text(home.app)
        assert "localhost:" in text(home.app)
        await home.press("D")
        await home.look()
        assert "127.0.0.1:80" in text(home.app)

    run(act, connected(1, "127.0.0.1"))


def test_paused() -> None:
    """While the screen stands still it can be sorted and filtered all the same."""

    async def act(home: Home) -> None:
        await home.press("space")
        await home.tell(*connected(9, t=5))
        assert 9 not in home.numbers()
        home.app.set_filter("comm:zebra")
        await home.look()
        assert home.numbers() == [3, 1]
        await home.press("u", "o", "o")
        await home.press("space")
        await home.look()
        assert 9 in home.numbers()

    run(act)


def test_an_empty_machine() -> None:
    """There may be nothing to show, and every key still works."""

    async def act(home: Home) -> None:
        assert "no sockets yet" in text(home.app)
        keys = "down enter s S escape b z Z o x H u p v 1 c C J home end left right K escape"
        await home.press(*keys.split())
        await home.tell(*connected(1))
        assert home.numbers() == [("group", (10, None)), 1]
        assert "no sockets yet" not in text(home.app)

    run(act, [])


def test_a_jump_of_a_replay() -> None:
    """Everything is of the other moment then."""

    async def act(home: Home) -> None:
        await home.press("down", "b", "b")
        await home.press("2")
        home.feed.reset(*connected(77))
        await home.look()
        await home.press("1")
        await home.press("b", "b", "b")
        assert home.numbers() == [77]

    run(act)


def test_hostile_names() -> None:
    """No name breaks the screen."""

    async def act(home: Home) -> None:
        for keys in ((), ("b",), ("Z",), ("x",), ("escape",), ("S", "escape"), ("K", "escape")):
            await home.press(*keys)
            assert all(line.isprintable() for line in lines(home.app))
        assert r"\x1b[2J" in text(home.app)

    names = ["\x1b[2J", "[/x]", "日本" * 9, "\u202e" + "e\u0301" * 40, "y" * 4000]
    told = [
        line for n, name in enumerate(names, 1) for line in (process(n, name), *connected(n, pid=n))
    ]
    run(act, told)
