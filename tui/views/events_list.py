"""The rows of the events view: a list that can follow its end."""

from __future__ import annotations

from typing import Any

from textual.message import Message

from socktrace.tui.widgets.row_list import RowList
from socktrace.view.events.rows import EventRows


class EventList(RowList):
    """Rows of which the last is shown as they come, until the user goes elsewhere."""

    class Left(Message):
        """The user has scrolled away from the end."""

    def __init__(self, rows: EventRows, **settings: Any) -> None:
        super().__init__(rows, **settings)
        self._events = rows
        self.following = True
        self._end: int | None = None
        """Where the list was scrolled to, to show its end."""

    def watch_scroll_x(self, before: float, now: float) -> None:
        """To the side, lines are whole: there is more to be seen there."""
        super().watch_scroll_x(before, now)
        if self._events.whole != bool(now):
            self._events.whole = bool(now)
            self._refresh_changed()

    def show(self) -> None:
        """Draw what has changed, and go to the end if that is followed."""
        if self.following and self._has_left():
            self.following = False
            self.post_message(self.Left())
        super().show()
        if self.following:
            self.to_end()

    def _has_left(self) -> bool:
        """Whether the end was in sight, and the user has scrolled away from it."""
        if self._end is None or not self.size.height:
            return False
        return self.scroll_offset.y < min(self._end, self.max_scroll_y)

    def to_end(self) -> None:
        """Put the cursor into the last row."""
        if count := len(self.rows):
            self.go_to(self.rows.key(count - 1))
            self._end = self.scroll_offset.y if self.size.height else None

    def make_room_below(self) -> None:
        """Let what is below the cursor be seen, if that is in the lower half."""
        if self.cursor - self.scroll_offset.y > self.size.height // 2:
            self.scroll_to(y=self.cursor - 1, animate=False, force=True)

    def follow(self) -> None:
        """Go to the end from now on, whenever rows are shown."""
        self.following, self._end = True, None

    def stay(self) -> None:
        """Follow no more."""
        self.following, self._end = False, None
