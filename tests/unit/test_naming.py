"""Names of threads are looked up once, while the thread is there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socktrace.capture.source import RawBatch
from socktrace.engine.naming import Naming
from socktrace.events import Named
from socktrace.wire import DATA, FOLD, KIND_CALL, KIND_EXIT, KIND_FORK, full_record


@pytest.fixture
def thread() -> Iterator[int]:
    """A thread of ours, by its number, that bears a name of its own (proc(5), comm)."""
    done, ready = threading.Event(), threading.Event()

    def wait() -> None:
        Path("/proc/thread-self/comm").write_text("worker 7")
        ready.set()
        done.wait(10)

    running = threading.Thread(target=wait)
    running.start()
    ready.wait(10)
    assert running.native_id is not None
    yield running.native_id
    done.set()
    running.join()


def batch(
    *tids: int,
    kind: int = 0,
    full: tuple[int, ...] = (),
    folded: tuple[int, ...] = (),
    ret: int = 0,
) -> RawBatch:
    """Return a reading with data records, full records and sums of these threads."""
    data, wide = np.zeros(len(tids), DATA), np.zeros(len(full), full_record(0))
    folds: np.ndarray[Any, Any] = np.zeros(len(folded), FOLD)
    data["pid"], data["tid"] = os.getpid(), tids
    wide["head"]["kind"], wide["head"]["tid"], wide["head"]["ret"] = kind, full, ret
    folds["pid"], folds["tid"] = os.getpid(), folded
    return RawBatch(wide, data, folds)


def test_a_thread_is_named_once(thread: int) -> None:
    """The first batch that shows it brings its name, as /proc has it; later ones do not."""
    naming = Naming()
    assert naming.unnamed(batch(thread, thread)) == [Named(tid=thread, comm="worker 7")]
    assert naming.unnamed(batch(thread)) == []


def test_sums_name_their_threads_too(thread: int) -> None:
    """In lifecycle mode there are no data records to do it."""
    assert Naming().unnamed(batch(folded=(thread,))) == [Named(tid=thread, comm="worker 7")]


def test_full_records_name_their_threads(thread: int) -> None:
    """What the kernel side tells need not be asked for; nor what was listed."""
    naming = Naming()
    assert naming.unnamed(batch(thread, full=(thread,), kind=KIND_CALL)) == []
    naming = Naming()
    assert naming.unnamed(batch(thread, full=(1,), kind=KIND_FORK, ret=thread)) == []
    naming = Naming()
    naming.tell([thread])
    assert naming.unnamed(batch(thread)) == []


def test_a_number_that_is_used_again_is_asked_for_again(thread: int) -> None:
    """After its end a thread's name says nothing of the next one of that number."""
    naming = Naming()
    naming.unnamed(batch(thread))
    naming.unnamed(batch(full=(thread,), kind=KIND_EXIT))
    assert naming.look_up(os.getpid(), thread) == [Named(tid=thread, comm="worker 7")]


def test_a_thread_that_is_gone_is_asked_for_once() -> None:
    """Nobody can name it any more; asking again with each batch would cost."""
    naming = Naming()
    assert naming.unnamed(batch((1 << 22) - 1)) == []
    assert naming._known[(1 << 22) - 1]
