"""The app as a whole: views, ways between them, the keys that work everywhere."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from socktrace.lines import Line, Process, Socket
from socktrace.settings import Settings
from socktrace.text.numbers import SECOND
from socktrace.tracefile.errors import RecordingError
from socktrace.tui.app import SocktraceApp
from socktrace.tui.theme import DARK, LIGHT
from socktrace.tui.views.events import EventsView
from socktrace.tui.views.sockets import SocketsView
from socktrace.tui.widgets.footer import Key, footer
from socktrace.tui.widgets.header import Facts as HeaderFacts
from socktrace.tui.widgets.header import header
from socktrace.tui.widgets.status import Facts, status_line
from socktrace.view.look import Look, Status
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import lines, text

Act = Callable[[SocktraceApp, Pilot[int]], Awaitable[None]]

SOCKETS: list[Line] = [
    Process(0, "seen", 10, 1, "server"),
    Socket(1, 1, 101, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", pid=10),
    Socket(2, 2, 102, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket", pid=10),
]


def run(app: SocktraceApp, act: Act, size: tuple[int, int] = (120, 40)) -> None:
    """Let something happen in a running app."""

    async def whole() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(whole())


def over(feed: ScriptedFeed | None = None, **settings: Any) -> SocktraceApp:
    """An app over some sockets."""
    return SocktraceApp(feed or ScriptedFeed(SOCKETS), **settings)


class Recorder:
    """Recordings that are only remembered."""

    error: Exception | None = None

    def __init__(self, feed: ScriptedFeed) -> None:
        self.feed = feed

    def begin(self, path: str) -> None:
        """Remember the name; one of them cannot be made."""
        if path == "refused.jsonl":
            raise RecordingError("cannot create it", "no room", "make some")
        self.feed.state = self.feed.state._replace(recording=path)

    def end(self) -> str | None:
        """Forget it."""
        path = self.feed.state.recording
        self.feed.state = self.feed.state._replace(recording=None)
        return path


class Played:
    """A player that only remembers."""

    end = 1_000
    now = 0
    playing = False
    speed = 1.0

    def play(self) -> None:
        """Remember."""
        self.playing = True

    def pause(self) -> None:
        """Remember."""
        self.playing = False


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
def test_quits_at_once(key: str) -> None:
    """The keys that end programs end this one, and the source is let go."""
    feed = ScriptedFeed(recorded("tcp_echo"))
    app = SocktraceApp(feed)

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("4")
        assert app.view.label == "events"
        await pilot.press(key)

    run(app, act)
    assert app.return_code == 0
    assert feed.closed


def test_ways_between_views_lead_back() -> None:
    """Escape goes back step by step, to the socket that was open then."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        app.open_socket(1)
        await pilot.press("3")
        assert app.view.label == "processes"
        await pilot.press("escape")
        assert (app.view.label, app.socket) == ("socket", 1)
        await pilot.press("escape")
        assert (app.view.label, app.socket) == ("socket", 2)
        await pilot.press("escape")
        assert app.view.label == "sockets"
        assert not app.check_action("go_back", ())

    run(over(), act)


def test_a_click_on_a_name_shows_the_view() -> None:
    """The header is for the mouse, too."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        for name in ("processes", "findings", "sockets"):
            await pilot.click("#header", offset=(lines(app)[0].index(name), 0))
            await pilot.pause()
            assert app.view.label == name

    run(over(), act)


def test_a_click_on_a_key_presses_it() -> None:
    """So is the footer."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.click("#footer", offset=(lines(app)[-1].index("pause"), 0))
        await pilot.pause()
        assert app.paused

    run(over(), act)


def test_pausing_keeps_what_comes_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn meanwhile, and nothing that was told is missing afterwards."""
    feed = ScriptedFeed(SOCKETS)
    seen: list[Look] = []

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        monkeypatch.setattr(app.views["events"], "take", seen.append)
        await pilot.press("space")
        assert "PAUSED" in text(app)
        before = len(seen)
        feed.tell(Socket(3, 3, 103, "AF_UNIX", "SOCK_DGRAM", "0", "socket", pid=10))
        await pilot.press("3")
        await pilot.pause(0.3)
        assert len(seen) == before
        await pilot.press("space")
        await pilot.pause(0.3)
        told = [number for look in seen[before:] for number in look.changed]
        assert told.count(3) == 1
        assert [line for look in seen[before:] for line in look.fresh if isinstance(line, Socket)]

    monkeypatch.setattr(EventsView, "always", True)
    run(over(feed), act)


def test_pausing_a_recording_pauses_its_player() -> None:
    """The screen itself goes on: every moment can be chosen."""
    player = Played()

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.feed.player = player  # type: ignore[assignment]
        await pilot.press("space")
        assert player.playing
        assert not app.paused
        await pilot.press("space")
        assert not player.playing

    run(over(), act)


def test_actions_that_do_not_work_are_not_offered() -> None:
    """Without a player nothing is stepped, without a recorder nothing is recorded."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        del pilot
        for name in ("step", "faster", "record", "next_hit", "command_pane", "go_back"):
            assert not app.check_action(name, ()), name
        for name in ("quit", "help", "filter", "picture", "pause"):
            assert app.check_action(name, ()), name

    run(over(), act)


def test_theme_changes_between_dark_and_light() -> None:
    """`T` changes, from what the configuration says."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        assert app.theme == LIGHT.name
        await pilot.press("T")
        assert app.theme == DARK.name

    run(over(settings=Settings(theme="light")), act)


def test_what_users_choose_reaches_the_views() -> None:
    """No setting does nothing: how often, how long, how many, which columns, names."""
    settings = Settings(refresh=4, keep_closed=77, events=5_000, names=True, columns=("fd", "pid"))

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        del pilot
        assert app.pace.chosen == 0.25
        assert app.names
        sockets, events = app.views["sockets"], app.views["events"]
        assert isinstance(sockets, SocketsView)
        assert isinstance(events, EventsView)
        assert sockets.table.keep_closed == 77 * SECOND
        assert sockets.rows.columns == ("fd", "pid")
        assert events.told.most == 5_000

    run(over(settings=settings), act)


def test_users_keys_take_the_place_of_ours() -> None:
    """A key that was chosen works, the old one does not; the footer and the help show it."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        assert "Z quit" in lines(app)[-1]
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Z " in text(app)
        await pilot.press("escape", "q")
        await pilot.pause()
        assert app.is_running
        await pilot.press("f7")
        await pilot.pause()
        assert app.paused
        await pilot.press("Z")

    settings = Settings(keys={"quit": "Z", "pause": ("f7",), "fold_all": ()})
    app = over(settings=settings)
    run(app, act)
    assert app.return_code == 0


def test_a_picture_is_a_file_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readable by nobody else; a second one in the same second gets another name."""
    monkeypatch.chdir(tmp_path)

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("P", "P")
        await pilot.pause()
        assert "picture:" in text(app)

    run(over(), act)
    pictures = list(tmp_path.iterdir())
    assert len(pictures) == 2
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in pictures)
    assert all(path.read_text().startswith("<svg") for path in pictures)


def test_a_picture_where_none_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed is told, and the screen goes on."""
    place = tmp_path / "gone"
    place.mkdir()
    monkeypatch.chdir(place)
    os.rmdir(place)  # noqa: PTH106 - Path would ask for the directory that is gone

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("P")
        await pilot.pause()
        assert "cannot create" in text(app)

    run(over(), act)
    monkeypatch.chdir(tmp_path)


def test_a_recording_that_ends_by_itself_is_told() -> None:
    """A full disk: once, and with its reason."""
    feed = ScriptedFeed(SOCKETS)
    feed.recordings = recorder = Recorder(feed)

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        recorder.error = RecordingError("cannot write it", "no space left", "free some")
        await pilot.pause(0.5)
        assert text(app).count("no space left") == 1

    run(over(feed), act)


def test_recording_is_switched_on_and_off() -> None:
    """`R` asks for a name, then ends it; what cannot be created is told."""
    feed = ScriptedFeed(SOCKETS)
    feed.recordings = Recorder(feed)

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        await pilot.press("R")
        await pilot.pause()
        assert "socktrace-2" in text(app)
        await pilot.press("ctrl+u", *"refused", "full_stop", *"jsonl", "enter")
        await pilot.pause()
        assert "no room" in text(app)
        assert "refused.jsonl" in text(app)
        await pilot.press("ctrl+u", *"mine", "full_stop", *"jsonl", "enter")
        await pilot.pause(0.3)
        assert feed.status().recording == "mine.jsonl"
        assert "● REC mine.jsonl" in lines(app)[-2]
        await pilot.press("R")
        await pilot.pause(0.3)
        assert feed.status().recording is None
        assert "REC" not in lines(app)[-2]

    run(over(feed), act)


def test_a_socket_is_copied_as_json() -> None:
    """In ASCII, so that a hostile path is harmless wherever it is pasted."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.open_socket(2)
        await pilot.press("J")
        await pilot.pause()
        assert "copied: socket #2 as JSON" in text(app)
        copied = json.loads(app.clipboard)
        assert copied["socket"] == 2
        assert app.clipboard.isascii()

    run(over(), act)


def test_the_clipboard_is_reached_by_osc_52(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is copied goes to the terminal in base64: none of it is taken for a command."""
    written: list[str] = []

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        del pilot
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        app.copy_to_clipboard("a\x1b[31m")

    run(over(), act)
    wanted = base64.b64encode(b"a\x1b[31m").decode()
    assert f"\x1b]52;c;{wanted}\a" in written


def test_messages_are_harmless() -> None:
    """Neither markup nor control characters of what is told reach the screen."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        app.notify("[bold]x[/bold] [/y] \x1b[31m \u202e")
        await pilot.pause()
        shown = text(app)
        assert "[bold]x[/bold] [/y] \ufffd[31m \ufffd" in shown
        assert "\x1b" not in shown

    run(over(), act)


def test_a_traced_program_gets_the_key_that_else_always_ends_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Editors save with ctrl+q's neighbours: while a program has the keyboard, all keys are its."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        assert app.check_action("quit_always", ())
        monkeypatch.setattr(SocktraceApp, "program_has_keyboard", True)
        assert not app.check_action("quit_always", ())
        del pilot

    run(over(), act)


def test_it_may_be_resized_at_any_moment() -> None:
    """From very small to very large, in every view, with a filter being typed or help shown."""

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        for keys in (("1",), ("2",), ("3",), ("4",), ("5",), ("slash", "x"), ("escape", "f1")):
            await pilot.press(*keys)
            for size in ((20, 5), (300, 100), (1, 1), (80, 24)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                assert app.size == size
                assert len(lines(app)) == size[1]

    run(SocktraceApp(ScriptedFeed(recorded("unix_kinds"))), act)


# --- lines of the frame ---

STATUS = Status("running", calls=1_234, lost=7, notes=("io_uring is not seen: no such tracepoint",))


@pytest.mark.parametrize("room", [20, 40, 60, 80, 120, 300])
def test_lines_of_the_frame_fill_every_width(room: int) -> None:
    """Not a column too many; the shown view, help and quit stay."""
    facts = HeaderFacts(
        "recording of a very long name.jsonl", STATUS.notes, "events", (3, "critical")
    )
    keys = [Key("q", "quit", 1), Key("question_mark", "help", 2), Key("s", "sort", 7)] + [
        Key(letter, "something", 9) for letter in "abcdefghijkl"
    ]
    status = Facts(STATUS._replace(recording="x" * 300), 3.0, 12, paused=True, filter="comm:x" * 90)

    for pieces in (footer(keys, room), status_line(status, room), header(facts, max(room, 32))):
        whole = "".join(piece.text for piece in pieces)
        assert len(whole) in {room, max(room, 32)}
    assert {"quit", "help"} <= set("".join(piece.text for piece in footer(keys, room)).split())
    assert "4 events" in "".join(piece.text for piece in header(facts, max(room, 32)))


def test_what_is_wrong_outlives_what_is_not() -> None:
    """On a narrow screen the losses stay longer than the number of sockets, or our own cost."""
    shown = "".join(piece.text for piece in status_line(Facts(STATUS, 3.0, 12), 16))

    assert "▲ 7 LOST" in shown
    assert "socket" not in shown


def test_the_worst_finding_is_in_the_header() -> None:
    """A sign and a number, whatever the colours."""
    pieces = header(HeaderFacts("eBPF", (), "sockets", (3, "critical")), 100)

    assert "5 findings ✖3" in "".join(piece.text for piece in pieces)


def test_a_slow_tick_makes_ticks_rarer() -> None:
    """A tick may take half the time; when it is quick again, so are the ticks."""
    pace = over().pace
    for _ in range(3):
        assert pace.after(0.2) == pytest.approx(0.2)
    assert pace.interval == pytest.approx(0.4)
    slowed = [pace.slowed]
    for _ in range(10):
        pace.after(0.2)
    slowed.append(pace.slowed)
    for _ in range(20):
        pace.after(0.001)
    assert pace.interval == pytest.approx(0.1)
    assert [*slowed, pace.slowed] == [False, True, False]
