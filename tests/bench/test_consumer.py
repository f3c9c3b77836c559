"""How fast the reader takes in what the kernel side has written, beside bcc's own way."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from socktrace.capture.folding import fold
from socktrace.capture.image import PROBES
from socktrace.capture.source import decode_batch
from socktrace.wire import DATA
from tests.bench.measuring import BRIEF, Goal, beside, rounds_of
from tests.bench.report import Report
from tests.bench.storming import Storming, storming

BCC: Final = Path(__file__).parent / "programs" / "bcc_consumer.py"
CALLS: Final = 20_000
"""In a batch: what comes within a tick of 20 ms at a million a second."""
BATCHES: Final = 2 if BRIEF else 50
ROUNDS: Final = 5
OURS: Final = "socktrace: read, put in order, decoded, added up"


def _ours(storm: Storming) -> float:
    """Millions of events per second of CPU time."""
    seconds = 0.0
    for _ in range(BATCHES):
        made = storm.bout()
        begin = time.thread_time()
        batch = decode_batch(storm.capture.decoder, storm.capture.read_raw(everything=True))
        folds = list(fold(batch.data, lambda _: False))
        seconds += time.thread_time() - begin
        assert sum(one.count for one in folds) == made == CALLS
    return BATCHES * CALLS / seconds / 1e6


def _bcc(python: str, callback: str) -> float:
    command = [python, str(BCC), callback, str(DATA.itemsize), str(CALLS), str(BATCHES)]
    environment = {"BCC_KERNEL_SOURCE": str(PROBES / "shim"), "PATH": "/usr/sbin:/usr/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["events"] == BATCHES * CALLS
    return float(found["events"] / found["seconds"] / 1e6)


def test_events_per_second(build: Callable[[str], str], report: Report) -> None:
    """Every call of every bout is read and added up, by both ways."""
    # The interpreter that Debian's bcc is made for.
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("there is no /usr/bin/python3, whose bcc is compared with")
    bouts = BATCHES * rounds_of(ROUNDS)
    with storming(build("storm"), calls=CALLS, bouts=bouts) as storm:
        compared = beside(
            partial(_bcc, python, "adding"),
            {
                "bcc, callback that does nothing": partial(_bcc, python, "nothing"),
                OURS: partial(_ours, storm),
            },
            rounds=ROUNDS,
            progress="consumer",
            bare_name="bcc, callback that adds up",
        )
        assert storm.capture.counters().lost == 0
    report.add(
        "consumer",
        f"consumer: records of {DATA.itemsize} bytes out of the ring, on one core",
        "M events/s",
        compared,
        goals={OURS: (Goal("value", "least", 8), Goal("ratio", "least", 8))},
    )
