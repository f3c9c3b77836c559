"""Giving out looks: each view gets all that it has to see, whenever it is shown.

What changed is told once, to whoever looks first. Views that see everything (`View.always`) must
not miss what was told while the screen stood still and another page was opened: it is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from socktrace.tui.views.base import View
    from socktrace.view.look import Feed, Look

_KEPT: Final = 200_000
"""Lines kept for views that did not get them: of more, the latest."""


class Looking:
    """Takes looks at a source and gives them to the views."""

    def __init__(self, feed: Feed, views: Iterable[View]) -> None:
        self.feed: Final = feed
        self._views: Final = tuple(views)
        self._kept: Look | None = None
        self.now = 0
        """The source's time, as of the last look."""

    def look(self, shown: View) -> bool:
        """Give a look to the view that is shown, and to those that get all. False: nothing new."""
        with self.feed.look() as fresh:
            look = self._whole(fresh)
            self._kept = None
            self.now = look.now
            for view in self._views:
                if view is shown or view.always:
                    view.take(look)
            return bool(look.changed or look.fresh or look.reset or look.skipped)

    def glance(self, shown: View) -> None:
        """Give a look to this view alone, while the others stand still."""
        if not shown.always:
            with self.held() as look:
                shown.take(look)

    @contextlib.contextmanager
    def held(self) -> Iterator[Look]:
        """Hold the source for a question; what is new is kept for the views."""
        with self.feed.look() as fresh:
            look = self._whole(fresh)
            self._kept = look._replace(changed=set(look.changed), fresh=list(look.fresh))
            yield look

    def _whole(self, look: Look) -> Look:
        """What is told now, with what was kept before it."""
        kept = self._kept
        if kept is None or look.reset:
            return look
        fresh = [*kept.fresh, *look.fresh]
        gone = max(0, len(fresh) - _KEPT)
        return look._replace(
            changed={*kept.changed, *look.changed},
            fresh=list(islice(fresh, gone, None)),
            skipped=kept.skipped + look.skipped + gone,
            reset=kept.reset,
        )
