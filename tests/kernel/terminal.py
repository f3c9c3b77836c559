"""A real terminal to try the screen in: tmux(1), with a server of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

_PROMPT: Final = "ready> "


class Terminal:
    """A shell in a terminal of a given size; its keys are pressed, its screen is read.

    A context manager: everything that runs there has ended at its end.

    Args:
        directory: where the shell is, and where tmux has its socket.
        columns: of the terminal.
        rows: of the terminal.
        environment: variables that the shell is to have, beside ours.
    """

    def __init__(
        self,
        directory: Path,
        columns: int = 120,
        rows: int = 40,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._socket = str(directory / "tmux")
        self._directory = directory
        self._size = (str(columns), str(rows))
        self._environment = {
            **os.environ,
            "PS1": _PROMPT,
            "TERM": "xterm-256color",
            # Nothing that the user who runs the tests has chosen, or writes while they run.
            "XDG_CONFIG_HOME": str(directory / "config"),
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        """Start the shell."""
        columns, rows = self._size
        shell = ("bash", "--norc", "--noprofile")  # dash has a prompt of its own for root
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, *shell)
        try:
            self.shows(_PROMPT.strip())
        except BaseException:
            self._tmux("kill-server")
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self._tmux("kill-server")

    def run(self, *command: str) -> None:
        """Type a command, and Enter."""
        self._tmux("send-keys", "-l", " ".join(command))
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys, named as tmux does: "Enter", "Escape", "q"."""
        for key in keys:
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        """Type letters as they are."""
        self._tmux("send-keys", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal larger or smaller."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What is to be seen."""
        return self._tmux("capture-pane", "-p")

    def ask(self, variable: str) -> str:
        """A variable of tmux's, "alternate_on": whether a program has the screen for itself."""
        return self._tmux("display-message", "-p", f"#{{{variable}}}").strip()

    def until(self, holds: Callable[[str], object], seconds: float = 20.0) -> str:
        """Wait until something is to be seen; give the screen."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if holds(screen):
                return screen
            if time.monotonic() > end:
                raise AssertionError(f"it did not show within {seconds} s:\n{screen}")
            time.sleep(0.05)

    def shows(self, *texts: str) -> str:
        """Wait until all these are to be seen."""
        return self.until(lambda screen: all(text in screen for text in texts))

    def is_restored(self) -> bool:
        """Whether the shell has its terminal back as it was: it echoes, line by line."""
        self.until(lambda screen: self.ask("alternate_on") == "0" and screen.rstrip()[-1:] == ">")
        self.run("stty -a | tr -d '\\n' | grep -c ' icanon.* echo '; echo checked-$((40+2))")
        screen = self.shows("checked-42")
        count = screen.partition("checked-42")[0].split()[-1]
        return count == "1" and self.ask("cursor_flag") == "1"

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            env=self._environment,
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout
