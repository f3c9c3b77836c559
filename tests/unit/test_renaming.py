"""A process that takes another name: prctl(2), PR_SET_NAME."""

from __future__ import annotations

from typing import Any

import numpy as np

from socktrace import wire
from socktrace.decoder import Decoder
from socktrace.events import Exec, Exit, Renamed, Seen
from socktrace.lines import Line, Process
from socktrace.model.tracker import Tracker

BASE = 1_000


def records(*kinds_pids_names: tuple[int, int, bytes]) -> np.ndarray[Any, Any]:
    """Records of processes' first threads, a ns apart."""
    made = np.zeros(len(kinds_pids_names), wire.full_record(0))
    for place, (kind, pid, name) in enumerate(kinds_pids_names):
        head = made["head"][place]
        head["kind"], head["pid"], head["tid"], head["start"] = kind, pid, pid, BASE + place
        made["comm"][place][: len(name)] = list(name)
    return made


def test_the_name_that_exec_gives_is_told_with_it_alone() -> None:
    """The kernel renames within execve(2); what another process does between does not matter."""
    decoder = Decoder(BASE)
    events = decoder.events(
        records(
            (wire.KIND_RENAME, 7, b"new"),
            (wire.KIND_RENAME, 8, b"other"),
            (wire.KIND_EXEC, 7, b"new"),
            (wire.KIND_RENAME, 7, b"later"),
        )
    )
    assert [(type(event), t) for t, event in events] == [(Renamed, 1), (Exec, 2), (Renamed, 3)]
    assert decoder.comms == {7: "later", 8: "other"}


def test_a_new_name_is_a_line() -> None:
    """Told once, of a process that is known and runs."""
    lines: list[Line] = []
    tracker = Tracker(lines.append)
    tracker.feed(Renamed(1, 7, "unheard-of"))
    tracker.feed(Seen(2, 7, 1, "old", (), 0, "", 0))
    tracker.feed(Renamed(3, 7, "new"))
    tracker.feed(Renamed(4, 7, "new"))
    tracker.feed(Exit(5, 7, 7, "new", 0, 0, last_thread=True, code=0))
    tracker.feed(Renamed(6, 7, "late"))
    told = [(line.t, line.event, line.comm) for line in lines if isinstance(line, Process)]
    assert told == [(2, "seen", "old"), (3, "seen", "new"), (5, "exit", "new")]
    assert tracker.world.processes[7].comm == "new"
