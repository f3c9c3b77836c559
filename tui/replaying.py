"""Moving through a recording: what the keys do that work with one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from socktrace.text.numbers import moment, plural
from socktrace.tui.frame import Frame
from socktrace.view.time_line import speed_text

if TYPE_CHECKING:
    from socktrace.tui.widgets.time_line import TimeLine
    from socktrace.view.look import Player

_QUICK: Final = 0.03
"""Seconds that showing another moment may take before it is done less often."""
_JUMPS: Final = 20
"""Parts of the recording by one of which `jump` moves."""


class Replaying(Frame, inherit_bindings=False):
    """What the app does with the player of a recording; without one, none of it is offered."""

    _next_look = 0.0
    """The monotonic time until which another moment waits for the next beat."""

    @property
    def _player(self) -> Player:
        player = self.feed.player
        assert player is not None  # noqa: S101 - without one, no action comes here
        return player

    def action_step(self) -> None:
        """Go forward by one event."""
        self._player.step(1)
        self._moved()

    def action_step_back(self) -> None:
        """Go back by one event."""
        self._player.step(-1)
        self._moved()

    def action_slower(self) -> None:
        """Replay at half the speed."""
        self._change_speed(0.5)

    def action_faster(self) -> None:
        """Replay at twice the speed."""
        self._change_speed(2)

    def action_jump(self) -> None:
        """Go ahead by a twentieth of the recording."""
        self._jump(1)

    def action_jump_back(self) -> None:
        """Go back by a twentieth of the recording."""
        self._jump(-1)

    def action_to_start(self) -> None:
        """Go to the beginning of the recording."""
        self._seek(self._player.start)

    def action_to_end(self) -> None:
        """Go to the end of the recording."""
        self._seek(self._player.end)

    def action_to_birth(self) -> None:
        """Go to the moment at which the selected socket was made."""
        number = self.view.selected_socket()
        if number is None and self.view.label == "socket":
            number = self.socket
        if number is None:
            self.notify("no socket is selected", severity="warning")
            return
        birth = self._player.birth(number)
        if birth is None:
            self.notify(f"#{number} has not been made yet, as far as was read")
            return
        self._seek(birth)
        self.notify(f"#{number} is told of first at {moment(birth)} s")

    def action_to_finding(self) -> None:
        """Go to the moment of the next finding."""
        t = self._player.next_finding()
        if t is None:
            self.notify("this recording has no findings")
            return
        self._seek(t)
        count = plural(self._player.findings, "finding")
        self.notify(f"{moment(t)} s: of {count} in this recording")

    def action_skip_idle(self) -> None:
        """Skip time in which nothing happens, or play it too."""
        player = self._player
        player.skip_idle = not player.skip_idle
        self.notify("idle time is skipped" if player.skip_idle else "idle time is played too")
        self._moved()

    def on_time_line_chosen(self, message: TimeLine.Chosen) -> None:
        """The mouse chose a moment."""
        message.stop()
        self._moved()

    def _change_speed(self, factor: float) -> None:
        player = self._player
        player.speed *= factor
        self.notify(f"speed {speed_text(player.speed)}x", timeout=1)
        self._moved()

    def _jump(self, parts: int) -> None:
        player = self._player
        self._seek(player.now + parts * max(1, (player.end - player.start) // _JUMPS))

    def _seek(self, t: int) -> None:
        self._player.seek(t)
        self._moved()

    def _moved(self) -> None:
        """Show the moment at once."""
        from socktrace.tui.widgets.time_line import TimeLine  # noqa: PLC0415 - for recordings

        began = time.monotonic()
        if began >= self._next_look:
            self.tick()
            spent = time.monotonic() - began
            # A key that is held must not be answered long after it is let go: what takes long is
            # left to the next beat.
            self._next_look = began + 2 * spent if spent > _QUICK else 0.0
        self.query_one(TimeLine).update()
