"""Moving through a recording: the keys, the time line, the mouse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from socktrace.engine.replaying import ReplayFeed
from socktrace.lines import Finding, Sample, Socket, State
from socktrace.tui.actions import actions_in
from socktrace.tui.app import SocktraceApp
from socktrace.tui.widgets.time_line import TimeLine
from tests.screens.scripted import TRACES, ScriptedFeed, recorded
from tests.unit.replays import Clock
from tests.unit.tracefile_samples import write

Test = Callable[[Pilot[int], SocktraceApp, ReplayFeed], Awaitable[None]]


@contextmanager
def feed_of(path: Path, clock: Clock) -> Iterator[ReplayFeed]:
    """A recording that is closed in the end."""
    feed = ReplayFeed(str(path), clock=clock)
    try:
        yield feed
    finally:
        feed.close()
        feed.archive.wait(5)


def replay(
    test: Test,
    path: Path = TRACES / "http_pair.jsonl",
    size: tuple[int, int] = (120, 40),
    clock: Clock | None = None,
) -> None:
    """Run a test over a recording that has been read."""

    async def run() -> None:
        with feed_of(path, clock or Clock()) as feed:
            app = SocktraceApp(feed)
            async with app.run_test(size=size, notifications=True) as pilot:
                assert feed.archive.wait(20)
                app.tick()
                await pilot.pause()
                await test(pilot, app, feed)

    asyncio.run(run())


def screen(app: SocktraceApp) -> list[str]:
    """What is on the screen."""
    return [
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips()
    ]


def plays(feed: ReplayFeed) -> bool:
    """Whether time passes."""
    return feed.controls.playing


def below(app: SocktraceApp) -> str:
    """The words below the time line."""
    line = app.query_one(TimeLine)
    return screen(app)[line.region.bottom - 1]


def test_all_that_has_closed_is_shown(tmp_path: Path) -> None:
    """At the end of a recording its sockets have closed long ago, and are what it is about."""
    made = Socket(1, 1, 7, "AF_INET", "SOCK_STREAM", "IPPROTO_TCP", "socket")
    closed = State(2, 1, "api", "created", "closed", "exit")
    later = Sample(3_600_000_000_000, 1, 0, 0)
    path = write(tmp_path / "old.jsonl", [made, closed, later], None)

    async def test(pilot: Pilot[int], app: SocktraceApp, _: ReplayFeed) -> None:
        await pilot.pause(0.2)
        assert any("closed" in line and "TCP" in line for line in screen(app))

    replay(test, path)


def test_opens_at_the_end() -> None:
    """All that is known is there, and it stands still."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        await pilot.pause(0.2)
        assert "■ at the end" in below(app)
        assert feed.controls.now == feed.controls.end
        assert "recording http_pair.jsonl" in screen(app)[0]
        assert len({each.socket for each in recorded("http_pair") if isinstance(each, Socket)}) == 9
        assert any("9 sockets" in line for line in screen(app))

    replay(test)


def test_keys_move_in_time() -> None:
    """Start, end, steps and jumps: what is shown changes at once."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        player = feed.controls
        await pilot.press("0")
        assert player.now == player.start
        assert "‖ paused" in below(app)
        assert any("no sockets" in line for line in screen(app))
        await pilot.press("full_stop", "full_stop")
        twice = player.now
        assert twice > player.start
        await pilot.press("comma")
        assert player.start < player.now < twice
        await pilot.press("full_stop")
        assert player.now == twice
        span = player.end - player.start
        await pilot.press("right_curly_bracket")
        assert player.now == twice + span // 20
        await pilot.press("left_curly_bracket")
        assert player.now == twice
        await pilot.press("dollar_sign")
        assert player.now == player.end
        assert "■ at the end" in below(app)

    replay(test)


def test_playing() -> None:
    """Space plays from the start, and pauses; a short recording takes its time."""
    clock = Clock()

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        player = feed.controls
        await pilot.press("space")
        assert plays(feed)
        assert player.speed == 1 / 32  # 159 ms in 5.1 s
        await pilot.pause(0.3)
        assert "▶ playing  1/32x" in below(app)
        clock.now += 1.0
        app.tick()
        assert player.start < player.now < player.end
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert player.speed == 1 / 8
        await pilot.press("left_square_bracket")
        assert player.speed == 1 / 16
        await pilot.press("space")
        here = player.now
        clock.now += 10
        assert player.now == here
        assert not plays(feed)
        await pilot.press("space")
        clock.now += 10
        app.tick()
        assert not plays(feed)
        assert player.now == player.end
        await pilot.press("I")
        assert player.skip_idle
        await pilot.press("I")
        assert not player.skip_idle

    replay(test, clock=clock)


def test_every_view_shows_the_moment() -> None:
    """Whichever page is open: after a jump it tells of the moment, and of nothing later."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        player = feed.controls
        await pilot.press("4")
        await pilot.pause()
        assert any("close(" in line for line in screen(app))
        await pilot.press("0")
        await pilot.press(*["full_stop"] * 3)
        await pilot.pause(0.2)
        assert not any("close(" in line for line in screen(app))
        assert any("socket(" in line for line in screen(app))
        await pilot.press("1")
        await pilot.pause(0.2)
        with feed.look() as look:
            count = len(look.world.sockets)
        assert count < 9
        assert any(f"{count} socket" in line for line in screen(app))
        await pilot.press("dollar_sign")
        await pilot.pause(0.2)
        assert player.now == player.end
        assert any("9 sockets" in line for line in screen(app))
        for key in "2345":
            await pilot.press(key, "0", "full_stop", "dollar_sign", "comma")
            await pilot.pause()

    replay(test)


def test_to_the_birth_of_a_socket() -> None:
    """The selected one's, or that of the page that is open."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        await pilot.pause(0.3)
        number = app.view.selected_socket()
        assert number is not None
        await pilot.press("B")
        assert feed.controls.now == feed.controls.birth(number)
        with feed.look() as look:
            assert look.world.newest == number
        await pilot.press("dollar_sign")
        app.open_socket(3)
        await pilot.press("B")
        assert feed.controls.now == feed.controls.birth(3)

    replay(test)


def test_to_findings(tmp_path: Path) -> None:
    """From one to the next, and round."""
    lines = recorded("http_pair")
    start, end = 60_000_000, 90_000_000
    findings = [Finding(t, t, 1, "r", "warning", "t", [], "a", socket=1) for t in (start, end)]
    path = write(tmp_path / "t.jsonl", [*lines[:-1], *findings], None)

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        moments = []
        for _ in range(3):
            await pilot.press("F")
            moments.append(feed.controls.now)
        assert moments == [start, end, start]
        line = app.query_one(TimeLine)
        assert screen(app)[line.region.y + 1].count("!") == 2

    replay(test, path)


def test_without_findings() -> None:
    """It is said that there are none."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        await pilot.press("F")
        await pilot.pause(0.2)
        assert feed.controls.now == feed.controls.end
        assert any("no findings" in line for line in screen(app))

    replay(test)


def test_the_mouse_moves_in_time() -> None:
    """A click, a drag, the wheel."""

    async def test(pilot: Pilot[int], _: SocktraceApp, feed: ReplayFeed) -> None:
        player = feed.controls
        span = player.end - player.start
        await pilot.click(TimeLine, offset=(60, 0))
        assert abs(player.now - (player.start + span // 2)) < span // 50
        await pilot.mouse_down(TimeLine, offset=(30, 1))
        quarter = player.now
        assert abs(quarter - (player.start + span // 4)) < span // 50
        await pilot.hover(TimeLine, offset=(1, 1))
        assert player.now == player.start
        await pilot.hover(TimeLine, offset=(118, 1))
        assert player.now == player.end
        await pilot.hover(TimeLine, offset=(30, 1))
        assert player.now == quarter
        await pilot.mouse_up(TimeLine, offset=(30, 1))
        await pilot.hover(TimeLine, offset=(90, 1))
        assert player.now == quarter
        with feed.look() as look:
            assert look.now == quarter

    replay(test)


@pytest.mark.parametrize(
    ("size", "height"), [((80, 24), 2), ((120, 40), 3), ((300, 80), 3), ((40, 10), 2)]
)
def test_sizes(size: tuple[int, int], height: int) -> None:
    """It takes the width there is, and two lines of a low screen."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        del feed
        await pilot.press("right_curly_bracket", "left_curly_bracket")
        line = app.query_one(TimeLine)
        assert line.region.height == height
        assert line.region.width == size[0]
        assert screen(app)[line.region.y].count("┃") == 1
        assert "paused" in below(app)

    replay(test, size=size)


def test_resizing() -> None:
    """At any moment: the same moment in other columns."""

    async def test(pilot: Pilot[int], app: SocktraceApp, feed: ReplayFeed) -> None:
        await pilot.press("left_curly_bracket")
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.2)
        line = app.query_one(TimeLine)
        assert line.region.height == 2
        assert 70 < screen(app)[line.region.y].index("┃") < 78
        await pilot.resize_terminal(200, 50)
        await pilot.pause(0.2)
        assert line.region.height == 3
        assert screen(app)[line.region.y].index("┃") > 180
        await pilot.resize_terminal(200, 25)
        await pilot.pause(0.3)
        assert line.region.height == 2
        assert feed.controls.now < feed.controls.end

    replay(test)


def test_none_of_it_without_a_recording() -> None:
    """Every action of a replay is off where there is nothing to replay."""

    async def run() -> None:
        app = SocktraceApp(ScriptedFeed(recorded("tcp_echo")))
        async with app.run_test() as pilot:
            for action in actions_in(("replay",)):
                assert not app.check_action(action.name, ())
            await pilot.press("comma", "B", "F", "0", "dollar_sign")
            assert not app.query(TimeLine)

    asyncio.run(run())


def test_every_action_has_its_method() -> None:
    """Nothing in the table of actions does nothing."""
    for action in actions_in(("replay",)):
        assert callable(getattr(SocktraceApp, f"action_{action.name}"))
