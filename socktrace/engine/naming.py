"""Which threads still want a name, as capture goes: fixed records carry none.

Looked up while capturing, because the thread may be gone by the time its records are interpreted;
once for each thread, so that a batch costs some NumPy operations and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from socktrace.events import Named
from socktrace.host.processes import thread_name
from socktrace.wire import KIND_CALL, KIND_EXEC, KIND_EXIT, KIND_FORK, KIND_RENAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from socktrace.capture.source import RawBatch

_THREADS_MOST: Final = 1 << 22
"""PID_MAX_LIMIT of include/linux/threads.h. A byte for each, of which the kernel gives memory only
for the pages that are used."""
_TELLING: Final = (KIND_CALL, KIND_EXEC, KIND_RENAME)


class Naming:
    """Keeps account of the threads whose name is known."""

    def __init__(self) -> None:
        self._known = np.zeros(_THREADS_MOST, np.bool_)

    def tell(self, threads: Iterable[int]) -> None:
        """These are known from elsewhere."""
        self._known[list(threads)] = True

    def unnamed(self, raw: RawBatch) -> list[Named]:
        """The names of the threads that `raw` is the first to show, as far as /proc has them."""
        if len(raw.full):
            self._note(raw.full["head"])
        return [
            *self._look_up(raw.data["pid"], raw.data["tid"]),
            *self._look_up(raw.folds["pid"], raw.folds["tid"]),
        ]

    def look_up(self, pid: int, tid: int) -> list[Named]:
        """The name of one thread, if it was not known."""
        return list(self._look_up(np.array([pid], np.uint32), np.array([tid], np.uint32)))

    def _note(self, heads: NDArray[np.void]) -> None:
        """Full records name their threads, and say when they end."""
        kinds, threads = heads["kind"], heads["tid"]
        self._known[threads[np.isin(kinds, _TELLING)]] = True
        self._known[heads["ret"][kinds == KIND_FORK]] = True
        # Last: a number that was used again is looked up once more than needed, never too little.
        self._known[threads[kinds == KIND_EXIT]] = False

    def _look_up(self, pids: NDArray[np.uint32], tids: NDArray[np.uint32]) -> Iterator[Named]:
        fresh = ~self._known[tids]
        if not fresh.any():
            return
        pids, tids = pids[fresh], tids[fresh]
        threads, places = np.unique(tids, return_index=True)
        self._known[threads] = True
        for tid, pid in zip(threads.tolist(), pids[places].tolist(), strict=True):
            if (comm := thread_name(pid, tid)) is not None:
                yield Named(tid=tid, comm=comm)
