"""Files that are written while watching: recordings, what is shown, pictures."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socktrace.errors import SocktraceError
from socktrace.escape import printable
from socktrace.tracefile.errors import RecordingError
from socktrace.tracefile.files import create
from socktrace.tui.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import AwaitMount

_TRIES: Final = 100
"""Names with a number at the end that are tried when there is a file of this second already."""


def file_name(ending: str) -> str:
    """A name that tells the moment: "socktrace-2026-11-21-154500.svg"."""
    return f"socktrace-{time.strftime('%Y-%m-%d-%H%M%S')}.{ending}"


class Files(Frame, inherit_bindings=False):
    """What the app does about files."""

    def complain(self, error: SocktraceError) -> None:
        """Tell what failed, why, and what to do."""
        text = f"{printable(error.why)}\n{printable(error.next_step)}"
        self.notify(text, title=printable(error.what), severity="error", timeout=10, markup=False)

    async def action_record(self) -> None:
        """Begin to record, or end it."""
        recordings = self.feed.recordings
        if recordings is None:
            return
        if self.feed.status().recording is None:
            await self._ask("Record from now on, to the file:", file_name("jsonl"), self._begin)
            return
        try:
            path = recordings.end()
        except SocktraceError as error:
            self.complain(error)
            return
        if path is not None:
            self.notify(f"recorded: {printable(path)}", markup=False)

    def _begin(self, path: str) -> None:
        recordings = self.feed.recordings
        if recordings is not None:
            recordings.begin(path)
            self.notify(f"recording to {printable(path)}", markup=False)

    async def action_save(self) -> None:
        """Save what is shown."""
        numbers = self.view.shown_sockets()
        many = "every socket" if numbers is None else f"the {len(numbers):,} sockets shown"
        await self._ask(f"Save {many} as a recording, to the file:", file_name("jsonl"), self._save)

    def _save(self, path: str) -> None:
        from socktrace.engine.saving import save_shown  # noqa: PLC0415 - on demand

        numbers = self.view.shown_sockets()
        count = save_shown(self.feed, self.looking.held(), path, numbers)
        self.notify(f"saved {count:,} lines: {printable(path)}", markup=False)

    def _ask(self, question: str, name: str, act: Callable[[str], None]) -> AwaitMount:
        """Ask for a file's name until one will do, or none is wanted."""
        from socktrace.tui.dialogs.ask import Ask  # noqa: PLC0415 - on demand

        def answered(path: str | None) -> None:
            if not path:
                return
            try:
                act(os.path.expanduser(path))  # noqa: PTH111 - it stays the text it is
            except SocktraceError as error:
                self.complain(error)
                self._ask(question, path, act)

        return self.push_screen(Ask(question, name), answered)

    def action_picture(self) -> None:
        """Save the screen as a picture, in the current directory."""
        from socktrace.tui.picture import picture_of  # noqa: PLC0415 - on demand

        try:
            path = _write_new(file_name("svg"), picture_of(self).encode())
        except SocktraceError as error:
            self.complain(error)
        else:
            self.notify(f"picture: {path}", markup=False)


def _write_new(name: str, content: bytes) -> str:
    """Write a file that did not exist; its name, which may have got a number."""
    path = Path(name)
    for number in range(1, _TRIES):
        if not os.path.lexists(path):
            break
        path = Path(name).with_stem(f"{Path(name).stem}-{number}")
    descriptor = create(str(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        why = error.strerror or str(error)
        raise RecordingError(f"cannot write {path}", why, "free some space") from error
    return str(path)
