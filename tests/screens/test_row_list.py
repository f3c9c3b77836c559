"""The list of rows: its cursor, what it draws, and that what is drawn is what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from socktrace.tui.theme import DARK, LIGHT
from socktrace.tui.widgets.row_list import RowList
from socktrace.view.spans import Spans
from tests.screens.text import lines


class Numbers:
    """Rows that a test changes."""

    def __init__(self, count: int = 100, *, titled: bool = True, wide: int = 0) -> None:
        self.items = [f"row{number}" for number in range(count)]
        self.versions: dict[str, int] = {}
        self.titled = titled
        self.wide = wide
        self.drawn: list[str] = []

    def __len__(self) -> int:
        return len(self.items)

    def key(self, index: int) -> Hashable:
        """A row is known by its text."""
        return self.items[index]

    def index(self, key: Hashable) -> int | None:
        """Where it is now."""
        return self.items.index(str(key)) if key in self.items else None

    def version(self, index: int) -> Hashable:
        """As the test says."""
        return self.versions.get(self.items[index], 0)

    def line(self, index: int, width: int) -> Spans:
        """Its text, with some letters that are wide."""
        del width
        self.drawn.append(self.items[index])
        version = self.versions.get(self.items[index], 0)
        return [(self.items[index], "plain"), (f" v{version}", "number"), (" ünï → 日", "plain")]

    def width(self, room: int) -> int:
        """As the screen is, or as the test says."""
        return max(room, self.wide)

    def header(self, width: int) -> Spans | None:
        """A title, or none."""
        return [(f"TITLE {width}", "heading")] if self.titled else None


class Resting(RowList):
    """A list whose cursor rests at the top."""

    rests_at_top = True


class Listing(App[None]):
    """One list, and what it told."""

    def __init__(self, rows: Numbers, kind: type[RowList] = RowList) -> None:
        super().__init__()
        self.rows, self.list = rows, kind(rows)
        self.told: list[object] = []
        for theme in (DARK, LIGHT):
            self.register_theme(theme)

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield self.list

    def on_row_list_opened(self, event: RowList.Opened) -> None:
        """Remember it."""
        self.told.append(("opened", event.key))

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Remember it."""
        self.told.append(("moved", event.key))

    def on_row_list_header_clicked(self, event: RowList.HeaderClicked) -> None:
        """Remember it."""
        self.told.append(("header", event.column))

    def seen(self) -> list[str]:
        """The first word of each line."""
        return [line.split()[0] if line.strip() else "" for line in lines(self)]

    def key(self) -> Hashable:
        """What the row under the cursor is of."""
        return self.list.cursor_key

    def place(self) -> int:
        """The line of the screen on which the cursor is."""
        return self.list.cursor - self.list.scroll_offset.y


Act = Callable[[Listing, Pilot[None]], Awaitable[None]]


def run(act: Act, rows: Numbers | None = None, kind: type[RowList] = RowList) -> None:
    """Let something happen to a list in 40 x 11 cells."""

    async def whole() -> None:
        app = Listing(rows or Numbers(), kind)
        async with app.run_test(size=(40, 11)) as pilot:
            app.list.show()
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(whole())


def test_moving() -> None:
    """Every key moves by what it says, and no further than there are rows."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        assert app.seen() == ["TITLE", *(f"row{n}" for n in range(10))]
        await pilot.press("down", "j", "k")
        assert (app.list.cursor, app.key()) == (1, "row1")
        await pilot.press("pagedown")
        assert (app.list.cursor, app.place()) == (10, 9)
        await pilot.press("G")
        assert app.seen()[1:] == [f"row{n}" for n in range(90, 100)]
        await pilot.press("down", "pageup")
        assert app.list.cursor == 90
        await pilot.press("g", "up", "pageup")
        assert app.seen()[1] == "row0"
        assert app.told[:2] == [("moved", "row1"), ("moved", "row2")]

    run(act)


def test_the_row_under_the_cursor_stays_in_place() -> None:
    """Others are sorted round it: it keeps its line on the screen, and stays selected."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        await pilot.press("pagedown", "pagedown", "up", "up")
        key, place = app.key(), app.place()
        for items in (app.rows.items[::-1], sorted(app.rows.items), ["a", *app.rows.items]):
            app.rows.items = items
            app.list.show()
            await pilot.pause()
            assert (app.key(), app.place()) == (key, place)
            assert app.seen()[place + 1] == key

    run(act)


def test_the_cursor_goes_no_further_than_the_ends() -> None:
    """Near an end the row cannot keep its line, but it is seen and selected."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        await pilot.press("end")
        app.rows.items.reverse()
        app.list.show()
        await pilot.pause()
        assert (app.key(), app.list.cursor, app.seen()[1]) == ("row99", 0, "row99")

    run(act)


def test_a_row_that_goes() -> None:
    """The cursor stays on its line, on what is there now; it follows when rows get few."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        await pilot.press("pagedown", "pagedown")
        index = app.list.cursor
        del app.rows.items[index]
        app.list.show()
        await pilot.pause()
        assert app.key() == f"row{index + 1}"
        del app.rows.items[3:]
        app.list.show()
        await pilot.pause()
        assert app.key() == "row2"
        assert app.list.scroll_offset.y == 0
        assert app.seen() == ["TITLE", "row0", "row1", "row2", *[""] * 7]
        app.rows.items.clear()
        app.list.show()
        await pilot.press("down", "enter", "end")
        assert app.key() is None
        assert app.seen()[1:] == [""] * 10
        app.rows.items = ["back"]
        app.list.show()
        await pilot.pause()
        assert (app.key(), app.seen()[1]) == ("back", "back")

    run(act)


def test_rest_at_the_top() -> None:
    """Till the user moves, and after Home, the first row is selected whatever it is."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        app.rows.items.insert(0, "first")
        app.list.show()
        await pilot.pause()
        assert (app.key(), app.seen()[1]) == ("first", "first")
        await pilot.press("down")
        app.rows.items.insert(0, "new")
        app.list.show()
        await pilot.pause()
        assert (app.key(), app.place()) == ("row0", 1)
        await pilot.press("home")
        app.rows.items.insert(0, "newer")
        app.list.show()
        await pilot.pause()
        assert (app.key(), app.seen()[1]) == ("newer", "newer")

    run(act, kind=Resting)


def test_otherwise_the_first_row_stays_selected() -> None:
    """What comes above it is seen, since nobody has moved yet."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        app.rows.items.insert(0, "new")
        app.list.show()
        await pilot.pause()
        assert (app.key(), app.seen()[1]) == ("row0", "new")

    run(act)


def test_only_what_changed_is_drawn() -> None:
    """A row that looks as before is not written again."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        app.list.show()
        await pilot.pause()
        app.rows.drawn.clear()
        app.rows.versions["row3"] = 7
        app.rows.versions["row50"] = 7
        app.list.show()
        await pilot.pause()
        assert app.rows.drawn == ["row3"]
        assert "row3 v7" in lines(app)[4]
        app.list.show()
        await pilot.pause()
        assert app.rows.drawn == ["row3"]

    run(act)


def test_another_theme_and_marks() -> None:
    """Everything is drawn anew when it looks otherwise: the text is the same, the colours not."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        def styles() -> set[str]:
            strips = app.screen._compositor.render_strips()
            return {str(segment.style) for segment in strips[5] if "row4" in segment.text}

        app.theme = DARK.name
        await pilot.pause()
        dark = styles()
        app.theme = LIGHT.name
        await pilot.pause()
        light = styles()
        assert dark.isdisjoint(light)
        app.list.marked = "row4"
        app.list.repaint_all()
        await pilot.pause()
        assert all("underline" in style for style in styles())

    run(act)


def test_resizing() -> None:
    """At any moment: rows fill the screen, and the cursor stays on its row."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        await pilot.press("pagedown")
        for size in ((20, 5), (80, 30), (5, 2), (60, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.key() == "row9"
        assert app.seen()[0] == "TITLE"
        assert "row9" in app.seen()

    run(act)


def test_scrolling_sideways() -> None:
    """Wide rows move below the screen, titles with them."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        assert app.list.show_horizontal_scrollbar
        await pilot.press("right")
        assert lines(app)[1].startswith("ünï")
        await pilot.press("left", "left")
        assert lines(app)[0].startswith("TITLE 90")
        await pilot.press("end")
        assert app.seen()[9] == "row99"

    run(act, Numbers(wide=90))


def test_without_titles() -> None:
    """A list may have none."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        assert app.seen()[0] == "row0"
        await pilot.press("end")
        assert app.seen()[10] == "row99"

    run(act, Numbers(titled=False))


def test_the_mouse() -> None:
    """A click selects, a second one opens; a title tells which column it is; the wheel scrolls."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        await pilot.click(RowList, offset=(3, 4))
        assert app.told == [("moved", "row3")]
        await pilot.double_click(RowList, offset=(3, 5))
        assert app.told[1:] == [("moved", "row4"), ("opened", "row4")]
        await pilot.click(RowList, offset=(7, 0))
        assert app.told[-1:] == [("header", 7)]
        await pilot.press("enter")
        assert app.told[-1:] == [("opened", "row4")]
        app.list.scroll_down(animate=False)
        await pilot.pause()
        assert app.seen()[1] == "row1"
        app.list.show()
        await pilot.pause()
        assert app.seen()[1] == "row1"

    run(act)


def test_scrolled_away_from_the_cursor() -> None:
    """Who looks elsewhere with the wheel is not pulled back, nor pushed on."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        await pilot.press("down")
        app.list.scroll_to(y=40, animate=False)
        await pilot.pause()
        app.rows.items.insert(0, "new")
        app.list.show()
        await pilot.pause()
        assert app.key() == "row1"
        assert app.list.scroll_offset.y == 40
        await pilot.press("down")
        assert (app.key(), app.seen()[1]) == ("row2", "row2")

    run(act)


def test_going_to_a_row() -> None:
    """By its key; there may be none."""

    async def act(app: Listing, pilot: Pilot[None]) -> None:
        assert app.list.go_to("row70")
        await pilot.pause()
        assert (app.key(), app.seen()[10]) == ("row70", "row70")
        assert not app.list.go_to("nobody")
        assert app.key() == "row70"
        assert app.list.seen()[-1] == "row70"

    run(act)
