"""The command pane: real programs in it, keys, sizes, floods, and hostile output."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from socktrace.host.launch import Child
from socktrace.host.pseudo_terminal import PseudoTerminal
from socktrace.tui.app import SocktraceApp
from socktrace.tui.widgets.command_pane import CommandPane
from socktrace.tui.widgets.terminal_filter import OutputFilter
from socktrace.tui.widgets.terminal_input import bytes_of, paste
from socktrace.tui.widgets.terminal_screen import HISTORY, Emulator
from socktrace.tui.widgets.terminal_view import TerminalView
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import text

_PATIENCE = 20.0


async def until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, text(pilot.app)
        await pilot.pause(0.02)


@contextlib.asynccontextmanager
async def running(
    *command: str, size: tuple[int, int] = (100, 40)
) -> AsyncIterator[tuple[Pilot[int], CommandPane]]:
    """The app with a program in its pane, let run."""
    terminal = PseudoTerminal()
    child = Child(command, terminal)
    app = SocktraceApp(ScriptedFeed(recorded("tcp_echo")), command=(child, terminal))
    try:
        async with app.run_test(size=size) as pilot:
            pane = app.query_one(CommandPane)
            await pilot.pause()
            child.release()
            yield pilot, pane
    finally:
        terminal.close()
        child.send(signal.SIGKILL)
        child.wait()
        child.abandon()


def test_typing_into_a_program() -> None:
    """The keyboard is the program's, until the key that takes it back; then keys are ours."""

    async def run() -> None:
        async with running("cat") as (pilot, pane):
            pane.take_keyboard()
            await pilot.press("q", "5", "é", "enter")
            await until(pilot, lambda: text(pilot.app).count("q5é") == 2)
            assert pane.status == "runs"
            assert "F12 leaves it" in text(pilot.app)
            assert "quit" not in text(pilot.app).splitlines()[-1], "q is the program's now"
            await pilot.press("f12", "5")
            assert not pane.view.has_focus
            app = pilot.app
            assert isinstance(app, SocktraceApp)
            assert app.view.label == "findings"
            pane.take_keyboard()
            await pilot.press("ctrl+d")
            await until(pilot, lambda: pane.status.startswith("ended"))
            assert pane.status.startswith("ended with status 0 after")
            await until(pilot, lambda: "ended with status 0" in text(pilot.app))
            await pilot.press("1")
            assert app.view.label == "findings", "what is typed on was not meant for us"
            await until(pilot, lambda: not pane.view.has_focus)
            await pilot.press("4")
            assert app.view.label == "events", "keys are ours again"
            await pilot.press("t")
            assert not pane.view.has_focus

    asyncio.run(run())


def test_the_key_of_the_table_gives_it_the_keyboard() -> None:
    """`t` goes to the program."""

    async def run() -> None:
        async with running("cat") as (pilot, pane):
            await pilot.press("t")
            assert pane.view.has_focus

    asyncio.run(run())


def test_how_it_ended_is_told() -> None:
    """Its status, or the signal that ended it; the pane stays."""

    async def run() -> None:
        async with running("sh", "-c", "echo out; exit 3") as (pilot, pane):
            await until(pilot, lambda: pane.status.startswith("ended with status 3 after"))
            await until(pilot, lambda: "out" in text(pilot.app))
        async with running("sh", "-c", "kill -TERM $$") as (pilot, pane):
            await until(pilot, lambda: pane.status.startswith("ended by SIGTERM after"))

    asyncio.run(run())


def test_a_program_with_the_whole_screen() -> None:
    """less draws, pages, takes another size, and gives back what was there before."""

    async def run() -> None:
        program = "import sys; print(*(f'line {n} end' for n in range(1, 300)), sep='\\n')"
        script = f'{sys.executable} -c "{program}" | less'
        async with running("sh", "-c", script) as (pilot, pane):
            await until(pilot, lambda: "line 1 end" in text(pilot.app))
            pane.take_keyboard()
            await pilot.press("space")
            await until(pilot, lambda: "line 1 end" not in text(pilot.app))
            await pilot.press("slash", *"line 250", "enter")
            await until(pilot, lambda: "line 250 end" in text(pilot.app))
            await pilot.resize_terminal(60, 30)
            await until(pilot, lambda: pane.view.emulator.screen.columns == 60)
            await pilot.press("g")
            await until(pilot, lambda: "line 1 end" in text(pilot.app))
            await pilot.press("q")
            await until(pilot, lambda: pane.status.startswith("ended with status 0"))

    asyncio.run(run())


def test_a_program_that_floods_stops_nothing() -> None:
    """While `yes` writes without end, keys and frames go on, and ctrl+c ends it."""

    async def run() -> None:
        async with running("yes", "x" * 60) as (pilot, pane):
            pane.take_keyboard()
            await until(pilot, lambda: len(pane.view.emulator.screen.history) == HISTORY)
            late = []
            for _ in range(50):
                began = time.monotonic()
                await asyncio.sleep(0.001)
                late.append(time.monotonic() - began)
            assert sorted(late)[40] < 0.1
            await pilot.press("ctrl+c")
            await until(pilot, lambda: pane.status.startswith("ended by SIGINT"))

    asyncio.run(run())


def test_what_scrolled_away_can_be_seen() -> None:
    """shift+page up goes back; what is typed comes to the end again."""

    async def run() -> None:
        script = "import sys\n[print('line', n) for n in range(200)]\nsys.stdin.read()"
        async with running(sys.executable, "-c", script) as (pilot, pane):
            await until(pilot, lambda: "line 199" in text(pilot.app))
            pane.take_keyboard()
            await pilot.press("shift+pageup", "shift+pageup")
            await pilot.pause(0.2)
            assert "line 199" not in text(pilot.app)
            assert "lines back" in text(pilot.app)
            await pilot.press("shift+pagedown", "shift+pagedown")
            await pilot.pause(0.2)
            assert "line 199" in text(pilot.app)
            await pilot.press("shift+pageup", "a")
            assert pane.view.back == 0

    asyncio.run(run())


# --- the emulation --------------------------------------------------------------------------


def screen_of(*data: bytes, columns: int = 20, lines: int = 4) -> tuple[Emulator, list[str]]:
    """What is on a screen after this output, and what was answered."""
    answers: list[str] = []
    emulator = Emulator(columns, lines, answers.append)
    for each in data:
        emulator.feed(each)
    return emulator, answers


def shown(emulator: Emulator) -> list[str]:
    """The lines of the screen, without what is empty at their ends."""
    return [line.rstrip() for line in emulator.screen.display]


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (b"a\x1b]0;title\x07b", "ab"),
        (b"a\x1bPq#0\x1b\\b", "ab"),
        (b"a\x1b_Gi=1\x1b\\b", "ab"),
        (b"a\x1b[>4;2mb\x1b[=1;1uc\x1b[<ud", "abcd"),
        (b"a\x1b[!pb\x1b[?2026$pc\x1b[4:3md", "abcd"),
        (b"a\x1b[2 qb\x1b[?1u", "ab"),
        (b"\x1b(0qqq\x1b(Bx", "───x"),
        ("☺\ufe0f next".encode(), "☺ next"),
        (b"\xc3", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("e\u0301\u0301\u0301\u0301\u0301x".encode(), "é\u0301x"),
    ],
)
def test_output_that_pyte_would_stumble_over(output: bytes, line: str) -> None:
    """Sequences that are not known leave nothing on the screen, cut anywhere."""
    assert shown(screen_of(output)[0])[0] == line
    single = [output[i : i + 1] for i in range(len(output))]
    assert shown(screen_of(*single)[0])[0] == line


def test_the_alternate_screen() -> None:
    """A program that has the whole screen for itself gives back what was there."""
    emulator, _ = screen_of(b"before", b"\x1b[?1049h", b"\x1b[2J\x1b[Hinside")
    assert shown(emulator)[0] == "inside"
    assert emulator.screen.alternate
    emulator.feed(b"\x1b[?1049l")
    assert shown(emulator)[0] == "before"
    assert (emulator.screen.cursor.x, emulator.screen.alternate) == (6, False)


def test_it_answers_questions() -> None:
    """Programs that ask where the cursor is, or what the terminal is, get an answer."""
    assert screen_of(b"ab\x1b[6n\x1b[c")[1] == ["\x1b[1;3R", "\x1b[?6c"]


def test_its_size_is_ours() -> None:
    """No output changes the number of columns."""
    for output in (b"\x1b[?3h", b"\x1b[96h", b"\x1b[?3l"):
        assert screen_of(output)[0].screen.columns == 20


def test_another_size_keeps_what_is_near_the_cursor() -> None:
    """Fewer lines: those above go to what scrolled away; the cursor is on the screen still."""
    emulator, _ = screen_of(b"1\r\n2\r\n3\r\n4")
    emulator.screen.resize(2, 10)
    assert shown(emulator) == ["3", "4"]
    assert [line[0].data for line in emulator.screen.history] == ["1", "2"]
    emulator.screen.resize(4, 10)
    assert shown(emulator)[:2] == ["3", "4"]
    emulator, _ = screen_of(b"1\r\n2")
    emulator.screen.resize(2, 10)
    assert shown(emulator) == ["1", "2"]


def test_a_string_without_end_is_not_kept() -> None:
    """What would be collected for ever is dropped as it comes."""
    filtered = OutputFilter()
    assert filtered.feed(b"a\x1b]0;" + b"x" * 100_000) == "a"
    for _ in range(100):
        assert filtered.feed(b"x" * 10_000) == ""
    assert len(filtered._waiting) < 10
    assert filtered.feed(b"\x1b") == ""
    assert filtered.feed(b"\\b") == "b"


_SEQUENCES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.text(max_size=10).map(lambda each: each.encode("utf-8", "surrogatepass")),
        st.builds(
            lambda lead, numbers, last: f"\x1b[{lead}{';'.join(map(str, numbers))}{last}".encode(),
            st.sampled_from(["", "?", ">", "=", "<"]),
            st.lists(st.integers(0, 10_000), max_size=4),
            st.sampled_from(list("@ABCDEFGHJKLMPSTXZ`abcdefghlmnpqrsu")),
        ),
        st.sampled_from([b"\x1b7", b"\x1b8", b"\x1bM", b"\x1bD", b"\x1bc", b"\x1b#8", b"\r\n" * 9]),
    ),
    max_size=30,
)


class Lone(App[None]):
    """A terminal alone."""

    def compose(self) -> ComposeResult:
        """Make it."""
        yield TerminalView(lambda _: None, lambda *_: None, lambda: None)


def test_no_output_gets_through_or_stops_it() -> None:
    """Whatever a program writes: only printable characters, and each line as wide as the pane."""

    async def run() -> None:
        app = Lone()
        async with app.run_test(size=(24, 6)) as pilot:
            await pilot.pause()
            view = app.query_one(TerminalView)

            @settings(max_examples=300, deadline=None)
            @given(_SEQUENCES)
            @example([b"\x1b[?6h\x1b[5d\x1b[6n", b"\x1b[38;2;300;400;500mx", b"\x1b[38;5;999my"])
            @example(["漢".encode() * 30, b"\x1b[1;24H", "漢".encode()])
            def hostile(pieces: list[bytes]) -> None:
                for piece in pieces:
                    view.feed(piece)
                view.show()
                for y in range(6):
                    strip = view.render_line(y)
                    assert strip.cell_length == sum(Segment.get_line_length([s]) for s in strip)
                    assert strip.cell_length == 24
                    assert all(segment.text.isprintable() for segment in strip)
                assert len(view.emulator.screen.savepoints) <= 1

            hostile()
            assert view.emulator.faults == 0

    asyncio.run(run())


def test_colours_and_attributes() -> None:
    """What a program paints is painted: 16 colours, 256, any, and bold to reverse."""

    async def run() -> None:
        app = Lone()
        async with app.run_test(size=(40, 6)) as pilot:
            await pilot.pause()
            view = app.query_one(TerminalView)
            view.feed(
                b"\x1b[31;1ma\x1b[0;93mb\x1b[0;38;5;208;44mc\x1b[0;38;2;1;2;3md\x1b[0;4;7;9me"
            )
            styles = {s.text.strip(): s.style for s in view.render_line(0) if s.text.strip()}
            told = {name: str(style) for name, style in styles.items()}
            fore, _, back = str(view.render_line(1)._segments[0].style).split()
            assert told == {
                "a": f"bold red on {back}",
                "b": f"bright_yellow on {back}",
                "c": "#ff8700 on blue",
                "d": f"#010203 on {back}",
                "e": f"underline reverse strike {fore} on {back}",
            }

    asyncio.run(run())


@pytest.mark.parametrize(
    ("key", "character", "sent"),
    [
        ("a", "a", b"a"),
        ("A", "A", b"A"),
        ("é", "é", "é".encode()),
        ("question_mark", "?", b"?"),
        ("plus", "+", b"+"),
        ("space", " ", b" "),
        ("enter", "\r", b"\r"),
        ("tab", "\t", b"\t"),
        ("shift+tab", None, b"\x1b[Z"),
        ("backspace", "\x7f", b"\x7f"),
        ("escape", "\x1b", b"\x1b"),
        ("up", None, b"\x1b[A"),
        ("ctrl+right", None, b"\x1b[1;5C"),
        ("shift+end", None, b"\x1b[1;2F"),
        ("alt+left", None, b"\x1b[1;3D"),
        ("home", None, b"\x1b[1~"),
        ("delete", None, b"\x1b[3~"),
        ("ctrl+delete", None, b"\x1b[3;5~"),
        ("f1", None, b"\x1b[[A"),
        ("f10", None, b"\x1b[21~"),
        ("ctrl+a", "\x01", b"\x01"),
        ("ctrl+z", "\x1a", b"\x1a"),
        ("ctrl+@", "\0", b"\0"),
        ("ctrl+backslash", "\x1c", b"\x1c"),
        ("alt+x", "x", b"\x1bx"),
        ("alt+enter", None, b"\x1b\r"),
        ("ctrl+shift+comma", None, b""),
        ("print_screen", None, b""),
    ],
)
def test_what_keys_send(key: str, character: str | None, sent: bytes) -> None:
    """As terminfo(5) and XTerm have them."""
    assert bytes_of(key, character, application=False) == sent


def test_cursor_keys_as_the_program_wants_them() -> None:
    """DECCKM changes what cursor keys send; a paste has brackets where they are asked for."""
    assert bytes_of("up", None, application=True) == b"\x1bOA"
    assert paste("a\nb", bracketed=False) == b"a\rb"
    assert paste("a\x1b[201~rm\n", bracketed=True) == b"\x1b[200~arm\r\x1b[201~"
