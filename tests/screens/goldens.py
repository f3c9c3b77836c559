"""Pictures of screens that were looked at and found good, and what has become of them since.

``SOCKTRACE_UPDATE_GOLDENS=1 pytest tests/screens/test_snapshots.py`` writes them anew.
"""

from __future__ import annotations

import difflib
import html
import os
import re
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parent / "goldens"
NEW: Final = Path(__file__).parents[2] / "build" / "screens"
"""Where pictures are put that differ."""
UPDATE: Final = os.environ.get("SOCKTRACE_UPDATE_GOLDENS") == "1"
LARGEST: Final = 150_000
"""Bytes of a picture."""

_ID: Final = re.compile(r"terminal-\d+")
_TEXT: Final = re.compile(r'<text [^>]*clip-path="url\(#terminal-line-(\d+)\)"[^>]*>(.*?)</text>')


def normal(svg: str) -> str:
    """Without what differs from picture to picture though they look alike: Rich's identifiers."""
    return _ID.sub("terminal", svg) + "\n"


def told(svg: str) -> list[str]:
    """The text in a picture, a line for each of the screen."""
    found: dict[int, str] = {}
    for line, text in _TEXT.findall(svg):
        found[int(line)] = found.get(int(line), "") + html.unescape(text).replace("\xa0", " ")
    return [found.get(number, "") for number in range(max(found, default=-1) + 1)]


def compare(name: str, picture: str) -> None:
    """Hold a picture against the one that was found good, or make it that one."""
    now, path = normal(picture), DIRECTORY / f"{name}.svg"
    if UPDATE:
        DIRECTORY.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    assert len(now) < LARGEST, f"{name}: {len(now)} bytes"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if now == before:
        return
    NEW.mkdir(parents=True, exist_ok=True)
    new = NEW / f"{name}.svg"
    new.write_text(now, encoding="utf-8")
    changes = list(difflib.unified_diff(told(before), told(now), "as it was", "now", lineterm=""))
    text = "\n".join(changes) or "the text is the same: colours or styles differ"
    message = (
        f"{name} looks otherwise.\n{text}\n"
        f"  as it was: {path}\n  now:       {new}\n"
        "Look at both in a browser; if it is better now: SOCKTRACE_UPDATE_GOLDENS=1"
    )
    raise AssertionError(message)
