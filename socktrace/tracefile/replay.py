"""Replays lines into a `World`: the one way from a recording to sockets' lives."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from socktrace.model.limits import Limits
from socktrace.model.world import World
from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from socktrace.lines import Line

EVERYTHING: Final = Limits(*[sys.maxsize] * len(Limits._fields))
"""A finished recording is bounded by its own size: nothing of it is forgotten."""

_NONSENSE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What arguments of unexpected types raise: they are free-form (`lines.Syscall.args`)."""


def whole_world() -> World:
    """Give an empty world that forgets nothing."""
    return World(EVERYTHING)


def replay(lines: Iterable[Line], world: World) -> Iterator[Line]:
    """Apply each line to the world, and pass it on.

    Raises:
        RecordingError: A line has the right types and still makes no sense.
    """
    for line in lines:
        try:
            world.apply(line)
        except _NONSENSE as error:
            raise RecordingError(
                "cannot replay the recording",
                f"the {line.__struct_config__.tag} line at t={getattr(line, 't', 0)} "
                f"makes no sense: {error}",
                "it was altered after it was recorded: get it again from where it was made",
            ) from error
        yield line
