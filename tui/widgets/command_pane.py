"""The program that is traced, in a terminal of its own below the views."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from socktrace.escape import printable
from socktrace.text.numbers import duration
from socktrace.tui.actions import ACTIONS, shown_key
from socktrace.tui.widgets.caption import Caption
from socktrace.tui.widgets.terminal_view import TerminalView
from socktrace.view.spans import Span

if TYPE_CHECKING:
    from socktrace.host.launch import Child
    from socktrace.host.pseudo_terminal import PseudoTerminal

_PIECE: Final = 2_048
"""Bytes that are emulated without looking at the clock: some 2 ms."""
_BUSY: Final = 0.008
"""Seconds of emulating at a time; then keys and the rest of the screen have their turn."""
_REST: Final = 0.04
"""Seconds that the program's output waits meanwhile: it stops at a full terminal by itself."""
_POLL: Final = 0.1
_GRACE: Final = 1.0
"""Seconds after the program's end in which keys still go nowhere else."""
_BY_SIGNAL: Final = 128
_LONGEST: Final = 200


class CommandPane(Vertical):
    """The program's screen under a line that says how it is doing.

    Args:
        child: the program, whether it runs yet or not.
        terminal: the one it was given.
    """

    DEFAULT_CSS = """
    CommandPane { height: 35%; min-height: 5; }
    """

    def __init__(self, child: Child, terminal: PseudoTerminal) -> None:
        super().__init__(id="command")
        self.child: Final = child
        self.terminal: Final = terminal
        self.view: Final = TerminalView(terminal.write, terminal.resize, self.leave)
        self._caption: Final = Caption()
        self._began: float | None = None
        self._lasted: float | None = None
        self._reading = False
        self._hung_up = False
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield self._caption
        yield self.view

    def on_mount(self) -> None:
        """Begin to read."""
        self.set_interval(_POLL, self._poll)
        self._read_on()
        self._poll()

    def on_unmount(self) -> None:
        """Leave the terminal alone: it is closed by who opened it."""
        self._stop_reading()

    @property
    def status(self) -> str:
        """How the program is doing, in words."""
        if not self.child.released:
            return "has not begun"
        if self._lasted is None:
            return "runs"
        status = self.child.exit_status
        after = f"after {duration(round(self._lasted * 1e9))}"
        if status > _BY_SIGNAL:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(status - _BY_SIGNAL).name} {after}"
        return f"ended with status {status} {after}"

    def take_keyboard(self) -> None:
        """Give the keyboard to the program."""
        if not self.view.taking:
            self.app.notify("The program has ended.", markup=False)
            return
        self.screen.set_focus(self.view)

    # --- reading ----------------------------------------------------------------------------

    def _read_on(self) -> None:
        if not self._reading and not self._hung_up:
            self._reading = True
            asyncio.get_running_loop().add_reader(self.terminal.master, self._read)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self.terminal.master)

    def _read(self) -> None:
        """Take what has come, but not more than the rest of the screen can wait for."""
        until = time.monotonic() + _BUSY
        while (data := self.terminal.read(_PIECE)) != b"":
            if data is None:
                self._hung_up = True
                self._stop_reading()
                break
            self.view.feed(data)
            if time.monotonic() > until:
                self._stop_reading()
                self._resting = self.set_timer(_REST, self._read_on)
                break
        self.view.show()

    # --- how it is doing --------------------------------------------------------------------

    def _poll(self) -> None:
        self.terminal.flush()
        if self._began is None and self.child.released:
            self._began = time.monotonic()
        if self._began is not None and self._lasted is None and self.child.ended():
            self._lasted = time.monotonic() - self._began
            self.set_timer(_GRACE, self._give_back)
        self._tell()

    def _give_back(self) -> None:
        """Take the keyboard back: what was typed a moment ago was meant for the program."""
        self.view.taking = False
        self.view.refresh()
        if self.view.has_focus:
            self.leave()

    def _tell(self) -> None:
        focused = self.view.has_focus
        name = printable(" ".join(self.child.command), _LONGEST)
        sign: Span = ("■ ", "faint") if self._lasted is not None else ("▶ ", "good")
        left: list[Span] = [sign, (name, "title" if focused else "process")]
        right: list[Span] = []
        if self.view.back:
            right.append((f"  {self.view.back} lines back", "waiting"))
        right.append((f"  {self.status}", "faint" if self._lasted is None else "plain"))
        if focused and self._lasted is None:
            right += [(f"  {_key('leave_program')}", "key"), (" leaves it", "faint")]
        elif self._lasted is None:
            right += [(f"  {_key('command_pane')}", "key"), (" goes there", "faint")]
        self._caption.tell(left, right)

    def on_descendant_focus(self) -> None:
        """The keyboard is the program's."""
        self._tell()

    def on_descendant_blur(self) -> None:
        """The keyboard is ours again."""
        self._tell()

    def leave(self) -> None:
        """Take the keyboard back."""
        from socktrace.tui.app import SocktraceApp  # noqa: PLC0415 - it imports this

        if isinstance(self.app, SocktraceApp):
            self.app.view.enter()
        else:
            self.screen.set_focus(None)


def _key(name: str) -> str:
    return next(shown_key(action.keys[0]) for action in ACTIONS if action.name == name)
