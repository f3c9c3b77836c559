"""When to look at the machine again: after losses that may have hidden births and ends.

Not more often than the losses are worth: while they go on, once a second at most, and less often
where a look takes long; once when they have ended; and once more for what was born during that
look, of parents about whom the model was wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from socktrace.events import Healing, Loss

_SECOND: Final = 1_000_000_000
_LEAST_NS: Final = _SECOND
"""Between two looks."""
_TIMES_AS_LONG: Final = 20
"""And this many times what the look before took,"""
_MOST_NS: Final = 10 * _SECOND
"""but no more than this."""
_SETTLED_NS: Final = 20_000_000
"""Whatever happened this long before a reading of the rings has come with it, or was lost."""


class Mending:
    """Decides when to look, and keeps what was seen until it can be told.

    Args:
        look: looks at the machine: since when something is missing, and whether nothing was lost
            since the look before.
        elsewhere: how many ns went, within all looks so far, into what could not wait meanwhile.
    """

    def __init__(
        self, look: Callable[[int, bool], Healing], elsewhere: Callable[[], int] = lambda: 0
    ) -> None:
        """Begin with nothing lost."""
        self._look = look
        self._elsewhere = elsewhere
        self._since: int | None = None
        """When the first of what has been lost since the last look may have happened."""
        self._again = False
        """A look has been made that one more is to follow."""
        self._next = 0
        """While more is lost, no look before this moment."""
        self._lost = 0
        """When it was last seen that something was lost,"""
        self._looked = 0
        """and when the last look ended."""
        self._waiting: Healing | None = None
        self._before = 0

    def note(self, losses: Iterable[Loss]) -> None:
        """Take in what was lost."""
        for loss in losses:
            if loss.hides_lives:
                begun = loss.since if loss.since is not None else self._before
                self._since = begun if self._since is None else min(self._since, begun)
                self._lost = loss.t
            self._before = loss.t

    def ready(self, read: int) -> Healing | None:
        """What was seen, if it can be told after a reading of the rings that began at `read`."""
        waiting = self._waiting
        if waiting is None or waiting.t + _SETTLED_NS > read:
            return None
        self._waiting = None
        return waiting

    def look_if_due(self, now: int) -> None:
        """Look, if there is a reason to and it is not too soon."""
        if self._waiting is None and (self._again or self._since is not None):
            # When it is over it is worth a look, whatever that costs: there is none to follow.
            over = now >= max(self._lost, self._looked) + _LEAST_NS
            if over or now >= self._next:
                self._take_look()

    def look_before_end(self) -> None:
        """Look if anything is missing, while what was captured still runs."""
        if self._since is not None:
            self._take_look()

    def last(self) -> Healing | None:
        """At the end, when nothing more will come: what there is to tell."""
        self.look_before_end()
        waiting, self._waiting = self._waiting, None
        return waiting

    def _take_look(self) -> None:
        since, self._since = self._since, None
        again, before = since is None, self._elsewhere()
        seen = self._look(self._before if since is None else since, again)
        self._waiting = seen
        self._again = not again
        pause = _TIMES_AS_LONG * (seen.t - seen.began - (self._elsewhere() - before))
        self._looked = seen.t
        self._next = seen.t + min(max(_LEAST_NS, pause), _MOST_NS)
