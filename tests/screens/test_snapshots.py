"""How the screens look: at three sizes, dark, light and without colours."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import pytest

from socktrace.engine.replaying import ReplayFeed
from socktrace.errors import SocktraceError
from socktrace.host.privileges import Problem
from socktrace.lines import Blocked, Finding
from socktrace.settings import Settings
from socktrace.tui.app import SocktraceApp
from socktrace.tui.pace import Cost, Meter
from socktrace.view.look import Feed, Status
from tests.screens.goldens import DIRECTORY, compare, normal, told
from tests.screens.scripted import TRACES, ScriptedFeed, recorded

Severity = Literal["note", "warning", "critical"]
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)
MILLISECOND: Final = 1_000_000


class Steady(Meter):
    """Costs that are always the same."""

    def measure(self) -> Cost:
        """Some."""
        return Cost(3.0, 60 << 20)


def busy() -> ScriptedFeed:
    """A server with its clients in the middle of its life: some open, one blocked, faults."""
    lines = recorded("fork_server")
    feed = ScriptedFeed(lines[: len(lines) * 2 // 3])
    feed.source = "eBPF"
    numbers = [life.socket for life in feed.world.open_sockets()]
    first = numbers[0]
    pid = feed.world.holders(first)[0][0]
    feed.blocked = {first: [Blocked(feed.now, 0, pid, pid, "fork_server", "accept4", 3, first)]}
    severities: tuple[Severity, ...] = ("warning", "critical", "note")
    for number, severity in zip(numbers, severities, strict=False):
        feed.tell(
            Finding(
                feed.now - 3 * MILLISECOND,
                feed.now,
                2,
                "backlog-full",
                severity,
                "connections wait to be accepted",
                [{"t": 0, "tid": pid}, {"waiting": 128}],
                "accept them sooner, or give listen(2) a longer backlog",
                pid,
                "fork_server",
                number,
            )
        )
    feed.state = Status(
        "running",
        calls=1_234,
        notes=("io_uring is not seen: this kernel has no tracepoint for it",),
    )
    return feed


def failing() -> ScriptedFeed:
    """A source that has failed."""
    feed = busy()
    feed.error = SocktraceError(
        "capture has ended", "the probes were detached: ENODEV", "see socktrace doctor"
    )
    return feed


def replayed() -> Feed:
    """A recording with its time line."""
    return ReplayFeed(str(TRACES / "fork_server.jsonl"))


PROBLEMS: Final = [
    Problem(
        "live capture cannot work here",
        "rights: not root, and CAP_BPF and CAP_PERFMON are missing",
        "sudo socktrace",
    ),
    Problem(
        "live capture cannot work here",
        "bcc: Debian's package python3-bpfcc is not installed",
        "apt install python3-bpfcc",
    ),
]


class Case(NamedTuple):
    """A picture: what is shown, after which keys, how large, in which colours."""

    name: str
    feed: Callable[[], Feed] | None
    keys: tuple[str, ...]
    size: tuple[int, int]
    theme: str = "dark"


CASES: Final = (
    Case("sockets-small", busy, (), SMALL),
    Case("sockets-small-no-colour", busy, (), SMALL, "no colour"),
    Case("sockets-middle-light", busy, (), MIDDLE, "light"),
    Case("sockets-large", busy, (), LARGE),
    Case("socket-small", busy, ("enter",), SMALL),
    Case("socket-large-light", busy, ("enter",), LARGE, "light"),
    Case("processes-small-light", busy, ("3",), SMALL, "light"),
    Case("processes-middle", busy, ("3",), MIDDLE),
    Case("events-small", busy, ("4",), SMALL),
    Case("events-middle-light", busy, ("4", "up", "up"), MIDDLE, "light"),
    Case("events-no-colour", busy, ("4",), MIDDLE, "no colour"),
    Case("findings-middle", busy, ("5",), MIDDLE),
    Case("findings-no-colour", busy, ("5",), SMALL, "no colour"),
    Case("replay-middle", replayed, ("comma",), MIDDLE),
    Case("help", busy, ("question_mark",), MIDDLE),
    Case("palette", busy, ("colon", "s", "o"), SMALL),
    Case(
        "filter-wrong",
        busy,
        ("slash", *"comm", "colon", "x", "space", *"prot", "colon", "y"),
        SMALL,
    ),
    Case("nothing-works", None, (), SMALL),
    Case("failure", failing, (), SMALL, "light"),
)


async def picture(case: Case, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make it."""
    settings = Settings(theme=case.theme if case.theme != "no colour" else "dark")
    choices = {} if case.feed else {"replay a sample": replayed}
    app = SocktraceApp(
        case.feed() if case.feed else None,
        settings=settings,
        problems=PROBLEMS,
        choices=choices,
    )
    app.meter = Steady()
    monkeypatch.setattr(app.pace, "after", lambda _: app.pace.chosen)
    async with app.run_test(size=case.size) as pilot:
        await pilot.pause(0.4)
        while app.feed.status().doing:
            await pilot.pause(0.1)
        await pilot.press(*case.keys)
        await pilot.pause(0.6)
        return app.export_screenshot(title="socktrace")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_screen_looks_as_it_did(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last character and colour."""
    if case.theme == "no colour":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    made = asyncio.run(picture(case, monkeypatch))
    if case.theme == "no colour":
        colours = set(re.findall(r"#([0-9a-f]{6})\b", made))
        # Rich's own: three buttons of the window that it draws, and the colour of its title.
        colours -= {"ff5f57", "febc2e", "28c840", "c5c8c6"}
        assert all(colour[:2] == colour[2:4] == colour[4:] for colour in colours), colours
    compare(case.name, made)


def test_every_picture_is_of_a_case() -> None:
    """What is no longer compared is no longer kept."""
    assert {path.stem for path in DIRECTORY.iterdir()} == {case.name for case in CASES}


def test_a_change_is_told_in_words() -> None:
    """The text of a picture is found in it, whatever its identifiers."""
    line = '<text class="terminal-12-r1" clip-path="url(#terminal-12-line-1)">a&#160;&lt;b</text>'
    assert told(normal(line)) == ["", "a <b"]
