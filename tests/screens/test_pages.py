"""Where there is nothing to see: what is missing, what has failed, and the ways on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from socktrace.errors import SocktraceError
from socktrace.host.privileges import Problem
from socktrace.tui.app import SocktraceApp
from socktrace.tui.pages.doctor import DoctorPage
from socktrace.tui.pages.failure import FailurePage
from socktrace.view.look import Feed
from tests.screens.scripted import ScriptedFeed, recorded
from tests.screens.text import lines, shows, text

Act = Callable[[SocktraceApp, Pilot[int]], Awaitable[None]]

PROBLEMS = [
    Problem(
        "live capture cannot work here",
        "rights: not root",
        "sudo socktrace; or: setcap cap_bpf+ep python3",
    ),
    Problem("live capture cannot work here", "bcc: \x1b[31mnot there", "apt install python3-bpfcc"),
]


def run(app: SocktraceApp, act: Act, size: tuple[int, int] = (80, 24)) -> None:
    """Let something happen."""

    async def whole() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(whole())


def refuse() -> Feed:
    """A choice that cannot be had."""
    raise SocktraceError("cannot replay it", "it is no recording", "choose another")


def test_what_is_missing_comes_with_what_mends_it() -> None:
    """Each reason, each command, on a page instead of an error; `q` ends."""
    choices: dict[str, Callable[[], Feed]] = {"replay a very long recording of things": refuse}
    app = SocktraceApp(None, problems=PROBLEMS, choices=choices)

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        shown = text(app)
        for wanted in ("Live capture cannot work here", "not root", "sudo socktrace", "or setcap"):
            assert wanted in shown
        assert "apt install python3-bpfcc" in shown
        assert "\x1b" not in shown
        assert "quit" in lines(app)[-1]
        await pilot.resize_terminal(30, 24)
        await pilot.pause()
        assert lines(app)[-1].endswith("q quit ")
        await pilot.press("q")

    run(app, act)
    assert app.return_code == 0


def test_a_sample_can_be_looked_at_meanwhile() -> None:
    """A key makes the source; one that cannot be had is told, and the page stays."""
    feed = ScriptedFeed(recorded("tcp_echo"))
    choices: dict[str, Callable[[], Feed]] = {
        "replay what is broken": refuse,
        "replay a sample": lambda: feed,
    }

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        assert shows(app, DoctorPage)
        await pilot.press("1")
        await pilot.pause()
        assert shows(app, DoctorPage)
        assert "it is no recording" in text(app)
        await pilot.press("2")
        await pilot.pause(0.3)
        assert not shows(app, DoctorPage)
        assert app.feed is feed
        assert "scripted" in lines(app)[0]
        await pilot.press("4")
        assert app.view.label == "events"

    app = SocktraceApp(None, problems=PROBLEMS, choices=choices)
    run(app, act)
    assert feed.closed


def test_a_key_in_the_last_line_can_be_clicked() -> None:
    """The mouse works on pages, too."""
    feed = ScriptedFeed(recorded("tcp_echo"))

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        column = lines(app)[-1].index("replay a sample")
        await pilot.click(offset=(column, 23))
        await pilot.pause(0.3)
        assert app.feed is feed

    run(SocktraceApp(None, problems=PROBLEMS, choices={"replay a sample": lambda: feed}), act)


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (
            SocktraceError("the probes are gone", "ENODEV \x1b[31m [/x]", "start again"),
            ("the probes are gone", "ENODEV \\x1b[31m [/x]", "start again"),
        ),
        (ValueError("boom [/y]"), ("a fault in socktrace", "ValueError: boom [/y]", "report it")),
    ],
)
def test_a_source_that_fails_is_a_page(
    error: Exception, wanted: tuple[str, ...], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What, why, what to do; Escape shows what was seen, and the page comes once only."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    feed = ScriptedFeed(recorded("tcp_echo"))

    async def act(app: SocktraceApp, pilot: Pilot[int]) -> None:
        feed.error = error
        await pilot.pause(0.4)
        assert shows(app, FailurePage)
        assert all(part in text(app) for part in wanted)
        await pilot.press("escape")
        await pilot.pause(0.4)
        assert not shows(app, FailurePage)
        await pilot.press("4")
        assert app.view.label == "events"
        await pilot.press("q")

    app = SocktraceApp(feed)
    run(app, act)
    assert app.return_code == 0
