"""How fast what was captured gets to the disk, becomes a recording, and is read again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from socktrace import __version__
from socktrace.capture.source import Capture, RawBatch
from socktrace.engine.conversion import convert
from socktrace.lines import FORMAT, VERSION, End, Header, Host, Syscall
from socktrace.spool.frames import Frames
from socktrace.spool.layout import Head, Records, fingerprint
from socktrace.spool.opening import opened
from socktrace.spool.splitting import split
from socktrace.spool.writer import SpoolWriter
from socktrace.tracefile import open_recording
from tests.bench.measuring import BRIEF, Goal, repeat
from tests.bench.recordings import told
from tests.bench.report import Report
from tests.bench.storming import storming

CALLS: Final = 2_000 if BRIEF else 20_000
"""In a batch."""
BATCHES: Final = 2 if BRIEF else 50
SPOOL: Final = "spool, written as it comes"
CONVERSION: Final = "conversion of the spool to .jsonl"
READING: Final = "reading the .jsonl"
GOALS: Final = {
    SPOOL: (Goal("value", "least", 1),),
    CONVERSION: (Goal("value", "least", 0.5),),
}


def _head(capture: Capture) -> Head:
    return Head(
        layout=fingerprint(),
        header=Header(
            format=FORMAT,
            version=VERSION,
            started_at=capture.started_at.isoformat(),
            host=Host(hostname="-", kernel="-", arch="-", boot_id="-"),
            source="ebpf",
            filters={},
            generator=f"socktrace {__version__}",
        ),
        payload_size=0,
        base=capture.base,
        whole_machine=False,
        births_seen=True,
    )


def test_events_per_second(build: Callable[[str], str], report: Report, tmp_path: Path) -> None:
    """A storm's calls are all in the recording that is made of the spool, and all are read."""
    with storming(build("storm"), calls=CALLS, bouts=BATCHES) as storm:
        batches: list[RawBatch] = []
        for _ in range(BATCHES):
            storm.bout()
            raw = storm.capture.read_raw(everything=True)
            batches.append(RawBatch(*map(np.copy, raw)))
        head = _head(storm.capture)
    path, output = tmp_path / "storm.jsonl.spool", tmp_path / "storm.jsonl"
    events = CALLS * BATCHES

    def spool() -> float:
        path.unlink(missing_ok=True)
        writer = SpoolWriter(str(path))
        writer.begin(head)
        begin = time.perf_counter()
        for batch in batches:
            for piece in split(Records(*batch)):
                writer.records(piece)
        seconds = time.perf_counter() - begin
        writer.end(End(t=0, events=0, lost_events=0, reason="measured"))
        writer.close()
        return seconds

    def conversion() -> float:
        with opened(str(path)) as reader:
            header = reader.head()
            begin = time.perf_counter()
            convert(header, Frames(reader), str(output), selected=None, force=True)
            return time.perf_counter() - begin

    def reading() -> float:
        begin = time.perf_counter()
        with open_recording(str(output)) as recording:
            calls = sum(type(line) is Syscall for line in recording)
        assert calls == events
        return time.perf_counter() - begin

    def all_three() -> list[float]:
        return [events / seconds() / 1e6 for seconds in (spool, conversion, reading)]

    compared = repeat(all_three, (SPOOL, CONVERSION, READING), rounds=5)
    found = told(output, ("sendto", "recvfrom"))
    assert found.single == dict.fromkeys(("sendto", "recvfrom"), events // 2)
    assert found.lost == 0
    report.add(
        "recording",
        "recording: calls of the storm, each step alone, on one core",
        "M events/s",
        compared,
        goals=GOALS,
    )
