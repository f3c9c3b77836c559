"""What the manual says of a call, on the screen."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from socktrace.names.manual import page_of
from socktrace.tui.dialogs.manual import Manual, find_page, read_page, told
from socktrace.view.events.entries import bare
from socktrace.view.spans import plain
from tests.screens.events_screen import Screen, screen
from tests.unit.event_samples import call


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
