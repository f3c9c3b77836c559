"""What a recording says, read with as little as possible of the code that wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple


class Told(NamedTuple):
    """The calls of a recording, how many of each."""

    single: dict[str, int]
    """With a line of their own."""
    added_up: dict[str, int]
    """In lines that tell of many at once."""
    lost: int | None
    """What its last line says was lost; None: it was cut short."""


_CALL: Final = re.compile(rb'\{"kind":"(syscall|folded)",.*?"call":"(\w+)"')
"""Many times faster than reading the line as JSON."""


def told(file: Path, calls: Sequence[str]) -> Told:
    """Count the `calls` in a recording of any size."""
    single, added_up = dict.fromkeys(calls, 0), dict.fromkeys(calls, 0)
    last = b""
    with file.open("rb") as lines:
        for last in lines:
            found = _CALL.match(last)
            if found is None or (name := found[2].decode()) not in single:
                continue
            if found[1] == b"syscall":
                single[name] += 1
            else:
                added_up[name] += json.loads(last)["count"]
    end = json.loads(last)
    return Told(single, added_up, end["lost_events"] if end["kind"] == "end" else None)
