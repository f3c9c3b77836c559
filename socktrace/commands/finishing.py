"""The end of a recording: waiting for what was captured to be written, and Ctrl-C meanwhile."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final

from socktrace.commands import watching
from socktrace.commands.progress import Progress
from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from types import FrameType

    from socktrace.engine.converter import Converter
    from socktrace.lines import End

_HEEDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Hurried(Exception):  # noqa: N818 - what the user wants, no failure
    """Whoever waits has asked twice to wait no more."""


class Finishing:
    """From the end of capture to that of the recording, with signals in its hands.

    A context manager: the first signal makes it say what is going on, the second ends it.

    Args:
        converter: who writes the recording.
        output: its name, as it was given.
    """

    def __init__(self, converter: Converter, output: str) -> None:
        self._converter = converter
        self._output = output
        self._signals = 0
        self._told = 0
        self._before: dict[int, object] = {}
        self._progress = Progress(sys.stderr)

    def wait(self) -> End | None:
        """Wait for the recording; its last line, if it has one.

        Raises:
            Hurried: a second signal has come. The converter is gone, and its spool is still there.
            RecordingError: the recording is not complete.
        """
        with self._progress:
            return self._converter.finish(self._watch)

    def rest(self) -> None:
        """Wait for what can still be written of a recording that failed, and say what that was."""
        if not self._converter.working:
            return
        try:
            self.wait()
        except RecordingError as error:
            sys.stderr.write(f"socktrace: {error.shown()}")
        except Hurried:
            return
        else:
            _, events = self._converter.progress()
            watching.say(f"{events} events in {self._output}, which has no end")

    def _watch(self) -> None:
        done, events = self._converter.progress()
        total = self._converter.spool.size
        if self._signals > 1:
            self._converter.stop()
            self._progress.wipe()
            self._say_ended(events)
            raise Hurried
        if self._signals > self._told:
            self._told = self._signals
            self._progress.wipe()
            self._say_finishing()
        self._progress.update(done, total, events)

    def _say_finishing(self) -> None:
        how = (
            f"Ctrl-C again ends it now: then `socktrace recover {self._converter.name}` goes on"
            if self._converter.name
            else "Ctrl-C again ends it now, with the output cut short"
        )
        watching.say(f"finishing {self._output}; {how}")

    def _say_ended(self, events: int) -> None:
        if self._converter.name:
            watching.say(
                f"ended with {events} events written; all that was captured is in "
                f"{self._converter.name}: socktrace recover {self._converter.name}"
            )
        else:
            watching.say(f"ended with {events} events written; the output is cut short")

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def __enter__(self) -> Finishing:  # noqa: PYI034 - not meant to be derived from
        """Heed signals."""
        for number in _HEEDED:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Let signals do what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
