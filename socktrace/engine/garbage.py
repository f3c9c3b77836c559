"""The garbage collector, set for a program that keeps much and makes few cycles."""

from __future__ import annotations

import ctypes
import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 100)
"""See `gc.set_threshold`. What is known of sockets dies by reference counts; cycles are left by
processes that end, with their descriptor tables. With Python's own thresholds, a world that grows
to 60,000 sockets was looked through so often that it took a third of the time; with these, a tenth.
"""


def relax_collector() -> None:
    """Look for garbage seldom, and no more among what is there already.

    Nothing is collected first: in a process that was forked that would copy all memory.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def give_back_memory() -> None:
    """Return to the system what was needed for a moment: malloc_trim(3), where there is one.

    What many small objects have left free is otherwise kept for the next, which may never come.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
