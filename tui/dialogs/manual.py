"""What a call does: our own page, and the way to the system's where that is installed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from socktrace.escape import printable
from socktrace.names.manual import Page, meaning_of, page_of
from socktrace.tui.dialogs.dialog import Dialog
from socktrace.tui.widgets.reader import Reader
from socktrace.view.events.painting import wrapped
from socktrace.view.spans import Span, Spans

if TYPE_CHECKING:
    from types import FrameType

_PATIENCE: Final = 5.0
"""Seconds that `man -w` may take: it looks into a few directories."""
_NAME: Final = 16
"""Columns of an error's name."""
_WIDTH: Final = 84
"""Columns of the box, as `Dialog` has it, and those of them that are no text."""
_FRAME: Final = 7
_NARROWEST: Final = 20


def told(page: Page, errno: str | None, width: int) -> Iterator[Spans]:
    """The text of the page.

    Args:
        page: Of the call.
        errno: How the call failed that was asked about.
        width: Columns.
    """
    if errno is not None:
        meaning = meaning_of(errno, page.call) or "there is nothing here about this error"
        name = printable(errno, 40)
        failed: list[Span] = [("here it failed with ", "plain"), (name, "error")]
        yield from wrapped([*failed, (f": {meaning}", "plain")], width)
        yield []
    yield from wrapped([(page.summary, "plain")], width)
    if page.note:
        yield [(page.note, "faint")]
    yield []
    for text in page.synopsis:
        yield [(f" {text}", "title")]
    yield []
    yield from wrapped([("it returns  ", "heading"), (page.returns, "plain")], width)
    yield [("or -1, with one of these errors, mostly", "faint")]
    yield []
    for name, meaning in page.errors.items():
        mark: Span = ("▸ ", "error") if name == errno else ("  ", "plain")
        first, *more = wrapped([(meaning, "plain")], max(width - _NAME - 3, _NARROWEST))
        yield [mark, (f"{name:<{_NAME}} ", "heading"), *first]
        for line in more:
            yield [(" " * (_NAME + 3), "plain"), *line]


class Manual(Dialog[None]):
    """The page of one call.

    Args:
        page: It.
        errno: How the call failed that was asked about.
    """

    DEFAULT_CSS = """
    Manual Reader { height: auto; max-height: 80vh; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m,q", "close", show=False),
        Binding("enter", "system_page", show=False),
    ]

    def __init__(self, page: Page, errno: str | None = None) -> None:
        super().__init__()
        self._page = page
        self._errno = errno
        self._file: str | None = None
        """Where the system has its page; None: nowhere, or not known yet."""
        self._asked: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = f"{self._page.call}({self._page.section})"
            box.border_subtitle = "Esc closes"
            yield Reader()

    def on_mount(self) -> None:
        """Show it, and ask meanwhile whether the system has a page."""
        reader = self.query_one(Reader)
        width = min(_WIDTH, self.app.size.width) - _FRAME
        reader.call_after_refresh(reader.read, list(told(self._page, self._errno, width)))
        reader.focus()
        self._asked = asyncio.create_task(self._ask())

    def on_unmount(self) -> None:
        """Nobody waits for the answer any more."""
        if self._asked is not None:
            self._asked.cancel()

    @property
    def _system(self) -> str:
        return f"{self._page.manual}({self._page.section})"

    async def _ask(self) -> None:
        self._file = await find_page(self._page)
        has = f"⏎ reads the system's {self._system}"
        hint = has if self._file else f"the system has no page {self._system} installed"
        self.query_one("#box").border_subtitle = f"{hint} · Esc closes"

    def action_system_page(self) -> None:
        """Read the system's page in its own reader; the screen comes back when that ends."""
        if self._file is None:
            self.notify(f"the system has no page {self._system} installed", markup=False)
            return
        try:
            with self.app.suspend():
                read_page(self._file)
        except SuspendNotSupported:
            self.notify("this terminal cannot be given to another program", markup=False)
        except OSError as error:
            self.notify(f"man(1) cannot be run: {error.strerror}", markup=False)
        self.app.refresh()


async def find_page(page: Page) -> str | None:
    """Where the system has its own page of a call; None: nowhere."""
    try:
        man = await asyncio.create_subprocess_exec(
            "man",
            "-w",
            page.section,
            page.manual,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        out, _ = await asyncio.wait_for(man.communicate(), _PATIENCE)
    except (TimeoutError, asyncio.CancelledError) as error:
        with contextlib.suppress(ProcessLookupError):
            man.kill()
        if isinstance(error, asyncio.CancelledError):
            raise
        return None
    found = out.decode(errors="surrogateescape").strip()
    return found.split("\n")[0] if man.returncode == 0 and found.startswith("/") else None


def read_page(file: str) -> None:
    """Run man(1) in our terminal until the user ends it.

    Raises:
        OSError: It cannot be run.
    """

    def nothing(_number: int, _frame: FrameType | None) -> None:
        """^C is for the reader: it must not end us, who are in the same process group."""

    before = signal.signal(signal.SIGINT, nothing)
    try:
        with subprocess.Popen(["man", "-l", file]) as man:
            try:
                man.wait()
            finally:
                if man.poll() is None:
                    man.kill()
    finally:
        signal.signal(signal.SIGINT, before)


def manual_of(call: str, errno: str | None = None) -> Manual | None:
    """The dialog about a call; None where there is nothing to say about it."""
    page = page_of(call)
    return None if page is None else Manual(page, errno)
