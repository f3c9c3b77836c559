"""A capture that goes to a spool as it comes: nothing is interpreted here."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from socktrace.engine.gathering import Gatherer
from socktrace.engine.setting import setting_of
from socktrace.lines import End, Header
from socktrace.spool.layout import Head, Records, fingerprint
from socktrace.spool.splitting import split
from socktrace.tracefile.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.capture.counters import Counters
    from socktrace.capture.options import CaptureOptions
    from socktrace.engine.converter import Converter
    from socktrace.engine.gathering import Item
    from socktrace.model.limits import Limits

_NICE: Final = -10
"""sched(7): nine times the weight of an ordinary process, while it wants to run."""
_EVENTS_MOST: Final = 1_000
"""Events in a frame of a spool."""


class Recorder:
    """One run of the live source into the spool of a converter.

    A context manager.

    Args:
        options: what to capture.
        converter: who makes the recording of it; it must be closed by whoever made it.
        say: told what is going on.

    Raises:
        SocktraceError: this machine does not allow it.
    """

    def __init__(
        self, options: CaptureOptions, converter: Converter, *, say: Callable[[str], None]
    ) -> None:
        """Load the probes; nothing is captured yet."""
        self._options = options
        self._converter = converter
        self._spool = converter.spool
        self._say = say
        self._alone = False
        self._closed = False
        self._gatherer = Gatherer(options, self._take, say=say, ours=(converter.pid,))
        self.capture = self._gatherer.capture

    @property
    def notes(self) -> list[str]:
        """What could not be seen, in words for people."""
        return self._gatherer.notes

    @property
    def lost(self) -> dict[tuple[str, str], int]:
        """What was lost so far, by reason and ring."""
        return self._gatherer.lost

    def begin(self, header: Header, limits: Limits) -> None:
        """Create the recording.

        Raises:
            RecordingError: it cannot be.
        """
        setting = setting_of(self._options, self.capture.base)
        # Words of the command line may be no UTF-8, and are in the header: as they will be there.
        header = msgspec.json.decode(encode(header), type=Header)
        self._converter.begin(
            Head(
                layout=fingerprint(),
                header=header,
                payload_size=self._options.payload_size,
                limits=limits._asdict(),
                **setting._asdict(),
            )
        )

    def start(self, command: int | None = None) -> None:
        """Attach the probes, then list the sockets that exist: see `Gatherer.start`.

        From here on this process goes first where it is allowed to: it needs little time, but it
        needs it soon, or on a machine that is busy the rings fill before it comes to read them.
        """
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        self._gatherer.start(command)

    def step(self) -> bool:
        """Take in what has come. True if there is likely more at once.

        Raises:
            RecordingError: there is no room for it, or none for the recording.
        """
        if not self._converter.check() and not self._alone:
            self._alone = True
            self._say(
                "the process that writes the recording was ended; capture goes on, into "
                f"{self._converter.name}"
            )
        return self._gatherer.step()

    def finish(self, reason: str) -> Counters:
        """Take the probes off, take in what was still on its way, and end the spool.

        What the kernel holds for us is free after that.

        Args:
            reason: why capture ended, for the last line of the recording.

        Returns:
            The books at the end.

        Raises:
            RecordingError: there is no room for it.
        """
        counters = self._gatherer.finish()
        self._spool.end(
            End(
                t=self.capture.now(),
                events=0,
                lost_events=counters.lost,
                reason=reason,
                unreadable=counters.unreadable,
            )
        )
        self.close()
        return counters

    def close(self) -> None:
        """Free what the kernel holds for us."""
        if not self._closed:
            self._closed = True
            self._gatherer.close()

    def _take(self, item: Item) -> None:
        if isinstance(item, list):
            for at in range(0, len(item), _EVENTS_MOST):
                self._spool.events(item[at : at + _EVENTS_MOST])
        else:
            for piece in split(Records(*item)):
                self._spool.records(piece)

    def __enter__(self) -> Recorder:  # noqa: PYI034 - not meant to be derived from
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything go."""
        self.close()
