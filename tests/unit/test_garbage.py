"""The garbage collector does not go through a growing world again and again."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc
from socktrace.engine.garbage import relax_collector
seen = []
gc.callbacks.append(lambda phase, info: seen.append(info["generation"]) if phase == "start" else 0)
{setting}
kept = [[] for _ in range(200_000)]
print(len(seen), seen.count(2), gc.get_freeze_count() > 1_000)
"""


def _collections(setting: str) -> list[str]:
    command = [sys.executable, "-c", _PROGRAM.format(setting=setting)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_collections_are_few() -> None:
    """Two hundred thousand objects that stay are looked at a few times, not hundreds."""
    before, full_before, _ = _collections("")
    now, full_now, frozen = _collections("relax_collector()")
    assert int(before) > 100
    assert int(full_before) > 0
    assert int(now) <= 10
    assert (full_now, frozen) == ("0", "True")
