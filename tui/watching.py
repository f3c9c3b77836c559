"""Keeping an eye on the source and on ourselves: what header and status line tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from socktrace.escape import printable
from socktrace.tui.frame import Frame
from socktrace.tui.pace import Cost
from socktrace.tui.widgets.header import Header
from socktrace.tui.widgets.status import Facts, StatusLine
from socktrace.view.look import Status

if TYPE_CHECKING:
    from socktrace.view.look import Feed

_SECOND: Final = 1.0


class Watching(Frame, inherit_bindings=False):
    """What the app knows of its source and of itself."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.status: Status = self.feed.status()
        self._rate = 0.0
        self._calls = (0, 0.0)
        self._sockets = 0
        self._cost: Cost | None = None
        self._measured = 0.0
        self._failed: Exception | None = None
        self._broken: Exception | None = None

    async def use(self, feed: Feed) -> None:
        """Begin to look at this source; a recording gets its time line."""
        await super().use(feed)
        self._failed = None
        self._calls = (feed.status().calls, time.monotonic())
        self._sockets_and_cost(time.monotonic())
        if feed.player is not None:
            from socktrace.tui.widgets.time_line import TimeLine  # noqa: PLC0415 - for recordings

            await self.mount(TimeLine(feed.player), before=self.query_one(StatusLine))
        self.tell()

    def tick(self) -> None:
        """Look, draw, and tell how the source is doing."""
        super().tick()
        self.status = self.feed.status()
        now = time.monotonic()
        if now - self._measured >= _SECOND:
            self._sockets_and_cost(now)
        self.tell()
        self._complain_of_recording()
        failure = self.feed.failure()
        if failure is not None and failure is not self._failed:
            self._failed = failure
            from socktrace.tui.pages.failure import FailurePage  # noqa: PLC0415 - when it happens

            self.push_screen(FailurePage(failure))

    def _complain_of_recording(self) -> None:
        """Tell once when a recording has ended by itself: a full disk."""
        recordings = self.feed.recordings
        error = recordings.error if recordings is not None else None
        if error is not None and error is not self._broken:
            self.notify(printable(str(error)), title="the recording ended", severity="error")
        self._broken = error

    def _sockets_and_cost(self, now: float) -> None:
        """What is looked at once a second."""
        self._measured = now
        with self.looking.held() as look:
            self._sockets = look.world.open_count
        calls, at = self._calls
        if now > at:
            self._rate = max(0.0, (self.status.calls - calls) / (now - at))
        self._calls = (self.status.calls, now)
        self._cost = self.meter.measure()

    def tell(self) -> None:
        """Let header and status line say what is so now."""
        self.query_one(Header).update()
        self.query_one(StatusLine).update()

    def facts(self) -> Facts:
        """What the status line tells."""
        return Facts(
            status=self.status,
            rate=None if self.feed.player is not None else self._rate,
            sockets=self._sockets,
            paused=self.paused,
            filter=getattr(self, "filter_text", ""),
            cost=self._cost,
            slowed=self.pace.slowed,
        )

    def findings_badge(self) -> tuple[int, str | None]:
        """How many findings there are, and how bad the worst is."""
        badge = getattr(self.views.get("findings"), "badge", None)
        return badge() if badge is not None else (0, None)
