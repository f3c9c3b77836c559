"""A recording as a source for the screen: any moment of it, and from there on as it happened.

The moment of a line is when it was told: a call when it returned, whatever else when it happened,
and nothing earlier than the line before it. So at a moment t all those lines have been told, and no
other, that stand in the recording before the first one whose moment is later than t; and what is
shown at t is what was known at t.
"""

from __future__ import annotations

from socktrace.engine.replaying.feed import ReplayFeed

__all__ = ["ReplayFeed"]
