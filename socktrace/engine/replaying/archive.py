"""What has been read of a recording so far, and the thread that reads it."""

from __future__ import annotations

import os
import threading
from itertools import islice
from typing import TYPE_CHECKING, Final

from socktrace.engine.feeds.turnstile import Turnstile
from socktrace.engine.replaying.index import Index
from socktrace.engine.replaying.latest import Latest
from socktrace.engine.replaying.store import LineStore
from socktrace.lines import Finding
from socktrace.model.checkpoints import Checkpoints
from socktrace.tracefile.reader import Recording
from socktrace.tracefile.recorded_file import RecordedFile
from socktrace.tracefile.replay import replay, whole_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socktrace.lines import Header, Line

_PIECE: Final = 256
"""Lines taken in before somebody may look: some 2 ms."""
_SPACING: Final = 20_000
"""Lines between two checkpoints, to begin with: they are applied again in some 0.1 s."""


class _MeasuredFile(RecordedFile):
    """A file of which one can tell how much has been read."""

    @property
    def share(self) -> float:
        """From 0 to 1, of its bytes on disk."""
        whole = os.fstat(self._raw.fileno()).st_size
        return min(1.0, self._raw.tell() / whole) if whole else 1.0


class Archive:
    """A recording that is read once, in a thread; what has been read can be looked at at once.

    Args:
        path: the recording, of either form, compressed or not.

    Raises:
        RecordingError: it is none.
    """

    def __init__(self, path: str) -> None:
        self._file: Final = _MeasuredFile(path)
        try:
            self._recording: Final = Recording(path, self._file)
        except BaseException:
            self._file.close()
            raise
        self.turnstile: Final = Turnstile()
        """To be held by whoever looks at anything below, while it is being read."""
        self.index: Final = Index()
        self.store: Final = LineStore()
        self.checkpoints: Final = Checkpoints(_SPACING)
        self.world: Final = whole_world()
        """As it is after what has been read so far."""
        self.fresh: Final = Latest()
        """What was read since somebody asked."""
        self.findings: Final[list[tuple[int, Finding]]] = []
        """Those read so far, with their places: they are told anew after each jump."""
        self.share = 0.0
        """How much has been read, from 0 to 1."""
        self.reading = True
        self.notes: tuple[str, ...] = ()
        """What is missing or was ignored, in sentences."""
        self.failure: Exception | None = None
        self._over = threading.Event()
        self.header: Final[Header] = self._recording.header
        self._thread: Final = threading.Thread(target=self._run, name="reading", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until all is read. False: it is not yet."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self.reading

    def close(self) -> None:
        """Let go of everything, or let the thread do so that is in the middle of a line."""
        self._over.set()
        if self._thread.ident is None:
            self._let_go()
        elif self.wait(0.1):
            self.store.close()

    def lines(self) -> Iterator[Line]:
        """Every line that has been read."""
        begin = 0
        while True:
            with self.turnstile.looking():
                piece = self.store.read(begin, begin + _PIECE)
            if not piece:
                return
            yield from piece
            begin += len(piece)

    def _run(self) -> None:
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - shown to the user as a page, whatever it is
            self.failure = error
        finally:
            recording = self._recording
            said = [recording.truncated] if recording.truncated else []
            self.notes = (*said, *recording.notes)
            self.reading = False
            self._file.close()
            if self._over.is_set():
                self.store.close()

    def _read(self) -> None:
        lines = iter(self._recording)
        while not self._over.is_set():
            piece: list[Line] = []
            try:
                # It takes them one by one: what comes before damage counts.
                piece.extend(islice(lines, _PIECE))
            finally:
                self._add(piece)
            if not piece:
                return
            self.share = self._file.share

    def _add(self, piece: list[Line]) -> None:
        world, checkpoints = self.world, self.checkpoints
        with self.turnstile.working():
            taken: list[Line] = []
            changed: set[int] = set()
            try:
                for line in replay(piece, world):
                    taken.append(line)
                    changed.update(checkpoints.note(line, world))
            finally:
                self.fresh.add(taken, changed)
                self.store.add(taken)
                self.findings.extend(
                    (place, line)
                    for place, line in enumerate(taken, self.index.count)
                    if isinstance(line, Finding)
                )
                self.index.add(taken)
            checkpoints.reached(self.index.count, world)
            self.turnstile.breathe()

    def _let_go(self) -> None:
        self._file.close()
        self.store.close()
