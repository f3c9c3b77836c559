"""What must be true of the recording of any command that was traced from its first call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

_BEFORE: Final = frozenset(("existing", "unknown", "received"))
"""Origins and ways that say: not seen. Here all was seen, from socket(2) to the last close."""


def gaps(lines: Iterable[dict[str, Any]]) -> list[str]:
    """Find sockets that came from nowhere, descriptors without a cause, and what stayed open."""
    found: list[str] = []
    held: dict[tuple[int, int, int], dict[str, Any]] = {}
    known: set[int] = set()
    for line in lines:
        if line["kind"] == "socket":
            if line["socket"] in known:
                found.append(f"a second beginning: {line}")
            known.add(line["socket"])
            if line["origin"] in _BEFORE:
                found.append(f"from nowhere: {line}")
        elif line["kind"] == "descriptor":
            if line["via"] in _BEFORE:
                found.append(f"without a cause: {line}")
            key = (line["pid"], line["fd"], line["socket"])
            if line["event"] == "opened":
                held[key] = line
            elif held.pop(key, None) is None:
                found.append(f"closed, never opened: {line}")
    # Each process has ended, so each descriptor was closed.
    return found + [f"never closed: {line}" for line in held.values()]
