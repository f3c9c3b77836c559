"""A capture that is interpreted as it goes: for whoever looks on.

One thread: the kernel's rings are wide enough to wait a tick, and a reader that does nothing else
is easy to end at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.engine.gathering import Gatherer
from socktrace.engine.interpreting import Interpreter
from socktrace.engine.setting import setting_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from socktrace.capture.counters import Counters
    from socktrace.capture.options import CaptureOptions
    from socktrace.engine.gathering import Item
    from socktrace.lines import Line
    from socktrace.model.limits import Limits
    from socktrace.model.world import World


class Session:
    """One run of the live source through the tracker.

    A context manager.

    Args:
        options: what to capture.
        sink: gets every line as it is concluded.
        say: told what is going on when it takes longer than a moment.
        limits: on what the model remembers; None: as usual.

    Raises:
        SocktraceError: this machine does not allow it.
    """

    def __init__(
        self,
        options: CaptureOptions,
        sink: Callable[[Line], None],
        *,
        say: Callable[[str], None] = lambda _: None,
        limits: Limits | None = None,
    ) -> None:
        """Load the probes; nothing is captured yet."""
        self._gatherer = Gatherer(options, self._take, say=say)
        self.capture = self._gatherer.capture
        self._interpreter = Interpreter(setting_of(options, self.capture.base), sink, limits)

    @property
    def world(self) -> World:
        """What is known now."""
        return self._interpreter.world

    @property
    def evictions(self) -> Mapping[str, int]:
        """What was forgotten because limits left no room: how much, by the limit's name."""
        return self._interpreter.evictions

    @property
    def calls(self) -> int:
        """System calls seen so far."""
        return self._interpreter.calls

    @property
    def notes(self) -> list[str]:
        """What could not be seen, in words for people."""
        return self._gatherer.notes

    @property
    def lost(self) -> dict[tuple[str, str], int]:
        """What was lost so far, by reason and ring."""
        return self._gatherer.lost

    def start(self, command: int | None = None) -> None:
        """Attach the probes, then list the sockets that exist: see `Gatherer.start`."""
        self._gatherer.start(command)

    def step(self) -> bool:
        """Take in what has come. True if there is likely more at once."""
        return self._gatherer.step()

    def finish(self) -> Counters:
        """Take the probes off and take in what was still on its way; the books at the end."""
        return self._gatherer.finish()

    def close(self) -> None:
        """Free what the kernel holds for us."""
        self._gatherer.close()

    def _take(self, item: Item) -> None:
        self._interpreter.take(item)

    def __enter__(self) -> Session:  # noqa: PYI034 - not meant to be derived from
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything go."""
        self.close()
