"""Copying to the clipboard: by the terminal (OSC 52), so that it works through ssh as well."""

from __future__ import annotations

import json
from typing import Final

import msgspec

from socktrace.tui.frame import Frame

_SHOWN: Final = 60
"""Characters of what was copied that are told."""


class Copying(Frame, inherit_bindings=False):
    """What the app does about the clipboard."""

    def chosen_socket(self) -> int | None:
        """The socket that an action is about: the one under the cursor, or of the open page."""
        if self.view.label == "socket":
            return self.socket
        return self.view.selected_socket()

    def action_copy_cell(self) -> None:
        """Copy what is under the cursor."""
        found = self.view.under_cursor()
        self._copy(None if found is None else found.cell)

    def action_copy_row(self) -> None:
        """Copy the row under the cursor."""
        found = self.view.under_cursor()
        self._copy(None if found is None else found.row)

    def action_copy_socket(self) -> None:
        """Copy the selected socket's life as JSON, in ASCII: harmless wherever it is pasted."""
        number = self.chosen_socket()
        with self.looking.held() as look:
            life = None if number is None else look.world.sockets.get(number)
            text = None if life is None else json.dumps(msgspec.to_builtins(life), indent=2)
        self._copy(text, None if text is None else f"socket #{number} as JSON")

    def _copy(self, text: str | None, what: str | None = None) -> None:
        if not text:
            self.notify("nothing to copy here", severity="warning", markup=False)
            return
        self.copy_to_clipboard(text)
        line = " ".join(text.split())
        shown = what or (line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…")
        self.notify(f"copied: {shown}", markup=False)
