"""How many short connections a second the model keeps up with, step by step, on one core."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture, RawBatch, decode_batch
from socktrace.decoder import Decoder
from socktrace.engine.interpreting import Interpreter
from socktrace.engine.selecting import Selecting
from socktrace.engine.setting import Setting
from socktrace.host.launch import Child
from socktrace.lines import FORMAT, VERSION, Header, Host
from socktrace.tracefile.writer import JsonlWriter
from tests.bench.measuring import BRIEF, Goal, repeat
from tests.bench.report import Report

CONNECTIONS: Final = 200 if BRIEF else 5_000
DECODED: Final = "records decoded"
TOLD: Final = "decoded, through the model, to lines"
WRITTEN: Final = "and the lines as JSON"
GOALS: Final = {WRITTEN: (Goal("value", "least", 12),)}
PAUSE: Final = 0.01
"""Seconds between two readings of the rings."""


def _captured(program: str) -> tuple[int, list[RawBatch]]:
    """Capture real connections: the clock's base, and what came as it came."""
    child = Child([program, str(CONNECTIONS)])
    batches: list[RawBatch] = []

    def read(*, everything: bool = False) -> None:
        batches.append(RawBatch(*map(np.copy, capture.read_raw(everything=everything))))

    try:
        with Capture(CaptureOptions(pids=frozenset({child.pid}), follow=True)) as capture:
            capture.start()
            child.release()
            while not child.ended():
                time.sleep(PAUSE)
                read()
            capture.stop()
            read(everything=True)
            assert capture.counters().lost == 0
            return capture.base, batches
    finally:
        child.abandon()


def _again(batches: list[RawBatch]) -> list[RawBatch]:
    """Copies, since decoding changes the times of data records in place."""
    return [RawBatch(*map(np.copy, batch)) for batch in batches]


def test_connections_per_second(
    build: Callable[[str], str], report: Report, tmp_path: Path
) -> None:
    """Every connection of the churn has two sockets, and at the end all of them are closed."""
    base, batches = _captured(build("churn"))
    header = Header(FORMAT, VERSION, "-", Host("-", "-", "-", "-"), source="ebpf", filters={})

    def decoding() -> float:
        copies, decoder = _again(batches), Decoder(base)
        begin = time.thread_time()
        for batch in copies:
            decode_batch(decoder, batch)
        return time.thread_time() - begin

    def interpreting(*, written: bool) -> float:
        copies = _again(batches)
        lines = Selecting(None)
        setting = Setting(base, whole_machine=False, births_seen=True)
        interpreter = Interpreter(setting, lines.take, None, lines.take_data)
        lines.world = interpreter.world
        writer = JsonlWriter(str(tmp_path / "t.jsonl"), header, force=True) if written else None
        if writer is not None:
            lines.sink, lines.bulk = writer.write, writer.write_bulk
        begin = time.thread_time()
        for batch in copies:
            interpreter.take(batch)
        if writer is not None:
            writer.close()
        seconds = time.thread_time() - begin
        world = interpreter.world
        assert len(world.closed_sockets()) == 2 * CONNECTIONS + 1
        assert world.open_sockets() == []
        return seconds

    def all_three() -> list[float]:
        steps = (decoding(), interpreting(written=False), interpreting(written=True))
        return [CONNECTIONS / seconds / 1e3 for seconds in steps]

    report.add(
        "model",
        "model: connections of the churn, with a byte each way, on one core",
        "thousand/s",
        repeat(all_three, (DECODED, TOLD, WRITTEN), rounds=5),
        goals=GOALS,
    )
