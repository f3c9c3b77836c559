"""Which processes have one descriptor table together: kcmp(2), KCMP_FILES."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cmp_to_key
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_KCMP_NUMBER: Final = {"x86_64": 312, "aarch64": 272}
"""kcmp(2) has no wrapper in libc: its number by machine."""
_KCMP_FILES: Final = 2
"""include/uapi/linux/kcmp.h."""
_ORDER: Final = {0: 0, 1: -1, 2: 1}
"""What kcmp(2) returns: equal, less than, greater than."""


class _CannotTellError(Exception):
    """The kernel was built without kcmp(2), or does not let us use it."""


def sharing(groups: Iterable[list[int]]) -> tuple[tuple[int, ...], ...] | None:
    """Find those that share a table among processes that might.

    Args:
        groups: of processes that hold the same, since only they can.

    Returns:
        Groups of two and more; None where the kernel does not say.
    """
    number = _KCMP_NUMBER.get(os.uname().machine)
    if number is None:
        return None
    call = ctypes.CDLL(None, use_errno=True).syscall

    def compare(one: int, other: int) -> int:
        result = call(number, one, other, _KCMP_FILES, 0, 0)
        if result in _ORDER:
            return _ORDER[result]
        if ctypes.get_errno() == errno.ESRCH:
            return -1  # One of them has ended: its place does not matter any more.
        raise _CannotTellError

    try:
        return tuple(run for group in groups for run in _runs(group, compare) if len(run) > 1)
    except _CannotTellError:
        return None


def _runs(group: list[int], compare: Callable[[int, int], int]) -> Iterator[tuple[int, ...]]:
    """Part a group into those that are equal to each other."""
    ordered = sorted(group, key=cmp_to_key(compare))
    run = ordered[:1]
    for pid in ordered[1:]:
        if compare(run[-1], pid):
            yield tuple(run)
            run = []
        run.append(pid)
    yield tuple(run)
